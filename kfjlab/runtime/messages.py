"""The message stream of a worker, and the thread that serves everything beside the running cell."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

LOG_DELAY = 0.05
"""Seconds that printed text may wait for more of it before it is sent."""
LOG_CHUNK = 256 * 1024
"""Characters of pending text that are sent at once, and about the largest ``log`` message."""


class Channel:
    """Sends messages, one JSON object a line. Safe to use from several threads; the order of calls is the order on the wire.

    Text given to :meth:`log` is gathered and goes out when :meth:`flush` is called, when there is much of it, or before the next other
    message. A reader that is slower than the cell slows the cell down, so that memory stays bounded.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lock = threading.RLock()
        self._pending: List[Tuple[str, Optional[int], str]] = []
        self._size = 0
        self.on_pending: Callable[[], None] = lambda: None
        """Called when text starts to wait."""

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message after all text that was logged before."""
        with self._lock:
            self.flush()
            self._write(message)

    def log(self, stream: str, text: str, cell: Optional[int]) -> None:
        """Send text that a cell wrote to ``stdout`` or ``stderr``, soon."""
        with self._lock:
            first = not self._pending
            self._pending.append((stream, cell, text))
            self._size += len(text)
            if self._size >= LOG_CHUNK:
                self.flush()
            elif first:
                self.on_pending()

    def flush(self) -> None:
        """Send what waits, adjacent pieces of one stream as one message."""
        with self._lock:
            pending, self._pending, self._size = self._pending, [], 0
            start = 0
            for end in range(1, len(pending) + 1):
                if end == len(pending) or pending[end][:2] != pending[start][:2]:
                    stream, cell, _ = pending[start]
                    self._write_text(stream, cell, "".join(text for _, _, text in pending[start:end]))
                    start = end

    def close(self) -> None:
        """Close the socket without sending anything."""
        self._socket.close()

    def _write_text(self, stream: str, cell: Optional[int], text: str) -> None:
        for start in range(0, len(text), LOG_CHUNK):
            part = text[start : start + LOG_CHUNK]
            self._write({"type": "log", "stream": stream, "text": part, "cell": cell})

    def _write(self, message: Mapping[str, Any]) -> None:
        try:
            self._socket.sendall(encode(message))
        except OSError:
            end_process_group()  # nobody reads any more: the target is gone


def encode(message: Mapping[str, Any]) -> bytes:
    """A message as a line. Lone surrogates, which no decoder takes, become question marks."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


def end_process_group() -> None:
    """Kill this process and what it started: nobody waits for its result."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


class Reactor(threading.Thread):
    """One thread that waits for file descriptors and for timers.

    Callbacks run in this thread. A callback that fails is reported on the process's own stderr and not called again.
    """

    def __init__(self, errors: Any = None) -> None:
        super().__init__(name="kfjlab-io", daemon=True)
        self._errors = errors or sys.__stderr__
        self._poll = select.poll()
        self._callbacks: Dict[int, Callable[[], None]] = {}
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        self._timers: Dict[Callable[[], None], float] = {}
        self._stopped = False
        self.watch(self._wake_reader, self._woken)

    def watch(self, fd: int, callback: Callable[[], None]) -> None:
        """Call ``callback`` whenever ``fd`` has something to read or its other end is closed."""
        self._callbacks[fd] = callback
        self._poll.register(fd, select.POLLIN | select.POLLHUP)
        self._wake()

    def forget(self, fd: int) -> None:
        """Stop watching ``fd``."""
        if self._callbacks.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call ``callback`` once after ``seconds``. Of several calls with one callback the latest counts."""
        self._timers[callback] = time.monotonic() + seconds
        self._wake()

    def stop(self) -> None:
        """End the thread and wait for it."""
        self._stopped = True
        self._wake()
        if self.is_alive() and threading.current_thread() is not self:
            self.join()
        os.close(self._wake_reader)
        os.close(self._wake_writer)

    def run(self) -> None:
        """Serve until :meth:`stop`."""
        while not self._stopped:
            timers = list(self._timers.items())
            wait = max(0.0, min(due for _, due in timers) - time.monotonic()) * 1000 if timers else None
            for fd, _ in self._poll.poll(wait):
                callback = self._callbacks.get(fd)
                if callback is not None and not self._call(callback):
                    self.forget(fd)
            for callback, due in timers:
                if time.monotonic() >= due:
                    if self._timers.get(callback) == due:
                        del self._timers[callback]
                    self._call(callback)

    def _call(self, callback: Callable[[], None]) -> bool:
        try:
            callback()
        except Exception:
            traceback.print_exc(file=self._errors)
            return False
        return True

    def _wake(self) -> None:
        try:
            os.write(self._wake_writer, b"x")
        except BlockingIOError:
            pass  # it is full of wake-ups already

    def _woken(self) -> None:
        os.read(self._wake_reader, 4096)
