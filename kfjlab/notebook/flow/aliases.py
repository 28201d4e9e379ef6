"""Which variables may share objects, along the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .values import Objects

_NONE: frozenset[int] = frozenset()


class Aliases:
    """Objects of the whole notebook by the names that may hold them."""

    def __init__(self) -> None:
        self._objects: dict[str, frozenset[int]] = {}
        self._names: dict[int, set[str]] = {}
        self._next = 0

    def group(self, name: str) -> set[str]:
        """All names that may share an object with ``name``, itself included."""
        objects = self._objects.get(name)
        if not objects:
            return {name}
        if len(objects) == 1:
            (only,) = objects
            names = self._names[only]
            if len(names) == 1:
                return {name}
        found: set[str] = {name}
        waiting = [name]
        while waiting:
            for item in self._objects.get(waiting.pop(), _NONE):
                new = self._names[item] - found
                found |= new
                waiting += new
        return found

    def is_linked(self, name: str) -> bool:
        """Whether something else was put into what a name holds."""
        return len(self._objects.get(name, _NONE)) > 1

    def forget(self, name: str) -> None:
        """A name is not bound any more."""
        self._set(name, _NONE)

    def rebind(self, bound: Mapping[str, Objects], links: Iterable[Objects]) -> None:
        """Names were bound to objects as one evaluation numbers them (``str``: what that name held before), and objects linked."""
        before = self._objects
        base = self._next
        highest = 0
        changed: dict[str, frozenset[int]] = {}
        linked: dict[str | int, int] = {}
        for group in links:
            self._next += 1
            shared = -self._next
            for item in group:
                linked[item] = shared
                if isinstance(item, str) and item not in bound:
                    changed[item] = before.get(item, _NONE) | {shared}
        for name, objects in bound.items():
            ids: set[int] = set()
            for item in objects:
                if isinstance(item, str):
                    ids |= before.get(item, _NONE)
                else:
                    highest = max(highest, item)
                    ids.add(base + item)
                if item in linked:
                    ids.add(linked[item])
            changed[name] = frozenset(ids)
        self._next = max(self._next, base + highest)
        for name, new in changed.items():
            self._set(name, new)

    def _set(self, name: str, objects: frozenset[int]) -> None:
        for item in self._objects.get(name, _NONE):
            self._names[item].discard(name)
        self._objects[name] = objects
        for item in objects:
            self._names.setdefault(item, set()).add(name)
