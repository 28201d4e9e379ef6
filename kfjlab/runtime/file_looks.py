"""Calls of ``os`` that look at files and have no audit event: ``os.stat`` and its like, and what a folder's entries are asked."""

from __future__ import annotations

import os
from typing import Any, Callable

from .file_callers import is_notebook

_real_stat, _real_lstat, _real_access, _real_readlink = os.stat, os.lstat, os.access, os.readlink
_real_scandir = os.scandir
_looked: Callable[[Any, bool], None]


def _stat(path: Any, *, dir_fd: Any = None, follow_symlinks: bool = True) -> os.stat_result:
    if dir_fd is None:
        _looked(path, follow_symlinks)
    return _real_stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)


def _lstat(path: Any, *, dir_fd: Any = None) -> os.stat_result:
    if dir_fd is None:
        _looked(path, False)
    return _real_lstat(path, dir_fd=dir_fd)


def _readlink(path: Any, *, dir_fd: Any = None) -> Any:
    if dir_fd is None:
        _looked(path, False)
    return _real_readlink(path, dir_fd=dir_fd)


class _Entry:
    """An entry of a folder. What is asked about its file without a call of ``os`` is seen too."""

    __slots__ = ("_entry",)

    def __init__(self, entry: Any) -> None:
        self._entry = entry

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return os.DirEntry

    @property
    def name(self) -> Any:
        return self._entry.name

    @property
    def path(self) -> Any:
        return self._entry.path

    def inode(self) -> int:
        number: int = self._entry.inode()
        return number

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        self._look(follow_symlinks)
        status: os.stat_result = self._entry.stat(follow_symlinks=follow_symlinks)
        return status

    def is_dir(self, *, follow_symlinks: bool = True) -> bool:
        self._look(follow_symlinks)
        return bool(self._entry.is_dir(follow_symlinks=follow_symlinks))

    def is_file(self, *, follow_symlinks: bool = True) -> bool:
        self._look(follow_symlinks)
        return bool(self._entry.is_file(follow_symlinks=follow_symlinks))

    def is_symlink(self) -> bool:
        self._look(False)
        return bool(self._entry.is_symlink())

    def __getattr__(self, name: str) -> Any:  # is_junction, of Python 3.12
        return getattr(self._entry, name)

    def __fspath__(self) -> Any:
        return self._entry.__fspath__()

    def __repr__(self) -> str:
        return repr(self._entry)

    def _look(self, last: bool) -> None:
        _looked(self._entry.path, last)


class _Entries:
    """What ``os.scandir`` gives to the notebook's own code."""

    def __init__(self, entries: Any) -> None:
        self._entries = entries

    def __iter__(self) -> _Entries:
        return self

    def __next__(self) -> Any:
        return _Entry(next(self._entries))

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        self._entries.close()


def _scandir(path: Any = None) -> Any:
    entries = _real_scandir(path)
    return _Entries(entries) if not isinstance(path, int) and is_notebook(deep=False) else entries


def _access(
    path: Any, mode: int, *, dir_fd: Any = None, effective_ids: bool = False, follow_symlinks: bool = True
) -> bool:
    if dir_fd is None:
        _looked(path, follow_symlinks)
    return _real_access(
        path, mode, dir_fd=dir_fd, effective_ids=effective_ids, follow_symlinks=follow_symlinks
    )


def watch_looks(looked: Callable[[Any, bool], None]) -> None:
    """Let ``looked`` know of every look from now on: the path as it was given, and whether a link at its end is followed."""
    global _looked
    _looked = looked
    for wrapper, real in (
        (_stat, _real_stat),
        (_lstat, _real_lstat),
        (_access, _real_access),
        (_readlink, _real_readlink),
        (_scandir, _real_scandir),
    ):
        wrapper.__name__ = wrapper.__qualname__ = real.__name__
        wrapper.__doc__, wrapper.__module__ = real.__doc__, "os"
        for able in (
            os.supports_dir_fd,
            os.supports_fd,
            os.supports_follow_symlinks,
            os.supports_effective_ids,
        ):
            if real in able:
                able.add(wrapper)
        setattr(os, real.__name__, wrapper)
    import pathlib

    accessor = getattr(pathlib, "_NormalAccessor", None)  # Python 3.9 and 3.10 keep references of their own
    if accessor is not None:
        accessor.stat = staticmethod(_stat)
        if hasattr(accessor, "lstat"):
            accessor.lstat = staticmethod(_lstat)
