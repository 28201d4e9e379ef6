"""What the administrator allows. The server enforces it; the page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .failures import RequestFailure

if TYPE_CHECKING:
    from kfjlab.notebook.pipeline import Pipeline, Step
    from kfjlab.notebook.problems import Problem

FEATURES = ("run", "delete", "preview", "export", "import", "suggest", "examples")
"""What can be switched off."""
LOCKABLE = ("cache", "keep_going", "max_parallel", "kernel", "target")
"""Options of a run whose value can be fixed."""
MOST_PARALLEL = 4096
"""Steps at a time that a request can ask for, at most (:class:`~kfjlab.api.models.RunRequest`)."""


@dataclass(frozen=True)
class Rules:
    """``targets``, ``images``: those allowed, of images as patterns (empty: all); ``max_parallel``, ``max_memory``: steps at a time and
    bytes for each at most (0: no limit); ``features``: feature → whether it is on; ``locks``: option of a run → its value; ``reason``:
    who has decided so, and whom to ask."""

    targets: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    max_parallel: int = 0
    max_memory: int = 0
    features: Mapping[str, bool] = field(default_factory=dict)
    locks: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""

    @property
    def decided_by(self) -> str:
        """``reason``, or what is said where there is none."""
        return self.reason or "The administrator of this server has decided so."

    @property
    def allowed_targets(self) -> tuple[str, ...]:
        """Where runs and single steps may happen; empty: everywhere."""
        return (self.locks["target"],) if "target" in self.locks else self.targets

    def allows_target(self, name: str) -> bool:
        """Whether runs and single steps may happen there."""
        return not self.allowed_targets or name in self.allowed_targets

    def check_feature(self, name: str) -> None:
        """Raise :class:`RequestFailure` (403) for one that is switched off."""
        if name and not self.features.get(name, True):
            raise self._refusal(f"This is switched off on this server ({name}).")

    def options(self, asked: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
        """The options that a run is started with: as asked for, else as they are fixed, else ``defaults``. Raises
        :class:`RequestFailure` (403) for what is locked or not allowed."""
        return self.check_options({**defaults, **self.locks, **asked})

    def check_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options, with limits where there is none. Raises :class:`RequestFailure` (403) for what is locked or not allowed."""
        limited = {**options, "max_parallel": options["max_parallel"] or self.max_parallel}
        locks = dict(self.locks)
        if "max_parallel" in locks:  # what was started as it is fixed has been limited since
            locks["max_parallel"] = locks["max_parallel"] or self.max_parallel
        for name, value in locks.items():
            if name in limited and limited[name] != value:
                raise self._refusal(f"{name} is fixed to {value!r} on this server.")
        if not self.allows_target(str(options["target"])):
            raise self._refusal(
                f"Runs are not allowed on {options['target']!r}, only on: {', '.join(self.allowed_targets)}."
            )
        if self.max_parallel and limited["max_parallel"] > self.max_parallel:
            raise self._refusal(f"At most {self.max_parallel} steps may run at the same time on this server.")
        return limited

    def check_pipeline(self, pipeline: Pipeline) -> None:
        """Raise :class:`RequestFailure` (403) for a step that asks for what is not allowed."""
        found = self.problems(pipeline)
        if found:
            raise RequestFailure(403, found[0].message, self.decided_by, found)

    def judged(self, pipeline: Pipeline) -> Pipeline:
        """The pipeline with what is not allowed among its problems."""
        return replace(pipeline, problems=(*pipeline.problems, *self.problems(pipeline)))

    def problems(self, pipeline: Pipeline) -> tuple[Problem, ...]:
        """What steps ask for and is not allowed; errors, since a run would be refused."""
        return tuple(problem for step in pipeline.steps for problem in self._problems_of(step))

    def _problems_of(self, step: Step) -> Iterator[Problem]:
        from kfjlab.notebook.problems import Fix, Problem, Severity

        def problem(code: str, what: str) -> Problem:
            message = f"Step {step.name!r} asks for {what}"
            cell = step.cells[0].index if step.cells else None
            return Problem(code, Severity.ERROR, message, cell=cell, step=step.name, fix=Fix(self.decided_by))

        settings = step.settings
        memory = settings.resources.memory
        if self.images and settings.image is not None:
            if not any(fnmatchcase(settings.image, pattern) for pattern in self.images):
                allowed = ", ".join(self.images)
                yield problem("image-not-allowed", f"the image {settings.image!r}; allowed are: {allowed}.")
        if self.max_memory and memory is not None and memory > self.max_memory:
            yield problem(
                "memory-not-allowed",
                f"{memory / 2**20:,.0f} MiB of memory; at most {self.max_memory / 2**20:,.0f} MiB are allowed.",
            )
        if settings.target is not None and not self.allows_target(settings.target):
            allowed = ", ".join(self.allowed_targets)
            yield problem("target-not-allowed", f"the target {settings.target!r}; allowed are: {allowed}.")

    def _refusal(self, what: str) -> RequestFailure:
        return RequestFailure(403, what, self.decided_by)
