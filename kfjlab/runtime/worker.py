"""One attempt of one step, from its spec to its record, in a process that has executed the prelude."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import replace
from types import ModuleType
from typing import Any, Dict, List, Optional, Set, Tuple

from .ambient import AmbientChanges
from .capture import Capture
from .execution import CellRunner, Execution, end_tasks, run_in_loop
from .file_children import follow_children
from .file_journal import Journal
from .file_log import TouchLog
from .file_report import FileReport, FileReporter
from .file_watch import Watch, activate
from .files import Places, file_digest, remember_digests_in
from .messages import LOG_DELAY, Channel, Reactor, end_process_group
from .metrics import metrics_of
from .notebook_output import ExecutedNotebook
from .objects import CorruptObject, ObjectStore
from .protocol import ABSENT, CellSource, StepError, StepRecord, StepSpec, Value, to_json
from .session import Session
from .step_errors import missing_name, plain
from .values import Carrier, SaveResult

_IPYTHONS = frozenset({"In", "Out", "exit", "quit", "get_ipython", "open", "_", "__", "___", "_i", "_ii", "_iii", "_ih", "_oh", "_dh"})
_NUMBERED = re.compile(r"_(i?)(\d+)")
_INSTALLS = re.compile(r"^\s*[%!]+.*\b(?:pip|conda|mamba|micromamba|uv|poetry|apt|apt-get)\b.*\b(?:install|uninstall|remove|update|upgrade|sync|add)\b")


class StepAttempt:
    """An attempt on ``spec``; what happens is told on ``connection``."""

    def __init__(self, session: Session, spec: StepSpec, connection: socket.socket) -> None:
        self._session = session
        self._spec = spec
        self._store = ObjectStore(spec.objects)
        self._channel = Channel(connection)
        self._notebook = ExecutedNotebook(spec.cells, spec.metadata, self._channel.send)
        self._reactor = Reactor()
        self._capture = Capture(self._stream, self._reactor, session.lock)
        self._carrier: Any = None
        self._watch: Optional[Watch] = None
        self._reporter: Optional[FileReporter] = None
        self._bound_in: Dict[str, int] = {}
        self._seen: Dict[str, int] = {}
        self._warnings: List[Dict[str, Any]] = []
        self._runner = CellRunner(session.shell, self._notebook, self._capture, self._channel.send, self._after_cell)
        self._done = Execution(0.0)
        self._loaded = False

    def run(self) -> StepRecord:
        """Run the step and send its record."""
        channel, reactor = self._channel, self._reactor
        channel.on_pending = lambda: reactor.later(LOG_DELAY, channel.flush)
        reactor.watch(channel.fileno(), end_process_group)  # the other end never writes: something to read is the end
        os.register_at_fork(after_in_child=channel.close)
        reactor.start()
        channel.send({"type": "started", "pid": os.getpid()})
        self._capture.start()
        try:
            record = run_in_loop(self._main, self._session.context, self._runner.interrupt)
        except (KeyboardInterrupt, asyncio.CancelledError):
            record = self._failed(StepError("Cancelled", "The step was interrupted."))
        except BaseException as error:
            record = self._failed(_trouble(error, self._spec.step))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        activate(None)
        record = self._write_notebook(record)
        self._capture.flush()
        channel.send({"type": "record", **to_json(record)})
        return record

    # Phases -----------------------------------------------------------------------------------------------------------

    async def _main(self) -> StepRecord:
        self._channel.send({"type": "phase", "phase": "loading"})
        self._load()
        self._channel.send({"type": "phase", "phase": "running"})
        self._done = await self._runner.run()
        self._report_leftovers(await end_tasks())
        self._channel.send({"type": "phase", "phase": "saving"})
        if self._done.error is not None:
            return self._failed(self._done.error)
        return self._succeeded()

    def _load(self) -> None:
        session, spec, store = self._session, self._spec, self._store
        os.environ.update(spec.env)
        remember_digests_in(os.path.join(spec.objects, "digests"))
        session.ambient.rebase_environment()
        if spec.watch_files:
            self._start_watching()
        session.ambient.set(spec.ambient, store, spec.step, early=True)
        self._carrier = Carrier(store, session.namespace, spec.step, prelude=session.carrier)
        self._carrier.load(spec.variables)
        for name in spec.unset:
            session.namespace.pop(name, None)
        session.ambient.set(spec.ambient, store, spec.step, early=False)
        session.modules.set(spec.ambient, store, spec.step)
        session.ambient.refresh(spec.fresh_random)
        self._carrier.begin()
        session.ambient.begin()
        session.modules.begin(store, [*session.prelude_cells, *spec.cells], session.shell.transform_cell)
        self._seen = {name: id(value) for name, value in session.namespace.items()}
        self._loaded = True

    def _start_watching(self) -> None:
        spec = self._spec
        folder = os.path.dirname(spec.output)
        places = Places(spec.workspace, (spec.objects, *hidden_folder(folder, spec.workspace)))
        log = TouchLog(os.path.join(folder, ".files"))
        journal = Journal(places, spec.store_limit, self._keep, log)
        self._reporter = FileReporter(journal, self._keep)
        self._watch = Watch(journal, self._session.imports)
        self._session.modules.on_import = self._watch.module
        follow_children(journal)
        activate(self._watch)

    def _after_cell(self, position: int, cell: CellSource) -> None:
        """Note which names the cell has bound, and what else it did that the record mentions."""
        now = {name: id(value) for name, value in self._session.namespace.items()}
        for name, identity in now.items():
            if self._seen.get(name) != identity:
                self._bound_in[name] = position
        self._seen = now
        if any(_INSTALLS.match(line) for line in cell.source.splitlines()):
            message = "This cell changes the installed packages, for every step that starts after it and for later runs."
            self._warn("environment-changed", message, cell.index)
