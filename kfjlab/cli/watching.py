"""Watches a run to its end on the command line, and says how it ended."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Protocol

from kfjlab.notebook.problems import Problem
from kfjlab.runs.errors import StoreError
from kfjlab.runs.model import Run, RunEvent
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import find_target
from kfjlab.verbs.following import follow
from kfjlab.verbs.plain import PlainDisplay
from kfjlab.verbs.progress import Progress
from kfjlab.verbs.result import RunResult, result_of
from kfjlab.verbs.wording import printable

from .ending import describe_end
from .output import Out


class Display(Protocol):
    """Shows events as they come."""

    def event(self, event: RunEvent) -> None:
        """Take in an event and show what it means."""

    def note(self, text: str) -> None:
        """Show a line that no event says."""


class LostError(Exception):
    """A run could not be followed any more. It goes on by itself."""

    def __init__(self, run: Run, cause: StoreError) -> None:
        super().__init__(
            f"{cause} Run {run.id} goes on by itself; 'kfjlab logs -f {run.id}' follows it again."
        )
        self.run = run


class Interrupts:
    """Counts Ctrl-C instead of raising, so that none is lost between two statements; as a context manager."""

    def __init__(self) -> None:
        self.count = 0
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1


def watch(
    run_id: str,
    after: int,
    problems: Sequence[Problem],
    out: Out,
    interrupts: Interrupts,
    *,
    plain: bool,
    logs: bool,
) -> RunResult:
    """Follow a run from event ``after`` on, show it on ``out`` and say how it ended.

    The first interrupt asks the run to cancel, the second leaves: then the run is not over. Raises :class:`LostError`.
    """
    with RunStore(create=False) as store:
        run = store.get_run(run_id)
        try:
            return _watch(store, run, after, problems, out, interrupts, plain, logs)
        except StoreError as error:
            raise LostError(run, error) from error


def _watch(
    store: RunStore,
    run: Run,
    after: int,
    problems: Sequence[Problem],
    out: Out,
    interrupts: Interrupts,
    plain: bool,
    logs: bool,
) -> RunResult:
    progress = Progress(run, store.get_steps(run.id))
    shown = _Unbroken(out)
    shown.line(out.styled(f"run {run.id}", bold=True) + f"  {printable(run.notebook)}")
    live = out.terminal and not plain
    display, context = _display(store, progress, out, live, logs)
    told: list[str] = []

    def tick() -> bool:
        if interrupts.count and not told:
            told.append("cancel")
            shown.guarded(display.note)("cancelling the run … (Ctrl-C again leaves it to itself)")
            find_target(run.target).cancel(run.id)
        return interrupts.count > 1

    with context:
        final = follow(store, run.id, shown.guarded(display.event), after=after, tick=tick)
    if not final.state.final:
        shown.line(f"Left. The run stops by itself; 'kfjlab show {run.id}' shows how it ended.")
        return result_of(store, run.id, problems)
    result = result_of(store, run.id, problems)
    shown.guarded(lambda _: describe_end(result, store, out, steps=live))(None)
    return result


class _Unbroken:
    """Goes on without showing anything once nobody reads the output (``kfjlab run … | head``): the exit code still tells."""

    def __init__(self, out: Out) -> None:
        self._out = out
        self._broken = False

    def guarded(self, show: Callable[[Any], None]) -> Callable[[Any], None]:
        """``show``, which does nothing any more after it failed for that reason."""

        def guard(argument: Any) -> None:
            if self._broken:
                return
            try:
                show(argument)
                self._out.stream.flush()
            except BrokenPipeError:
                self._broken = True
                self._out.stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - lives as long as the process

        return guard

    def line(self, text: str) -> None:
        """Write a line."""
        self.guarded(self._out.line)(text)


def _display(
    store: RunStore, progress: Progress, out: Out, live: bool, logs: bool
) -> tuple[Display, AbstractContextManager[Any]]:
    run_id = progress.run.id

    def read_log(step: str, offset: int, length: int) -> str:
        return store.read_log(run_id, step, offset, length)[0]

    if live:
        from .live import LiveDisplay

        def log_path(step: str) -> Path:
            return store.log_path(run_id, step)

        display = LiveDisplay(progress, out.stream, log_path, read_log if logs else None)
        return display, display
    return PlainDisplay(progress, out.stream, read_log if logs else None), nullcontext()
