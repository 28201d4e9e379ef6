"""What of an object's state says nothing about its value: what libraries note when the object is only read.

A fingerprint leaves such notes out, so that reading a value is no change of it. They are stored, though, when the value is stored.
"""

from __future__ import annotations

import functools
import pickle
from typing import Any, FrozenSet, Optional, Tuple

from .kinds import module_of

_CACHES = frozenset({"_cache", "_item_cache", "_cacher"})
_LIBRARIES_WITH_CACHES = frozenset({"pandas", "statsmodels"})
_CACHED = frozenset(
    {"cached_property", "CachedProperty", "cache_readonly", "lazyproperty", "CachedAttribute"}
)
_SPARSE_NOTES = frozenset({"_has_sorted_indices", "_has_canonical_format"})
_TREES = ("sklearn.neighbors._kd_tree", "sklearn.neighbors._ball_tree")
_COUNTERS = slice(7, 11)
"""Where the state of scikit-learn's trees counts how often they were asked."""


@functools.lru_cache(maxsize=4096)
def notes_of(kind: Any) -> FrozenSet[str]:
    """Names of attributes in which objects of a library's type keep what they have computed."""
    module = module_of(kind)
    library = module.partition(".")[0]
    found = set()
    for cls in kind.__mro__:
        for name, value in vars(cls).items():
            if type(value).__name__ in _CACHED:
                found.add(getattr(value, "attrname", None) or name)
    if library in _LIBRARIES_WITH_CACHES:
        found |= _CACHES
    if module.startswith("scipy.sparse"):
        found |= _SPARSE_NOTES
    return frozenset(found)


def has_notes(kind: Any) -> bool:
    """Whether the state of objects of that type may hold notes of a library."""
    if kind.__module__ in ("builtins", "__main__"):
        return False
    return kind.__module__ in _TREES or bool(notes_of(kind)) or is_frame(kind)


def reduce_lean(item: Any) -> Optional[Tuple[Any, ...]]:
    """What pickles an object without notes, for a fingerprint; None when the object is pickled in a way of its own."""
    kind: Any = type(item)
    if is_frame(kind):
        item = _consolidated(item)
    reduced = item.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    if not isinstance(reduced, tuple) or len(reduced) < 3:
        return reduced if isinstance(reduced, tuple) else None
    state = reduced[2]
    if kind.__module__ in _TREES and isinstance(state, tuple):
        asked = [0 if isinstance(part, int) else part for part in state[_COUNTERS]]
        state = (*state[: _COUNTERS.start], *asked, *state[_COUNTERS.stop :])
    elif isinstance(state, dict):
        state = _without(state, notes_of(kind))
    elif isinstance(state, tuple):
        parts = [_without(part, notes_of(kind)) if isinstance(part, dict) else part for part in state]
        while parts and parts[-1] is None:
            del parts[-1]
        state = tuple(parts)
    return (*reduced[:2], state, *reduced[3:])


def _without(state: Any, names: FrozenSet[str]) -> Any:
    if not state:
        return None
    return {name: value for name, value in state.items() if name not in names} or None


def is_frame(kind: type) -> bool:
    """Whether objects of that type are frames or series of pandas."""
    return module_of(kind).startswith("pandas") and any(cls.__name__ == "NDFrame" for cls in kind.__mro__)


def _consolidated(frame: Any) -> Any:
    """A frame whose columns of one type are in one block. Reading a frame may put them there at any time, which is no change."""
    manager = getattr(frame, "_mgr", None)
    if manager is None or getattr(manager, "ndim", 1) < 2 or manager.is_consolidated():
        return frame
    copy = frame.copy(deep=False)
    copy._consolidate_inplace()
    return copy
