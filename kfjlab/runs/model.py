"""Run, StepRun and RunEvent: what every reader of runs sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class RunState(str, Enum):
    """``interrupted``: its supervisor died; it can be resumed."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen unless the run is resumed."""
        return self not in (RunState.QUEUED, RunState.RUNNING)


class StepState(str, Enum):
    """``skipped``: not run because something before it failed or because it was not selected."""

    WAITING = "waiting"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Run:
    """One run. Times are Unix seconds. ``pipeline`` is the JSON of the Pipeline it was started with,
    ``parameters`` the final values, ``options`` what the target was asked (``cache``, ``keep_going``,
    ``steps``, …), ``folder`` where its files are. ``supervisor`` identifies the process that runs it (``pid``,
    ``start`` time, ``host``)."""

    id: str
    name: str
    notebook: str
    target: str
    state: RunState
    created: float
    folder: str
    started: float | None = None
    ended: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    experiment: str | None = None
    error: Mapping[str, Any] | None = None
    supervisor: Mapping[str, Any] | None = None
    owner: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class StepRun:
    """The latest attempt of a step in a run. ``seconds`` is the wall time of its cells; ``record`` the JSON of
    its StepRecord once it succeeded; ``error`` the JSON of its StepError. ``notebook`` and ``log``: paths of
    the executed cells and of the log text."""

    run_id: str
    name: str
    position: int
    state: StepState = StepState.WAITING
    cached: bool = False
    attempt: int = 0
    started: float | None = None
    ended: float | None = None
    seconds: float | None = None
    peak_memory: int | None = None
    record: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None
    notebook: str | None = None
    log: str | None = None

    def __repr__(self) -> str:
        how = "reused" if self.cached else self.state.value
        took = "" if self.seconds is None else f" ({self.seconds:.3g} s)"
        wrong = f": {self.error.get('message')}" if self.error else ""
        return f"Step {self.name} of run {self.run_id}: {how}{took}{wrong}"


@dataclass(frozen=True)
class RunEvent:
    """One thing that happened. ``offset`` grows by one within the run, starting at 1; a reader resumes by
    giving the last offset it saw.

    ``kind``: ``run`` (``data: {"state"}``), ``step`` (``{"state", "cached", "attempt", "seconds", "error"}``),
    ``phase``, ``cell``, ``display`` (as in :mod:`kfjlab.runtime.protocol`), ``log`` (``{"offset", "length"}``:
    bytes of the step's log file that were added), ``stale`` (``{"resource", "writer", "message"}``),
    ``problem`` (a Problem's JSON), ``artifact``, ``metrics`` (``{name: number}``)."""

    run_id: str
    offset: int
    time: float
    kind: str
    step: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """Something a step made: a variable or a rich output. ``kind`` as in
    :class:`kfjlab.runtime.protocol.Value`; ``digest`` of the stored object; ``producers`` are the artifacts'
    digests it was made from (lineage: what the step read)."""

    run_id: str
    step: str
    name: str
    kind: str
    type: str
    digest: str
    size: int
    summary: str = ""
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lineage:
    """Where a stored object comes from and what became of it. ``artifacts``: those with this digest.
    ``sources``: artifacts it was made from, directly or through others, nearest first; ``uses``: those that
    were made from it, likewise."""

    digest: str
    artifacts: tuple[Artifact, ...] = ()
    sources: tuple[Artifact, ...] = ()
    uses: tuple[Artifact, ...] = ()


@dataclass(frozen=True)
class GcReport:
    """What garbage collection deleted (or, with ``dry_run``, would delete). ``runs``: ids; ``records``,
    ``objects``: how many cached step records and stored objects; ``freed`` and ``kept``: bytes of objects and
    run folders. ``failures``: what could not be deleted, and why."""

    runs: tuple[str, ...] = ()
    records: int = 0
    objects: int = 0
    freed: int = 0
    kept: int = 0
    failures: tuple[str, ...] = ()
    dry_run: bool = False
