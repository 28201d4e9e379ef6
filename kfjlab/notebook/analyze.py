"""A notebook → one :class:`~kfjlab.notebook.pipeline.Pipeline`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .dataflow import StepGroup, analyze_flow
from .document import Document, failure, read_document
from .names import safe_name
from .notebook_tags import read_notebook
from .parameters import read_parameters
from .pipeline import Pipeline, Step
from .problems import Fix, NotebookError, Problem, Severity
from .reopened import reopened
from .settings import build
from .steps import arrange

_ORDER = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}


def analyze(source: str | os.PathLike[str] | bytes, *, name: str | None = None) -> Pipeline:
    """The pipeline of the notebook at a path, or of a notebook's bytes. Never changes the file.

    ``name`` is the file name to go by when there is no path. Raises
    :class:`~kfjlab.notebook.problems.NotebookError` when no pipeline can be made at all; all other findings
    are in :attr:`Pipeline.problems`.
    """
    return analyze_document(read_document(source), name=name)


def analyze_document(document: Document, *, name: str | None = None) -> Pipeline:
    """Like :func:`analyze`, for a document already read."""
    problems = list(document.problems)
    stem = Path(document.path or name or "notebook").stem
    tags = read_notebook(document.metadata, problems)
    arrangement = arrange(document, stem, problems)
    if not any(cell.kind == "code" and cell.source.strip() for cell in document.cells):
        if arrangement.references:
            raise NotebookError(problems)
        what = "no code" if document.cells else "no cells"
        raise failure(
            "empty-notebook", f"{stem} has {what}, so there is nothing to run.", "Write a code cell"
        )
    parameters = read_parameters(arrangement.parameters, problems)
    groups = [StepGroup(step.name, step.cells, step.after) for step in arrangement.steps]
    workspace = Path(document.path).parent if document.path else None
    result = analyze_flow(
        arrangement.prelude, [p.name for p in parameters], groups, workspace=workspace, random=tags.random
    )
    flows = dict(zip((group.name for group in groups), result.flows, strict=True))
    problems += reopened(arrangement.steps, flows)
    problems += result.problems
    steps = tuple(
        Step(
            name=draft.name,
            cells=draft.cells,
            flow=flows[draft.name],
            after=draft.after,
            settings=build({**tags.defaults, **draft.facets}),
            role=draft.role,
            implicit=draft.implicit,
        )
        for draft in arrangement.steps
    )
    return Pipeline(
        name=tags.name or shown_stem(stem),
        path=document.path,
        steps=steps,
        prelude=result.prelude,
        parameters=parameters,
        edges=result.edges,
        problems=in_order(_with_newer_python(problems, document.metadata)),
        kernel=tags.kernel or document.kernel,
        experiment=tags.experiment,
        description=tags.description,
        random=tags.random,
        metadata={
            key: value for key, value in document.metadata.items() if key != "widgets"
        },  # megabytes of saved views
    )


def _with_newer_python(problems: list[Problem], metadata: Mapping[str, Any]) -> list[Problem]:
    """``problems``, of which syntax errors say so if they may be syntax of a newer Python than the one that reads the notebook here: the
    Python of the notebook's kernel, as Jupyter has noted it in the file."""
    info = metadata.get("language_info")
    noted = re.match(r"3\.(\d{1,2})\b", str(info.get("version"))) if isinstance(info, dict) else None
    if noted is None or int(noted[1]) <= sys.version_info[1]:
        return problems
    here = "{}.{}".format(*sys.version_info[:2])
    fix = Fix(
        f"Correct the code, or tag the cell skip. If Python {here} is too old for it: the notebook was run with Python {noted[0]}, so "
        "install kfjlab in an environment with that"
    )
    return [replace(p, fix=fix) if p.code == "syntax-error" else p for p in problems]


def shown_stem(stem: str) -> str:
    """A file's name as a pipeline's name: as it is when it is printable and not too long."""
    return stem if stem.isprintable() and 0 < len(stem) <= 100 else safe_name(stem, fallback="notebook")


def in_order(problems: list[Problem]) -> tuple[Problem, ...]:
    """Each problem once, errors first, then by place."""
    unique = {(p.code, p.severity, p.message, p.cell, p.line, p.step): p for p in problems}

    def place(found: Problem) -> tuple[int, int, int]:
        return _ORDER[found.severity], -1 if found.cell is None else found.cell, found.line or 0

    return tuple(sorted(unique.values(), key=place))
