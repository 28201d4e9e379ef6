"""How far a run is, kept up to date from its events. What any display of it shows comes from here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kfjlab.notebook.pipeline import Role
from kfjlab.runs.model import Run, RunEvent, RunState, StepRun, StepState

_PARAMETERS = Role.PARAMETERS.value


@dataclass
class StepProgress:
    """One step. ``cells``: indices of its cells; ``done``: how many of them have been executed; ``cell``: the one that runs;
    ``started``, ``ended``: Unix seconds; ``log_end``: bytes that its log has, as far as events tell."""

    name: str
    cells: tuple[int, ...] = ()
    state: StepState = StepState.WAITING
    cached: bool = False
    attempt: int = 0
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None
    phase: str = ""
    cell: int | None = None
    done: int = 0
    log_end: int = 0
    error: dict[str, Any] | None = None

    @property
    def position(self) -> str:
        """``2/4``: which of its cells runs; empty when none does or they are not known."""
        if self.cell is None or not self.cells:
            return ""
        number = self.cells.index(self.cell) + 1 if self.cell in self.cells else self.done + 1
        return f"{number}/{len(self.cells)}"

    def elapsed(self, now: float) -> float | None:
        """Seconds that the latest attempt has taken so far; None when it has not begun."""
        if self.state is StepState.RUNNING and self.started is not None:
            return max(0.0, now - self.started)
        return self.seconds


@dataclass
class Progress:
    """One run. ``steps`` in notebook order; ``phase``: what goes on before the steps (``prelude``)."""

    run: Run
    steps: dict[str, StepProgress] = field(default_factory=dict)
    state: RunState = RunState.QUEUED
    phase: str = ""
    started: float | None = None

    def __init__(self, run: Run, steps: Sequence[StepRun]) -> None:
        cells = {
            step["name"]: tuple(cell["index"] for cell in step["cells"])
            for step in run.pipeline.get("steps", ())
        }
        self.run, self.state, self.phase, self.started = run, run.state, "", None
        self.steps = {step.name: StepProgress(step.name, cells.get(step.name, ())) for step in steps}

    def apply(self, event: RunEvent) -> None:
        """Take in what happened."""
        step = None if event.step is None else self.steps.get(event.step)
        if event.kind == "run":
            self._run_state(event)
        elif event.kind == "phase" and event.step is None:
            self.phase = str(event.data.get("phase", ""))
        elif step is None:
            return
        elif event.kind == "step":
            self._step_state(step, event)
        elif event.kind == "phase":
            step.phase = str(event.data.get("phase", ""))
        elif event.kind == "cell":
            self._cell_state(step, event)
        elif event.kind == "log":
            step.log_end = int(event.data.get("offset", 0)) + int(event.data.get("length", 0))

    def _run_state(self, event: RunEvent) -> None:
        self.state = RunState(event.data["state"])
        self.phase = ""
        if self.state is RunState.RUNNING:
            self.started = event.time

    def _step_state(self, step: StepProgress, event: RunEvent) -> None:
        step.state = StepState(event.data["state"])
        step.cached = bool(event.data.get("cached", False))
        step.attempt = int(event.data.get("attempt", step.attempt) or 0)
        step.seconds = event.data.get("seconds")
        step.error = event.data.get("error")
        step.cell, step.phase = None, ""
        if step.state is StepState.RUNNING:
            step.started, step.ended, step.done = event.time, None, 0
        else:
            step.ended = event.time
        if step.state is StepState.SUCCEEDED:
            step.done = len(step.cells)

    def _cell_state(self, step: StepProgress, event: RunEvent) -> None:
        if event.data.get("state") == "running":
            step.cell = event.data.get("cell")
        elif event.data.get("state") == "done":
            step.done += 1

    @property
    def preparing(self) -> str:
        """What goes on before the steps, in words; empty when nothing does."""
        if self.phase != "prelude":
            return ""
        roles = {cell["role"] for cell in self.run.pipeline.get("prelude", {}).get("cells", ())}
        if not roles:
            return "starting Python"
        return f"running the {'parameters' if roles == {_PARAMETERS} else 'imports and functions'} cells"

    def count(self, states: Iterable[StepState]) -> int:
        """How many steps are in one of these states."""
        wanted = set(states)
        return sum(step.state in wanted for step in self.steps.values())

    @property
    def share(self) -> float:
        """How much of the run is done, from 0 to 1: cells of steps that have ended, and executed cells of those that run."""
        total = sum(max(1, len(step.cells)) for step in self.steps.values())
        over = (StepState.SUCCEEDED, StepState.FAILED, StepState.CANCELLED, StepState.SKIPPED)
        done = sum(max(1, len(s.cells)) if s.state in over else s.done for s in self.steps.values())
        return done / total if total else 1.0
