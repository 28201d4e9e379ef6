"""Files as resources: which count, what their digest is, what a folder holds.

The engine uses these functions too, so that both sides mean the same by the digest of a file.
"""

from __future__ import annotations

import functools
import hashlib
import os
import site
import stat
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, Tuple

from .cell_files import CELL_FOLDER
from .protocol import ABSENT

IGNORED_NAMES = frozenset(
    {
        ".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__", ".ipynb_checkpoints", ".kfjlab", ".virtual_documents",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".tox", ".nox", ".idea", ".vscode", ".DS_Store",
    }
)  # fmt: skip
"""Files and folders that are no part of a notebook's data, wherever they are."""

DIRECTORY = "directory"
"""Digest of a folder as such (its listing is a ``dir:`` resource)."""
SPECIAL = "special"
"""Digest of what is neither a file nor a folder."""

SNAPSHOT_LIMIT = 50_000
"""Entries after which a snapshot of a workspace ends."""
SETTLED = 2.0
"""Seconds without a change after which a file's time stamps are trusted to tell two contents apart (as git's "racy" rule)."""
KEEP_FROM = 4 * 1024 * 1024
"""Bytes from which a digest is worth keeping in a file."""
_BLOCK = 1024 * 1024

Signature = Tuple[int, int, int, int]
"""Size, time of the last change (ns), inode, and time of the last change of any kind (ns), which programs cannot set."""
LINK = "link:"
"""What the digest of a symbolic link starts with; its target follows."""

_memo: Dict[Tuple[int, Signature], str] = {}
_memo_folder: Optional[str] = None


def remember_digests_in(folder: Optional[str]) -> None:
    """Keep the digests of larger files in ``folder`` from now on, for other processes and later runs: a small file for each."""
    global _memo_folder
    _memo_folder = folder


def signature(status: os.stat_result) -> Signature:
    """What tells a file's versions apart without reading it."""
    return status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns


def file_digest(path: str, store_limit: int) -> str:
    """The digest of a file now: sha256 (hex), or ``stat:SIZE:MTIME_NS`` above ``store_limit`` bytes; :data:`ABSENT` when there is none.

    A link is not followed: its digest is its target. Digests are remembered by device, inode, size and times, in this process and where
    :func:`remember_digests_in` says. Raises :class:`OSError` when the file is there and cannot be read.
    """
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode):
            return LINK + os.readlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    if stat.S_ISDIR(status.st_mode):
        return DIRECTORY
    if not stat.S_ISREG(status.st_mode):
        return SPECIAL
    if status.st_size > store_limit:
        return f"stat:{status.st_size}:{status.st_mtime_ns}"
    return _content_digest(path, status)


def known_digest(device: int, version: Signature) -> Optional[str]:
    """The remembered digest of a version of a file, also of one that is gone."""
    key = (device, version)
    if key not in _memo and _memo_folder is not None and version[0] >= KEEP_FROM:
        try:
            with open(_memo_file(_memo_folder, key), encoding="ascii") as file:
                text = file.read()
        except OSError:
            return None
        if len(text) == 64:
            _memo[key] = text
    return _memo.get(key)


def remember_digest(status: os.stat_result, digest: str) -> None:
    """Note the digest of a version of a file, if that version can be told from later ones."""
    if time.time() - max(status.st_mtime, status.st_ctime) <= SETTLED:
        return
    key = (status.st_dev, signature(status))
    _memo[key] = digest
    if _memo_folder is not None and status.st_size >= KEEP_FROM:
        os.makedirs(_memo_folder, exist_ok=True)
        target = _memo_file(_memo_folder, key)
        handle, temporary = tempfile.mkstemp(dir=_memo_folder)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(digest)
        os.replace(temporary, target)


def _memo_file(folder: str, key: Tuple[int, Signature]) -> str:
    return os.path.join(folder, hashlib.sha256(repr(key).encode()).hexdigest()[:32])


def _content_digest(path: str, status: os.stat_result) -> str:
    known = known_digest(status.st_dev, signature(status))
    if known is not None:
        return known
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            block = file.read(_BLOCK)
            if not block:
                break
            digest.update(block)
        after = os.fstat(file.fileno())
    if signature(after) == signature(status):
        remember_digest(status, digest.hexdigest())
    return digest.hexdigest()


