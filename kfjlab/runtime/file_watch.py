"""Sees which files a step reads and writes: Python's audit events, and calls of ``os.stat`` and the like, which have none.

One watch is active in a process at a time (:func:`activate`). The hook is installed once (PEP 578: it cannot be removed) and costs one
look-up in a dict for each event that is none of ours. What is seen goes to a *journal*: in the step's own process a :class:`Journal`, in
processes that the step's Python forks or spawns a file that the step's process reads at its end (see ``file_children.py``).
"""

from __future__ import annotations

import os
import stat
import sys
import threading
from typing import Any, Callable, Dict, Optional, Tuple

from .file_callers import is_import, is_notebook
from .file_journal import Journal
from .file_looks import watch_looks
from .imports import ImportWatch

_HARMLESS = frozenset(
    {
        "lscpu", "uname", "ldconfig", "fc-list", "fc-match", "nvidia-smi", "sysctl", "lsb_release", "which", "hostname", "id", "getconf",
        "arch", "stty", "tput", "sw_vers", "system_profiler", "kpsewhich",
    }
)  # fmt: skip
"""Programs that libraries ask for facts about the machine; they read none of the user's files."""

_active: Optional[Watch] = None
_installed = False
_real_stat = os.stat
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)


class Watch:
    """Turns events into entries of a journal."""

    def __init__(self, journal: Journal, imports: Optional[ImportWatch] = None) -> None:
        self.journal = journal
        self._imports = imports
        self._thread = threading.local()
        self.problems: Dict[str, None] = {}
        """Failures of the watch itself, in words; a dict for its order."""

    def event(self, handler: _Handler, arguments: Tuple[Any, ...]) -> None:
        """Take an audit event. Never raises but what a signal raises."""
        if getattr(self._thread, "busy", False):
            return
        self._thread.busy = True
        try:
            with self.journal.lock:
                handler(self, arguments)
        except Exception as error:
            self.problems[f"{type(error).__name__}: {error}"] = None
        finally:
            self._thread.busy = False

    # Handlers ---------------------------------------------------------------------------------------------------------

    def opened(self, arguments: Tuple[Any, ...]) -> None:
        path, _, flags = arguments
        name = self._name(path, last=not flags & _NO_FOLLOW)
        if name is None:
            return
        access = flags & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        if access == os.O_RDONLY:
            if not flags & getattr(os, "O_DIRECTORY", 0) and not _is_invented(path):
                self.journal.read(name)
            return
        if not flags & os.O_TRUNC:
            self.journal.read(name)  # appended to, changed in part, or created only if it is not there
        self.journal.write(name)

    def listed(self, arguments: Tuple[Any, ...]) -> None:
        path = "." if arguments[0] is None else arguments[0]
        name = self.journal.places.name(path, is_notebook)
        if name is None or (self._imports is not None and self._imports.importing) or is_import():
            return
        name = self.journal.follow(name)
        if name is not None:
            self.journal.list_folder(name)

    def removed(self, arguments: Tuple[Any, ...]) -> None:
        name = self._name(arguments[0], arguments[1] if len(arguments) > 1 else -1, last=False)
        if name is not None:
            self.journal.read(name)
            self.journal.write(name)
            if os.path.islink(self.journal.places.path(name)):
                self.journal.linked()

    def renamed(self, arguments: Tuple[Any, ...]) -> None:
        source, target = arguments[:2]
        source_dir, target_dir = (arguments[2], arguments[3]) if len(arguments) > 3 else (-1, -1)
        old, new = self._name(source, source_dir, last=False), self._name(target, target_dir, last=False)
        self.journal.linked()
        if old is not None and _is_folder(self.journal.places.path(old)):
            self._renamed_folder(old, target)
            return
        if old is not None:
            self.journal.read(old)
            self.journal.write(old)
        if new is not None:
            self.journal.write(new)

    def linked(self, arguments: Tuple[Any, ...]) -> None:
        source, target = self._name(arguments[0]), self._name(arguments[1], last=False)
        if source is not None:
            self.journal.read(source)
            self.journal.settle(source)
        if target is not None:
            self.journal.write(target)
        if source is not None and target is not None:
            self.journal.hard_links[target] = source

    def symlinked(self, arguments: Tuple[Any, ...]) -> None:
        target = self._name(arguments[1], last=False)
        if target is not None:
            self.journal.write(target)
        self.journal.linked()

    def touched(self, arguments: Tuple[Any, ...]) -> None:
        name = self._name(arguments[0])
        if name is not None:
            self.journal.settle(name)

    def truncated(self, arguments: Tuple[Any, ...]) -> None:
        name = self._name(arguments[0])
        if name is not None:
            self.journal.read(name)
            self.journal.write(name)

    def made_folder(self, arguments: Tuple[Any, ...]) -> None:
        name = self._name(arguments[0], arguments[2] if len(arguments) > 2 else -1, last=False)
        if name is not None:
            self.journal.make_folder(name)

    def removed_folder(self, arguments: Tuple[Any, ...]) -> None:
        name = self._name(arguments[0], arguments[1] if len(arguments) > 1 else -1, last=False)
        if name is not None:
            self.journal.remove_folder(name)

    def removed_tree(self, arguments: Tuple[Any, ...]) -> None:
        name = self._name(arguments[0], last=False)
        if name is not None:
            for inside in _files_below(self.journal.places.path(name)):
                self.removed((inside,))

    def database(self, arguments: Tuple[Any, ...]) -> None:
        text = os.fsdecode(arguments[0])
        if text.startswith("file:"):
            text = text[len("file:") :].split("?")[0]
        name = self._name(text) if text and ":memory:" not in text else None
        if name is not None:
            self.journal.read(name)
            self.journal.write(name)

    def started(self, arguments: Tuple[Any, ...]) -> None:
        program = arguments[0]
        if program is None and len(arguments) > 1 and arguments[1]:
            program = arguments[1] if isinstance(arguments[1], (str, bytes)) else arguments[1][0]
        text = os.fsdecode(program).split() if isinstance(program, (str, bytes, os.PathLike)) else []
        if not text or os.path.basename(text[0]) not in _HARMLESS:
            self.journal.subprocess()

    def became_two(self, arguments: Tuple[Any, ...]) -> None:
        self.journal.subprocess()

    # ------------------------------------------------------------------------------------------------------------------

    def looked(self, path: object, last: bool = True) -> None:
        """Something asked whether a file is there, or how large or old it is. ``last``: not whether it is a link."""
        if getattr(self._thread, "busy", False):
            return
        self._thread.busy = True
        try:
            name = self.journal.places.name(path, is_notebook)
            if name is not None and name != ".":
                with self.journal.lock:
                    name = self.journal.follow(name, last)
                    if name is not None:
                        self.journal.look(name)
        except Exception as error:
            self.problems[f"{type(error).__name__}: {error}"] = None
        finally:
            self._thread.busy = False

    def module(self, path: str) -> None:
        """A module was executed from the file ``path`` (or from its compiled form)."""
        with self.paused(), self.journal.lock:
            name = self._name(path)
            if name is not None:
                self.journal.read(name)

    def missing_module(self, path: str) -> None:
        """A module would have been in the file ``path``, which is not there."""
        name = self.journal.places.name(path)
        if name is not None:
            with self.journal.lock:
                self.journal.missed(name)

    def paused(self) -> _Pause:
        """A context in which this thread's file accesses are not the step's."""
        return _Pause(self._thread)

    def _name(self, path: Any, folder: Any = -1, last: bool = True) -> Optional[str]:
        if isinstance(folder, int) and folder >= 0 and not os.path.isabs(os.fsdecode(path)):
            try:
                path = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), os.fsdecode(path))
            except OSError:
                return None  # no such file system here: comparing the workspace before and after shows it
        name = self.journal.places.name(path, is_notebook)
        if name is None or name == ".":
            return None
        name = self.journal.follow(name, last)
        return None if name == "." else name

    def _renamed_folder(self, old: str, target: Any) -> None:
        start = self.journal.places.path(old)
        for inside in _files_below(start):
            self.removed((inside,))
            new = self._name(os.path.join(os.fsdecode(target), os.path.relpath(inside, start)), last=False)
            if new is not None:
                self.journal.write(new)
        self.journal.remove_folder(old)
        made = self._name(target, last=False)
        if made is not None:
            self.journal.make_folder(made)


