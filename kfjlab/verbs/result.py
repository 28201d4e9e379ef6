"""A run as its reader sees it: the run, its steps, what went wrong, and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfjlab.notebook.problems import Fix, Problem, Severity
from kfjlab.runs.model import Artifact, Run, RunState, StepRun, StepState
from kfjlab.runs.store import RunStore

from .wording import duration, place, plain_json, printable, value_text


class RunFailedError(Exception):
    """A run that did not succeed; ``result`` is the run."""

    def __init__(self, result: RunResult) -> None:
        super().__init__(result.error or f"Run {result.id} is {result.state}.")
        self.result = result


@dataclass(frozen=True, repr=False)
class RunResult:
    """A run and its steps as they were when they were last looked at (:meth:`refresh` looks again)."""

    run: Run
    steps: tuple[StepRun, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def id(self) -> str:
        """The run's id."""
        return self.run.id

    @property
    def state(self) -> str:
        """``queued``, ``running``, ``succeeded``, ``failed``, ``cancelled`` or ``interrupted``."""
        return self.run.state.value

    @property
    def succeeded(self) -> bool:
        """Whether every step that was asked for has succeeded."""
        return self.run.state is RunState.SUCCEEDED

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The values of all parameters."""
        return self.run.parameters

    @property
    def metrics(self) -> Mapping[str, float]:
        """The metrics, by name."""
        return self.run.metrics

    @property
    def error(self) -> str | None:
        """What went wrong, in one line; None when nothing has."""
        return error_text(self.run, self.steps)

    def step(self, name: str) -> StepRun:
        """The step of that name. Raises :class:`KeyError`."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def artifacts(self) -> list[Artifact]:
        """The tables, arrays, models and figures that the steps made."""
        with RunStore(create=False) as store:
            return store.get_artifacts(self.id)

    def log(self, step: str) -> str:
        """What a step has printed so far, in its latest attempt."""
        from .log_pieces import log_starts

        self.step(step)
        with RunStore(create=False) as store:
            return store.read_log(self.id, step, log_starts(store, self.id).get(step, 0))[0]

    def refresh(self) -> RunResult:
        """The same run as it is now."""
        with RunStore(create=False) as store:
            return result_of(store, self.id)

    def wait(self, *, progress: bool = True, check: bool = False) -> RunResult:
        """The same run when it is over. See :func:`kfjlab.run`."""
        from . import wait

        return wait(self.id, progress=progress, check=check)

    def cancel(self) -> None:
        """Ask the run to stop."""
        from . import cancel

        cancel(self.id)

    def write_notebook(self, path: str | Path) -> Path:
        """Write one copy of the whole notebook with the outputs of this run; never over the notebook itself. Cells
        that were edited since the run stay without outputs."""
        from kfjlab.notebook.document import read_document

        from .executed import check_output, executed_notebook, write_executed

        output, notebook = Path(path), Path(self.run.notebook)
        check_output(output, notebook)
        write_executed(output, notebook, executed_notebook(read_document(notebook), self.run, self.steps))
        return output

    def to_json(self) -> dict[str, Any]:
        """The object that ``kfjlab run --json`` ends with."""
        return summary(self.run, self.steps, self.problems, self.error)

    def __repr__(self) -> str:
        lines = [f"Run {self.id} of {printable(self.run.name)}: {self.state}"]
        for step in self.steps:
            how = "from cache" if step.cached else duration(step.seconds)
            lines.append(f"  {printable(step.name)}: {step.state.value}{f' ({how})' if how else ''}")
        lines += [f"  {printable(name)} = {value_text(value)}" for name, value in self.metrics.items()]
        if self.error is not None:
            lines.append(f"  {self.error}")
        return "\n".join(lines)