def folder_names(path: str) -> List[str]:
    """The sorted names in a folder that count; none when there is no such folder. Raises :class:`OSError` when it cannot be read."""
    try:
        return sorted(name for name in os.listdir(path) if not is_ignored(name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def folders_around(name: str) -> List[str]:
    """The names of the folders that a file of the workspace is in, without the workspace itself."""
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def is_ignored(name: str) -> bool:
    """Whether a file or folder of this name is no part of the data (version control, caches, trash, what kfjlab is still writing)."""
    return name in IGNORED_NAMES or name.startswith((".Trash-", ".kfjlab-", ".nfs"))


@dataclass(frozen=True)
class Survey:
    """What is in a workspace, by relative path: files and links with their signatures, folders (``""`` is the workspace itself), and which
    are links."""

    files: Dict[str, Signature]
    folders: List[str]
    links: List[str]


def survey(root: str, hidden: Tuple[str, ...] = (), limit: int = SNAPSHOT_LIMIT) -> Survey:
    """The files and folders under ``root``. Virtual environments and ``hidden`` folders (absolute paths) are left out; links
    are not followed; what cannot be read is not there. Ends after ``limit`` entries."""
    found = Survey({}, [], [])
    waiting = [("", os.path.abspath(root))]
    entries = 0
    while waiting:
        prefix, folder = waiting.pop()
        try:
            inside = list(os.scandir(folder))
        except OSError:
            continue  # it went away, or is not ours to read
        if prefix and any(entry.name == "pyvenv.cfg" for entry in inside):
            continue
        found.folders.append(prefix.rstrip("/"))
        for entry in inside:
            if is_ignored(entry.name):
                continue
            entries += 1
            if entries > limit:
                return found
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.path in hidden:
                        continue
                    waiting.append((f"{prefix}{entry.name}/", entry.path))
                elif entry.is_symlink():
                    found.links.append(prefix + entry.name)
                    found.files[prefix + entry.name] = signature(entry.stat(follow_symlinks=False))
                elif entry.is_file():
                    found.files[prefix + entry.name] = signature(entry.stat())
            except OSError:
                continue  # it went away while we looked
    return found


class Places:
    """Which files count for a workspace, and their names as resources.

    Files of the workspace are named relative to it, others by their absolute path. Those of Python itself, its packages and the system do
    not count, nor what is in ``hidden`` folders. Those of the machine's and the user's settings and caches count when the notebook's
    own code asks for them: packages keep there what is no part of anybody's data.
    """

    def __init__(self, workspace: str, hidden: Tuple[str, ...] = ()) -> None:
        self.workspace = os.path.abspath(workspace)
        self.hidden = hidden
        self._roots = tuple(dict.fromkeys((self.workspace, os.path.realpath(workspace))))
        self._code = tuple(_with_slash(path) for path in (*_code_folders(self.workspace), *hidden) if path)
        self._outside = tuple(_with_slash(path) for path in _system_folders())
        self._settings = tuple(_with_slash(path) for path in _settings_folders())
        self._hidden_in_home = _with_slash(os.path.expanduser("~")) + "."
        self._known: Dict[str, Tuple[Optional[str], bool]] = {}

    def name(self, path: object, asked_by_notebook: Callable[[], bool] = lambda: False) -> Optional[str]:
        """The resource name (without ``file:``) of a path as it was given to a call; None when it does not count.

        ``asked_by_notebook``: asked for a file of settings or caches."""
        absolute = absolute_path(path)
        if absolute is None:
            return None
        if absolute not in self._known:
            name = self._name(absolute)
            self._known[absolute] = name, name == absolute and self._is_settings(absolute)
        name, settings = self._known[absolute]
        return None if settings and not asked_by_notebook() else name

    def path(self, name: str) -> str:
        """The absolute path of a resource name."""
        return os.path.join(self.workspace, name)

    def inside(self, name: str) -> bool:
        """Whether a resource name is one of the workspace."""
        return not os.path.isabs(name)

    def _is_settings(self, absolute: str) -> bool:
        return (absolute + "/").startswith(self._settings) or absolute.startswith(self._hidden_in_home)

    def _name(self, absolute: str) -> Optional[str]:
        if (absolute + "/").startswith(self._code) or absolute.endswith(".pyc"):
            return None
        for root in self._roots:
            if absolute == root:
                return "."
            if absolute.startswith(_with_slash(root)):
                relative = absolute[len(_with_slash(root)) :]
                return None if any(map(is_ignored, relative.split("/"))) else relative
        if (
            (absolute + "/").startswith(self._outside)
            or "/pymp-" in absolute
            or "/joblib_memmapping_folder_" in absolute
        ):
            return None
        return None if any(map(is_ignored, absolute.split("/"))) else absolute


def absolute_path(path: object) -> Optional[str]:
    """A path as a call got it, as absolute text; None for descriptors and what is no path."""
    if isinstance(path, int) or path is None:
        return None
    try:
        text = os.fsdecode(path)  # type: ignore[arg-type]
        return os.path.normpath(os.path.join(os.getcwd(), text))
    except (TypeError, ValueError, OSError):
        return None  # the call itself will say what is wrong with it


def _with_slash(path: str) -> str:
    return path.rstrip("/") + "/"


@functools.lru_cache(maxsize=4)
def _code_folders(workspace: str) -> Tuple[str, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = [sysconfig.get_paths()[name] for name in names] + [
        os.path.realpath(sysconfig.get_paths()[name]) for name in names
    ]
    found += site.getsitepackages() if hasattr(site, "getsitepackages") else []
    if site.ENABLE_USER_SITE:
        found.append(site.getusersitepackages())
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}:
        if not _with_slash(workspace).startswith(_with_slash(prefix)):
            found.append(prefix)
    return (*found, CELL_FOLDER, os.path.dirname(os.path.abspath(__file__)))


def _system_folders() -> List[str]:
    system = [
        "/proc",
        "/sys",
        "/dev",
        "/usr",
        "/lib",
        "/lib64",
        "/bin",
        "/sbin",
        "/var/cache",
    ]
    return [*system, "/System", "/Library", "/nix", "/snap"]


def _settings_folders() -> List[str]:
    """Beside the hidden ones in the home folder."""
    named = (
        os.environ.get(name, "")
        for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "MPLCONFIGDIR", "IPYTHONDIR")
    )
    return ["/etc", "/run", "/var/run", "/var/lib", *(path for path in named if os.path.isabs(path))]


def is_temporary(name: str) -> bool:
    """Whether a resource is in the folder for temporary files."""
    return name.startswith(_with_slash(tempfile.gettempdir()))


def hidden_folders(objects: str, workspace: str, *others: str) -> Tuple[str, ...]:
    """Absolute paths of folders whose files are kfjlab's and not the step's: the store (which is around its ``objects``) and ``others``.
    Those that are around the workspace are left out."""
    found = []
    for folder in (os.path.dirname(os.path.abspath(objects)), objects, *others):
        for path in (os.path.abspath(folder), os.path.realpath(folder)):
            if not (os.path.abspath(workspace) + "/").startswith(_with_slash(path)):
                found.append(path)
    return tuple(dict.fromkeys(found))
