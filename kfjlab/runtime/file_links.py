"""Symbolic links on the way to a file: the file that is read or written is the one that they lead to, and each of them is read."""

from __future__ import annotations

import os
import stat
from typing import Dict, Optional, Set, Tuple

from .files import Places

MOST = 40
"""Links that are followed at most, as in Linux's ``path_resolution(7)``."""

Way = Tuple[Optional[str], Tuple[str, ...]]
"""The name of a file (None: it does not count), and those of the links on the way to it."""

_real_lstat, _real_readlink = os.lstat, os.readlink


class Links:
    """Remembers the way to folders and files, until :meth:`forget`."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._folders: Dict[str, Way] = {}
        self._plain: Set[str] = set()

    def forget(self) -> None:
        """Links may have changed."""
        self._folders.clear()
        self._plain.clear()

    def follow(self, name: str, last: bool = True) -> Way:
        """The way to a file of that name. ``last``: whether a link at the very end is followed too."""
        return (name, ()) if name in self._plain else self._follow(name, last, 0)

    def _follow(self, name: str, last: bool, depth: int) -> Way:
        folder, base = os.path.split(name)
        if not base or name == ".":
            return name, ()
        if folder not in self._folders:
            self._folders[folder] = self._follow(folder, True, depth) if folder else ("", ())
        real, links = self._folders[folder]
        if real is None:
            return None, links
        found = base if real in ("", ".") else os.path.join(real, base)
        target = self._target(found) if last else None
        if target is None or depth >= MOST:
            if last and found == name and target is None:
                self._plain.add(name)
            return found, links
        led = self._places.name(os.path.join(os.path.dirname(self._places.path(found)), target), lambda: True)
        if led is None:
            return None, (*links, found)
        end, more = self._follow(led, True, depth + 1)
        return end, (*links, found, *more)

    def _target(self, name: str) -> Optional[str]:
        path = self._places.path(name)
        try:
            return _real_readlink(path) if stat.S_ISLNK(_real_lstat(path).st_mode) else None
        except OSError:
            return None  # nothing is there, or nobody may look
