"""Everything that a cell writes to stdout and stderr, from Python, C code and subprocesses, in one order.

Python's own streams hand their text over directly; the file descriptors 1 and 2 are pipes. Before each piece of Python text the pipes are
emptied, so that what came first is seen first. A forked child of the user's code writes its Python text to the descriptors, as it has
nobody to hand it to.
"""

from __future__ import annotations

import codecs
import ctypes
import fcntl
import io
import os
import select
import sys
from typing import Any, Callable, Dict, Optional

from .messages import Reactor

PIPE_SIZE = 1024 * 1024
"""Bytes of the pipes behind descriptors 1 and 2 where the kernel allows it: what compiled code can write while it holds the GIL."""
DRAIN_ROUNDS = 64
"""Reads of each pipe before whoever drains them goes on with its own work."""
_F_SETPIPE_SZ = 1031

Sink = Callable[[str, str], None]
"""Takes the name of a stream and text."""


class Stream(io.TextIOBase):
    """``sys.stdout`` or ``sys.stderr`` of cells. Like ipykernel's, it has no ``buffer`` and is no terminal.

    The object stays the same for the life of the process and its forks, because loggers and others keep it.
    """

    encoding = "UTF-8"
    errors = "replace"

    def __init__(self, name: str, fd: int) -> None:
        super().__init__()
        self.name = name
        self._fd = fd
        self._line = ""
        self.capture: Optional[Capture] = None

    def write(self, text: str) -> int:
        """Take text; it is shown in the running cell's output."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text)}")
        if self.capture is not None:
            self.capture.write(self.name, text)
        else:
            self._line += text
            if "\n" in text or len(self._line) > 4096:
                self.flush()
        return len(text)

    def flush(self) -> None:
        """Write what waits for the end of its line (only in processes that nobody captures)."""
        if self._line:
            data, self._line = self._line.encode("utf-8", "replace"), ""
            while data:
                data = data[os.write(self._fd, data) :]

    def fileno(self) -> int:
        """The descriptor that subprocesses write to; it is captured too."""
        return self._fd

    def isatty(self) -> bool:
        """Never."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Only flush: cells to come need the stream."""
        self.flush()


_streams: Dict[str, Stream] = {}


def install_streams() -> None:
    """Replace ``sys.stdout`` and ``sys.stderr`` for the rest of the process's life; :class:`Capture` decides where their text goes."""
    if not _streams:
        _streams["stdout"], _streams["stderr"] = Stream("stdout", 1), Stream("stderr", 2)
        os.register_at_fork(after_in_child=_forked)
    sys.stdout, sys.stderr = _streams["stdout"], _streams["stderr"]


def _forked() -> None:
    for stream in _streams.values():
        stream.capture = None
        stream._line = ""


class _Pipe:
    """A pipe in place of a descriptor."""

    def __init__(self, name: str, fd: int) -> None:
        self.name = name
        self.fd = fd
        self.saved = os.dup(fd)
        self.reader, writer = os.pipe()
        os.set_blocking(self.reader, False)
        try:
            fcntl.fcntl(writer, _F_SETPIPE_SZ, PIPE_SIZE)
        except OSError:
            pass  # not Linux, or more than an unprivileged user may have: the default size works as well
        os.dup2(writer, fd)
        os.close(writer)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self) -> Optional[str]:
        """What has arrived; None at the end, when nobody has the other side any more."""
        try:
            data = os.read(self.reader, 65536)
        except BlockingIOError:
            return ""
        return self.decoder.decode(data) if data else None

    def restore(self) -> None:
        """Give the descriptor back."""
        os.dup2(self.saved, self.fd)
        os.close(self.saved)
        os.close(self.reader)


class Capture:
    """Captures stdout and stderr of this process between :meth:`start` and :meth:`stop`, and hands them to ``sink`` piece by piece.

    ``lock`` (an ``RLock``) is held while ``sink`` is called; who else adds to the same outputs takes it too.
    """

    def __init__(self, sink: Sink, reactor: Reactor, lock: Any) -> None:
        self._sink = sink
        self._reactor = reactor
        self.lock = lock
        self._pipes: Dict[int, _Pipe] = {}
        self._poll = select.poll()
        self._fflush: Any = None

    def start(self) -> None:
        """Begin to capture."""
        install_streams()
        self._fflush = ctypes.CDLL(None).fflush
        self._fflush(None)  # what C code has buffered until now belongs to the old descriptors
        for pipe in (_Pipe("stdout", 1), _Pipe("stderr", 2)):
            self._pipes[pipe.reader] = pipe
            self._poll.register(pipe.reader, select.POLLIN)
            self._reactor.watch(pipe.reader, self.drain)
        for stream in _streams.values():
            stream.flush()
            stream.capture = self

    def stop(self) -> None:
        """End capturing and give the descriptors back."""
        self.flush()
        for stream in _streams.values():
            stream.capture = None
        for pipe in list(self._pipes.values()):
            self._release(pipe)

    def write(self, name: str, text: str) -> None:
        """Take text of a Python stream, after what has come through the descriptors before it."""
        with self.lock:
            self.drain()
            if text:
                self._sink(name, text)

    def drain(self) -> None:
        """Take what has come through the descriptors."""
        with self.lock:
            for _ in range(DRAIN_ROUNDS):
                ready = self._poll.poll(0)
                if not ready:
                    return
                for fd, _ in ready:
                    pipe = self._pipes[fd]
                    text = pipe.read()
                    if text is None:
                        self._release(pipe)
                    elif text:
                        self._sink(pipe.name, text)

    def flush(self) -> None:
        """Take everything that was written so far, also what C code keeps in its buffers."""
        self._fflush(None)
        for original in (sys.__stdout__, sys.__stderr__):
            if original is not None:
                original.flush()
        with self.lock:
            self.drain()
            for pipe in self._pipes.values():
                text = pipe.decoder.decode(b"", final=True)
                if text:
                    self._sink(pipe.name, text)

    def _release(self, pipe: _Pipe) -> None:
        del self._pipes[pipe.reader]
        self._reactor.forget(pipe.reader)
        self._poll.unregister(pipe.reader)
        pipe.restore()
