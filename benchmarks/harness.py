"""What all measurements share: interleaved repetitions, medians with their spread, processes with their memory."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 600.0
"""Seconds for one process."""


class ProcessFailed(Exception):
    """A measured process that did not end well; the message has the end of its output."""


@dataclass(frozen=True)
class Sample:
    """One repetition: wall ``seconds``, peak ``memory`` of the largest process in bytes, and the process's standard output."""

    seconds: float
    memory: int = 0
    output: str = ""


@dataclass(frozen=True)
class Summary:
    """Several repetitions of one thing."""

    samples: tuple[Sample, ...]

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def memory(self) -> int:
        """Bytes, the median."""
        return int(statistics.median(sample.memory for sample in self.samples))

    def __str__(self) -> str:
        times = [sample.seconds for sample in self.samples]
        return f"{seconds(self.median)} ({seconds(min(times))}–{seconds(max(times))})"


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ratio``: ours over theirs, or what the aim speaks of; ``aim`` in words."""

    what: str
    ours: str
    peer: str
    theirs: str
    ratio: str = ""
    aim: str = ""


def interleaved(contenders: Mapping[str, Callable[[], Sample]], repetitions: int) -> dict[str, Summary]:
    """Run every contender once per round, so that a busy moment of the machine hits all alike."""
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    for number in range(repetitions):
        for name, run in contenders.items():
            samples[name].append(run())
            print(
                f"  {name} {number + 1}/{repetitions}: {samples[name][-1].seconds:.3f} s",
                file=sys.stderr,
                flush=True,
            )
    return {name: Summary(tuple(found)) for name, found in samples.items()}


def process(
    command: Sequence[str],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT,
) -> Sample:
    """Run a program to its end. Raises :class:`ProcessFailed`."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
    ):
        start = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
        )
        try:
            status, usage = _wait(child, start + timeout)
        except BaseException:
            child.kill()
            child.wait()
            raise
        elapsed = time.perf_counter() - start
        output.seek(0)
        complaints.seek(0)
        text, trouble = output.read(), complaints.read()
    if status != 0:
        raise ProcessFailed(f"{' '.join(command)[:300]} ended with {status}:\n{(text + trouble)[-2000:]}")
    return Sample(elapsed, usage, text)


def _wait(child: subprocess.Popen[bytes], deadline: float) -> tuple[int, int]:
    """The exit code and the peak resident memory (bytes) of the child and of what it has waited for."""
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            scale = 1 if sys.platform == "darwin" else 1024
            return child.returncode, usage.ru_maxrss * scale
        if time.perf_counter() > deadline:
            raise ProcessFailed(f"{child.args!r:.200} ran too long")
        time.sleep(0.002)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards, with a store of runs of its own."""
    with tempfile.TemporaryDirectory(prefix="kfjlab-bench-") as name:
        old = os.environ.get("KFJLAB_DATA")
        os.environ["KFJLAB_DATA"] = str(Path(name) / "store")
        try:
            yield Path(name)
        finally:
            if old is None:
                del os.environ["KFJLAB_DATA"]
            else:
                os.environ["KFJLAB_DATA"] = old


def seconds(value: float) -> str:
    """A duration for people."""
    if abs(value) >= 1:
        return f"{value:.2f} s"
    if abs(value) >= 0.001:
        return f"{value * 1000:.0f} ms" if abs(value) >= 0.01 else f"{value * 1000:.1f} ms"
    return f"{value * 1e6:.0f} µs"


def times(ratio: float) -> str:
    """A ratio for people."""
    return f"{ratio:.2f}×" if ratio < 10 else f"{ratio:.0f}×"


def table(rows: Sequence[Row]) -> str:
    """A Markdown table."""
    head = ("", "kfjlab", "against", "", "ratio", "aim")
    lines = [head, *((r.what, r.ours, r.peer, r.theirs, r.ratio, r.aim) for r in rows)]
    body = ["| " + " | ".join(cells) + " |" for cells in lines]
    body.insert(1, "|" + " --- |" * len(head))
    return "\n".join(body)
