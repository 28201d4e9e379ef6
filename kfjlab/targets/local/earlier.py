"""What a run that goes on did to files before it was interrupted or had ended.

A step that adds to a file must find it as it was when the run began, not as an earlier execution of the same step has left it. What was
there is in the store. Which content that is, is in ``files.json`` when the run ended in order; else in the notes that the attempts made
while they ran (:mod:`kfjlab.runtime.file_log`), since killed ones had no time to make a record.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from kfjlab.runtime.file_log import Entry
from kfjlab.runtime.files import DIRECTORY
from kfjlab.runtime.notebook_output import write_whole
from kfjlab.runtime.protocol import ABSENT


class EarlierFiles:
    """``folder``: the run's."""

    def __init__(self, folder: Path) -> None:
        self._history = folder / "files.json"
        self._notes = folder / "steps" / ".files"
        self._set_aside = folder / "steps" / ".files-earlier"
        self._left = folder / "left"

    def before(self, digest: Callable[[str], str]) -> dict[str, str]:
        """Resource → digest before the first step, of the files that earlier parts of the run have changed. ``digest`` tells what a file
        is now: one that somebody has changed since is taken as it is.

        Notes are set aside, so that no step takes them for those of one that runs beside it.
        """
        history, noted = self._saved(), self._noted()
        found = {}
        for resource in history.keys() | noted.keys():
            before, after = history.get(resource, ("", ""))
            start = noted.get(resource) or digest(resource)
            if start == after:
                found[resource] = before
            elif resource in noted:
                found[resource] = start
        return found

    def keep(self, files: Iterable[Path]) -> Path | None:
        """Keep what is in files that are about to be put back; the folder where. Costs no room where files can be linked."""
        there = [file for file in files if file.is_file() and not file.is_symlink()]
        if not there:
            return None
        self._left.mkdir(exist_ok=True)
        number = len(list(self._left.iterdir()))
        for file in there:
            number += 1
            target = self._left / f"{number}-{file.name}"
            try:
                os.link(file, target)
            except OSError:  # another file system, or one without links
                shutil.copy2(file, target)
        return self._left

    def end(self, before: Mapping[str, str], digest: Callable[[str], str], succeeded: bool) -> None:
        """The run ends. ``before``: resource → digest before the first step, of the files that it is known to have changed; ``digest``
        tells what a file is now.

        What killed attempts noted is added, unless the run has ``succeeded`` without them.
        """
        known = dict(before)
        for log in () if succeeded else self._notes.glob("*.jsonl"):
            entries = list(_entries(log))
            if entries and entries[-1].kind != "end":
                known = {**_first_writes(entries), **known}
        history = {resource: (digest_before, digest(resource)) for resource, digest_before in known.items()}
        write_whole(str(self._history), json.dumps(history).encode())
        shutil.rmtree(self._set_aside, ignore_errors=True)
        for log in self._notes.glob("*.jsonl"):
            log.unlink()

    def _saved(self) -> dict[str, tuple[str, str]]:
        try:
            saved = json.loads(self._history.read_text("utf-8"))
            return {str(resource): (str(before), str(after)) for resource, (before, after) in saved.items()}
        except (FileNotFoundError, ValueError, AttributeError, TypeError):
            return {}  # it has not ended in order yet, or another version of kfjlab has

    def _noted(self) -> dict[str, str]:
        """Resource → digest of what was in a file before the first of the attempts that noted that they write it."""
        self._set_aside.mkdir(parents=True, exist_ok=True)
        for log in self._notes.glob("*.jsonl"):
            os.replace(log, self._set_aside / log.name)
        return _first_writes(entry for log in self._set_aside.glob("*.jsonl") for entry in _entries(log))


def _first_writes(entries: Iterable[Entry]) -> dict[str, str]:
    """Resource → digest of what was there before the first of these writes."""
    found: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: entry.time):
        before = {"make": ABSENT, "remove": DIRECTORY}.get(entry.kind, "")
        if entry.kind == "write":
            before = str(entry.details[1])
        if before:
            found.setdefault(f"file:{entry.name}", before)
    return found


def _entries(log: Path) -> Iterator[Entry]:
    """The lines of a log; the last of a process that was killed, or of a machine that stopped, may be broken."""
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                entry = Entry(*json.loads(line))
            except (ValueError, TypeError):
                continue
            yield entry
