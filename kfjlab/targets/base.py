"""What a target must do, and how one is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from kfjlab.notebook.pipeline import Pipeline
from kfjlab.notebook.problems import Problem


@dataclass(frozen=True)
class RunOptions:
    """How to run. ``steps``: only these, with everything they need that is not reusable (empty: all). ``start_from``: steps that must
    be executed even if a reusable record exists, with all that follow them. ``cache``: reuse records of earlier runs.
    ``keep_going``: after a failure go on with steps that do not depend on it (else no further step is started; running ones finish).
    ``max_parallel``: 0 means as many as cores. ``kernel``: a kernelspec's name instead
    of the notebook's own."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[str, ...] = ()
    start_from: tuple[str, ...] = ()
    cache: bool = True
    keep_going: bool = False
    max_parallel: int = 0
    kernel: str | None = None


class RefusedError(Exception):
    """A run that was not started. ``problems`` says why."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class Target(Protocol):
    """A place where pipelines run. All calls return soon; the run goes on by itself and is followed through the store."""

    name: str

    def check(self, pipeline: Pipeline, options: RunOptions) -> list[Problem]:
        """What this target cannot honour, each naming the field."""

    def start(self, pipeline: Pipeline, options: RunOptions) -> str:
        """Start a run and return its id. Raises :class:`RefusedError` when it cannot start."""

    def resume(self, run_id: str, pipeline: Pipeline | None = None, max_parallel: int | None = None) -> None:
        """Go on with a run that is over, re-running only what is needed; with a new ``pipeline`` after the notebook was mended, and from
        now on with ``max_parallel`` instead of what it was started with."""

    def cancel(self, run_id: str) -> None:
        """Ask a run to stop; its steps end as ``cancelled``."""


def target_names() -> list[str]:
    """The names of the targets that are installed."""
    from importlib.metadata import entry_points

    return sorted({point.name for point in entry_points(group="kfjlab.targets")})


def find_target(name: str) -> Target:
    """The target registered as ``name`` in the entry point group ``kfjlab.targets``. Raises :class:`RefusedError` if there is none."""
    from importlib.metadata import entry_points  # costs more than all the rest of this module

    found = {point.name: point for point in entry_points(group="kfjlab.targets")}
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise RefusedError(f"There is no target named {name!r}. Installed targets: {known}.")
    target: Any = found[name].load()
    instance: Target = target()
    return instance
