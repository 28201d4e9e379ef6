"""One attempt of one step: a worker from its spec to its record, whatever happens to it."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kfjlab.runtime.file_log import files_read_by
from kfjlab.runtime.protocol import StepError, StepRecord, StepSpec, record_from_json, to_json

from .zygote import Worker, Zygote, describe_exit

KILL_GRACE = 5.0
"""Seconds between interrupting a cell and killing the process."""
SAMPLE_EVERY = 0.5
"""Seconds between two looks at the memory of a step that has a limit."""

Listener = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Limits:
    """What an attempt may use: ``seconds`` of wall time, ``memory`` bytes (None: no limit)."""

    seconds: float | None = None
    memory: int | None = None


@dataclass
class Attempt:
    """An attempt that is under way."""

    spec: StepSpec
    limits: Limits
    _worker: Worker | None = None
    _verdict: StepError | None = None
    _cell: int | None = None

    def write_spec(self, path: Path) -> None:
        """Write what the worker is to do."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(to_json(self.spec)), "utf-8")

    async def run(self, zygote: Zygote, spec_file: Path, listen: Listener) -> StepRecord:
        """Run the step and return its record; one with ``state`` ``failed`` when it failed, was killed or was cancelled.

        ``spec_file``: what :meth:`write_spec` wrote. ``listen`` gets every message but the record. Raises
        :class:`~kfjlab.targets.local.zygote.ZygoteDied` when no worker could be had.
        """
        worker = self._worker = await zygote.worker(spec_file)
        watchers = [asyncio.create_task(watch) for watch in self._watches(worker)]
        if self._verdict is not None:
            watchers.append(asyncio.create_task(self._end(worker)))
        record: StepRecord | None = None
        try:
            async for message in worker.messages():
                if message["type"] == "record":
                    record = record_from_json(message)
                    break
                if message["type"] == "cell":
                    self._cell = message["cell"]
                listen(message)
            if record is None:
                record = StepRecord("failed", error=self._post_mortem(await worker.exit_status()))
        finally:
            for watcher in watchers:
                watcher.cancel()
            worker.signal_group(signal.SIGKILL)  # what the step left running ends with it
            worker.close()
        if self._verdict is not None and record.state != "succeeded":
            record = replace(record, error=replace(self._verdict, cell=self._cell))
        return record

    def stop(self, reason: StepError) -> None:
        """Interrupt the running cell, then kill the process tree if that does not help; ``reason`` becomes the attempt's error."""
        if self._verdict is None:
            self._verdict = reason
            if self._worker is not None:
                self._stopping = asyncio.ensure_future(self._end(self._worker))

    def files_read(self) -> dict[str, str]:
        """Resource → digest of the files that the step has opened for reading so far, as far as it has noted them."""
        if self._worker is None:
            return {}
        notes = files_read_by(str(Path(self.spec.output).parent / ".files"), self._worker.pid)
        return {f"file:{name}": digest for name, digest in notes.items()}

    async def _end(self, worker: Worker) -> None:
        worker.interrupt()
        await asyncio.sleep(KILL_GRACE)
        worker.signal_group(signal.SIGKILL)

    def _watches(self, worker: Worker) -> list[Any]:
        watches = []
        if self.limits.seconds is not None:
            watches.append(self._watch_time(self.limits.seconds))
        if self.limits.memory is not None:
            watches.append(self._watch_memory(worker, self.limits.memory))
        return watches

    async def _watch_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.stop(
            StepError(
                "TimedOut",
                f"Step {self.spec.step!r} ran longer than its time-out of {seconds:g} s.",
                fix="Give it a longer timeout, or make it do less.",
            )
        )

    async def _watch_memory(self, worker: Worker, limit: int) -> None:
        while True:
            used = await asyncio.to_thread(_memory_of_group, worker.pid)
            if used > limit:
                self._verdict = StepError(
                    "OutOfMemory",
                    f"Step {self.spec.step!r} used {used / 2**20:,.0f} MiB, more than its limit of {limit / 2**20:,.0f} MiB.",
                    fix="Raise the step's memory, or let it work on less data at a time.",
                )
                worker.signal_group(signal.SIGKILL)
                return
            await asyncio.sleep(SAMPLE_EVERY)

    def _post_mortem(self, status: int | None) -> StepError:
        """Why a worker ended without a record."""
        step = self.spec.step
        if status is not None and status & 0x7F == signal.SIGKILL:
            return StepError(
                "Killed",
                f"The process of step {step!r} was killed (SIGKILL). If nobody did so by hand, the machine ran out of memory.",
                self._cell,
                fix="Let the step work on less data at a time, run fewer steps at once (--max-parallel), or free memory.",
            )
        how = "for an unknown reason"
        if status is not None:
            how = describe_exit(-(status & 0x7F) if status & 0x7F else status >> 8)
        return StepError(
            "Crashed",
            f"The process of step {step!r} ended before the step did ({how}).",
            self._cell,
            fix="A crash like this comes from compiled code or from os._exit; run the named cell alone to find the call.",
        )


def _memory_of_group(pid: int) -> int:
    """Bytes of memory that a process and its descendants hold for themselves (pages of mapped files and of the zygote not counted)."""
    import psutil

    try:
        leader = psutil.Process(pid)
        processes = [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    total = 0
    for process in processes:
        try:
            total += int(process.memory_full_info().uss)
        except psutil.Error:
            continue  # it has just ended
    return total
