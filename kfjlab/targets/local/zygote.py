"""The processes of a run: one zygote that has executed the prelude, and a worker for each step attempt."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kfjlab.runtime
from kfjlab.runtime.protocol import PreludeRecord, StepError, prelude_record_from_json

from .interpreter import Interpreter

BOOTSTRAP = Path(kfjlab.runtime.__file__).with_name("bootstrap.py")
LINE_LIMIT = 64 * 1024 * 1024
"""Longest message, bytes."""
FORK_TIMEOUT = 60.0
"""Seconds within which a zygote must have forked."""
EXIT_GRACE = 2.0
"""Seconds that a worker's exit status may come after its socket has closed."""


class PreludeFailed(Exception):
    """The prelude did not execute; ``error`` says why."""

    def __init__(self, error: StepError) -> None:
        super().__init__(error.message)
        self.error = error


class ZygoteDied(Exception):
    """The zygote ended before it had forked; a new one can be started."""


@dataclass
class Worker:
    """A process that executes one step attempt."""

    pid: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    exited: asyncio.Future[int]

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """What the worker says, until its socket closes."""
        while line := await self.reader.readline():
            if line.endswith(b"\n"):
                yield json.loads(line)

    async def exit_status(self) -> int | None:
        """The status as from ``os.waitpid``; None when nobody could tell (the zygote died first)."""
        try:
            return await asyncio.wait_for(asyncio.shield(self.exited), EXIT_GRACE)
        except (asyncio.TimeoutError, ZygoteDied):
            return None

    def signal_group(self, number: int) -> None:
        """Send a signal to the worker and every process that it started in its group."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass  # it has ended in the meantime
        except PermissionError:
            os.kill(self.pid, number)  # it has not made its group yet

    def interrupt(self) -> None:
        """Interrupt the running cell, as the stop button of a notebook does."""
        with contextlib.suppress(ProcessLookupError):  # it may have ended in the meantime
            os.kill(self.pid, signal.SIGINT)

    def close(self) -> None:
        """Close the message socket; a worker that still lives then kills its group."""
        self.writer.close()


@dataclass
class Zygote:
    """A process that has executed the prelude. Where forking it is not safe, each worker is a process of its own that executes it again."""

    process: subprocess.Popen[bytes]
    record: PreludeRecord
    can_fork: bool
    why: str
    _control: socket.socket
    _reader: asyncio.StreamReader
    _writer: asyncio.StreamWriter  # unused, but the stream lives as long as it does
    _interpreter: Interpreter
    _env: Mapping[str, str]
    _prelude_spec: Path
    _workspace: Path
    _log: Path
    _forks: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _exits: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    _listener: asyncio.Task[None] | None = None
    _next: int = 0

    @classmethod
    async def start(
        cls, interpreter: Interpreter, env: Mapping[str, str], prelude_spec: Path, workspace: Path, log: Path
    ) -> Zygote:
        """Start a process and let it execute the prelude.

        ``log`` takes what the process itself prints (its cells' outputs are captured elsewhere). Raises :class:`PreludeFailed`. When this
        task is cancelled, the running cell is interrupted, and the process killed if that does not help.
        """
        ours, theirs = socket.socketpair()
        process = _spawn(interpreter, env, ["zygote", str(prelude_spec)], theirs, workspace, log)
        reader, writer = await asyncio.open_connection(sock=ours.dup(), limit=LINE_LIMIT)
        try:
            line = await reader.readline()
        except asyncio.CancelledError:
            await _end(process)
            writer.close()
            ours.close()
            raise
        answer: dict[str, Any] = json.loads(line) if line.endswith(b"\n") else {"type": "failed"}
        if answer["type"] != "ready":
            try:
                status = await asyncio.to_thread(process.wait, EXIT_GRACE)
            except subprocess.TimeoutExpired:
                await _end(process)
                status = process.returncode
            writer.close()
            ours.close()
            message = f"The process that executes the prelude ended ({describe_exit(status)})."
            raise PreludeFailed(
                StepError(
                    **answer.get("error") or {"kind": "Crashed", "message": message, "fix": f"See {log}."}
                )
            )
        record = prelude_record_from_json(answer["record"])
        zygote = cls(
            process,
            record,
            answer["can_fork"],
            answer.get("why") or "",
            ours,
            reader,
            writer,
            interpreter,
            env,
            prelude_spec,
            workspace,
            log,
        )
        zygote._listener = asyncio.create_task(zygote._listen())
        return zygote

    @property
    def alive(self) -> bool:
        """Whether it can still fork."""
        return self.process.poll() is None and self._listener is not None and not self._listener.done()

    async def worker(self, step_spec: Path) -> Worker:
        """Start a worker on a step's spec. Raises :class:`ZygoteDied` when the zygote is gone."""
        ours, theirs = socket.socketpair()
        try:
            if self.can_fork:
                pid, exited = await self._fork(step_spec, theirs)
            else:
                pid, exited = self._start_alone(step_spec, theirs)
        finally:
            theirs.close()
        reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_LIMIT)
        _prefer_for_oom_killer(pid)
        return Worker(pid, reader, writer, exited)

    async def stop(self) -> None:
        """End the process."""
        if self._listener is not None:
            self._listener.cancel()
        self._writer.close()
        self._control.close()
        try:
            await asyncio.to_thread(self.process.wait, 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)

    async def _fork(self, step_spec: Path, theirs: socket.socket) -> tuple[int, asyncio.Future[int]]:
        loop = asyncio.get_running_loop()
        self._next += 1
        forked = self._forks[self._next] = loop.create_future()
        exited = self._exits[self._next] = loop.create_future()
        line = json.dumps({"op": "fork", "id": self._next, "spec": str(step_spec)}).encode() + b"\n"
        try:
            socket.send_fds(self._control, [line], [theirs.fileno()])
            pid = await asyncio.wait_for(forked, FORK_TIMEOUT)
        except (OSError, asyncio.TimeoutError) as error:
            raise ZygoteDied(str(error)) from error
        return pid, exited

    def _start_alone(self, step_spec: Path, theirs: socket.socket) -> tuple[int, asyncio.Future[int]]:
        arguments = ["worker", str(self._prelude_spec), str(step_spec)]
        process = _spawn(self._interpreter, self._env, arguments, theirs, self._workspace, self._log)
        exited = asyncio.get_running_loop().create_future()

        async def wait() -> None:
            code = await asyncio.to_thread(process.wait)
            if not exited.done():
                exited.set_result(-code if code < 0 else code << 8)

        self._waiter = asyncio.create_task(wait())
        return process.pid, exited

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                message = json.loads(line)
                if message["type"] == "forked":
                    self._forks.pop(message["id"]).set_result(message["pid"])
                elif message["type"] == "exited":
                    future = self._exits.pop(message["id"], None)
                    if future is not None and not future.done():
                        future.set_result(message["status"])
        finally:
            for future in [*self._forks.values(), *self._exits.values()]:
                if not future.done():
                    future.set_exception(ZygoteDied("the process that had executed the prelude has ended"))
                    future.exception()  # whoever waits sees it; nobody has to


async def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a process that leads its group, then kill the group."""
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        await asyncio.to_thread(process.wait, EXIT_GRACE)
    with contextlib.suppress(ProcessLookupError):  # nothing is left of it
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.to_thread(process.wait)


def describe_exit(status: int) -> str:
    """What an exit status of ``Popen.wait`` means, for people."""
    if status >= 0:
        return f"exit code {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _spawn(
    interpreter: Interpreter,
    env: Mapping[str, str],
    arguments: list[str],
    theirs: socket.socket,
    workspace: Path,
    log: Path,
) -> subprocess.Popen[bytes]:
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [interpreter.python, str(BOOTSTRAP), *arguments, str(theirs.fileno())],
            env=dict(env),
            cwd=workspace,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
    theirs.close()
    return process


def _prefer_for_oom_killer(pid: int) -> None:
    """Make the kernel take a step before the supervisor when memory runs out."""
    try:
        with open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as file:
            file.write("500")
    except OSError:
        pass  # not Linux, or not allowed in this container: the kernel's own choice stands
