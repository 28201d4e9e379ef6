"""The variables of a namespace, carried to and from the store: what changed, what belongs together, what cannot travel."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import types
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from .classes import identify
from .cycles import Pickles
from .functions import (
    ForeignCodeError,
    identify_function,
    is_notebook_function,
    is_plain,
    names_looked_up,
    needs_of,
)
from .kinds import describe, type_name
from .mappings import MAPPINGS, address_of
from .memory import overlaps
from .objects import ObjectStore
from .pickling import Pickled, can_change, dump, is_global, is_index, load
from .protocol import Value
from .travel import CannotTravel, explain

__all__ = ["CannotTravel", "Carrier", "Changes", "SaveResult"]

FORMAT = 1
_IPYTHONS = re.compile(r"__\w+__|_{1,3}|_i{1,3}|_i?\d+|_[iod]h|In|Out|get_ipython|exit|quit|open")
"""Names that IPython binds itself."""


@dataclass(frozen=True)
class Changes:
    """Names that differ from :meth:`Carrier.begin`: new ones, those bound to another object, those gone, those changed in place."""

    bound: frozenset[str] = frozenset()
    rebound: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    mutated: frozenset[str] = frozenset()


@dataclass
class SaveResult:
    """What was stored, and what could not be."""

    values: Dict[str, Value] = field(default_factory=dict)
    failures: List[CannotTravel] = field(default_factory=list)


class Carrier:
    """Moves variables between ``namespace`` and ``store``. ``step`` is who does so; a worker sets it after the fork."""

    def __init__(self, store: ObjectStore, namespace: Dict[str, Any], step: str) -> None:
        self.step = step
        self._store = store
        self._namespace = namespace
        self._prelude: Dict[str, Any] = {}
        self._given: Dict[str, Value] = {}
        self._before: Dict[str, Any] = {}
        self._prints: Dict[str, Any] = {}
        self._roots: Dict[str, Any] = {}
        self._now: Dict[str, Pickled] = {}
        self.untold: Set[str] = set()
        """Names of what cannot be stored and what may be changed without a trace."""

    # The prelude ------------------------------------------------------------------------------------------------------

    def freeze_prelude(self) -> None:
        """The namespace is now as the prelude left it. Its classes get the identity that they have in every process of the run."""
        self._prelude = dict(self._namespace)
        for value in self._prelude.values():
            if isinstance(value, type) and value.__module__ == "__main__":
                identify(value, "prelude")
            elif is_notebook_function(value, self._namespace):
                identify_function(value, "prelude")

    def prelude_values(self) -> Tuple[Dict[str, Value], Dict[str, List[str]]]:
        """The stored data values of the prelude (those that can be stored), and for each of its names the global names that functions in
        its value look up."""
        needs: Dict[str, List[str]] = {}
        data = []
        for name, value in self._prelude.items():
            if _IPYTHONS.fullmatch(name) or isinstance(value, (types.ModuleType, types.BuiltinFunctionType)):
                continue
            if is_notebook_function(value, self._namespace) and is_plain(value):
                needs[name] = sorted(names_looked_up(value.__code__))
            elif isinstance(value, (type, types.FunctionType)):
                if not is_global(value):
                    pickled, _ = self._try(name, self._own)
                    needs[name] = sorted(
                        needs_of(value, self._namespace) if pickled is None else pickled.needs - {name}
                    )
            else:
                data.append(name)
        saved = self.save(data)
        needs.update({name: list(value.needs) for name, value in saved.values.items()})
        needs.update(
            {
                failure.name: sorted(needs_of(self._prelude[failure.name], self._namespace))
                for failure in saved.failures
            }
        )
        return saved.values, {name: found for name, found in needs.items() if found}

    # Loading ----------------------------------------------------------------------------------------------------------

    def load(self, values: Mapping[str, Value], stand_ins: Mapping[str, type] = MappingProxyType({})) -> None:
        """Bind the stored values to their names. An object is read once, so that its names share what they shared.

        ``stand_ins``: classes that take the place of stored ones, by the step that made them and their name (``prelude/Box``).

        Raises :class:`~kfjlab.runtime.objects.CorruptObject`, :class:`~kfjlab.runtime.functions.ForeignCodeError`, and what
        unpickling raises (a module that cannot be imported …).
        """
        by_object: Dict[str, List[str]] = {}
        for name, value in values.items():
            by_object.setdefault(value.digest, []).append(name)
        # Classes last, with their attributes: an instance from an older object must not have the last word.
        order = sorted(
            by_object.items(), key=lambda item: any(_has_identity(values[name]) for name in item[1])
        )
        for digest, names in order:
            data = memoryview(self._store.get_bytes(digest))
            end = bytes(data).index(b"\n")
            header = json.loads(bytes(data[:end]))
            buffers = [
                self._store.map(buffer, size) for buffer, size in zip(header["buffers"], header["sizes"])
            ]
            refresh = frozenset(
                position
                for position, name in enumerate(header["names"])
                if name in names and _has_identity(values[name])
            )
            try:
                found = load(data[end + 1 :], buffers, self._namespace, refresh, stand_ins)
            except ForeignCodeError as error:
                raise ForeignCodeError(error.python, names) from error
            loaded = dict(zip(header["names"], found))
            for name in names:
                self._namespace[name] = loaded[name]
        self._given.update(values)

    # What changed -----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """What is changed from now on is the step's doing."""
        self._before = dict(self._namespace)
        self._prints, self._roots, self._now = {}, {}, {}
        pickles = Pickles(self._namespace, self.step)
        for name in self._watched():
            self._prints[name], pickled = self._print(name, pickles.of)
            if pickled is not None:
                self._roots[name] = pickled.root

    def changes(self) -> Changes:
        """How the namespace differs from :meth:`begin`."""
        now, before = self._namespace, self._before
        rebound = {name for name, value in now.items() if name in before and before[name] is not value}
        mutated = set()
        self._now = {}
        pickles = Pickles(self._namespace, self.step)
        for name, earlier in self._prints.items():
            if name in now and name not in rebound:
                root = self._roots.get(name)
                found, pickled = self._print(name, functools.partial(pickles.again, root=root))
                if found != earlier:
                    mutated.add(name)
                elif pickled is not None:
                    self._now[name] = pickled
        return Changes(
            frozenset(now.keys() - before.keys()),
            frozenset(rebound),
            frozenset(before.keys() - now.keys()),
            frozenset(mutated),
        )

    def _print(self, name: str, pickle: Callable[[Any], Pickled]) -> Tuple[Any, Optional[Pickled]]:
        """The fingerprint of a variable, and the pickle it was made of. What cannot be pickled has one, too, as far as it can be seen."""
        value = self._namespace[name]
        if isinstance(value, types.FunctionType) and is_plain(value):
            return (id(value.__code__), value.__name__, value.__doc__, dict(value.__annotations__)), None
        pickled, _ = self._try(name, pickle)
        if pickled is not None:
            return _digest(pickled), pickled
        pickled, _ = self._try(name, functools.partial(self._own, fingerprint=True, lenient=True))
        if pickled is not None and pickled.untold:
            self.untold.add(name)
        return (None if pickled is None else "lenient " + _digest(pickled)), None

    def _watched(self) -> List[str]:
        """The names whose values somebody could change in place."""
        names = {**self._prelude, **self._given} or self._namespace
        return [
            name
            for name in names
            if name in self._namespace and self._is_watched(name, self._namespace[name])
        ]

    def _is_watched(self, name: str, value: Any) -> bool:
        if _IPYTHONS.fullmatch(name) and name not in self._given:
            return False
        if isinstance(value, type):
            return value.__module__ == "__main__"
        if isinstance(value, types.FunctionType):
            return is_notebook_function(value, self._namespace) or not is_global(value)
        return can_change(value) or isinstance(value, (tuple, frozenset)) or is_index(value)

    # Saving -----------------------------------------------------------------------------------------------------------

    def save(self, names: Iterable[str]) -> SaveResult:
        """Store the values of ``names``, and with them those of other loaded names that share an object with one of them.

        What cannot be pickled is in the result's ``failures``; all else is stored. Raises :class:`OSError` (``ENOSPC`` when the
        disk is full).
        """
        wanted = [name for name in dict.fromkeys(names) if name in self._namespace]
        result = SaveResult()
        alone: Dict[str, Pickled] = {}
        prints: Dict[str, Pickled] = {}
        own_print = functools.partial(self._own, fingerprint=True)
        for name in wanted:
            pickled, error = self._try(name, self._own)
            if pickled is not None:
                alone[name] = prints[name] = pickled
                if not pickled.telling:
                    prints[name] = self._try(name, own_print)[0] or pickled
            else:
                assert error is not None
                result.failures.append(explain(name, self._namespace[name], error, self._can_travel))
        for name in self._watched():
            if name not in wanted:
                pickled = self._now.get(name) or self._print(name, own_print)[1]
                if pickled is not None:
                    prints[name] = pickled
        known: Dict[Tuple[int, int], str] = {}
        for group in _groups(prints, self._tied_indexes(prints)):
            if not group.isdisjoint(wanted):
                self._save_group(sorted(group), alone, prints, known, result)
        return result

    def _tied_indexes(self, prints: Mapping[str, Pickled]) -> List[Tuple[str, str]]:
        """Variables that are an index of pandas, each with the variable that it belongs to: the table bound first that has it. Other tables
        with the same index are not tied to these two."""
        named = [name for name in self._namespace if name in prints]
        indexes = [name for name in named if is_index(self._namespace[name])]
        owners: Dict[int, str] = {}
        for name in [*(name for name in named if name not in indexes), *indexes] if indexes else []:
            for identity in prints[name].indexes:
                owners.setdefault(identity, name)
        return [(name, owners.get(id(self._namespace[name]), name)) for name in indexes]

    def _save_group(
        self,
        names: List[str],
        alone: Mapping[str, Pickled],
        prints: Mapping[str, Pickled],
        known: Dict[Tuple[int, int], str],
        result: SaveResult,
    ) -> None:
        """Store names that belong together. ``alone``: each wanted one's own pickle; ``prints``: each one's pickle to compare; ``known``:
        digests of buffers by their place."""
        if len(names) == 1:
            pickled = alone[names[0]]
        else:
            values = tuple(self._namespace[name] for name in names)
            pickled = dump(values, self._namespace, self.step)
        buffers = [self._store.put_buffer(buffer) for buffer in pickled.buffers]
        known.update(zip(map(_place, pickled.buffers), buffers))
        sizes = [buffer.nbytes for buffer in pickled.buffers]
        needs = sorted(pickled.needs)
        header = {"format": FORMAT, "names": names, "needs": needs, "buffers": buffers, "sizes": sizes}
        data = json.dumps(header).encode() + b"\n" + pickled.data
        digest = self._store.put_bytes(data)
        for name in names:
            value = self._namespace[name]
            kind, summary = describe(value)
            unchanged = self._given.get(name) if name not in alone else None
            result.values[name] = Value(
                digest=digest,
                group=names,
                needs=needs,
                kind=kind,
                type=type_name(value),
                size=len(data) + sum(sizes),
                summary=summary,
                content=(unchanged.content or unchanged.digest)
                if unchanged
                else self._content(name, prints[name], known),
            )

    def _content(self, name: str, pickled: Pickled, known: Mapping[Tuple[int, int], str]) -> str:
        """The digest of a value by itself: it must not depend on what else has a name."""
        if pickled.place is not None:
            pickled = self._own(self._namespace[name], fingerprint=True)
        return _digest(pickled, known)

    def _own(self, value: Any, fingerprint: bool = False, lenient: bool = False) -> Pickled:
        return dump((value,), self._namespace, self.step, fingerprint, lenient)

    def _try(
        self, name: str, pickle: Callable[[Any], Pickled]
    ) -> Tuple[Optional[Pickled], Optional[BaseException]]:
        """A variable's pickle, or why there is none."""
        try:
            return pickle(self._namespace[name]), None
        except (MemoryError, KeyboardInterrupt):
            raise
        except BaseException as error:
            return None, error

    def _can_travel(self, value: Any) -> bool:
        try:
            dump((value,), self._namespace, self.step)
        except (MemoryError, KeyboardInterrupt):
            raise
        except BaseException:
            return False
        return True


