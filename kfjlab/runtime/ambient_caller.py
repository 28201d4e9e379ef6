"""Which variables of the caller's environment the notebook's code asks for: the resources ``env:NAME``.

``os.environ`` gets a class that notes look-ups. What counts is decided by who asks: the notebook's cells, modules that are not installed
(those beside the notebook), and helpers that look up for these a name which they were given. Libraries ask for what belongs to the terminal
or to Jupyter (``COLUMNS``, ``OMP_NUM_THREADS``, ``HOME`` …), which must not make every step another one in every window.

A variable that the notebook itself has set is no longer the caller's: it is part of the ambient state ``environ``. Copying the environment
or going through it notes nothing, since nobody can tell what of it matters.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from types import FrameType, MappingProxyType
from typing import Any, Dict, Iterator, Mapping, Optional

from .files import Places
from .protocol import ABSENT

_HELPERS = frozenset(
    {"os", "posixpath", "ntpath", "genericpath", "collections", "pathlib", "decouple", "environs", "environ"}
)
"""Modules and packages (the last three are packages for settings) whose functions look up what their caller asks them for."""

_observer: Optional[CallerVariables] = None


class _Environ(os._Environ):  # type: ignore[type-arg]
    """``os.environ``, with its look-ups noted."""

    _given: Mapping[int, Any] = MappingProxyType({})
    """The keys that the latest iteration gave, by identity: who looks these up copies the whole, or has chosen by what he saw."""

    def __getitem__(self, key: Any) -> Any:
        if _observer is not None and id(key) not in self._given:
            found = self._data.get(self.encodekey(key))  # type: ignore[attr-defined]
            _observer.asked(os.fsdecode(key), None if found is None else os.fsdecode(found))
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[Any]:
        keys = list(super().__iter__())
        self._given = {id(key): key for key in keys}
        return iter(keys)


_Environ.__module__, _Environ.__qualname__ = "os", "_Environ"  # as it is without us, for who prints its type


class CallerVariables:
    """The variables that the notebook's code has asked for in this process. ``namespace``: the globals of its cells."""

    def __init__(self, places: Places, namespace: Mapping[str, Any]) -> None:
        self._places = places
        self._namespace = namespace
        self._initial = _initial_environment()
        self._reads: Dict[str, str] = {}
        self._counts: Dict[str, bool] = {}

    def install(self) -> None:
        """Note look-ups from now on."""
        global _observer
        _observer = self
        for environ in (os.environ, getattr(os, "environb", None)):
            if environ is not None:
                environ.__class__ = _Environ

    def take(self) -> Dict[str, str]:
        """Resource → digest of what was asked for since the last time."""
        reads, self._reads = self._reads, {}
        return reads

    def asked(self, name: str, value: Optional[str]) -> None:
        """A variable was looked up, and found to have that value (None: it is not set)."""
        resource = f"env:{name}"
        if (
            resource not in self._reads
            and value == self._initial.get(name)
            and self._is_notebooks(sys._getframe(2))
        ):
            self._reads[resource] = variable_digest(value)

    def _is_notebooks(self, frame: Optional[FrameType]) -> bool:
        while frame is not None:
            if frame.f_globals is self._namespace or self._is_users(frame.f_code.co_filename):
                return True
            if str(frame.f_globals.get("__name__")).partition(".")[0] not in _HELPERS:
                return False
            frame = frame.f_back
        return False

    def _is_users(self, file: str) -> bool:
        known = self._counts.get(file)
        if known is None:
            known = self._counts[file] = not file.startswith("<") and self._places.name(file) is not None
        return known


def variable_digest(value: Optional[str]) -> str:
    """The digest of an environment variable's value (None: it is not set). The value itself is never written down."""
    return ABSENT if value is None else hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _initial_environment() -> Mapping[str, str]:
    """The environment that the caller gave to this process, before Python and what it loads at its start have added to it."""
    try:
        with open("/proc/self/environ", "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        return dict(os.environ)
    pairs = (entry.partition(b"=") for entry in entries if entry)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
