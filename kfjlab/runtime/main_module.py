"""The module ``__main__`` of a step: it takes note of the names that code looks for in it and does not find.

Functions of the notebook look their globals up in a dict, and a missing one is a ``NameError``. Other code reaches the notebook's variables
as attributes of ``__main__`` (``getattr(__main__, "x", 0)``, ``from __main__ import f``, ``pickle.load`` of an object of a class of the
notebook), often with an answer of its own when there is none. A name that was not found is something the step has read.
"""

from __future__ import annotations

import importlib
import types
from typing import Any, FrozenSet, Set, Tuple

_missed: Set[str] = set()


class MainModule(types.ModuleType):
    """See the module's text."""

    def __getattr__(self, name: str) -> Any:
        if not (name.startswith("__") and name.endswith("__")):
            _missed.add(name)
        return super().__getattribute__(name)  # the error is Python's own

    def __reduce__(self) -> Tuple[Any, ...]:
        return importlib.import_module, ("__main__",)


def begin() -> None:
    """What is missed from now on counts."""
    _missed.clear()


def missed() -> FrozenSet[str]:
    """The names that were looked for in vain since :func:`begin`."""
    return frozenset(_missed)
