"""Runs, their steps and events, and where they are kept.

``kfjlab.runs()`` lists the runs so far: the verb of that name (:func:`kfjlab.verbs.runs`) has the same name as this room.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _Room(ModuleType):
    """A module that can be called (a module's class may be set, see ``__class__`` in the reference of the data model)."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """The runs so far; arguments as of :func:`kfjlab.verbs.runs`."""
        from kfjlab.verbs import runs

        return runs(*args, **options)


sys.modules[__name__].__class__ = _Room
