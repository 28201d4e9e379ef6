"""A run as a live display on a terminal: one line for each step, a header and a bar."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kfjlab.notebook.problems import cell_word
from kfjlab.runs.model import RunEvent, StepState
from kfjlab.verbs.plain import PlainDisplay, ReadLog
from kfjlab.verbs.progress import Progress, StepProgress
from kfjlab.verbs.wording import duration, plural, printable, printable_lines

_SIGNS = {
    StepState.WAITING: ("·", "dim"),
    StepState.RUNNING: ("●", "cyan"),
    StepState.SUCCEEDED: ("✓", "green"),
    StepState.FAILED: ("✗", "bold red"),
    StepState.CANCELLED: ("■", "yellow"),
    StepState.SKIPPED: ("–", "dim"),
}
_OVER = (StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED, StepState.SKIPPED)
_TAIL = 4096
"""Bytes at the end of a log among which its last line is looked for."""
_WIDEST_NAME = 30
_SPARE = 4
"""Lines of the terminal that the header, the bar and the prompt need."""
_TOLD = ("stale", "problem", "log")
"""Kinds of events that also become a line above the display, which stays."""


class LiveDisplay:
    """Redraws a few times a second while it is open (a context manager). ``log_path``: where a step's log is."""

    def __init__(
        self, progress: Progress, stream: TextIO, log_path: Callable[[str], Path], read_log: ReadLog | None
    ) -> None:
        self._progress = progress
        self._log_path = log_path
        self._console = Console(file=stream, highlight=False, markup=False, emoji=False)
        self._lines = PlainDisplay(progress, _Above(self._console), read_log)
        self._live = Live(self, console=self._console, refresh_per_second=8, transient=True)

    def __enter__(self) -> LiveDisplay:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        """Write a line above the display."""
        self._lines.note(text)

    def event(self, event: RunEvent) -> None:
        """Take in an event; what must not be missed is also printed above the display."""
        if event.kind in _TOLD:
            self._lines.event(event)
        else:
            self._progress.apply(event)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        now = time.time()
        progress = self._progress
        elapsed = "" if progress.started is None else duration(now - progress.started)
        done = progress.count((StepState.SUCCEEDED,))
        phase = f" · {progress.preparing}" if progress.preparing else ""
        yield Text(
            f"{progress.state.value} {elapsed}{phase}", style="bold", no_wrap=True, overflow="ellipsis"
        )
        shown = self._chosen(max(1, console.height - _SPARE))
        rows = [self._row(step, now) for step in shown]
        widths = [max((cell_len(row[i]) for row in rows), default=0) for i in range(3)]
        for step, row in zip(shown, rows, strict=True):
            sign, style = _SIGNS[step.state]
            columns = [set_cell_size(text, width) for text, width in zip(row[:3], widths, strict=True)]
            line = Text(no_wrap=True, overflow="ellipsis", end="\n")
            line.append(f"{sign} ", style).append(f"{columns[0]}  ").append(f"{columns[1]}  ", style)
            line.append(f"{columns[2]}  " if widths[2] else "").append(row[3], "dim").rstrip()
            yield line
        hidden = len(progress.steps) - len(shown)
        rest = f"  ({plural(hidden, 'step')} not shown)" if hidden else ""
        bar = Table.grid(padding=(0, 1))
        bar.add_column()
        bar.add_column(no_wrap=True, overflow="ellipsis")
        bar.add_row(
            ProgressBar(total=1.0, completed=progress.share, width=max(10, min(40, console.width - 40))),
            Text(f"{done}/{len(progress.steps)} steps{rest}"),
        )
        yield bar

    def _chosen(self, room: int) -> list[StepProgress]:
        """The steps to show, in notebook order: what runs and what failed first, then what ended last and what comes next."""
        steps = list(self._progress.steps.values())
        if len(steps) <= room:
            return steps

        def rank(step: StepProgress) -> tuple[int, float]:
            if step.state is StepState.RUNNING:
                return 0, step.started or 0.0
            if step.state is StepState.FAILED:
                return 1, 0.0
            return (2, 0.0) if step.state is StepState.WAITING else (3, -(step.ended or 0.0))

        kept = {id(step) for step in sorted(steps, key=rank)[:room]}
        return [step for step in steps if id(step) in kept]

    def _row(self, step: StepProgress, now: float) -> tuple[str, str, str, str]:
        """Name, state, place, and what it said last."""
        state = "reused" if step.cached else step.state.value
        if step.state is StepState.RUNNING and step.phase in ("loading", "saving"):
            state = step.phase
        cells = f"{cell_word(step.cell)} ({step.position})" if step.position and step.cell is not None else ""
        if step.attempt > 1:
            cells = f"{cells} attempt {step.attempt}".strip()
        name = printable(step.name)
        if cell_len(name) > _WIDEST_NAME:
            name = set_cell_size(name, _WIDEST_NAME - 1) + "…"
        return (
            name,
            state if step.cached else f"{state} {duration(step.elapsed(now))}".strip(),
            cells,
            self._last_line(step),
        )

    def _last_line(self, step: StepProgress) -> str:
        """The last line that a running step has printed, or the message of one that failed."""
        if step.error is not None:
            return printable(str(step.error.get("message", "")))
        if step.state is not StepState.RUNNING or not step.log_end:
            return ""
        try:
            with open(self._log_path(step.name), "rb") as file:
                file.seek(max(0, step.log_end - _TAIL))
                text = file.read(_TAIL).decode("utf-8", "replace")
        except FileNotFoundError:
            return ""
        return next((line for line in reversed(printable_lines(text)) if line.strip()), "")


class _Above:
    """A text stream whose lines appear above the display."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> int:
        self._console.print(Text(text.rstrip("\n")), soft_wrap=True)
        return len(text)

    def flush(self) -> None:
        self._console.file.flush()
