"""Where a pickle is being loaded into. What pickles call needs to know; one thread loads at a time."""

from __future__ import annotations

import contextlib
from types import MappingProxyType
from typing import Any, Dict, FrozenSet, Iterator, Mapping

namespace: Dict[str, Any] = {}
"""The variables of the notebook."""
refresh: FrozenSet[int] = frozenset()
"""Positions in the pickle of those variables whose state replaces that of the same class or function that is here already."""
stand_ins: Mapping[str, type] = MappingProxyType({})
"""Classes that take the place of stored ones, by ``STEP/NAME``."""


@contextlib.contextmanager
def into(variables: Dict[str, Any], refreshed: FrozenSet[int], instead: Mapping[str, type]) -> Iterator[None]:
    """Load into ``variables`` while this lasts."""
    global namespace, refresh, stand_ins
    before = namespace, refresh, stand_ins
    namespace, refresh, stand_ins = variables, refreshed, instead
    try:
        yield
    finally:
        namespace, refresh, stand_ins = before