class _Pause:
    def __init__(self, thread: threading.local) -> None:
        self._thread = thread
        self._before = False

    def __enter__(self) -> None:
        self._before = getattr(self._thread, "busy", False)
        self._thread.busy = True

    def __exit__(self, *error: object) -> None:
        self._thread.busy = self._before


_Handler = Callable[[Watch, Tuple[Any, ...]], None]

_HANDLERS: Dict[str, _Handler] = {
    "open": Watch.opened,
    "os.listdir": Watch.listed,
    "os.scandir": Watch.listed,
    "os.remove": Watch.removed,
    "os.rename": Watch.renamed,
    "os.link": Watch.linked,
    "os.symlink": Watch.symlinked,
    "os.truncate": Watch.truncated,
    "os.utime": Watch.touched,
    "os.chmod": Watch.touched,
    "os.chown": Watch.touched,
    "os.mkdir": Watch.made_folder,
    "os.rmdir": Watch.removed_folder,
    "shutil.rmtree": Watch.removed_tree,
    "sqlite3.connect": Watch.database,
    "subprocess.Popen": Watch.started,
    "os.system": Watch.became_two,
    "os.exec": Watch.became_two,
    "os.posix_spawn": Watch.started,
    "os.spawn": Watch.became_two,
    "os.forkpty": Watch.became_two,
}


def _hook(event: str, arguments: Tuple[Any, ...]) -> None:
    handler = _HANDLERS.get(event)
    if handler is not None and _active is not None:
        _active.event(handler, arguments)


def activate(watch: Optional[Watch]) -> None:
    """Let ``watch`` see what this process does from now on; None: nobody."""
    global _active, _installed
    if not _installed:
        _installed = True
        sys.addaudithook(_hook)
        watch_looks(_looked)
    _active = watch


def active() -> Optional[Watch]:
    """The watch that sees what this process does."""
    return _active


def _looked(path: Any, last: bool) -> None:
    if _active is not None:
        _active.looked(path, last)


def _is_invented(path: Any) -> bool:
    """Whether the compiler is looking for the line of a syntax error in code that comes from no file. Python 3.13's tracebacks parse lines
    to find what to underline, and so look for a file ``<unknown>``."""
    if not isinstance(path, str) or not (path.startswith("<") and path.endswith(">")):
        return False
    try:
        _real_stat(path)
    except OSError:
        return True
    return False


def _files_below(folder: str) -> Any:
    for base, folders, names in os.walk(folder):
        for name in names + [inside for inside in folders if os.path.islink(os.path.join(base, inside))]:
            yield os.path.join(base, name)


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)


def is_regular(status: os.stat_result) -> bool:
    """Whether a status is that of an ordinary file."""
    return stat.S_ISREG(status.st_mode)
