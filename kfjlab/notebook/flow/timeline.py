"""Going through a notebook piece by piece: what is known at each position, and what each step touches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .aliases import Aliases
from .draws import NUMPY, PYTHON, TORCH
from .effects import Effects, Finding, Held, Read, Stray, Wild
from .files import in_workspace
from .notes import ANY_VARIABLE
from .star_imports import names_of_local_module
from .values import UNBOUND, Const, Fact, Objects, Unbound, worn

PRELUDE = -1
"""Position of the prelude, before that of the first step."""
GENERATORS = (PYTHON, NUMPY, TORCH)


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A read of a name that nothing before it is known to bind."""

    read: Read
    cell: int
    providers: tuple[tuple[int, Wild, int], ...]
    deleted: int | None


@dataclass(eq=False)
class Touches:
    """What one step (or the prelude) touches, while its cells are gone through."""

    position: int
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    mutates: set[str] = field(default_factory=set)
    definite: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)
    starred: set[str] = field(default_factory=set)
    unseeded: set[str] = field(default_factory=set)
    seeded_first: frozenset[str] = frozenset()
    opaque: bool = False
    shown: bool = False
    unresolved: list[Unresolved] = field(default_factory=list)
    findings: list[tuple[Finding, int]] = field(default_factory=list)
    late: list[tuple[frozenset[str], int]] = field(default_factory=list)
    history: list[tuple[str, int, int, int, bool]] = field(default_factory=list)
    draw_places: dict[str, tuple[int, int]] = field(default_factory=dict)
    cached_calls: dict[str, tuple[int, int]] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)


