"""What is wrong with a notebook, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Severity(str, Enum):
    """How much a problem matters: an ``error`` refuses the run, the others do not."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


def cell_word(index: int) -> str:
    """``cell 5`` of the 0-based index 4 among all cells: people are told numbers that count from 1, as JupyterLab's status bar does."""
    return f"cell {index + 1}"


@dataclass(frozen=True)
class Fix:
    """One change of tags or metadata that mends a problem.

    ``action`` is one of the edits that :func:`kfjlab.notebook.edits.edit_of` knows (``set-step``, ``add-after``,
    ``set-role``, ``set-metadata`` …); ``arguments`` are that verb's JSON arguments. A fix without an action is advice only.
    """

    title: str
    action: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """One finding.

    ``code`` is stable and kebab-case (``undefined-name``); ``cell`` is the 0-based index of the cell in the notebook;
    ``line`` is 1-based within that cell's source.
    """

    code: str
    severity: Severity
    message: str
    cell: int | None = None
    line: int | None = None
    step: str | None = None
    fix: Fix | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON form used by ``--json`` and the API."""
        fix = None
        if self.fix is not None:
            fix = {"title": self.fix.title, "action": self.fix.action, "arguments": self.fix.arguments}
        return {
            "code": self.code,
            "severity": self.severity.value,
            "message": self.message,
            "cell": self.cell,
            "line": self.line,
            "step": self.step,
            "fix": fix,
        }


class NotebookError(Exception):
    """A notebook that cannot be made into a pipeline at all. ``problems`` says why (at least one error)."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(p.message for p in problems))
        self.problems = problems
