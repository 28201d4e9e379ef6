"""What can go wrong with the store, in words that say what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

KINDS = ("locked", "full", "read-only", "corrupt", "newer", "missing", "unknown-run", "conflict", "io")
"""What :attr:`StoreError.kind` can be."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
"""Error numbers of a disk, or a quota, that is used up."""
_MAY_NOT = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL_BELOW = 256 * 1024
"""Bytes. With less free room than this, a failed write is taken for a full disk: SQLite says only "disk I/O
error" when the file of its shared memory does not fit."""


class StoreError(Exception):
    """The store could not do what was asked. ``kind`` is one of :data:`KINDS`; ``message`` says what happened
    and where, ``fix`` what to do; ``str()`` gives both."""

    def __init__(self, kind: str, message: str, fix: str = "") -> None:
        super().__init__(f"{message} {fix}".strip())
        self.kind = kind
        self.message = message
        self.fix = fix


class UnknownRunError(StoreError, LookupError):
    """There is no such run, or the beginning of an id fits several."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__("unknown-run", message, fix)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Errors of SQLite and of the file system become :class:`StoreError`. ``path``: what was being used."""
    try:
        yield
    except sqlite3.Error as error:
        raise explain(error, path) from error
    except OSError as error:
        raise explain_os(error, path) from error


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """What an error of SQLite means for the store at ``path``.

    The texts are SQLite's own (``sqlite3_errstr``), unchanged since 2012; Python 3.10 does not give the error code.
    """
    text = str(error)
    if "is locked" in text or "locking protocol" in text:
        return locked(path)
    if "is full" in text or (
        ("disk I/O error" in text or "unable to open" in text) and _no_room(path.parent)
    ):
        return full(path)
    if "readonly" in text:
        return read_only(path)
    if "malformed" in text or "not a database" in text:
        return corrupt(path, text)
    if "unable to open" in text:
        return _cannot_open(path)
    if "disk I/O error" in text:
        fix = "Look at the system's log for errors of the disk or of the file server, then try again."
        return StoreError("io", f"Reading or writing {path} failed: {text}.", fix)
    if "no such table" in text or "no such column" in text:
        return corrupt(path, text)
    return StoreError("io", f"The run store {path} reported: {text}.")


def explain_os(error: OSError, path: Path) -> StoreError:
    """What an error of the file system means."""
    where = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else path
    if error.errno in NO_ROOM:
        return full(where)
    if error.errno in _MAY_NOT:
        return read_only(where)
    return StoreError("io", f"Using {where} failed: {error.strerror or error}.")


def locked(path: Path, holder: str = "another process") -> StoreError:
    """Somebody else kept the store to himself for longer than the time-out."""
    fix = "Try again; if it stays like this, find and end the process that hangs (lsof shows who has the file open)."
    return StoreError("locked", f"{holder[0].upper()}{holder[1:]} has kept the run store {path} locked.", fix)


def full(path: Path) -> StoreError:
    """The disk or the quota is used up."""
    fix = "Make room: 'kfjlab gc' deletes old runs and cached results; then go on with 'kfjlab resume'."
    return StoreError("full", f"There is no room left on the disk (or in the quota) for {path}.", fix)


def read_only(path: Path) -> StoreError:
    """The store may not be written."""
    fix = "Set KFJLAB_DATA to a folder that you can write, or change this one's permissions."
    return StoreError("read-only", f"{path} cannot be written.", fix)


def corrupt(path: Path, detail: str) -> StoreError:
    """The database is damaged."""
    fix = (
        f"Move {path.name}, {path.name}-wal and {path.name}-shm away together and a new store is begun; the notebooks and logs of "
        f"old runs stay in the folder 'runs'. 'sqlite3 OLD .recover' saves what can be read."
    )
    return StoreError("corrupt", f"The run store {path} is damaged: {detail}.", fix)


def _cannot_open(path: Path) -> StoreError:
    if path.parent.is_dir() and not os.access(path.parent, os.W_OK):
        return read_only(path.parent)
    if not path.exists():
        fix = "Start a run, or set KFJLAB_DATA to the folder where the runs are."
        return StoreError("missing", f"There is no run store {path} (any more).", fix)
    if not os.access(path, os.W_OK):
        return read_only(path)
    return StoreError(
        "io", f"{path} cannot be opened.", "Look whether it is a file and whether you may read and write it."
    )


def _no_room(folder: Path) -> bool:
    import shutil

    try:
        return shutil.disk_usage(folder).free < _FULL_BELOW
    except OSError:
        return False
