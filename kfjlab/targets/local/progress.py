"""How far every step has come, and telling the run's followers each time that changes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kfjlab.notebook.pipeline import Step
from kfjlab.runs.model import StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.protocol import StepError, StepRecord, to_json

from .job import Job
from .journal import Journal
from .reuse import Kept, Reuse
from .wording import runs_again, runs_again_lost, unforeseen


@dataclass
class StepProgress:
    """What is remembered of a step beside its record.

    ``failures``, ``stale``: how often it failed, and had to run again for what others did. ``started``, ``ended``: seconds since the epoch;
    ``not_before``: on the monotonic clock. ``kept``: the record as it is filed. ``lineage``: resource → digest of the values that it read.
    ``log_start``: the offset at which the log of its latest attempt begins.
    """

    attempt: int = 0
    failures: int = 0
    stale: int = 0
    started: float | None = None
    ended: float | None = None
    not_before: float = 0.0
    kept: Kept | None = None
    state: StepState = StepState.WAITING
    lineage: Mapping[str, str] = field(default_factory=dict)
    log_start: int = 0


class Progress:
    """The progress of all steps, by position. Every change of state goes through here to the journal."""

    def __init__(self, job: Job, store: RunStore, journal: Journal, reuse: Reuse) -> None:
        self._job = job
        self._store = store
        self._journal = journal
        self._reuse = reuse
        self.steps = [StepProgress() for _ in job.pipeline.steps]

    def __getitem__(self, position: int) -> StepProgress:
        return self.steps[position]

    def any(self, state: StepState) -> bool:
        """Whether some step is in this state."""
        return any(step.state is state for step in self.steps)

    def enter(self, position: int, state: StepState, **fields: object) -> None:
        """A step is now in ``state``; ``fields`` are those of :class:`~kfjlab.runs.model.StepRun` that change."""
        self.steps[position].state = state
        self._journal.step_state(self._step(position).name, state, **fields)

    def started(self, position: int) -> None:
        """A new attempt has begun. Its notebook is written while it runs, so that there is one whatever happens to it."""
        progress, step = self.steps[position], self._step(position)
        progress.state = StepState.RUNNING
        progress.log_start = self._journal.attempt(
            step.name,
            attempt=progress.attempt,
            started=progress.started,
            ended=None,
            error=None,
            notebook=str(self._job.step_notebook(step, progress.attempt)),
            log=str(self._log(step)),
        )

    def succeeded(self, position: int, record: StepRecord, key: str) -> None:
        """A step's record holds: tell it once, with its files in the run's folder, and file it under ``key`` when it is new."""
        progress = self.steps[position]
        if progress.state is StepState.SUCCEEDED:
            return
        step = self._step(position)
        kept = progress.kept
        fresh = kept is None
        if kept is not None:
            progress.lineage = kept.lineage
            if kept.id is None:  # of this run's own, before it was resumed
                progress.attempt, progress.started, progress.ended = kept.attempt, kept.started, kept.ended
        notebook, log = self._job.step_notebook(step, progress.attempt), self._log(step)
        if progress.kept is None:
            progress.kept = Kept(
                record,
                self._reuse.store_file(notebook),
                self._reuse.store_file(log, progress.log_start),
                attempt=progress.attempt,
                started=progress.started,
                ended=progress.ended,
                lineage=progress.lineage,
            )
        else:
            self._reuse.put_back(progress.kept.notebook, notebook)
            self._reuse.put_back(progress.kept.log, log)
        progress.state = StepState.SUCCEEDED
        run = StepRun(
            run_id=self._job.run.id,
            name=step.name,
            position=position,
            state=StepState.SUCCEEDED,
            cached=not fresh,
            attempt=progress.attempt,
            started=progress.started,
            ended=progress.ended,
            record=to_json(record),
            notebook=str(notebook),
            log=str(log),
        )
        self._journal.succeeded(run, record, progress.lineage)
        if fresh:
            self._reuse.keep(key, progress.kept)

    def retries(self, position: int, error: StepError) -> None:
        """A step has failed and is tried again, after a pause that doubles each time."""
        progress, settings = self.steps[position], self._step(position).settings
        progress.not_before = time.monotonic() + settings.retry_delay * 2 ** (progress.failures - 1)
        self.enter(position, StepState.WAITING, error=to_json(error))

    def ended(self, position: int, state: StepState, record: StepRecord, error: StepError) -> None:
        """A step has failed for good, or was cancelled."""
        fields = {"record": to_json(record)} if state is StepState.FAILED else {}
        ended = self.steps[position].ended
        self.enter(position, state, error=to_json(error), ended=ended, seconds=record.seconds, **fields)

    def runs_again(self, position: int, resource: str, writer: int | None) -> None:
        """A step had read ``resource`` in a wrong state. ``writer``: position of the step that left the right one."""
        progress, step = self.steps[position], self._step(position).name
        progress.kept = None
        progress.state = StepState.WAITING
        left_by = None if writer is None else self._step(writer).name
        self._journal.stale(step, resource, left_by, runs_again(step, resource, left_by))
        if left_by is not None:
            self._journal.problem(unforeseen(step, resource, left_by))

    def lost(self, position: int, resource: str) -> None:
        """What a step left in ``resource`` cannot be read back; the step runs again."""
        progress, step = self.steps[position], self._step(position).name
        progress.kept = None
        progress.state = StepState.WAITING
        self._journal.stale(step, resource, None, runs_again_lost(step, resource))

    def close(self, state: StepState) -> None:
        """Give every step that did not end this final state."""
        for position, progress in enumerate(self.steps):
            if progress.state in (StepState.WAITING, StepState.RUNNING):
                self.enter(position, state)

    def _step(self, position: int) -> Step:
        return self._job.pipeline.steps[position]

    def _log(self, step: Step) -> Path:
        return self._store.log_path(self._job.run.id, step.name)
