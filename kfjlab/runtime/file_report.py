"""What a step did to files, as resources with digests: from its journal and from comparing the workspace before and after."""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, List, Optional, Set

from .file_journal import Journal, Written
from .file_kernel import listen
from .file_log import Entry
from .file_watch import Watch, is_regular
from .files import (
    DIRECTORY,
    Signature,
    file_digest,
    folders_around,
    is_ignored,
    is_temporary,
    known_digest,
    signature,
    survey,
)
from .protocol import ABSENT, CHANGED

_SOURCES = (
    ".ipynb", ".py", ".pyi", ".r", ".sql", ".sh", ".md", ".rst", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".js", ".ts", ".css", ".html",
)  # fmt: skip
"""Endings of files that people edit while a pipeline runs. A change of one that the step was not seen to make is taken for theirs."""

_READ_WHOLE = (".py", ".pyi", ".so", ".pyd")
"""Endings of files that are read at once when they are opened: edited later, they were still read as they were."""

_COMPILED_READERS = frozenset(
    {
        "polars",
        "pyarrow",
        "h5py",
        "netCDF4",
        "cv2",
        "lightgbm",
        "xgboost",
        "duckdb",
        "tensorflow",
        "rasterio",
        "pyogrio",
        "tables",
    }
)
"""Libraries that open files without Python."""


@dataclass
class FileReport:
    """Resources with digests, as in :class:`~kfjlab.runtime.protocol.StepRecord`."""

    reads: Dict[str, str] = field(default_factory=dict)
    writes: Dict[str, str] = field(default_factory=dict)
    preimages: Dict[str, str] = field(default_factory=dict)
    inferred: List[str] = field(default_factory=list)
    warnings: List[Dict[str, Any]] = field(default_factory=list)

    def warn(self, code: str, message: str) -> None:
        """Add a warning."""
        self.warnings.append({"code": code, "message": message, "cell": None})


