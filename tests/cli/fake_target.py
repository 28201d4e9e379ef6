"""A target that only pretends: it writes into the store what its script says."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kfjlab.notebook.pipeline import Pipeline
from kfjlab.notebook.problems import Problem
from kfjlab.runs.model import RunState, StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RunOptions

FAILURE = {
    "kind": "ValueError",
    "message": "ValueError: no good",
    "cell": 6,
    "line": 1,
    "fix": "Make it good.",
    "traceback": "",
}


@dataclass
class FakeTarget:
    """``outcomes``: step → its error (None: it succeeds), others succeed; ``cached``: steps that are reused; ``logs``: step → text.
    ``final``: the run's state, else what follows from the steps. ``on_start``: called with the run's id in the middle of it."""

    name: str = "fake"
    outcomes: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)
    logs: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    final: RunState | None = None
    on_start: Callable[[str], None] | None = None
    cancelled: list[str] = field(default_factory=list)
    started: list[RunOptions] = field(default_factory=list)

    def check(self, pipeline: Pipeline, options: RunOptions) -> list[Problem]:
        return list(self.problems)

    def start(self, pipeline: Pipeline, options: RunOptions) -> str:
        self.started.append(options)
        known = {parameter.name: parameter.default for parameter in pipeline.parameters}
        steps = [StepRun("", step.name, i) for i, step in enumerate(pipeline.steps)]
        with RunStore() as store:
            run = store.create_run(
                name=pipeline.name,
                notebook=str(Path(pipeline.path).absolute()),
                target=self.name,
                parameters={**known, **options.parameters},
                pipeline=pipeline.to_json(),
                options={**asdict(options), "given": sorted(options.parameters)},
                steps=steps,
                supervised=False,
            )
            self._play(store, run.id, pipeline)
        return run.id

    def resume(self, run_id: str, pipeline: Pipeline | None = None, max_parallel: int | None = None) -> None:
        with RunStore() as store:
            run = store.get_run(run_id)
            chosen = pipeline or Pipeline.from_json(run.pipeline)
            steps = [StepRun("", step.name, i) for i, step in enumerate(chosen.steps)]
            store.restart_run(run.id, pipeline=chosen.to_json(), steps=steps)
            self._play(store, run.id, chosen)

    def cancel(self, run_id: str) -> None:
        self.cancelled.append(run_id)
        with RunStore() as store:
            if not store.get_run(run_id).state.final:
                store.set_run_state(run_id, RunState.CANCELLED)
                store.append(run_id, "run", data={"state": "cancelled"})

    def _play(self, store: RunStore, run_id: str, pipeline: Pipeline) -> None:
        store.set_run_state(run_id, RunState.RUNNING, started=time.time())
        store.append(run_id, "run", data={"state": "running"})
        if self.on_start is not None:
            self.on_start(run_id)
        failed = False
        for step in pipeline.steps:
            error = self.outcomes.get(step.name)
            if failed or self.final is RunState.CANCELLED:
                self._state(store, run_id, step.name, StepState.SKIPPED)
                continue
            if step.name not in self.cached:
                self._state(store, run_id, step.name, StepState.RUNNING, attempt=1, started=time.time())
                for cell in step.cells:
                    store.append(run_id, "cell", step.name, {"cell": cell.index, "state": "running"})
                    store.append(
                        run_id, "cell", step.name, {"cell": cell.index, "state": "done", "seconds": 0.5}
                    )
            if step.name in self.logs:
                offset, length = store.append_log(run_id, step.name, self.logs[step.name])
                if step.name not in self.cached:
                    store.append(
                        run_id, "log", step.name, {"offset": offset, "length": length, "stream": "stdout"}
                    )
            if error is not None:
                failed = True
                self._state(store, run_id, step.name, StepState.FAILED, error=dict(error), seconds=0.5)
            else:
                self._state(
                    store,
                    run_id,
                    step.name,
                    StepState.SUCCEEDED,
                    cached=step.name in self.cached,
                    seconds=1.0,
                )
        if self.metrics:
            store.set_metrics(run_id, self.metrics)
        state = self.final or (RunState.FAILED if failed else RunState.SUCCEEDED)
        error = next((dict(e) for e in self.outcomes.values() if e is not None), None) if failed else None
        if state is not RunState.RUNNING:
            store.set_run_state(run_id, state, error=error)
            store.append(run_id, "run", data={"state": state.value, "error": error})

    def _state(self, store: RunStore, run_id: str, step: str, state: StepState, **fields: Any) -> None:
        store.update_step(run_id, step, state=state, **fields)
        shown: dict[str, Any] = {
            key: fields[key] for key in ("cached", "attempt", "seconds", "error") if key in fields
        }
        store.append(run_id, "step", step, {"state": state.value, **shown})
