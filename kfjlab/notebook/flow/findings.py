"""The problems that the dataflow shows."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence

from ..pipeline import Cell
from ..problems import Fix, Problem, Severity, cell_word
from ..source import parse_cell
from .builtin_names import BUILTINS, HISTORY, INJECTED
from .effects import Certainty, Wild
from .scopes import catches_name_error
from .timeline import PRELUDE, Timeline, Touches, Unresolved

_WORDS = {"random": "Python's random", "numpy.random": "numpy.random", "torch.random": "torch"}


class Findings:
    """Makes problems of what was met on the way. ``names``: the steps' names; ``touches``: the prelude's and the steps'; ``sources``: the
    cells' texts by index."""

    def __init__(
        self,
        names: Sequence[str],
        prelude: Touches,
        touches: Sequence[Touches],
        timeline: Timeline,
        sources: Mapping[int, str],
    ) -> None:
        self._sources = sources
        # A cell that is not Python may be meant to bind any name in it, and says so itself.
        self._unread = {
            word
            for source in sources.values()
            if parse_cell(source).fault is not None
            for word in re.findall(r"\w+", source)
        }
        self._assumed: set[str] = set()
        self._names = names
        self._all = [prelude, *touches]
        self._timeline = timeline
        self._binders: dict[str, list[int]] = {}
        for one in self._all:
            for name in one.bound:
                self._binders.setdefault(name, []).append(one.position)

    def problems(self) -> Iterator[Problem]:
        """All problems, step by step."""
        for position, name in self._timeline.star_writes:
            self._all[position + 1].writes.add(f"var:{name}")
        for one in self._all:
            step = self._step(one.position)
            for finding, cell in one.findings:
                yield Problem(
                    finding.code,
                    finding.severity,
                    finding.message,
                    cell,
                    finding.line,
                    step,
                    Fix(finding.remedy),
                )
            yield from self._names_from_nowhere(one, step)
            yield from self._late_names(one, step)
            yield from self._history(one, step)
        yield from self._strays()
        yield from self._caches()
        yield from self._random()

    def _step(self, position: int) -> str | None:
        return None if position == PRELUDE else self._names[position]

    # ---- names

    def _names_from_nowhere(self, one: Touches, step: str | None) -> Iterator[Problem]:
        seen: set[tuple[str, int]] = set()
        for found in one.unresolved:
            key = (found.read.name, found.cell)
            if key in seen:
                continue
            seen.add(key)
            problem = self._name(found, one, step)
            if problem is not None:
                yield problem

    def _name(self, found: Unresolved, one: Touches, step: str | None) -> Problem | None:
        name, read = found.read.name, found.read
        provider = self._timeline.provided(name, found.providers)
        if provider is not None:
            return self._may_be_wild(found, one, provider, step)
        if read.certainty is Certainty.GUARDED:
            return None
        certain = read.certainty is Certainty.CERTAIN
        later = [p for p in self._binders.get(name, ()) if p > one.position]
        severity = Severity.ERROR if certain else Severity.WARNING
        if found.deleted is not None:
            message = f"{name} is used here, but {cell_word(found.deleted)} has deleted it."
            fix = Fix(f"Delete {name} later, or bind it again")
            return Problem("deleted-name", Severity.WARNING, message, found.cell, read.line, step, fix)
        if later:
            other = self._names[later[0]]
            message = (
                f"{name} is used before it is defined: it is step {other}, further down, that defines it."
            )
            fix = Fix(f"Move the definition of {name} above this cell")
            return Problem("use-before-definition", severity, message, found.cell, read.line, step, fix)
        binding = self._timeline.places.get(name)
        if one.position in self._binders.get(name, ()) and binding != (found.cell, read.line):
            message = f"{name} is used before it is defined further down in the same step."
            fix = Fix(f"Move the definition of {name} above this line")
            return Problem("use-before-definition", severity, message, found.cell, read.line, step, fix)
        return None if read.called else self._nowhere(name, severity, found.cell, read.line, step)

    def _nowhere(
        self, name: str, severity: Severity, cell: int, line: int, step: str | None
    ) -> Problem | None:
        if name in self._unread:
            return None
        message = f"{name} is not defined anywhere in the notebook."
        fix = Fix(f"Define or import {name}{self._nearest(name)}")
        return Problem("undefined-name", severity, message, cell, line, step, fix)

    def _late_names(self, one: Touches, step: str | None) -> Iterator[Problem]:
        """Names that functions look up when they are called, and that are nowhere."""
        for names, cell in one.late:
            for name in sorted(names):
                if name in self._binders or name in BUILTINS or name in INJECTED or name in HISTORY:
                    continue
                if self._timeline.provided(name, tuple(self._timeline.wild)) is not None:
                    continue
                line = line_in_function(self._sources.get(cell, ""), name)
                problem = None if line is None else self._nowhere(name, Severity.WARNING, cell, line, step)
                if problem is not None:
                    yield problem

    def _nearest(self, name: str) -> str:
        from difflib import get_close_matches

        close = get_close_matches(name, [*self._binders, *BUILTINS], n=1, cutoff=0.75)
        return f", or write {close[0]}" if close else ""

    def _may_be_wild(
        self, found: Unresolved, one: Touches, provider: tuple[int, Wild, int], step: str | None
    ) -> Problem | None:
        position, wild, cell = provider
        name = found.read.name
        resource = f"var:{name}"
        if position != one.position:
            one.reads.add(resource)
            for other in self._all:
                if other.position == position and position != PRELUDE:
                    other.writes.add(resource)
        if not wild.module or name in self._assumed:
            return None
        self._assumed.add(name)
        message = f"{name} is not defined in the notebook; it is taken to come from “{wild.what}” in {cell_word(cell)}."
        fix = Fix(f"Import or define {name} by name")
        return Problem("assumed-name", Severity.INFO, message, found.cell, found.read.line, step, fix)

    # ---- output history

    def _history(self, one: Touches, step: str | None) -> Iterator[Problem]:
        seen: set[tuple[str, int]] = set()
        for name, number, line, cell, fine in one.history:
            if (name, cell) in seen:
                continue
            seen.add((name, cell))
            digits = name.lstrip("_i")
            number = int(digits) if digits.isdigit() else number
            if number:
                if number in one.numbers:
                    continue
                severity = Severity.ERROR
                what = f"{name}[{number}]" if name in ("In", "Out", "_oh", "_ih") else name
                kind = "input" if "i" in name.lower() else "output"
                message = f"{what} is the {kind} of a cell outside this step, which a step cannot see."
            elif name in ("In", "_ih", "_i", "_ii", "_iii"):
                severity = Severity.WARNING
                message = f"{name} holds the inputs of this step's cells only."
            elif name in ("Out", "_oh"):
                severity = Severity.WARNING
                message = f"{name} holds the outputs of this step's cells only."
            elif fine:
                continue
            else:
                severity = Severity.ERROR
                message = f"{name} is an output of a cell outside this step, which a step cannot see."
            fix = Fix("Assign the result to a name in the cell that makes it, and use that name")
            yield Problem("output-history", severity, message, cell, line, step, fix)

    # ---- what cannot travel, and chance

    def _strays(self) -> Iterator[Problem]:
        seen: set[tuple[str, int]] = set()
        for name, stray, maker, cell, reader in self._timeline.stray_reads:
            if (name, cell) in seen:
                continue
            seen.add((name, cell))
            message = f"{name} is {stray.what}, which cannot travel to step {self._names[reader]}, where it is used."
            yield Problem(
                "cannot-travel",
                Severity.WARNING,
                message,
                cell,
                stray.line,
                self._step(maker),
                Fix(stray.remedy),
            )

    def _caches(self) -> Iterator[Problem]:
        """Functions that remember their results, and are called by several steps."""
        users: dict[str, list[Touches]] = {}
        for one in self._all:
            for name in one.cached_calls if one.position != PRELUDE else ():
                users.setdefault(name, []).append(one)
        for name, steps in users.items():
            if len(steps) < 2:
                continue
            cell, line = steps[1].cached_calls[name]
            message = (
                f"{name}() remembers its results only within a step: {_listed([self._names[one.position] for one in steps])} "
                "each compute them. The results are the same; what else it does (print, count) happens in each of them."
            )
            fix = Fix(f"Call {name}() in one step only, and use its results in the others")
            step = self._names[steps[1].position]
            yield Problem("cache-of-a-step", Severity.INFO, message, cell, line, step, fix)

    def _random(self) -> Iterator[Problem]:
        for generator, word in _WORDS.items():
            key = f"ambient:{generator}"
            steps = [one for one in self._all if one.position != PRELUDE]
            loose = [one for one in steps if generator in one.unseeded]
            if loose:
                cell, line = loose[0].draw_places[generator]
                message = (
                    f"{word} is not seeded before {_listed([self._names[one.position] for one in loose])}, so results differ "
                    "from run to run, and the order of these steps does not matter."
                )
                fix = Fix('Seed the generator, or set "random": "serial" in the notebook\'s kfjlab metadata')
                yield Problem(
                    "unseeded-random", Severity.INFO, message, cell, line, self._names[loose[0].position], fix
                )
            users = [one for one in steps if generator in one.draw_places and key in one.reads | one.writes]
            follows = [key in one.reads for one in users] + [False]
            chained = [one for i, one in enumerate(users) if follows[i] or follows[i + 1]]
            if len(chained) > 1:
                cell, line = chained[1].draw_places[generator]
                message = (
                    f"{_listed([self._names[one.position] for one in chained])} run one after the other because they draw from "
                    f"the same generator, {word}."
                )
                fix = Fix(_OWN.get(generator, "Give each step a generator of its own"))
                yield Problem(
                    "serial-random", Severity.INFO, message, cell, line, self._names[chained[1].position], fix
                )