class FileReporter:
    """Made when a step starts; :meth:`report` is called at its end. ``keep`` stores a file's content and returns its digest."""

    def __init__(self, journal: Journal, keep: Callable[[str], str]) -> None:
        self._journal = journal
        self._keep = keep
        self._started = time.time()
        found = survey(journal.places.workspace, journal.places.hidden)
        self._before = found.files
        self._folders_before = set(found.folders)
        counting = [
            folder for folder in found.folders if journal.places.name(journal.places.path(folder)) is not None
        ]
        self.kernel = listen(journal.places.workspace, counting)
        """Tells what compiled code does; None where the kernel does not."""
        self._kernel_writes: Set[str] = set()
        self._kernel_opens: Set[str] = set()
        """Files that were opened when they were another version already than when the step started: it may have been to overwrite them."""
        self._changed: Set[str] = set()
        """Files that were another version at the step's end, or when it first wrote them, than when it first read them."""
        journal.log.note("start", "")

    def take_events(self, watch: Watch) -> None:
        """Take in what the kernel has told so far. ``watch`` must not see what this does."""
        if self.kernel is None:
            return
        with watch.paused(), self._journal.lock:
            try:
                for name, written in self.kernel.events():
                    if any(map(is_ignored, name.split("/"))):
                        continue
                    known = name in self._kernel_writes or name in self._journal.written
                    if written:
                        self._kernel_writes.add(name)
                    if written and not known:
                        self._journal.since.setdefault(name, time.time())
                        self._journal.log.note("write", name, None, "")
                    elif not written and not known:
                        self._opened(name)
            except OSError as error:
                self.kernel.complete = False
                watch.problems[f"{type(error).__name__}: {error}"] = None

    def _opened(self, name: str) -> None:
        """Compiled code has opened a file. One that it emptied by that is not what it reads; whether it did, what comes next tells."""
        if _version_now(self._journal.places.path(name)) == self._before.get(name):
            self._journal.read(name)
        else:
            self._kernel_opens.add(name)

    def report(self, succeeded: bool) -> FileReport:
        """Raises :class:`OSError` when the store does not take a file."""
        found = FileReport()
        if self.kernel is not None:
            self.kernel.close()
        for name in sorted(self._kernel_opens - self._kernel_writes):
            self._journal.read(name)
        self._journal.take_in_children()
        unseen = self._overwritten(found)
        unseen.update(self._unseen_changes(found))
        self._reads(found, succeeded, unseen)
        self._writes(found)
        self._contested(found)
        for name, other in self._journal.hard_links.items():
            if f"file:{name}" in found.writes and os.path.exists(self._journal.places.path(other)):
                found.warn(
                    "hard-link",
                    f"The step made {name} a second name of {other}; for later steps it is a copy.",
                )
        for name, names in self._journal.listings.items():
            found.reads[f"dir:{name}"] = json.dumps(names)
        blind = sorted(name for name in _COMPILED_READERS if name in sys.modules)
        if self._journal.subprocesses or (not succeeded and _failed_in(blind)):
            found.reads["file:*"] = "any"
        if blind and (self.kernel is None or not self.kernel.complete):
            found.warn(
                "reads-not-observed",
                f"This system does not tell which files compiled code reads ({', '.join(blind)}): for steps that read "
                "files with it, name them literally in the cell, or turn caching off.",
            )
        self._journal.log.note("end", "")
        return found

    def _reads(self, found: FileReport, succeeded: bool, unseen: Dict[str, Optional[Signature]]) -> None:
        journal = self._journal
        for name, seen in journal.reads.items():
            path = journal.places.path(name)
            digest = seen.digest
            if digest == ABSENT and succeeded and os.path.isdir(path):
                continue  # it looked for a folder and then made it: it does not matter to it who makes it
            if (
                digest == ABSENT
                and is_temporary(name)
                and name in journal.writes
                and not os.path.exists(path)
            ):
                continue  # a temporary file: its name was made up
            if digest is None:
                if _version_now(path) == seen.version:
                    digest = file_digest(path, journal.store_limit)
                elif name in unseen or not journal.places.inside(name):
                    if not journal.places.inside(name):
                        self._changed.add(name)  # unless another step did it
                    kept = journal.writes.get(name)
                    if kept is not None and kept.preimage and kept.version == seen.version:
                        found.reads[f"file:{name}"] = kept.preimage
                    elif not journal.places.inside(name) and not is_temporary(name):
                        found.warn(
                            "content-lost",
                            f"{name} was changed after the step had {self._done_to(name)} it, in a way that kfjlab could not see in time; "
                            "the step is reused whatever is in it.",
                        )
                    continue  # of one in the workspace, that it was changed has told
                else:
                    digest = CHANGED
            elif seen.version is not None and not name.endswith(_READ_WHOLE):
                written = journal.writes.get(name)
                if (written.version if written is not None else _version_now(path)) != seen.version:
                    self._changed.add(name)
            found.reads[f"file:{name}"] = digest

    def _writes(self, found: FileReport) -> None:
        journal = self._journal
        for name, written in journal.writes.items():
            path = journal.places.path(name)
            status = _status_now(path)
            if (None if status is None else signature(status)) == written.version:
                continue
            if status is not None and is_regular(status) and status.st_size <= journal.store_limit:
                digest = self._keep(path)
            else:
                digest = file_digest(path, journal.store_limit)
            found.writes[f"file:{name}"] = digest
            if written.preimage:
                found.preimages[f"file:{name}"] = written.preimage
        for name in journal.made_folders:
            if os.path.isdir(journal.places.path(name)):
                found.writes[f"file:{name}"], found.preimages[f"file:{name}"] = DIRECTORY, ABSENT
        for name in journal.removed_folders:
            if not os.path.isdir(journal.places.path(name)):
                found.writes[f"file:{name}"], found.preimages[f"file:{name}"] = ABSENT, DIRECTORY

    def _contested(self, found: FileReport) -> None:
        """What another step wrote while this one had it open is not what this step should have read or left.

        Comes after the digests have been taken: steps note a write before they make it, so one that is not in the log yet is not in them.
        """
        written = {name for name in self._journal.writes if f"file:{name}" in found.writes}
        kernel = self.kernel if self.kernel is not None and self.kernel.complete else None
        limit = self._journal.store_limit
        for name in self._changed:
            if kernel is not None and kernel.covers(name):  # else compiled code of this step may have done it
                before = self._journal.writes.get(name)
                now = (
                    file_digest(self._journal.places.path(name), limit) if before is None else before.preimage
                )
                if now != found.reads[f"file:{name}"]:
                    found.reads[f"file:{name}"] = CHANGED
        if not (written or self._changed):
            return
        earliest: Dict[str, Entry] = {}
        for other in self._journal.log.of_others(self._started):
            for entry in other.entries:
                name = entry.name
                if entry.kind != "write" or name not in written | self._changed:
                    continue
                if other.ended is None or other.ended >= self._since(name):
                    found.reads[f"file:{name}"] = CHANGED
                known = earliest.get(name)
                if entry.details[1] and (known is None or entry.time < known.time):
                    earliest[name] = entry
        for name, entry in earliest.items():
            resource = f"file:{name}"
            if resource in found.preimages and entry.time < self._since(name):
                found.preimages[resource] = entry.details[1]

    def _since(self, name: str) -> float:
        """When this step first touched a file, as far as that was seen."""
        return self._journal.since.get(name, self._started)

    # Changes that no event announced: by compiled code and by subprocesses ---------------------------------------------

    def _overwritten(self, found: FileReport) -> Dict[str, Optional[Signature]]:
        """Files that compiled code or programs of this step changed before Python read or wrote them, with the versions before. What Python
        found in them is the step's own."""
        journal = self._journal
        read = {n for n, seen in journal.reads.items() if seen.version != self._before.get(n)}
        written = {n for n, entry in journal.writes.items() if entry.version != self._before.get(n)}
        mine = {
            name
            for name in (read | written) - journal.settled
            if journal.places.inside(name) and (journal.subprocesses or name in self._kernel_writes)
        }
        if not mine:
            return {}
        for other in journal.log.of_others(self._started):
            mine -= {entry.name for entry in other.entries if entry.kind == "write"}
        for name in sorted(mine & read):
            del journal.reads[name]
        for name in sorted(mine & written):
            before = self._before.get(name)
            journal.writes[name] = Written(before, self._kept_before(name, before, found))
        return {name: self._before.get(name) for name in mine}

    def _unseen_changes(self, found: FileReport) -> Dict[str, Optional[Signature]]:
        """Changed files that the journal does not know and that this step must have changed; they are entered into it."""
        found_after = survey(self._journal.places.workspace, self._journal.places.hidden)
        after = found_after.files
        names = [n for n in self._before.keys() | after.keys() if self._before.get(n) != after.get(n)]
        names = [name for name in names if name not in self._journal.writes]
        mine = [name for name in names if name in self._kernel_writes]
        candidates = [name for name in names if name not in self._kernel_writes and self._plausible(name)]
        if candidates:
            foreign = _open_elsewhere()
            candidates = [name for name in candidates if self._journal.places.path(name) not in foreign]
        if candidates:
            inferred = self._not_others(sorted(candidates), found)
            found.inferred += [f"file:{name}" for name in inferred]
            mine += inferred
        for name in mine:
            before = self._before.get(name)
            self._journal.writes[name] = Written(before, self._kept_before(name, before, found))
        self._unseen_folders(set(found_after.folders))
        return {name: self._before.get(name) for name in mine}

    def _unseen_folders(self, after: Set[str]) -> None:
        """Enter the folders that programs of this step, or compiled code for the files that it wrote, made or removed."""
        journal = self._journal
        made, removed = after - self._folders_before, self._folders_before - after
        made -= journal.made_folders
        removed -= journal.removed_folders
        if not journal.subprocesses:
            made &= {folder for name in journal.writes for folder in folders_around(name)}
            removed.clear()
        if not (made or removed):
            return
        for other in journal.log.of_others(self._started):
            claimed = {entry.name for entry in other.entries if entry.kind in ("make", "remove")}
            made -= claimed
            removed -= claimed
        journal.made_folders |= made
        journal.removed_folders |= removed

    def _kept_before(self, name: str, before: Optional[Signature], found: FileReport) -> str:
        """The digest of what was in a file before compiled code changed it; empty, and reported, where nobody knows."""
        preimage = ABSENT if before is None else self._old_digest(name, before)
        if not preimage:
            message = (
                f"The step changed {name} outside of Python, so what was in it before could not be kept: a step before it that reads it "
                "and has to run again fails."
            )
            if name in self._journal.reads:
                message += (
                    f" That it had {self._done_to(name)} it is forgotten: it is reused whatever is in it."
                )
            found.warn("content-lost", message)
        return preimage

    def _done_to(self, name: str) -> str:
        return "read" if name in self._journal.opened else "looked for"

    def _plausible(self, name: str) -> bool:
        """Whether the step may have changed a file without being seen (compiled code writes new results, not what Python has read)."""
        if name.endswith(".ipynb"):
            return False  # saved by the editor
        journal, kernel = self._journal, self.kernel
        if (
            kernel is not None
            and kernel.complete
            and kernel.covers(name)
            and not (journal.subprocesses or journal.children)
        ):
            return False  # the kernel would have told
        return self._journal.subprocesses or not (
            name.lower().endswith(_SOURCES) or name in self._journal.opened
        )

    def _not_others(self, names: List[str], found: FileReport) -> List[str]:
        """Those of ``names`` that no step beside this one has changed."""
        claimed: Set[str] = set()
        suspects = 0
        for other in self._journal.log.of_others(self._started):
            claimed.update(entry.name for entry in other.entries if entry.kind == "write")
            suspects += any(entry.kind == "subprocess" for entry in other.entries)
        mine = [name for name in names if name not in claimed]
        if not self._journal.subprocesses and suspects:
            return []  # a step beside this one has started programs, and this one has not
        if mine and suspects:
            listed = ", ".join(mine[:5]) + (" …" if len(mine) > 5 else "")
            found.warn(
                "ambiguous-write",
                f"This step or one that ran beside it changed {listed} by a program; it counts for each of them.",
            )
        return mine

    def _old_digest(self, name: str, before: Signature) -> str:
        seen = self._journal.reads.get(name)
        if seen is not None and seen.version == before and seen.digest is not None:
            return seen.digest
        try:
            device = os.stat(self._journal.places.workspace).st_dev
        except OSError:
            return ""
        return known_digest(device, before) or ""


