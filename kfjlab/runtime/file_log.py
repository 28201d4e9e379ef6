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
        return sorted((e for e in _entries(self.path) if e.pid != self._owner), key=lambda e: e.time)

    def of_others(self, since: float) -> Iterator[List[Entry]]:
        """The entries of each other step that was running at some time after ``since``."""
        for name in sorted(os.listdir(self.folder)):
            path = os.path.join(self.folder, name)
            if path == self.path:
                continue
            entries = list(_entries(path))
            ended = [entry.time for entry in entries if entry.kind == "end"]
            if not ended or ended[-1] >= since:
                yield entries


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


def _entries(path: str) -> Iterator[Entry]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.endswith("\n"):
                yield Entry(*json.loads(line))