def result_of(store: RunStore, run_id: str, problems: Sequence[Problem] | None = None) -> RunResult:
    """A run of the store. ``problems``: those that were found before it started (default: those of its pipeline);
    those that came up while it ran are added."""
    run = store.get_run(run_id)
    if problems is None:
        problems = [problem_from(data) for data in run.pipeline.get("problems", ())]
    found = dict.fromkeys(_key(problem) for problem in problems)
    late = [p for p in problems_of_events(store, run.id) if _key(p) not in found]
    return RunResult(run, tuple(store.get_steps(run.id)), (*problems, *late))


def problems_of_events(store: RunStore, run_id: str) -> list[Problem]:
    """The problems that came up while a run went on, each once."""
    found: dict[tuple[Any, ...], Problem] = {}
    for event in store.events_of(run_id, "problem"):
        problem = problem_from({"step": event.step, **event.data})
        found.setdefault(_key(problem), problem)
    return list(found.values())


@dataclass(frozen=True)
class EarlierEnd:
    """How a run had ended before it was resumed. ``time``: Unix seconds; ``error``: what went wrong, in one line."""

    time: float
    state: str
    error: str | None


def earlier_ends(store: RunStore, run: Run) -> list[EarlierEnd]:
    """How a run had ended each time before it went on, first to last."""
    found: list[EarlierEnd] = []
    error: str | None = None
    for event in store.events_of(run.id, "run", "step"):
        state = event.data.get("state")
        if event.kind == "step" and state == StepState.FAILED.value and event.data.get("error"):
            error = error or _step_error(str(event.step), event.data["error"])
        elif event.kind == "run" and state is not None and RunState(state).final:
            found.append(EarlierEnd(event.time, state, error))
            error = None
    return found[:-1] if run.state.final else found


def problem_from(data: Mapping[str, Any]) -> Problem:
    """What :meth:`Problem.to_json` (or a worker, which leaves fields out) made ``data`` of."""
    fix = data.get("fix")
    return Problem(
        code=str(data.get("code", "")),
        severity=Severity(data.get("severity", "warning")),
        message=str(data.get("message", "")),
        cell=data.get("cell"),
        line=data.get("line"),
        step=data.get("step"),
        fix=Fix(**fix) if isinstance(fix, Mapping) else None,
    )


def _key(problem: Problem) -> tuple[Any, ...]:
    return problem.code, problem.message, problem.cell, problem.line, problem.step


def summary(
    run: Run | None, steps: Sequence[StepRun], problems: Sequence[Problem], error: str | None
) -> dict[str, Any]:
    """The object that ``run --json`` and ``resume --json`` end with; ``run`` is None when none was started."""
    return {
        "run": None if run is None else {"id": run.id, "state": run.state.value},
        "steps": [
            {
                "name": step.name,
                "state": step.state.value,
                "cached": step.cached,
                "seconds": step.seconds,
                "error": None if step.error is None else _error_json(step.error),
            }
            for step in steps
        ],
        "problems": [problem.to_json() for problem in problems],
        "metrics": {} if run is None else plain_json(run.metrics),
        "error": error,
    }


def _error_json(error: Mapping[str, Any]) -> dict[str, Any]:
    return {key: error.get(key) for key in ("kind", "message", "cell", "line", "fix")}


def failed_steps(steps: Sequence[StepRun]) -> list[StepRun]:
    """The steps that failed, in notebook order."""
    return [step for step in steps if step.state is StepState.FAILED]


def error_text(run: Run, steps: Sequence[StepRun]) -> str | None:
    """What went wrong with a run, in one line."""
    for step in failed_steps(steps):
        if step.error is not None:
            return _step_error(step.name, step.error)
    if run.error is not None and run.state is not RunState.SUCCEEDED:
        return printable(f"{run.error.get('message')}{_where(run.error)}")
    if run.state in (RunState.FAILED, RunState.CANCELLED, RunState.INTERRUPTED):
        return f"The run is {run.state.value}."
    return None


def _step_error(step: str, error: Mapping[str, Any]) -> str:
    return printable(f"Step {step!r} failed{_where(error)}: {error.get('message')}")


def _where(error: Mapping[str, Any]) -> str:
    where = place(error.get("cell"), error.get("line"))
    return f" in {where}" if where else ""
