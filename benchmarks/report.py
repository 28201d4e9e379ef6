"""The table: one row for each comparison, with what was aimed at and whether it was reached."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .harness import Summary, seconds


def times(ratio: float) -> str:
    """A ratio for people."""
    if math.isinf(ratio):
        return "∞×"
    if abs(ratio) >= 10:
        return f"{ratio:.0f}×"
    return f"{ratio:.2f}×" if abs(ratio) >= 0.1 else f"{ratio:.3f}×"


@dataclass(frozen=True)
class Aim:
    """A figure that is at most ``limit`` (with ``at_least``: at least), in words ``text``; ``show`` writes such a figure."""

    text: str
    limit: float
    show: Callable[[float], str] = times
    at_least: bool = False

    def verdict(self, value: float | None) -> str:
        """Whether it is reached by ``value``, and by how much it is missed; None when there is no such figure."""
        if value is None:
            return f"{self.text}: **not measured**"
        if value >= self.limit if self.at_least else value <= self.limit:
            return f"{self.text}: reached"
        off = self.limit / value if self.at_least else value / self.limit
        return f"{self.text}: **missed**, {self.show(value)} is off by {off:.2f}×"


@dataclass(frozen=True)
class Row:
    """One line of the table. ``ratio``: ours over theirs, or what the aim speaks of; ``aim``: the verdict.

    ``failures`` are what kept contenders from taking part, by name; they are listed below the table.
    """

    what: str
    ours: str
    peer: str
    theirs: str
    ratio: str = ""
    aim: str = ""
    failures: tuple[tuple[str, str], ...] = ()


def failures_of(**contenders: Summary) -> tuple[tuple[str, str], ...]:
    """Who failed, and why."""
    return tuple((name, summary.failure) for name, summary in contenders.items() if summary.failure)


def compare(what: str, ours: Summary, peer: str, theirs: Summary, aim: Aim | None = None) -> Row:
    """A row about the ratio of two times, with the aim for that ratio."""
    failures = failures_of(kfjlab=ours, **{peer: theirs})
    value = None if failures else ours.median / theirs.median
    return Row(
        what,
        str(ours),
        peer,
        str(theirs),
        "" if value is None else times(value),
        aim.verdict(value) if aim else "",
        failures,
    )


def compare_difference(what: str, ours: Summary, peer: str, theirs: Summary, aim: Aim | None = None) -> Row:
    """A row about how many seconds more than another thing something takes, with the aim for that difference."""
    failures = failures_of(kfjlab=ours, **{peer: theirs})
    more = None if failures else ours.median - theirs.median
    shown = "" if more is None else f"{'+' if more >= 0 else '−'}{seconds(abs(more))}"
    return Row(what, str(ours), peer, str(theirs), shown, aim.verdict(more) if aim else "", failures)


def table(rows: Sequence[Row]) -> str:
    """A Markdown table, and below it what failed."""
    head = ("", "kfjlab", "against", "", "ratio", "aim")
    lines = [head, *((row.what, row.ours, row.peer, row.theirs, row.ratio, row.aim) for row in rows)]
    body = ["| " + " | ".join(_cell(text) for text in cells) + " |" for cells in lines]
    body.insert(1, "|" + " --- |" * len(head))
    return "\n".join([*body, *_footnotes(rows)])


def _footnotes(rows: Iterable[Row]) -> list[str]:
    """Each failure once, by one line of its message; the whole of it was shown when it happened."""
    failures = [
        f"- {row.what}: {name} failed: {_cell(_gist(why))}" for row in rows for name, why in row.failures
    ]
    return ["", *dict.fromkeys(failures)] if failures else []


def _gist(message: str) -> str:
    """The last line that speaks of an error, else the last line."""
    lines = message.strip().splitlines()
    return next((line for line in reversed(lines) if "error" in line.lower()), lines[-1]).strip()


def _cell(text: str) -> str:
    """Text that cannot end its cell or its line."""
    return " ".join(text.split()).replace("|", "\\|")
