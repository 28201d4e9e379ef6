"""A process that has executed the prelude and forks a worker for each step attempt; see :mod:`~kfjlab.runtime.protocol`.

It does as little as possible: it starts children, says when they have ended, and ends when nobody listens any more. If it is killed, its
workers go on.
"""

from __future__ import annotations

import gc
import json
import os
import random
import select
import signal
import socket
import sys
import traceback
import warnings
from dataclasses import asdict
from typing import Any, Dict, List, Mapping, NoReturn, Tuple

from . import fork_safety
from .messages import encode
from .protocol import (
    PreludeRecord,
    PreludeSpec,
    StepError,
    StepRecord,
    prelude_spec_from_json,
    spec_from_json,
    to_json,
)
from .session import Prelude, PreludeError, Session
from .step_errors import plain
from .worker import StepAttempt

_RECORD_SUFFIX = ".record"


def serve(spec_path: str, control: socket.socket) -> None:
    """Execute the prelude, say what it left, then fork workers until the control channel closes."""
    spec = _prelude_spec(spec_path)
    shared = spec_path + _RECORD_SUFFIX
    if os.path.exists(shared):
        os.unlink(shared)
    try:
        session, record = _execute(spec)
    except PreludeError as failure:
        control.sendall(encode({"type": "failed", "error": asdict(failure.error)}))
        return
    why = fork_safety.why_not([control.fileno(), session.fault_log])
    if why:  # workers execute the prelude themselves, and start from what it gave here
        with open(shared, "w", encoding="utf-8") as file:
            json.dump(to_json(record), file)
    control.sendall(
        encode(
            {
                "type": "ready",
                "pid": os.getpid(),
                "can_fork": not why,
                "why": why or None,
                "record": to_json(record),
            }
        )
    )
    Zygote(session, control).run()


def run_alone(spec_path: str, step_path: str, connection: socket.socket) -> None:
    """Execute the prelude and one step in this process."""
    spec = _prelude_spec(spec_path)
    if spec.restore is None and os.path.exists(spec_path + _RECORD_SUFFIX):
        with open(spec_path + _RECORD_SUFFIX, encoding="utf-8") as file:
            spec = prelude_spec_from_json({**to_json(spec), "restore": json.load(file)})
    spec = prelude_spec_from_json({**to_json(spec), "output": f"{spec.output}.{os.getpid()}"})
    try:
        session, _ = _execute(spec)
    except PreludeError as failure:
        connection.sendall(encode({"type": "record", **to_json(StepRecord("failed", error=failure.error))}))
        return
    finally:
        if os.path.exists(spec.output):
            os.unlink(spec.output)  # that of the zygote is the one to keep
    _work(session, step_path, connection)


def _prelude_spec(path: str) -> PreludeSpec:
    with open(path, encoding="utf-8") as file:
        return prelude_spec_from_json(json.load(file))


def _execute(spec: PreludeSpec) -> Tuple[Session, PreludeRecord]:
    """Raises :class:`PreludeError`, also for what goes wrong outside of the cells."""
    session = Session(spec.workspace)
    try:
        return session, Prelude(session, spec).run()
    except PreludeError:
        raise
    except KeyboardInterrupt:
        raise PreludeError(StepError("Cancelled", "The imports were interrupted.")) from None
    except Exception as error:
        message = f"What the imports, functions and parameters cells left could not be recorded: {type(error).__name__}: {error}"
        raise PreludeError(StepError(type(error).__name__, message, traceback=plain(error))) from error


def _work(session: Session, step_path: str, connection: socket.socket) -> NoReturn:
    """Run a step attempt, then end this process without running what the prelude registered for its exit."""
    status = 1
    try:
        with open(step_path, encoding="utf-8") as file:
            spec = spec_from_json(json.load(file))
        record = StepAttempt(session, spec, connection).run()
        status = 0 if record.state == "succeeded" else 1
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


class Zygote:
    """The loop that forks and reaps."""

    def __init__(self, session: Session, control: socket.socket) -> None:
        self._session = session
        self._control = control
        self._buffer = b""
        self._fds: List[int] = []
        self._children: Dict[int, int] = {}
        self._handlers = {
            number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
        }
        self._wake_reader, self._wake_writer = os.pipe()
        os.set_blocking(self._wake_writer, False)
        os.set_blocking(self._wake_reader, False)

    def run(self) -> None:
        """Serve until the control channel closes or says ``stop``."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        self._random = random.getstate()
        gc.collect()
        gc.freeze()  # what the prelude made stays on pages that no child has to copy
        control = self._control.fileno()
        waiting = select.poll()  # not select(), which refuses descriptors above 1023
        waiting.register(control, select.POLLIN)
        waiting.register(self._wake_reader, select.POLLIN)
        while True:
            ready = {fd for fd, _ in waiting.poll()}
            if self._wake_reader in ready:
                self._drain_wake()
            self._reap()
            if control in ready and not self._receive():
                os._exit(0)

    def _receive(self) -> bool:
        """Act on what the target says; whether to go on."""
        data, fds, _, _ = socket.recv_fds(self._control, 65536, 16)
        self._fds += fds
        if not data:
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            if request["op"] == "stop":
                return False
            self._fork(request)
        return True

    def _fork(self, request: Mapping[str, Any]) -> None:
        fd = self._fds.pop(0)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the child can take it
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # Python 3.12 warns of native threads; see fork_safety
            pid = os.fork()
        if pid == 0:
            self._become_worker(request["spec"], fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.close(fd)
        self._children[pid] = request["id"]
        self._say({"type": "forked", "id": request["id"], "pid": pid})

    def _become_worker(self, spec: str, fd: int) -> NoReturn:
        try:
            os.setsid()
            signal.set_wakeup_fd(-1)
            for number, handler in self._handlers.items():
                signal.signal(number, handler if handler is not None else signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            random.setstate(self._random)  # which Python seeds anew in the child of a fork
            self._control.close()
            for other in (*self._fds, self._wake_reader, self._wake_writer):
                os.close(other)
            _work(self._session, spec, socket.socket(fileno=fd))
        except BaseException:
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(1)

    def _reap(self) -> None:
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._say({"type": "exited", "id": self._children.pop(pid), "pid": pid, "status": status})

    def _drain_wake(self) -> None:
        try:
            while os.read(self._wake_reader, 4096):
                pass
        except BlockingIOError:
            pass  # empty now

    def _say(self, message: Mapping[str, Any]) -> None:
        try:
            self._control.sendall(encode(message))
        except OSError:
            os._exit(0)  # nobody listens any more; the workers find out by themselves