class Timeline:
    """The state between two pieces. ``facts``: what is known about every name that is bound; ``makers``: position of the step that
    bound or changed it last."""

    def __init__(self, workspace: Path | None, serial_random: bool) -> None:
        self.workspace = workspace
        self.serial_random = serial_random
        self.facts: dict[str, Fact | None] = {}
        self.makers: dict[str, int] = {}
        self.places: dict[str, tuple[int, int]] = {}
        self.aliases = Aliases()
        self.seeded: set[str] = set()
        self.environment: set[str] = set()
        self.wild: list[tuple[int, Wild, int]] = []
        self.stars: list[tuple[int, Wild, int]] = []
        self.star_writes: list[tuple[int, str]] = []
        self.strays: dict[str, tuple[Stray, int, int]] = {}
        self.stray_reads: list[tuple[str, Stray, int, int, int]] = []
        self.deleted: dict[str, int] = {}
        self.shown = False

    def given(self, name: str) -> Fact | None:
        """What is known about a name now."""
        return self.facts.get(name, UNBOUND)

    def apply(self, effects: Effects, step: Touches, cell: int, number: int) -> None:
        """Go past a piece of ``step`` in the cell with that index (and number)."""
        if effects.reads or effects.indirect or effects.builtins:
            self._reads(effects, step, cell)
        if effects.mutated:
            self._mutations(effects, step)
        if effects.after or effects.links:
            self._bindings(effects, step, cell)
        if effects.resource_reads or effects.resource_writes or effects.drawn or effects.seeds:
            self._resources(effects, step, cell)
        self.environment |= effects.changes_environment
        if effects.wild:
            self._wild(effects, step, cell)
        if effects.late:
            step.late.append((effects.late, cell))
        for name, line in effects.cached_calls.items():
            step.cached_calls.setdefault(name, (cell, line))
        for name, other, line in effects.history:
            step.history.append(
                (name, other, line, cell, step.shown or (step.position == PRELUDE) or not self.shown)
            )
        step.findings += [(finding, cell) for finding in effects.findings]
        step.definite |= effects.definite
        step.numbers.add(number)
        if effects.shows:
            step.shown = self.shown = True

    # ---- variables

    def _reads(self, effects: Effects, step: Touches, cell: int) -> None:
        for read in effects.reads:
            name = read.name
            if name in step.definite:
                if name in self.deleted and name not in self.facts:
                    step.unresolved.append(self._unresolved(read, effects, step, cell))
            elif name in self.facts:
                step.reads.add(f"var:{name}")
                if name in self.strays:
                    self._stray(name, step)
            elif name not in step.bound:
                step.unresolved.append(self._unresolved(read, effects, step, cell))
        if effects.builtins and self.stars:
            self._starred_builtins(effects.builtins, step)
        for name in effects.indirect:
            if name not in step.definite and name in self.facts:
                step.reads.add(f"var:{name}")

    def _unresolved(self, read: Read, effects: Effects, step: Touches, cell: int) -> Unresolved:
        own = [(step.position, wild, cell) for wild in effects.wild[: read.wild]]
        return Unresolved(read, cell, (*self.wild, *own), self.deleted.get(read.name))

    def _starred_builtins(self, names: frozenset[str], step: Touches) -> None:
        """``from numpy import *`` in an earlier step may give ``sum`` another meaning."""
        for name in names - step.definite:
            provider = self.provided(name, tuple(self.stars))
            if provider is not None and provider[0] not in (PRELUDE, step.position):
                step.reads.add(f"var:{name}")
                self.star_writes.append((provider[0], name))

    def _wild(self, effects: Effects, step: Touches, cell: int) -> None:
        for wild in effects.wild:
            step.opaque = step.opaque or wild.reads_all
            place = (step.position, wild, cell)
            self.wild.append(place)
            if wild.module and not wild.module.startswith("file:"):
                self.stars.append(place)
        for name, fact in self.facts.items():  # it may have bound any name anew
            if isinstance(fact, Const):
                self.facts[name] = Const(fact.value, fact.kind, False)

    def _stray(self, name: str, step: Touches) -> None:
        stray, maker, cell = self.strays[name]
        if maker != step.position:
            self.stray_reads.append((name, stray, maker, cell, step.position))

    def _mutations(self, effects: Effects, step: Touches) -> None:
        for entry in effects.mutated:
            if entry not in self.facts:
                continue
            for name in self.aliases.group(entry):
                if name not in self.facts:
                    continue
                self._write_back(name, step)
                if name not in step.bound:
                    step.mutates.add(f"var:{name}")
                known = self.facts[name]
                if name not in effects.after and known is not None:
                    self.facts[name] = worn(known)

    def _write_back(self, name: str, step: Touches) -> None:
        """A name of before holds something changed, or shares from now on."""
        step.writes.add(f"var:{name}")
        if name not in step.definite:
            step.reads.add(f"var:{name}")
        self.makers[name] = step.position

    def _bindings(self, effects: Effects, step: Touches, cell: int) -> None:
        binds = effects.binds
        before = set(self.facts)
        shared: set[str] = set()
        objects = {}
        for name, held in effects.after.items():
            if name not in binds:
                if name in self.facts or name.startswith("%"):
                    self.facts[name] = held.fact
                continue
            shares = held.objects | held.contents
            objects[name] = shares | self._linked(held.elements, effects) if held.elements else shares
            if shares and not held.loose and not (held.fact is not None and held.fact.named):
                for item in shares:
                    if isinstance(item, str) and item != name and item in before:
                        shared |= self.aliases.group(item)
        for group in effects.links:
            for item in group:
                if isinstance(item, str) and item in before:
                    shared |= self.aliases.group(item)
        for name in shared - binds:
            if name in self.facts and not _fixed(self.facts[name]):
                self._write_back(name, step)
        self.aliases.rebind(objects, effects.links)
        for name in binds:
            self._bind(name, effects.after[name], effects, step, cell)

    def _linked(self, elements: Objects, effects: Effects) -> Objects:
        """Those objects whose elements, as far as is known, can be changed: something was put into them, or taken out."""
        named = {item for name in effects.binds for item in effects.after[name].objects if item != name}
        return frozenset(
            item
            for item in elements
            if item in named or (isinstance(item, str) and self.aliases.is_linked(item))
        )

    def _bind(self, name: str, held: Held, effects: Effects, step: Touches, cell: int) -> None:
        step.writes.add(f"var:{name}")
        definite = name in effects.definite
        if name not in held.objects:
            step.mutates.discard(f"var:{name}")
        if not definite and name not in step.definite and name in self.facts:
            step.perhaps.add(name)
        if name in effects.starred and name not in step.bound:
            step.starred.add(name)
        elif name not in effects.starred:
            step.starred.discard(name)
        step.bound.add(name)
        self.makers[name] = step.position
        self.places[name] = (cell, held.line)
        if isinstance(held.fact, Unbound):
            self.facts.pop(name, None)
            self.aliases.forget(name)
            self.deleted[name] = cell
        else:
            self.facts[name] = held.fact
            self.deleted.pop(name, None)
        stray = effects.strays.get(name)
        if stray is not None:
            self.strays[name] = (stray, step.position, cell)
        elif definite:
            self.strays.pop(name, None)

    # ---- everything else

    def _resources(self, effects: Effects, step: Touches, cell: int) -> None:
        places: Mapping[str, int] = effects.resource_reads
        for raw in places:
            resource = in_workspace(raw, self.workspace)
            if resource in step.definite:
                continue
            if resource.startswith("env:") and (resource[4:] in self.environment or "*" in self.environment):
                continue
            step.reads.add(resource)
            step.opaque = step.opaque or resource == ANY_VARIABLE
        for raw in effects.resource_writes:
            resource = in_workspace(raw, self.workspace)
            step.writes.add(resource)
            if raw in effects.definite:
                step.definite.add(resource)
        for generator in effects.drawn:
            key = f"ambient:{generator}"
            fresh = generator in effects.draws and key not in step.definite
            if not fresh or generator in self.seeded or self.serial_random:
                step.writes.add(key)
                if fresh:
                    step.reads.add(key)
            else:
                step.unseeded.add(generator)
            step.draw_places.setdefault(generator, (cell, effects.draws.get(generator, 1)))
        for generator in effects.seeds:
            key = f"ambient:{generator}"
            if generator in self.seeded and generator not in step.seeded_first and key not in step.definite:
                step.reads.add(key)  # what the step did before may have drawn, and nobody would see it
            step.writes.add(key)
            self.seeded.add(generator)

    def provided(
        self, name: str, providers: tuple[tuple[int, Wild, int], ...]
    ) -> tuple[int, Wild, int] | None:
        """The last of ``providers`` that may have bound a name."""
        for provider in reversed(providers):
            module = provider[1].module
            known = names_of_local_module(module, self.workspace) if module else None
            if known is None or name in known:
                return provider
        return None


def _fixed(fact: Fact | None) -> bool:
    return fact is not None and (fact.fixed or fact.named)