def _has_identity(value: Value) -> bool:
    return value.kind in ("class", "function")


def _digest(pickled: Pickled, known: Mapping[Tuple[int, int], str] = MappingProxyType({})) -> str:
    """The digest of a pickle with its buffers. ``known``: the digests of buffers in some places."""
    buffers = [
        known.get(_place(buffer)) or MAPPINGS.untouched(buffer) or hashlib.sha256(buffer).hexdigest()
        for buffer in pickled.buffers
    ]
    place = "" if pickled.place is None else f" {pickled.place}"
    return hashlib.sha256(pickled.data + ("".join(buffers) + place).encode()).hexdigest()


def _place(buffer: memoryview) -> Tuple[int, int]:
    return address_of(buffer), buffer.nbytes


def _groups(pickles: Mapping[str, Pickled], tied: Iterable[Tuple[str, str]] = ()) -> List[Set[str]]:
    """The names whose pickles have an object or memory in common, directly or through others, or that are ``tied``."""
    parent = {name: name for name in pickles}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for name, other in tied:
        parent[root(name)] = root(other)
    holder: Dict[int, str] = {}
    for name, pickled in pickles.items():
        for identity in pickled.shared:
            parent[root(name)] = root(holder.setdefault(identity, name))
    users: Dict[int, Set[str]] = {}
    for name, pickled in pickles.items():
        for extent in pickled.extents:
            users.setdefault(extent.holder, set()).add(name)
    for run in overlaps({extent for pickled in pickles.values() for extent in pickled.extents}):
        guards = {extent.guard for extent in run}
        if len(guards) == 1 and guards != {0}:
            continue  # pandas copies it before anybody writes to it
        first, *others = (name for extent in run for name in users[extent.holder])
        for name in others:
            parent[root(name)] = root(first)
    groups: Dict[str, Set[str]] = {}
    for name in pickles:
        groups.setdefault(root(name), set()).add(name)
    return list(groups.values())
