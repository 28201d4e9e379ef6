"""Files of the workspace that this process opens and writes, as the Linux kernel tells it: also what compiled code does.

Python's audit events do not show what polars, Arrow or LightGBM do with files. fanotify does, since Linux 5.13 for unprivileged processes
too; such a listener is told the process id of its own events only, which is just what a step needs. See ``fanotify(7)``. Where the kernel
or the file system does not offer it (macOS, some container sandboxes, some network file systems), :func:`listen` returns None.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

FOLDER_LIMIT = 2000
"""Folders that are watched at most."""

_FAN_CLOEXEC, _FAN_NONBLOCK, _FAN_REPORT_DFID_NAME = 0x1, 0x2, 0xC00
_FAN_MARK_ADD, _AT_FDCWD = 0x1, -100
_ACCESS, _MODIFY, _CLOSE_WRITE, _OPEN = 0x1, 0x2, 0x8, 0x20
_MOVED_FROM, _MOVED_TO, _CREATE, _DELETE = 0x40, 0x80, 0x100, 0x200
_OVERFLOW, _ON_CHILD = 0x4000, 0x08000000
_WRITES = _MODIFY | _CLOSE_WRITE | _MOVED_FROM | _MOVED_TO | _CREATE | _DELETE
_EVENT = struct.Struct(
    "=IBBHQii"
)  # length, version, reserved, length of this part, mask, descriptor, process
_INFO = struct.Struct("=BBHii")  # type, padding, length, file system id
_HANDLE = struct.Struct("=Ii")  # bytes, type
_DFID_NAME = 2


class _FileHandle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("kind", ctypes.c_int), ("data", ctypes.c_ubyte * 128)]


class KernelWatch:
    """Listens to the kernel until :meth:`close`. ``complete``: whether no event was lost."""

    def __init__(self, group: int, folders: Dict[bytes, str]) -> None:
        self._group = group
        self._folders = folders
        self._pid = os.getpid()
        self.complete = True

    def fileno(self) -> int:
        """Readable when there are events."""
        return self._group

    def covers(self, name: str) -> bool:
        """Whether the folder of a file (its path relative to the workspace) is watched."""
        return os.path.dirname(name) in self._folders.values()

    def events(self) -> Iterator[Tuple[str, bool]]:
        """What this process has done since the last call: a file's path relative to the workspace, and whether it was written."""
        while True:
            try:
                data = os.read(self._group, 65536)
            except (BlockingIOError, InterruptedError):
                return
            yield from self._parse(data)

    def close(self) -> None:
        """Stop listening."""
        os.close(self._group)

    def _parse(self, data: bytes) -> Iterator[Tuple[str, bool]]:
        start = 0
        while start < len(data):
            length, _, _, head, mask, _, pid = _EVENT.unpack_from(data, start)
            if mask & _OVERFLOW:
                self.complete = False
            elif pid == self._pid:
                name = self._name(data[start + head : start + length])
                if name is not None and mask & (_WRITES | _OPEN | _ACCESS):
                    yield name, bool(mask & _WRITES)
            start += length

    def _name(self, info: bytes) -> Optional[str]:
        kind, _, length, _, _ = _INFO.unpack_from(info)
        if kind != _DFID_NAME:
            return None
        size, _ = _HANDLE.unpack_from(info, _INFO.size)
        start = _INFO.size + _HANDLE.size
        folder = self._folders.get(info[start : start + size])
        name = os.fsdecode(info[start + size : length].split(b"\0", 1)[0])
        return None if folder is None else os.path.join(folder, name)


def listen(root: str, folders: Iterable[str]) -> Optional[KernelWatch]:
    """Listen to the files directly in ``folders`` (paths relative to ``root``; ``""`` is the root itself).

    None where that is not possible.
    """
    if sys.platform != "linux":
        return None
    library: Any = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "fanotify_init") or not hasattr(library, "name_to_handle_at"):
        return None
    group = library.fanotify_init(_FAN_CLOEXEC | _FAN_NONBLOCK | _FAN_REPORT_DFID_NAME, os.O_RDONLY)
    if group < 0:
        return None
    mark = library.fanotify_mark
    mark.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_uint64, ctypes.c_int, ctypes.c_char_p]
    mask = _ACCESS | _OPEN | _WRITES | _ON_CHILD
    handles: Dict[bytes, str] = {}
    for folder in _first(folders, FOLDER_LIMIT):
        path = os.fsencode(os.path.join(root, folder))
        handle = _handle(library, path)
        if handle is not None and mark(group, _FAN_MARK_ADD, mask, _AT_FDCWD, path) == 0:
            handles[handle] = folder
    if not handles:
        os.close(group)
        return None
    return KernelWatch(group, handles)


def _handle(library: Any, path: bytes) -> Optional[bytes]:
    handle, mount = _FileHandle(size=128), ctypes.c_int()
    if library.name_to_handle_at(_AT_FDCWD, path, ctypes.byref(handle), ctypes.byref(mount), 0) != 0:
        return None
    return bytes(handle.data[: handle.size])


def _first(folders: Iterable[str], count: int) -> List[str]:
    return [folder for _, folder in zip(range(count), folders)]
