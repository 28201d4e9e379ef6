"""The log of one step's file accesses, for the processes that must know: its own children write to it, steps beside it read it."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterator, List, Optional


@dataclass(frozen=True)
class Entry:
    """One line. ``kind``: ``start`` and ``end`` of the step, ``subprocess``, ``write``, ``read``, ``list``, ``make`` and ``remove`` (of a
    folder). ``time`` in Unix seconds."""

    pid: int
    time: float
    kind: str
    name: str
    details: List[Any]


@dataclass(frozen=True)
class Other:
    """What another step has noted. ``ended``: when it ended, in Unix seconds; None while it runs."""

    entries: List[Entry]
    ended: Optional[float]


class TouchLog:
    """A file in ``folder``, which the steps of a run share. Lines are appended whole, so several processes can write."""

    def __init__(self, folder: str, path: Optional[str] = None) -> None:
        self.folder = folder
        self.path = path or os.path.join(folder, f"{os.getpid()}-{time.time_ns()}.jsonl")
        os.makedirs(folder, exist_ok=True)
        self._owner = os.getpid()
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, kind: str, name: str, *details: Any) -> None:
        """Add a line."""
        line = json.dumps([os.getpid(), time.time(), kind, name, list(details)]) + "\n"
        os.write(self._file, line.encode("utf-8"))

    def close(self) -> None:
        """Nothing more will be noted here."""
        os.close(self._file)

    def of_children(self) -> List[Entry]:
        """What other processes of this step have written, in order."""
        return sorted(_entries(self.path, without=self._owner), key=lambda e: e.time)

    def of_others(self, since: float) -> Iterator[Other]:
        """Each other step that was running at some time after ``since``."""
        for name in sorted(os.listdir(self.folder)):
            path = os.path.join(self.folder, name)
            if path == self.path:
                continue
            last = _last(path)
            if last is None or (last.kind == "end" and last.time < since):
                continue
            ended = last.time if last.kind == "end" else _died(path, last)
            if ended is None or ended >= since:
                yield Other(list(_entries(path)), ended)


_LINE = 4096
"""Bytes at a log's end in which its last line is looked for."""


def _last(path: str) -> Optional[Entry]:
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _LINE))
        lines = file.read().splitlines(keepends=True)
    if not lines or not lines[-1].endswith(b"\n"):
        return None
    try:
        return Entry(*json.loads(lines[-1]))
    except ValueError:  # a line longer than what was read
        return list(_entries(path))[-1]


def _died(path: str, last: Entry) -> Optional[float]:
    """When the process of a log without an end was last seen, if it is gone."""
    with open(path, encoding="utf-8") as file:
        owner = Entry(*json.loads(file.readline())).pid
    try:
        os.kill(owner, 0)
    except ProcessLookupError:
        return last.time
    except PermissionError:
        pass  # somebody's process: it is there
    return None


def files_read_by(folder: str, pid: int) -> Dict[str, str]:
    """Name → digest of the files that the step in process ``pid``, and its children, have opened for reading so far. Those whose digest
    they left for later are left out."""
    found: Dict[str, str] = {}
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        if name.startswith(f"{pid}-"):
            for entry in _entries(os.path.join(folder, name)):
                if entry.kind == "read" and entry.details[1] is not None:
                    found.setdefault(entry.name, entry.details[1])
    return found


def _entries(path: str, without: Optional[int] = None) -> Iterator[Entry]:
    """A log's lines, but for those of the process ``without``."""
    skipped = f"[{without}, "
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n") and not line.startswith(skipped):
                yield Entry(*json.loads(line))
