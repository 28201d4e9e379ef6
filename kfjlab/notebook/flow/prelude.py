"""The prelude: which of its statements a name, or a step, depends on."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from ..pipeline import Cell, Prelude, Role
from ..source import ParsedCell, parse_cell
from .effects import Effects
from .pieces import as_default, effects_of, is_data
from .timeline import Timeline, Touches
from .values import Fact, callees_of


@dataclass(frozen=True)
class _Statement:
    digest: str
    needs: frozenset[int]
    effectful: bool


class PreludeSlices:
    """The statements of the prelude and what they depend on. ``given``: names of parameters, whose values come from outside."""

    def __init__(self, timeline: Timeline, given: Collection[str]) -> None:
        self._timeline = timeline
        self._given = frozenset(given)
        self._statements: list[_Statement] = []
        self._makers: dict[str, list[int]] = {}
        self._late: dict[str, frozenset[str]] = {}
        self._digests: dict[tuple[frozenset[str], bool], str] = {}
        self._effectful: frozenset[int] = frozenset()
        self._parameters_in: dict[int, frozenset[str]] = {}

    def execute(self, cells: Sequence[Cell], touches: Touches) -> None:
        """Go through the prelude, statement by statement."""
        for cell in cells:
            parsed = parse_cell(cell.source)
            for index in range(len(parsed.body)):
                effects = effects_of(cell.source, index, self._timeline.given)
                self._timeline.apply(effects, touches, cell.index, cell.number)
                self._enter(parsed, index, effects, cell.role)
        self._late = {name: _looked_up(fact) for name, fact in self._timeline.facts.items()}
        self._effectful = frozenset(i for i, s in enumerate(self._statements) if s.effectful)

    def _enter(self, parsed: ParsedCell, index: int, effects: Effects, role: Role) -> None:
        number = len(self._statements)
        asked = [read.name for read in effects.reads] + list(effects.indirect)
        needs = frozenset(i for name in asked for i in self._makers.get(name, ()))
        parameters = frozenset(name for name in asked if name in self._given)
        if parameters:
            self._parameters_in[number] = parameters
        statement = _Statement(parsed.statement_digests[index], needs, _is_effectful(effects))
        self._statements.append(statement)
        for name in effects.mutated:
            for other in self._timeline.aliases.group(name):
                self._makers.setdefault(other, []).append(number)
        for name in effects.binds:
            if name in self._given and role is Role.PARAMETERS and not asked:
                self._makers[name] = []
                self._timeline.facts[name] = as_default(self._timeline.facts.get(name))
            elif name in effects.definite:
                self._makers[name] = [number]
            else:
                self._makers.setdefault(name, []).append(number)

    def slice_of(self, names: Iterable[str]) -> frozenset[int]:
        """The statements that the values of ``names`` depend on, and those that the functions among them depend on when called."""
        found: set[int] = set()
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            waiting += self._late.get(name, ())
            found |= self._closure(self._makers.get(name, ()))
        return frozenset(found)

    def _closure(self, statements: Iterable[int]) -> set[int]:
        found: set[int] = set()
        waiting = list(statements)
        while waiting:
            number = waiting.pop()
            if number not in found:
                found.add(number)
                waiting += self._statements[number].needs
        return found

    def digest(self, names: Iterable[str], with_effects: bool) -> str:
        """The digest of a slice; ``with_effects``: of all statements, too, that do more than bind names."""
        key = (frozenset(names), with_effects)
        known = self._digests.get(key)
        if known is None:
            known = self._digests[key] = self._digest(*key)
        return known

    def _digest(self, names: frozenset[str], with_effects: bool) -> str:
        statements = set(self.slice_of(names))
        if with_effects:
            statements |= self._closure(self._effectful)
        parameters = self._parameters(statements) | (names & self._given)
        text = [self._statements[i].digest for i in sorted(statements)] + [
            f"parameter {name}" for name in sorted(parameters)
        ]
        return hashlib.sha256("\n".join(text).encode()).hexdigest()

    def _parameters(self, statements: Iterable[int]) -> set[str]:
        return {name for i in statements for name in self._parameters_in.get(i, ())}

    def parameters(self, names: Iterable[str], with_effects: bool) -> tuple[str, ...]:
        """The parameters whose values the statements of a slice read when they are executed."""
        statements = set(self.slice_of(names))
        if with_effects:
            statements |= self._closure(self._effectful)
        return tuple(sorted(self._parameters(statements)))

    def prelude(self, cells: Sequence[Cell], touches: Touches) -> Prelude:
        """The prelude as the pipeline has it."""
        names = [name for name in self._timeline.facts if not name.startswith("%")]
        binds = {name: self.digest([name], with_effects=False) for name in sorted(names)}
        data = frozenset(name for name in names if is_data(self._timeline.facts[name]))
        found = {name: self.parameters([name], with_effects=False) for name in binds}
        depends = {name: parameters for name, parameters in found.items() if parameters}
        reads = frozenset(r for r in touches.reads if r.startswith(("env:", "file:")) and not r.endswith("*"))
        return Prelude(tuple(cells), binds, data, depends, reads)


def _looked_up(fact: Fact | None) -> frozenset[str]:
    """The global names that functions in a value look up when they are called."""
    names: set[str] = set()
    seen: set[int] = set()
    waiting = list(callees_of(fact))
    while waiting:
        callee = waiting.pop()
        if id(callee) not in seen:
            seen.add(id(callee))
            names |= callee.scope.late_globals
            waiting += callees_of(*callee.inner())
    return frozenset(names)


def _is_effectful(effects: Effects) -> bool:
    """Whether a statement does more than bind and change variables."""
    if (
        effects.resource_writes
        or effects.seeds
        or effects.drawn
        or effects.wild
        or effects.changes_environment
    ):
        return True
    return not effects.binds and not effects.mutated and not effects.plain
