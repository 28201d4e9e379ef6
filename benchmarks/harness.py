"""What all measurements share: rounds in which contenders take turns, medians with their spread, processes with their memory."""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TIMEOUT = 300.0
"""Seconds for one process."""
GRACE = 10.0
"""Seconds between asking a process that is late to end and killing it."""
SLOW_ROUNDS = 2
"""Rounds for contenders that would take most of the time."""


class ProcessFailed(Exception):
    """A measured process that did not end well, or did not do its work; the message has the end of its output."""


@dataclass(frozen=True)
class Sample:
    """One repetition: wall ``seconds``, peak ``memory`` of the process in bytes, its standard output, and ``parts``: other seconds
    of the same repetition, by name."""

    seconds: float
    memory: int = 0
    output: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """Several repetitions of one thing. ``failure`` says why there are none."""

    samples: tuple[Sample, ...]
    failure: str = ""

    @property
    def median(self) -> float:
        """Seconds. Raises :class:`statistics.StatisticsError` after a failure."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def memory(self) -> int:
        """Bytes, the highest."""
        return max(sample.memory for sample in self.samples)

    def part(self, name: str) -> Summary:
        """The summary of another time that the same repetitions took."""
        return Summary(tuple(Sample(sample.parts[name]) for sample in self.samples), self.failure)

    def __str__(self) -> str:
        if self.failure:
            return "**failed**"
        found = [sample.seconds for sample in self.samples]
        if len(found) == 1:
            return f"{seconds(self.median)} (once)"
        return f"{seconds(self.median)} ({seconds(min(found))}–{seconds(max(found))})"


def interleaved(
    contenders: Mapping[str, Callable[[], Sample]], repetitions: int, slow: Collection[str] = ()
) -> dict[str, Summary]:
    """Run every contender once per round, so that a busy moment of the machine hits all alike. Each round begins with another one, so
    that all come after each other.

    A first round is not counted: it fills the page cache, and the first start of a program compiles it. ``slow`` contenders miss it,
    and take part in the first :data:`SLOW_ROUNDS` only. One that fails takes part no more; its summary says why.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in contenders}
    failures: dict[str, str] = {}
    names = list(contenders)
    for number in range(repetitions + 1):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            if name in failures or (name in slow and not 1 <= number <= SLOW_ROUNDS):
                continue
            try:
                sample = contenders[name]()
            except ProcessFailed as failure:
                failures[name] = str(failure)
                samples[name].clear()
                print(f"  {name} failed: {failure}", file=sys.stderr, flush=True)
                continue
            if number:
                samples[name].append(sample)
            which = f"{number}/{repetitions}" if number else "not counted"
            print(f"  {name}, {which}: {seconds(sample.seconds)}", file=sys.stderr, flush=True)
    return {name: Summary(tuple(found), failures.get(name, "")) for name, found in samples.items()}


def process(
    command: Sequence[str | Path],
    cwd: Path | None = None,
    timeout: float = TIMEOUT,
) -> Sample:
    """Run a program to its end, in :func:`environment` of its own interpreter. Raises :class:`ProcessFailed`."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints,
    ):
        start = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(command[0]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=complaints,
            start_new_session=True,
        )
        status, memory, late = _wait(child, timeout)
        elapsed = time.perf_counter() - start
        output.seek(0)
        complaints.seek(0)
        text, trouble = output.read(), complaints.read()
    if status != 0 or late:
        what = f"took more than {timeout:.0f} s" if late else f"ended with {status}"
        raise ProcessFailed(f"{' '.join(map(str, command))[:300]} {what}:\n{(text + trouble)[-2000:]}")
    return Sample(elapsed, memory, text)


def environment(program: str | Path) -> dict[str, str]:
    """The variables for a measured program: its own folder first in the search path, and Python as it is without settings, so that
    all contenders keep compiled modules."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PATH": f"{Path(program).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def _wait(child: subprocess.Popen[bytes], timeout: float) -> tuple[int, int, bool]:
    """The exit code, the peak resident memory in bytes (of the child or of one that it has waited for), and whether it was ended
    because it was late: by Ctrl-C, on which it can clean up, and then for good. Waits without polling, which would blur short times."""
    ended = threading.Event()
    late = threading.Event()

    def stop() -> None:
        late.set()
        _signal(child, signal.SIGINT)
        if not ended.wait(GRACE):
            _signal(child, signal.SIGKILL)

    timer = threading.Timer(timeout, stop)
    timer.start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:  # Ctrl-C, of which a child in a session of its own hears nothing
        _signal(child, signal.SIGINT)
        try:
            child.wait(GRACE)
        except subprocess.TimeoutExpired:
            _signal(child, signal.SIGKILL)
            child.wait()
        raise
    finally:
        ended.set()
        timer.cancel()
    return child.returncode, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), late.is_set()


def _signal(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """To a process and its children, if they are still there."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder that is gone afterwards, with a store of runs of its own."""
    with tempfile.TemporaryDirectory(prefix="kfjlab-bench-", ignore_cleanup_errors=True) as name:
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