_OWN = {
    "random": "Seed in the first line of each step, or give it a generator of its own: rng = random.Random(seed)",
    "numpy.random": "Seed in the first line of each step, or use rng = numpy.random.default_rng(seed), or random_state=seed",
    "torch.random": "Seed in the first line of each step, or give it a generator of its own: generator=torch.Generator().manual_seed(seed)",
}


def line_in_function(source: str, name: str) -> int | None:
    """Where a function in a cell loads a name, unless it handles that the name may be missing."""
    waiting: list[tuple[ast.AST, bool]] = [(node, False) for node in parse_cell(source).body]
    while waiting:
        node, inside = waiting.pop(0)
        if isinstance(node, ast.Name) and node.id == name and inside:
            return node.lineno
        if isinstance(node, ast.Try) and any(catches_name_error(handler.type) for handler in node.handlers):
            children: list[ast.AST] = [*node.handlers, *node.orelse, *node.finalbody]
        else:
            children = list(ast.iter_child_nodes(node))
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        waiting += [(child, inside) for child in children]
    return None


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:4]) + ([f"{len(names) - 4} more"] if len(names) > 4 else [])
    what = "step " if len(names) == 1 else "steps "
    return what + (" and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0])


def syntax_problem(cell: Cell, message: str, line: int, step: str | None) -> Problem:
    """A cell that is not Python."""
    return Problem(
        "syntax-error",
        Severity.ERROR,
        "This cell is not valid Python {}.{}: {}.".format(*sys.version_info[:2], message),
        cell.index,
        line,
        step,
        Fix("Correct the code, or tag the cell skip"),
    )
