"""A pipeline as a Python script: the notebook's cells in their order, which is the pipeline's serial order, by step."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from kfjlab.notebook.pipeline import Cell, Edge, Pipeline, Role, Step
from kfjlab.notebook.problems import cell_word
from kfjlab.notebook.source import to_python

from .graphs import label
from .wording import printable

_HEADINGS = {
    Role.IMPORTS: "imports",
    Role.FUNCTIONS: "functions",
    Role.PARAMETERS: "parameters",
}
_DISPLAY = re.compile(r"\bdisplay\(")


def as_script(pipeline: Pipeline) -> str:
    """The script, cells marked by ``# %%`` as editors know them. It does what running the notebook does, in one process."""
    future: list[str] = []
    body: list[str] = []
    parts: list[tuple[Cell, Step | None]] = [(cell, None) for cell in pipeline.prelude.cells]
    parts += [(cell, step) for step in pipeline.steps for cell in step.cells]
    parts.sort(key=lambda part: part[0].index)
    before: tuple[Role, str] | None = None
    for cell, step in parts:
        here = (cell.role, "" if step is None else step.name)
        body += ["", "", f"# %% {_HEADINGS.get(cell.role, '') if step is None else _heading(step)}".rstrip()]
        if step is not None and here != before:
            body += _comments(step, pipeline.edges)
        before = here
        body += _code(cell, future)
    code = "\n".join(body)
    head = [
        f"# {printable(pipeline.name)}: the notebook {printable(pipeline.path.rpartition('/')[2])} as a script."
    ]
    head += [f"# {line}" for line in printable(pipeline.description).splitlines()]
    head += list(dict.fromkeys(future))
    if "get_ipython()" in code:
        head += ["# It has IPython's magics: run it with  ipython FILE", "from IPython import get_ipython"]
    if _DISPLAY.search(code):
        head += ["from IPython.display import display"]
    return "\n".join(["#!/usr/bin/env python", *head, *body, ""])


def _heading(step: Step) -> str:
    return f"step: {printable(step.name)}"


def _comments(step: Step, edges: Sequence[Edge]) -> list[str]:
    """What comes in."""
    return [f"# from {printable(e.source)}: {printable(label(e))}" for e in edges if e.target == step.name]


def _code(cell: Cell, future: list[str]) -> list[str]:
    """The lines of a cell. Imports from ``__future__``, which may only be at a file's beginning, go to ``future``."""
    text = to_python(cell.source).rstrip("\n")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text.split("\n")  # an await, or what is wrong in the notebook too
    ours = [n for n in tree.body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    lines = text.split("\n")
    if ours:
        future += [ast.unparse(node) for node in ours]
        others = [node for node in tree.body if node not in ours]
        taken = {line for node in ours for line in _lines(node)}
        if any(line in taken for node in others for line in _lines(node)):  # more statements on one line
            lines = [line for node in others for line in ast.unparse(node).split("\n")]
        else:
            lines = [line for number, line in enumerate(lines, 1) if number not in taken]
    if not cell.may_raise:
        return lines
    source = "\n".join(lines)
    return [
        "try:  # the notebook goes on when this cell fails",
        f"    exec(compile({source!r}, {cell_word(cell.index)!r}, 'exec'), globals())",
        "except Exception as error:",
        "    print(f'{type(error).__name__}: {error}')",
    ]


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)
