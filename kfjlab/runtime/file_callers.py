"""Whose code a file access is: the notebook's (its cells, its own modules), a package's, or the import system's."""

from __future__ import annotations

import functools
import os
import site
import sys
import sysconfig
from typing import Any, Iterator, Tuple

_IMPORTLIB = (
    "<frozen importlib",
    os.path.join("importlib", "metadata"),
    os.path.join("importlib", "resources"),
    "pkgutil.py",
    "pkg_resources",
)


def is_import() -> bool:
    """Whether the import system, or something that looks for installed packages, is what lists a folder."""
    return any(any(part in name for part in _IMPORTLIB) for _, name in zip(range(3), _callers()))


def is_notebook(deep: bool = True) -> bool:
    """Whether the notebook's own code asks, not a package for itself. ``deep``: also where it asks through the standard library."""
    for name in _callers():
        kind = _kind(name)
        if kind or not deep:
            return kind == "own"
    return False


def is_makedirs() -> bool:
    """Whether ``os.makedirs`` asks, for a folder in which it makes another: it would make that, too."""
    frame: Any = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    for _ in range(2):  # it asks by os.path.exists
        if frame is not None and frame.f_code is os.makedirs.__code__:
            return True
        frame = frame and frame.f_back
    return False


def _callers() -> Iterator[str]:
    """The files of the code that is being executed, innermost first, without kfjlab's."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith(_HERE):
            yield name
        frame = frame.f_back


_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep


@functools.cache
def _kind(name: str) -> str:
    """``own``, ``package``, or nothing for the standard library and code without a file, which act for who calls them."""
    if name.startswith("<"):
        return ""
    if name.startswith(_packages()) or "site-packages" in name or "dist-packages" in name:
        return "package"
    return "" if name.startswith(_standard()) else "own"


@functools.cache
def _packages() -> Tuple[str, ...]:
    folders = [sysconfig.get_paths()[name] for name in ("purelib", "platlib")]
    folders += site.getsitepackages() if hasattr(site, "getsitepackages") else []
    return tuple(folder.rstrip(os.sep) + os.sep for folder in folders)


@functools.cache
def _standard() -> Tuple[str, ...]:
    folders = [sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib")]
    return tuple(f.rstrip(os.sep) + os.sep for folder in folders for f in (folder, os.path.realpath(folder)))
