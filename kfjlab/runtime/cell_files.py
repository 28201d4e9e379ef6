"""The files that cells' code pretends to come from: what tracebacks name, and where ``inspect`` and ``linecache`` find the source."""

from __future__ import annotations

import hashlib
import linecache
import types
from typing import Optional, Tuple

CELL_FOLDER = "/tmp/ipykernel_0"
"""Looks as ipykernel's names do. Nothing is ever written there."""


def cell_file(source: str) -> str:
    """The name under which a cell's code is compiled: the same in every process and run, because it travels inside functions."""
    digest = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()
    return f"{CELL_FOLDER}/{int(digest[:12], 16)}.py"


def is_cell_file(name: str) -> bool:
    """Whether a code object's file name is that of a cell."""
    return name.startswith(CELL_FOLDER + "/")


def source_of(name: str) -> Optional[Tuple[str, str]]:
    """A cell's file name and its source, as far as this process knows it; None for other files."""
    if not is_cell_file(name) or name not in linecache.cache:
        return None
    return name, "".join(linecache.getlines(name))


def remember_source(name: str, text: str) -> None:
    """Make the source of a cell known that was executed in another process."""
    if name not in linecache.cache:
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)


def in_file(code: types.CodeType, name: str) -> types.CodeType:
    """``code``, and all code in it, as compiled from the file ``name`` (cloudpickle drops the names of files)."""
    constants = tuple(in_file(c, name) if isinstance(c, types.CodeType) else c for c in code.co_consts)
    return code.replace(co_filename=name, co_consts=constants)