def _failed_in(libraries: List[str]) -> bool:
    """Whether the exception that was shown last comes from one of these. Nobody tells of a file that compiled code looked for and that was
    not there, so it may have failed for that."""
    names = set(libraries)
    error: Optional[BaseException] = getattr(sys, "last_value", None)
    seen: Set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        modules = [type(error).__module__]
        modules += [
            str(frame.f_globals.get("__name__")) for frame, _ in traceback.walk_tb(error.__traceback__)
        ]
        if names.intersection(module.partition(".")[0] for module in modules):
            return True
        error = error.__cause__ or error.__context__
    return False


def _open_elsewhere() -> Set[str]:
    """Files that processes of other sessions hold open for writing: a log that somebody's shell writes into the folder."""
    found: Set[str] = set()
    mine = os.getsid(0)
    for entry in os.listdir("/proc") if os.path.isdir("/proc/self/fd") else ():
        if not entry.isdigit():
            continue
        try:
            if os.getsid(int(entry)) == mine:
                continue
            for fd in os.listdir(f"/proc/{entry}/fd"):
                link = f"/proc/{entry}/fd/{fd}"
                if os.lstat(link).st_mode & 0o200:  # the link's own mode says how the file is open
                    found.add(os.readlink(link))
        except OSError:
            continue  # another user's process, or it has just ended
    return found


def _status_now(path: str) -> Optional[os.stat_result]:
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _version_now(path: str) -> Optional[Signature]:
    status = _status_now(path)
    return None if status is None else signature(status)
