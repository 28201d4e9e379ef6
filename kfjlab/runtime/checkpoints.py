"""The executed notebook of a step while it runs: written now and then, so that it is there when the process is killed."""

from __future__ import annotations

import json
import threading
import time
from contextlib import nullcontext
from typing import Any, Callable, ContextManager

from .messages import Reactor
from .notebook_output import ExecutedNotebook, write_whole

SOON = 0.1
"""Seconds after which something new is written."""
SELDOM = 0.5
"""Seconds at least between two writes."""
SHARE = 20
"""A write that takes long is followed by a pause this many times as long."""


class Checkpoints:
    """Writes ``notebook`` to ``path`` in the thread of ``reactor``. ``lock`` protects the outputs."""

    def __init__(
        self, notebook: ExecutedNotebook, path: str, lock: ContextManager[Any], reactor: Reactor
    ) -> None:
        self._notebook = notebook
        self._path = path
        self._lock = lock
        self._reactor = reactor
        self._writing = threading.Lock()
        self._next = 0.0
        self._waits = False
        self._stopped = False
        self.aside: Callable[[], ContextManager[Any]] = nullcontext
        """A context in which file accesses are not those of the step."""

    def changed(self) -> None:
        """Something new has been put out."""
        if not self._waits and not self._stopped:
            self._waits = True
            self._reactor.later(max(SOON, self._next - time.monotonic()), self._write)

    def stop(self) -> None:
        """Write no more, from now on."""
        with self._writing:
            self._stopped = True

    def _write(self) -> None:
        with self._writing:
            if self._stopped:
                return
            self._waits = False
            started = time.monotonic()
            with self._lock:
                text = json.dumps(self._notebook.to_json(draft=True))
            try:
                with self.aside():
                    write_whole(self._path, text.encode("utf-8", "replace"))
            except OSError:
                pass  # the disk may be full just now; whether the notebook can be written is told at the end of the step
            now = time.monotonic()
            self._next = now + max(SELDOM, SHARE * (now - started))
