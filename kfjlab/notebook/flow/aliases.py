"""Which variables may share objects, along the notebook."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .values import Object, Objects

_NONE: frozenset[int] = frozenset()


class Aliases:
    """Objects of the whole notebook, and the names that may hold them. Objects that were put into each other stay together, whatever
    becomes of the names (a union-find); a name that may hold one of several objects holds all of them, for as long as it is not bound
    anew."""

    def __init__(self) -> None:
        self._objects: dict[str, frozenset[int]] = {}
        self._parent: dict[int, int] = {}
        self._names: dict[int, set[str]] = {}
        self._joined: set[int] = set()
        self._next = 0

    def _root(self, item: int) -> int:
        while item in self._parent:
            item = self._parent[item]
        return item

    def group(self, name: str) -> set[str]:
        """All names that may share an object with ``name``, itself included."""
        found: set[str] = {name}
        waiting = [name]
        while waiting:
            for item in self._objects.get(waiting.pop(), _NONE):
                names = self._names[self._root(item)]
                if len(names) > 1:
                    new = names - found
                    found |= new
                    waiting += new
        return found

    def is_linked(self, name: str) -> bool:
        """Whether something else was put into what a name holds, or taken out of it."""
        return len(self.group(name)) > 1 or any(
            self._root(item) in self._joined for item in self._objects.get(name, _NONE)
        )

    def forget(self, name: str) -> None:
        """A name is not bound any more."""
        self._set(name, _NONE)

    def rebind(self, bound: Mapping[str, Objects], links: Iterable[Objects]) -> None:
        """Names were bound to objects as one evaluation numbers them (``str``: what that name held before), and objects put into each
        other."""
        base = self._next
        highest = 0

        def resolved(objects: Iterable[Object]) -> frozenset[int]:
            nonlocal highest
            ids: set[int] = set()
            for item in objects:
                if isinstance(item, str):
                    ids |= self._objects.get(item, _NONE)
                else:
                    highest = max(highest, item)
                    ids.add(base + item)
            return frozenset(ids)

        changed = {name: resolved(objects) for name, objects in bound.items()}
        groups = [resolved(group) for group in links]
        self._next = base + highest
        for group in groups:
            self._join(group)
        for name, objects in changed.items():
            self._set(name, objects)

    def _join(self, objects: frozenset[int]) -> None:
        roots = {self._root(item) for item in objects}
        if not roots:
            return
        home = max(roots, key=lambda root: len(self._names.get(root, ())))
        names = self._names.setdefault(home, set())
        for root in roots - {home}:
            self._parent[root] = home
            names |= self._names.pop(root, set())
            self._joined.discard(root)
        if len(roots) > 1:
            self._joined.add(home)

    def _set(self, name: str, objects: frozenset[int]) -> None:
        old = {self._root(item) for item in self._objects.get(name, _NONE)}
        new = {self._root(item) for item in objects}
        for root in old - new:
            self._names[root].discard(name)
        self._objects[name] = objects
        for root in new:
            self._names.setdefault(root, set()).add(name)
