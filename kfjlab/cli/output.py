"""What the commands write: colours where they are wanted, tables, problems, JSON."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import Any, TextIO

import click

from kfjlab.notebook.problems import Problem, Severity
from kfjlab.verbs.wording import json_text, place, plural, printable

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
_SEPARATOR = "  "
_NARROWEST = 8

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


def emit_json(data: Any) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(json_text(data) + "\n")
    sys.stdout.flush()


def is_terminal(stream: TextIO) -> bool:
    """Whether a person reads this stream on a terminal that can do more than print lines."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Out:
    """Writes lines for people to a stream. Colours only on terminals, and not where ``NO_COLOR`` is set (https://no-color.org)."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.terminal = is_terminal(self.stream)
        self._colours = self.terminal and not os.environ.get("NO_COLOR")

    @property
    def width(self) -> int | None:
        """Columns of the terminal; None where there is none."""
        import shutil

        return shutil.get_terminal_size().columns if self.terminal else None

    def line(self, text: str = "") -> None:
        """Write a line."""
        self.stream.write(text + "\n")

    def styled(self, text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
        """``text`` in a colour, where there are colours."""
        if not self._colours:
            return text
        return click.style(text, fg=colour, bold=bold or None, dim=dim or None)

    def error(self, message: str) -> None:
        """Write an error that has no place in a notebook."""
        self.line(f"{self.styled('error', 'red', bold=True)}: {printable(message)}")

    def problems(self, problems: Sequence[Problem], *, most: int | None = None, fixable: str = "") -> None:
        """Write problems, each with its place and fix. ``most``: so many of those that are no errors; ``fixable``: the command
        that applies fixes."""
        errors = [problem for problem in problems if problem.severity is Severity.ERROR]
        others = [problem for problem in problems if problem.severity is not Severity.ERROR]
        shown = others if most is None else others[:most]
        for problem in (*errors, *shown):
            self._problem(problem)
        if len(shown) < len(others):
            self.line(self.styled(f"… and {plural(len(others) - len(shown), 'more finding')}", dim=True))
        applicable = sum(p.fix is not None and p.fix.action is not None for p in problems)
        if applicable and fixable:
            self.line(f"{plural(applicable, 'fix', 'fixes')} can be applied: {printable(fixable)}")

    def _problem(self, problem: Problem) -> None:
        kind = self.styled(problem.severity.value, _COLOURS[problem.severity], bold=True)
        where = place(problem.cell, problem.line)
        code = self.styled(f"[{problem.code}]", dim=True)
        self.line(f"{kind}: {where + ': ' if where else ''}{printable(problem.message)} {code}")
        if problem.fix is not None:
            self.line(f"  fix: {printable(problem.fix.title)}")

    def table(
        self, headers: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[int] = ()
    ) -> None:
        """Write a table; elsewhere than on a terminal in full. On one it becomes as narrow as that: long cells are shortened, except
        in the first column, then the last columns go. ``right``: columns that are aligned to the right."""
        from rich.cells import cell_len

        lines = [list(headers), *([printable(cell) for cell in row] for row in rows)]
        widths = [max(cell_len(line[i]) for line in lines) for i in range(len(headers))]
        widths = _fitted(widths, self.width)
        for number, line in enumerate(lines):
            cells = [
                _padded(cell, width, i in right)
                for i, (cell, width) in enumerate(zip(line, widths, strict=False))
            ]
            text = _SEPARATOR.join(cells).rstrip()
            self.line(self.styled(text, bold=True) if number == 0 else text)


def _padded(cell: str, width: int, right: bool) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(cell) > width:
        cell = set_cell_size(cell, width - 1) + "…"
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def _fitted(widths: list[int], available: int | None) -> list[int]:
    """Column widths that fit."""
    fitted = list(widths)
    while (
        available is not None
        and sum(fitted) + len(_SEPARATOR) * (len(fitted) - 1) > available
        and len(fitted) > 1
    ):
        widest = max(range(1, len(fitted)), key=fitted.__getitem__)
        if fitted[widest] > _NARROWEST:
            fitted[widest] -= 1
        else:
            fitted.pop()
    return fitted
