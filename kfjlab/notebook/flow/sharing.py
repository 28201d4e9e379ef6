"""Which objects of one evaluation may be parts of one another: a union-find."""

from __future__ import annotations

from collections.abc import Iterable

from .values import Object, Objects


class Sharing:
    """Groups of objects; ``str`` and ``int`` as in :mod:`.values`."""

    def __init__(self) -> None:
        self._parent: dict[Object, Object] = {}
        self._members: dict[Object, set[Object]] = {}
        self._count = 0

    def new(self) -> int:
        """An object that was not there before."""
        self._count += 1
        return self._count

    def _root(self, item: Object) -> Object:
        while item in self._parent:
            item = self._parent[item]
        return item

    def join(self, objects: Iterable[Object]) -> None:
        """These may share parts from now on."""
        roots = {self._root(item) for item in objects}
        if len(roots) < 2:
            return
        home = max(roots, key=lambda root: len(self._members.get(root, ())))
        members = self._members.setdefault(home, {home})
        for root in roots - {home}:
            self._parent[root] = home
            members |= self._members.pop(root, {root})

    def group(self, objects: Objects) -> Objects:
        """``objects`` and all that may share parts with them."""
        if not self._members:
            return objects
        found: set[Object] = set()
        for item in objects:
            root = self._root(item)
            found |= self._members.get(root, {root})
        return frozenset(found)

    def groups(self) -> list[Objects]:
        """All groups of more than one."""
        return [frozenset(members) for members in self._members.values() if len(members) > 1]
