"""What the engine tells the store: every change of state together with its event, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from kfjlab.notebook.problems import Problem
from kfjlab.runs.errors import StoreError
from kfjlab.runs.model import Artifact, RunState, StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.protocol import StepError, StepRecord, to_json

from .ledger import changed
from .wording import attempt_begins, log_cut


class Journal:
    """Writes one run's progress. What happens on a full disk is still written, as far as the reserve lasts; what steps print is not."""

    def __init__(self, store: RunStore, run_id: str) -> None:
        self._store = store
        self._run_id = run_id
        self._cut: set[str | None] = set()
        """Steps (None: the prelude) of whose logs something is missing."""

    def run_state(self, state: RunState, error: StepError | None = None) -> None:
        """The run is now in ``state``."""
        data = None if error is None else to_json(error)
        now = time.time()

        def write() -> None:
            with self._store.transaction():
                self._store.set_run_state(
                    self._run_id,
                    state,
                    error=data,
                    started=now if state is RunState.RUNNING else None,
                    ended=now if state.final else None,
                )
                self._store.append(self._run_id, "run", data={"state": state.value, "error": data})

        self._store.with_reserve(write)

    def step_state(self, name: str, state: StepState, **fields: Any) -> None:
        """A step is now in ``state``; ``fields`` are those of :class:`~kfjlab.runs.model.StepRun` that change."""
        self._store.with_reserve(lambda: self._step_state(name, state, fields))

    def attempt(self, name: str, **fields: Any) -> int:
        """A new attempt of a step has begun; the offset at which its log begins. What earlier attempts have printed stays above a line
        that says so."""
        start = self._part_log(name, int(fields["attempt"]))
        self._store.with_reserve(
            lambda: self._step_state(name, StepState.RUNNING, fields, {"log_start": start})
        )
        return start

    def _part_log(self, step: str, attempt: int) -> int:
        path = self._store.log_path(self._run_id, step)
        size = path.stat().st_size if path.exists() else 0
        if size == 0:
            return 0
        try:
            offset, length = self._store.append_log(self._run_id, step, attempt_begins(attempt))
        except StoreError as error:
            if error.kind != "full":
                raise
            return size
        return offset + length

    def _step_state(
        self, name: str, state: StepState, fields: Mapping[str, Any], told: Mapping[str, Any] | None = None
    ) -> None:
        shown: dict[str, Any] = {
            k: fields[k] for k in ("cached", "attempt", "seconds", "error") if k in fields
        }
        shown.update(told or {})
        with self._store.transaction():
            self._store.update_step(self._run_id, name, state=state, **fields)
            self._store.append(self._run_id, "step", step=name, data={"state": state.value, **shown})

    def succeeded(self, step: StepRun, record: StepRecord, lineage: Mapping[str, str]) -> None:
        """A step has succeeded. ``lineage``: resource → digest of the stored values that it read."""
        self._store.with_reserve(lambda: self._succeeded(step, record, lineage))

    def _succeeded(self, step: StepRun, record: StepRecord, lineage: Mapping[str, str]) -> None:
        made = {name for name in changed(record) if name.startswith("var:") and not name.startswith("var:_")}
        artifacts = [
            Artifact(
                run_id=self._run_id,
                step=step.name,
                name=resource.split(":", 1)[1],
                kind=value.kind,
                type=value.type,
                digest=value.digest,
                size=value.size,
                summary=value.summary,
                inputs=tuple(sorted(set(lineage.values()))),
            )
            for resource, value in record.values.items()
            if resource in made and value.kind in ("table", "array", "model", "figure")
        ]
        with self._store.transaction():
            fields = {
                "cached": step.cached,
                "attempt": step.attempt,
                "started": step.started,
                "ended": step.ended,
                "seconds": record.seconds,
                "peak_memory": record.peak_memory,
                "record": step.record,
                "error": None,
                "notebook": step.notebook,
                "log": step.log,
            }
            self._step_state(step.name, StepState.SUCCEEDED, fields)
            if artifacts:
                self._store.put_artifacts(self._run_id, step.name, artifacts)
                self._store.append(
                    self._run_id,
                    "artifact",
                    step=step.name,
                    data={"names": [artifact.name for artifact in artifacts]},
                )
            if record.metrics:
                self._store.set_metrics(self._run_id, record.metrics, step=step.name)
                self._store.append(self._run_id, "metrics", step=step.name, data=dict(record.metrics))
            for warning in filter(_concerns_everybody, record.warnings):
                if step.cached and warning["code"] in _OF_AN_EXECUTION:
                    continue
                self._store.append(
                    self._run_id, "problem", step=step.name, data={"severity": "warning", **warning}
                )

    def stale(self, name: str, resource: str, writer: str | None, message: str) -> None:
        """A step has read ``resource`` in a wrong state and will run again."""

        def write() -> None:
            with self._store.transaction():
                self._store.update_step(
                    self._run_id, name, state=StepState.WAITING, cached=False, notebook=None
                )
                data = {"resource": resource, "writer": writer, "message": message}
                self._store.append(self._run_id, "stale", step=name, data=data)
                self._store.append(self._run_id, "step", step=name, data={"state": StepState.WAITING.value})

        self._store.with_reserve(write)

    def problem(self, problem: Problem) -> None:
        """A problem that was found while running."""
        data = problem.to_json()
        self._store.with_reserve(
            lambda: self._store.append(self._run_id, "problem", step=problem.step, data=data)
        )

    def message(self, step: str | None, message: Mapping[str, Any]) -> None:
        """What a worker said (``step`` None: the prelude): its log goes to the step's log file, the rest to the events."""
        kind = str(message["type"])
        if kind == "log":
            self._log(step, message)
            return
        data = {k: v for k, v in message.items() if k != "type"}
        self._store.with_reserve(lambda: self._store.append(self._run_id, kind, step=step, data=data))

    def _log(self, step: str | None, message: Mapping[str, Any]) -> None:
        if step in self._cut:
            return
        try:
            offset, length = self._store.append_log(self._run_id, step, str(message["text"]))
            data = {
                "offset": offset,
                "length": length,
                "stream": message.get("stream"),
                "cell": message.get("cell"),
            }
            self._store.append(self._run_id, "log", step=step, data=data)
        except StoreError as error:
            if error.kind != "full":
                raise
            self._cut.add(step)  # once a piece is missing the log stays as it is, rather than have holes
            self.problem(log_cut(step))


_OF_AN_EXECUTION = frozenset({"content-lost", "ambiguous-write"})
"""Warnings of what an execution has done to files: nothing of the kind happens when it is reused."""


def _concerns_everybody(warning: Mapping[str, Any]) -> bool:
    """Whether a step's warning is told. That a variable cannot travel (the closed file of a ``with``) matters to a step that reads it, and
    that one fails and says so."""
    return warning.get("code") != "cannot-travel" or str(warning.get("name", "")).startswith("ambient:")
