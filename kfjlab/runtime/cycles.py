"""Variables that hold each other, pickled once for all.

A figure, its axes and its lines reach each other: whichever is pickled, the pickle has all of them. A notebook names ten of them, and each
is compared before and after a step. As they reach the same objects, one pickle and each one's place in it say as much as a pickle of each.
What is stored is pickled by itself all the same: its digest must not depend on which names there are.
"""

from __future__ import annotations

import dataclasses
import types
from typing import Any, Dict, FrozenSet, Mapping, Optional

from .pickling import Pickled, Reached, dump


class Pickles:
    """Fingerprints (see :func:`.pickling.dump`) of values one by one, while nothing changes."""

    def __init__(self, namespace: Mapping[str, Any], step: str) -> None:
        self._namespace = namespace
        self._step = step
        self._variables = {id(value) for value in namespace.values() if _can_hold(value)}
        self._made: Dict[int, Pickled] = {}

    def of(self, value: Any) -> Pickled:
        """The pickle of a value; or of one that it reaches and that reaches it, with its place there. Raises whatever an object raises
        that cannot be pickled."""
        return self._made.get(id(value)) or self._around(value) or self._whole(value)

    def again(self, value: Any, root: Optional[Any]) -> Pickled:
        """A pickle of the value to compare with an earlier one, whose ``root`` was this (None: its own). Raises what :meth:`of` raises."""
        if root is None:
            return self._whole(value)
        return _within(self._whole(root), value) or self._whole(value)

    def _whole(self, value: Any) -> Pickled:
        return self._made.get(id(value)) or self._keep(self._dump(value))

    def _around(self, value: Any) -> Optional[Pickled]:
        sought = frozenset(holder for holder, made in self._made.items() if id(value) in made.memo)
        if not sought or not _can_hold(value):
            return None
        try:
            return self._keep(self._dump(value, sought))
        except Reached as reached:
            return _within(self._made[reached.identity], value)

    def _dump(self, value: Any, sought: FrozenSet[int] = frozenset()) -> Pickled:
        return dump((value,), self._namespace, self._step, fingerprint=True, sought=sought)

    def _keep(self, pickled: Pickled) -> Pickled:
        """Keeps only what holds other variables; all else would take memory for nothing."""
        root = id(pickled.root)
        if _can_hold(pickled.root) and not self._variables.isdisjoint(pickled.memo.keys() - {root}):
            self._made[root] = pickled
        return pickled


def _within(whole: Pickled, value: Any) -> Optional[Pickled]:
    if whole.root is value:
        return whole
    known = whole.memo.get(id(value))
    return None if known is None else dataclasses.replace(whole, place=known[0])


def _can_hold(value: Any) -> bool:
    """Whether it is an object whose pickle is the same wherever it is met, and that is met only through the pickler's Python code."""
    return type(value).__module__ != "builtins" and not isinstance(value, (type, types.FunctionType))
