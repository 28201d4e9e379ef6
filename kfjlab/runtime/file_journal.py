"""What a step has done to files so far: first reads, first writes with what was there before, folders."""

from __future__ import annotations

import os
import stat
import threading
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Set

from .file_callers import is_makedirs
from .file_links import Links
from .file_log import TouchLog
from .files import DIRECTORY, Places, Signature, file_digest, folder_names, signature
from .protocol import ABSENT

EAGER = 8 * 1024 * 1024
"""Bytes up to which a file is hashed when it is first read; larger ones at the end of the step, unless they have changed by then."""

_real_lstat = os.lstat


@dataclass
class Seen:
    """A file as it was when the step first read it. ``version`` None: there was none, or a folder. ``digest`` None: not taken yet."""

    version: Optional[Signature]
    digest: Optional[str]


@dataclass
class Written:
    """A file as it was before the step's first write. ``preimage`` is the digest of its content."""

    version: Optional[Signature]
    preimage: str


class Journal:
    """The journal of one step. ``keep`` stores a file's content and returns its digest.

    What matters to other processes also goes to the step's log: to steps that run beside it what was written, and from a child process
    to the step's own (``forward``) everything.
    """

    def __init__(
        self,
        places: Places,
        store_limit: int,
        keep: Callable[[str], str],
        log: TouchLog,
        forward: bool = False,
    ) -> None:
        self.lock = threading.RLock()
        """Held by who makes an entry: what a thread reads is read after the entry has been made, by whichever thread, so that it is as the
        entry says, or has changed since."""
        self.places = places
        self._links = Links(places)
        self.store_limit = store_limit
        self.log = log
        self.forward = forward
        self._keep = keep
        self.reads: Dict[str, Seen] = {}
        self.opened: Set[str] = set()
        self.written: Set[str] = set()
        """Names in ``writes``, and that for which an entry is just being made."""
        self.since: Dict[str, float] = {}
        """When each file was first touched, in Unix seconds."""
        self.writes: Dict[str, Written] = {}
        self.listings: Dict[str, List[str]] = {}
        self.made_folders: Set[str] = set()
        self.wanted_folders: Set[str] = set()
        """Those that the step has tried to make. They are there then, whoever has made them, so that they are is no read: steps that share
        a folder (``os.makedirs(…, exist_ok=True)``) need not wait for each other."""
        self.removed_folders: Set[str] = set()
        self.settled: Set[str] = set()
        """Files whose times or permissions the step has set."""
        self.hard_links: Dict[str, str] = {}
        """New name of a file → the name that it had."""
        self.subprocesses = False
        self.children = False
        """Whether the process has Python children, which report themselves what Python does."""

    def follow(self, name: str, last: bool = True) -> Optional[str]:
        """The name of the file that a path leads to, None when it does not count; the links on the way are read. ``last``: whether one at
        the very end is followed too."""
        end, links = self._links.follow(name, last)
        for link in links:
            self._see(link, eager=True)
        return end

    def linked(self) -> None:
        """Links are about to change."""
        self._links.forget()

    def read(self, name: str) -> None:
        """A file is about to be opened for reading (it need not be there)."""
        self.opened.add(name)
        self._see(name, eager=True)

    def look(self, name: str) -> None:
        """A file's existence, size or age was asked for."""
        self._see(
            name, eager=not self.places.inside(name)
        )  # whether it changes is watched in the workspace only

    def missed(self, name: str) -> None:
        """A file was looked for and was not there. It may be by now, so nobody looks again."""
        if name not in self.reads and name not in self.writes:
            self.reads[name] = Seen(None, ABSENT)

    def write(self, name: str) -> None:
        """A file is about to be written, created or deleted. What is there is kept."""
        if name in self.writes:
            return
        self.written.add(name)
        self.since.setdefault(name, time.time())
        status = self._status(name)
        if status is not None and not _is_content(status):
            return
        if status is None:
            written = Written(None, ABSENT)
        else:
            path = self.places.path(name)
            digest = (
                self._keep(path)
                if stat.S_ISREG(status.st_mode) and status.st_size <= self.store_limit
                else file_digest(path, self.store_limit)
            )
            written = Written(signature(status), digest)
            seen = self.reads.get(name)
            if seen is not None and seen.digest is None and seen.version == written.version:
                seen.digest = digest
        self.writes[name] = written
        self.log.note("write", name, written.version, written.preimage)

    def settle(self, name: str) -> None:
        """A file's times or permissions are about to change, and not its content."""
        self.settled.add(name)
        seen, status = self.reads.get(name), self._status(name)
        if (
            seen is not None
            and seen.digest is None
            and status is not None
            and signature(status) == seen.version
        ):
            seen.digest = file_digest(self.places.path(name), self.store_limit)

    def list_folder(self, name: str) -> None:
        """A folder is about to be listed. What the step itself has made or removed there is discounted."""
        if name in self.listings or name in self.made_folders:
            return
        names = set(folder_names(self.places.path(name)))
        own = [(path, written.preimage == ABSENT) for path, written in self.writes.items()]
        own += [(path, True) for path in self.made_folders] + [(path, False) for path in self.removed_folders]
        for path, made in own:
            folder, base = os.path.split(path)
            if folder == ("" if name == "." else name):
                (names.discard if made else names.add)(base)
        self.listings[name] = sorted(names)
        if self.forward:
            self.log.note("list", name, sorted(names))

    def make_folder(self, name: str) -> None:
        """A folder is about to be made."""
        self.wanted_folders.add(name)
        if self._status(name) is None:
            self.made_folders.add(name)
            self.log.note("make", name)

    def remove_folder(self, name: str) -> None:
        """A folder is about to be removed."""
        self._see(name, eager=True)
        if name in self.made_folders:
            self.made_folders.discard(name)
        elif self._status(name) is not None:
            self.removed_folders.add(name)
            self.log.note("remove", name)

    def subprocess(self) -> None:
        """A program was started; what it reads is not seen."""
        self._links.forget()
        if not self.subprocesses:
            self.subprocesses = True
            self.log.note("subprocess", "")

    def _see(self, name: str, eager: bool) -> None:
        if name in self.reads or name in self.writes or name in self.removed_folders:
            return
        self.since[name] = time.time()
        status = self._status(name)
        if status is None:
            seen = Seen(None, ABSENT)
            folder = os.path.dirname(name)
            if folder not in ("", "/") and self._status(folder) is None:
                self._see(folder, eager)  # a link may be made there that leads to a folder with such a file
        elif _is_content(status):
            digest = None
            if eager and status.st_size <= min(EAGER, self.store_limit):
                digest = file_digest(self.places.path(name), self.store_limit)
            seen = Seen(signature(status), digest)
        elif stat.S_ISDIR(status.st_mode) and self._counts_as_folder(name):
            seen = Seen(None, DIRECTORY)
        else:
            return
        self.reads[name] = seen
        self.log.note("read", name, seen.version, seen.digest)

    def _counts_as_folder(self, name: str) -> bool:
        """Whether it is a read that a folder is there. Those around the workspace, and outside of it, are there."""
        if name == "." or not self.places.inside(name):
            return False
        if is_makedirs():
            self.wanted_folders.add(name)
        return name not in self.wanted_folders

    def _status(self, name: str) -> Optional[os.stat_result]:
        try:
            return _real_lstat(self.places.path(name))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def take_in_children(self) -> None:
        """Add what child processes have put into the log."""
        for entry in self.log.of_children():
            kind, name, details = entry.kind, entry.name, entry.details
            if kind in ("write", "read"):
                self.since[name] = min(entry.time, self.since.get(name, entry.time))
            if kind == "write" and name not in self.writes:
                self.writes[name] = Written(_version(details[0]), details[1])
            elif kind == "read" and name not in self.reads and name not in self.writes:
                if details[1] == DIRECTORY and name in self.wanted_folders:
                    continue
                self.reads[name] = Seen(_version(details[0]), details[1])
            elif kind == "list" and name not in self.listings:
                self.listings[name] = details[0]
            elif kind == "make":
                self.made_folders.add(name)
            elif kind == "remove":
                self.removed_folders.add(name)
            elif kind == "subprocess":
                self.subprocesses = True


def _version(numbers: Optional[List[int]]) -> Optional[Signature]:
    return None if numbers is None else (numbers[0], numbers[1], numbers[2], numbers[3])


def _is_content(status: os.stat_result) -> bool:
    """Whether a status is that of an ordinary file or of a link."""
    return stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
