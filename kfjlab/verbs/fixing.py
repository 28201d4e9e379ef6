"""Applies the fixes of a notebook's problems."""

from __future__ import annotations

from pathlib import Path

from kfjlab.notebook.edit import apply_fix
from kfjlab.notebook.edits import EditError
from kfjlab.notebook.problems import Problem

from .checking import problems_of

_MOST = 500
"""Fixes at most, should one bring up what another takes back."""


def fix_all(notebook: Path, beside: Path | None = None) -> tuple[list[Problem], list[tuple[Problem, str]]]:
    """Apply every fix that can be, one by one, each to the notebook as the one before left it: the problems that were mended, and
    those whose fix was not made, with the reason. Advice is not among them. ``beside``: ``notebook`` is a copy of this one."""
    applied: list[Problem] = []
    refused: list[tuple[Problem, str]] = []
    tried: set[tuple[str, str | None, str]] = set()
    while len(tried) < _MOST:
        for problem in problems_of(notebook, beside):
            fix = problem.fix
            if fix is None or fix.action is None:
                continue
            key = (problem.code, fix.action, repr(sorted(fix.arguments.items(), key=lambda item: item[0])))
            if key not in tried:
                tried.add(key)
                break
        else:
            return applied, refused
        try:
            if apply_fix(notebook, fix):
                applied.append(problem)
            else:
                refused.append((problem, "the fix changes nothing"))
        except EditError as error:
            refused.append((problem, str(error)))
    return applied, refused
