"""Which stored objects are mapped into this process, and whether anybody has written to them."""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from typing import Any, Dict, Optional, Tuple

_COPIED = bytes(top for top in range(256) if top & 0x40 or (top & 0x80 and not top & 0x20))
"""Top bytes of the page map's entries of pages that are no longer the file's: swapped out (bit 62), or present (bit 63) and not of a
file (bit 61)."""
_UNTOUCHED = bytes(top for top in range(256) if top not in _COPIED)


class Mappings:
    """The objects that are mapped into this process.

    Linux tells in ``/proc/self/pagemap`` for each page of a private mapping whether it still is the file's or was copied because somebody
    wrote to it; see the kernel's ``Documentation/admin-guide/mm/pagemap.rst``. Elsewhere nothing is recognised. A mapping that nobody
    uses any more is forgotten, and its memory is free again.
    """

    def __init__(self) -> None:
        self._known: Dict[int, Tuple[weakref.ref[mmap.mmap], str]] = {}

    def add(self, mapped: mmap.mmap, digest: str) -> memoryview:
        """Take note of a private mapping of the object ``digest`` and return it as a buffer."""
        view = memoryview(mapped)
        address = address_of(view)
        if address and sys.platform == "linux":
            self._known[address] = (weakref.ref(mapped, self._forget(address)), digest)
        return view

    def untouched(self, data: memoryview) -> Optional[str]:
        """The digest of the object of which ``data`` is an unwritten mapping; None when it is none, or was written to."""
        address = address_of(data)
        mapped, digest = self._known.get(address, (None, ""))
        found = mapped() if mapped is not None else None
        if found is None or len(found) != data.nbytes or _copied(address, data.nbytes):
            return None
        return digest

    def _forget(self, address: int) -> Any:
        def forget(reference: Any) -> None:
            if self._known.get(address, (None,))[0] is reference:
                del self._known[address]

        return forget


MAPPINGS = Mappings()
"""Those of this process; forked children inherit both the mappings and this list of them."""


class _Buffer(ctypes.Structure):
    """``Py_buffer`` of CPython's stable ABI."""

    _fields_ = [
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    ]


def address_of(data: Any) -> int:
    """The address of the contiguous memory that an object exports (0 for an empty one). Unlike ``ctypes.from_buffer`` this works for
    read-only memory, too. Raises :class:`BufferError` or :class:`TypeError` for what exports none."""
    buffer = _Buffer()
    ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(data), ctypes.byref(buffer), 0)
    try:
        return buffer.buf or 0 if buffer.len else 0
    finally:
        ctypes.pythonapi.PyBuffer_Release(ctypes.byref(buffer))


def _copied(address: int, size: int) -> bool:
    """Whether any page of a private file mapping has been written to."""
    page = mmap.PAGESIZE
    first, last = address // page, (address + size - 1) // page
    count = last - first + 1
    try:
        with open("/proc/self/pagemap", "rb", buffering=0) as file:
            entries = os.pread(file.fileno(), count * 8, first * 8)
    except OSError:
        return True  # not allowed in this container: nothing is taken for untouched
    if len(entries) != count * 8:
        return True
    top = 7 if sys.byteorder == "little" else 0
    return bool(entries[top::8].translate(None, _UNTOUCHED))
