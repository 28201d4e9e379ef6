"""A run as plain lines, one for each thing that happens: for logs of CI, pipes, and ``TERM=dumb``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

from kfjlab.runs.model import RunEvent, StepState

from .progress import Progress, StepProgress
from .wording import duration, place, printable, printable_lines, value_text

_WIDEST_NAME = 24

ReadLog = Callable[[str, int, int], str]
"""Step, offset and length in bytes → that part of its log."""


class Stream(Protocol):
    """Where lines are written to."""

    def write(self, text: str, /) -> int:
        """Write text."""

    def flush(self) -> None:
        """Let it be seen."""


class PlainDisplay:
    """Writes lines to ``stream``; also what steps print, when there is ``read_log``."""

    def __init__(self, progress: Progress, stream: Stream, read_log: ReadLog | None = None) -> None:
        self._progress = progress
        self._stream = stream
        self._read_log = read_log
        self._width = min(_WIDEST_NAME, max((len(name) for name in progress.steps), default=0))
        self._open: dict[str, str] = {}
        self._stale: str | None = None

    def note(self, text: str) -> None:
        """Write a line that no event says."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def event(self, event: RunEvent) -> None:
        """Take in an event and say what happened."""
        self._progress.apply(event)
        for text in self._texts(event):
            clock = time.strftime("%H:%M:%S", time.localtime(event.time))
            name = printable(event.step) if event.step is not None else "-"
            self._stream.write(f"{clock} {name:<{self._width}}  {text}\n")
        self._stream.flush()

    def _texts(self, event: RunEvent) -> Iterator[str]:
        step = None if event.step is None else self._progress.steps.get(event.step)
        data = event.data
        if event.kind == "phase" and event.step is None and self._progress.preparing:
            yield self._progress.preparing
        elif event.kind == "step" and step is not None:
            yield from self._rest_of_log(step)
            yield from self._step_texts(step)
        elif event.kind == "cell" and step is not None and data.get("state") == "running":
            position = f" ({step.position})" if step.position else ""
            yield f"running {place(step.cell)}{position}"
        elif event.kind == "stale":
            self._stale = str(data.get("message", ""))
            yield f"runs again: {printable(self._stale)}"
        elif (
            event.kind == "problem" and data.get("message") != self._stale
        ):  # which says the same as a finding
            where = place(data.get("cell"), data.get("line"))
            yield f"{data.get('severity', 'warning')}: {where + ': ' if where else ''}{printable(str(data.get('message', '')))}"
        elif event.kind == "metrics":
            yield ", ".join(f"{printable(name)} = {value_text(value)}" for name, value in data.items())
        elif event.kind == "log" and self._read_log is not None and event.step is not None:
            yield from self._log_lines(event.step, int(data["offset"]), int(data["length"]))

    def _step_texts(self, step: StepProgress) -> Iterator[str]:
        error = step.error or {}
        where = place(error.get("cell"), error.get("line"))
        message = (
            f"{f' in {where}' if where else ''}: {printable(str(error.get('message')))}" if error else ""
        )
        if step.state is StepState.SUCCEEDED:
            yield "reused, nothing has changed" if step.cached else f"succeeded in {duration(step.seconds)}"
        elif step.state is StepState.FAILED:
            yield f"failed{message}"
        elif step.state in (StepState.CANCELLED, StepState.SKIPPED):
            yield step.state.value
        elif step.state is StepState.WAITING and error:
            yield f"failed{message}; it will be tried again"
        elif step.state is StepState.RUNNING and step.attempt > 1:
            yield f"attempt {step.attempt}"

    def _log_lines(self, step: str, offset: int, length: int) -> Iterator[str]:
        assert self._read_log is not None
        text = self._open.pop(step, "") + self._read_log(step, offset, length)
        whole, newline, rest = text.rpartition("\n")
        if rest:
            self._open[step] = rest
        if newline:
            yield from (f"| {line}" for line in printable_lines(whole))

    def _rest_of_log(self, step: StepProgress) -> Iterator[str]:
        """The last line of a step that ends without a newline."""
        rest = self._open.pop(step.name, "")
        if rest:
            yield from (f"| {line}" for line in printable_lines(rest))
