"""What is wrong with a notebook, as far as it can be known before it runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kfjlab.notebook.analyze import analyze_document, in_order
from kfjlab.notebook.document import read_document
from kfjlab.notebook.pipeline import Pipeline
from kfjlab.notebook.problems import NotebookError, Problem, Severity
from kfjlab.targets.base import RefusedError, RunOptions, Target


def problems_of(notebook: Path, beside: Path | None = None) -> tuple[Problem, ...]:
    """The problems of a notebook, errors first. ``beside``: read it as if it were this one, next to whose files it belongs."""
    try:
        document = read_document(notebook)
        if beside is not None:
            document = replace(document, path=str(beside))
        pipeline = analyze_document(document)
    except NotebookError as error:
        return tuple(error.problems)
    return in_order([*pipeline.problems, *kernel_problems(pipeline)])


def new_problems(notebook: Path, changed: Path) -> tuple[Problem, ...]:
    """The errors and warnings that a changed copy of a notebook has and the notebook has not."""
    known = {_what(problem) for problem in problems_of(notebook)}
    found = problems_of(changed, notebook)
    return tuple(p for p in found if p.severity is not Severity.INFO and _what(p) not in known)


def _what(problem: Problem) -> tuple[object, ...]:
    return problem.code, problem.severity, problem.message, problem.cell, problem.line


def problems_there(target: Target, pipeline: Pipeline, options: RunOptions) -> list[Problem]:
    """What a target cannot do of a pipeline."""
    found = target.check(pipeline, options)
    return [*found, *kernel_problems(pipeline, options.kernel)] if target.name == "local" else found


def kernel_problems(pipeline: Pipeline, kernel: str | None = None) -> list[Problem]:
    """An error when this machine cannot run the notebook's kernel (or the one named ``kernel``)."""
    from kfjlab.targets.local.interpreter import find_interpreter

    try:
        find_interpreter(kernel or pipeline.kernel)
    except RefusedError as error:
        return [Problem("no-kernel", Severity.ERROR, str(error))]
    return []
