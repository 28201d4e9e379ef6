"""From what a caller asked to a run that can be started, or to a refusal that says everything that is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfjlab.notebook.analyze import analyze_document
from kfjlab.notebook.document import Document, read_document
from kfjlab.notebook.parameters import resolve
from kfjlab.notebook.pipeline import Pipeline
from kfjlab.notebook.problems import NotebookError, Problem, Severity
from kfjlab.targets.base import RefusedError, RunOptions, Target, find_target

from .checking import problems_there

Notebook = str | os.PathLike[str]


@dataclass(frozen=True)
class Plan:
    """A run that may be started. ``problems``: what was found and does not refuse it."""

    document: Document
    pipeline: Pipeline
    options: RunOptions
    target: Target
    problems: tuple[Problem, ...]

    def start(self) -> str:
        """Start the run and return its id. Raises :class:`RefusedError` with all problems."""
        try:
            return self.target.start(self.pipeline, self.options)
        except RefusedError as refusal:
            known = set(refusal.problems)
            rest = tuple(problem for problem in self.problems if problem not in known)
            raise RefusedError(str(refusal), (*refusal.problems, *rest)) from refusal


def prepare(
    notebook: Notebook,
    *,
    parameters: Mapping[str, Any] | None = None,
    texts: Mapping[str, str] | None = None,
    steps: Sequence[str] = (),
    start_from: Sequence[str] = (),
    cache: bool = True,
    keep_going: bool = False,
    max_parallel: int = 0,
    kernel: str | None = None,
    target: str = "local",
) -> Plan:
    """Read and check a notebook and how it is to be run.

    ``parameters`` are typed values, ``texts`` (which win) values from a command line. Raises
    :class:`~kfjlab.targets.base.RefusedError` when the notebook cannot be a pipeline, has errors, or a parameter, step or target
    is unknown or wrong.
    """
    document, pipeline = read(notebook)
    final, wrong = resolve(pipeline.parameters, parameters or {}, texts)
    wrong += [
        unknown for name in dict.fromkeys((*steps, *start_from)) for unknown in _unknown_step(name, pipeline)
    ]
    place = find_target(target)
    options = RunOptions(
        parameters=final,
        steps=tuple(steps),
        start_from=tuple(start_from),
        cache=cache,
        keep_going=keep_going,
        max_parallel=max_parallel,
        kernel=kernel,
    )
    problems = (*wrong, *pipeline.problems, *problems_there(place, pipeline, options))
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise RefusedError(refusal_text(errors), problems)
    return Plan(document, pipeline, options, place, problems)


def read(notebook: Notebook) -> tuple[Document, Pipeline]:
    """A notebook and its pipeline, which may have errors. Raises :class:`RefusedError` when no pipeline can be made at all."""
    try:
        document = read_document(_path(notebook))
        return document, analyze_document(document)
    except NotebookError as error:
        raise RefusedError(refusal_text(error.problems), tuple(error.problems)) from error


def refusal_text(errors: Sequence[Problem]) -> str:
    """What a refusal says in one line."""
    first = errors[0].message
    return first if len(errors) == 1 else f"{first} (and {len(errors) - 1} more)"


def _path(notebook: Notebook) -> Path:
    return Path(os.fspath(notebook))


def _unknown_step(name: str, pipeline: Pipeline) -> list[Problem]:
    from kfjlab.notebook.names import did_you_mean

    known = [step.name for step in pipeline.steps]
    if name in known:
        return []
    return [Problem("unknown-step", Severity.ERROR, f"There is no step {name!r}.{did_you_mean(name, known)}")]
