"""The content-addressed store: every object is a file whose name is the sha256 of its bytes.

An object is written to a temporary file beside its place and renamed, so that there is never half an object under a digest. Nothing
is forced to the disk (``fsync``): after a power cut an object may be short, which is found when it is read, and it is then made again.
Who stores an object that is there already makes it as young as a new one, and writes it anew where it is damaged.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import mmap
import os
import queue
import re
import secrets
import stat
import threading
from typing import BinaryIO, Iterator, Optional, Tuple, Union

from .mappings import MAPPINGS

Bytes = Union[bytes, bytearray, memoryview]

CHUNK = 4 * 1024 * 1024
"""Bytes that are hashed and written at a time."""
_TEMPORARY = ".writing-"
_UNREADABLE = frozenset(
    getattr(errno, name)
    for name in (
        "ENOENT",
        "ENOTDIR",
        "EISDIR",
        "ELOOP",
        "EACCES",
        "EPERM",
        "EIO",
        "ESTALE",
        "EUCLEAN",
        "EBADMSG",
    )
    if hasattr(errno, name)
)
"""Errors that are the object's and not this process's: another place, permission or disk would not give them."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class CorruptObject(OSError):
    """A stored object that is missing or is not what its digest says. ``digest`` names it."""

    def __init__(self, digest: str, why: str) -> None:
        super().__init__(errno.EIO, f"The stored object {digest} is {why}")
        self.digest = digest


class ObjectStore:
    """The store in the folder ``root``, which is made when the first object is put. Safe for any number of processes."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, digest: str) -> str:
        """Where the object of that digest is, or would be. Raises :class:`ValueError` for what is no digest."""
        if not _DIGEST.fullmatch(digest):
            raise ValueError(f"{digest!r} is no sha256 digest")
        return os.path.join(self.root, digest[:2], digest[2:])

    def contains(self, digest: str, size: Optional[int] = None) -> bool:
        """Whether there is an object of that digest (and of ``size`` bytes)."""
        try:
            found = os.stat(self.path(digest)).st_size
        except OSError:
            return False
        return size is None or found == size

    def put_bytes(self, data: Bytes) -> str:
        """Store bytes and return their digest. Raises :class:`OSError` (``ENOSPC`` when the disk is full)."""
        digest = hashlib.sha256(data).hexdigest()
        size = memoryview(data).nbytes
        if not (self._renewed(digest, size) and self._holds(digest, data)):
            with _Writing(self.root) as file:
                file.write(data)
                file.keep(self.path(digest))
        return digest

    def put_buffer(self, data: memoryview) -> str:
        """Store a buffer (contiguous, format ``B``) and return its digest.

        A buffer that is an untouched mapping of a stored object is recognised without reading it. A large one is hashed in a
        second thread while it is written, so that storing costs about as much as copying a file.
        """
        known = MAPPINGS.untouched(data)
        if known is not None and self._renewed(known, data.nbytes):
            return known
        if data.nbytes <= CHUNK:
            return self.put_bytes(data)
        chunks = [data[start : start + CHUNK] for start in range(0, data.nbytes, CHUNK)]
        return self._put_chunks(iter(chunks))

    def put_file(self, path: str, start: int = 0) -> str:
        """Store a file's content from byte ``start`` on and return its digest."""
        with open(path, "rb") as source:
            source.seek(start)
            return self._put_chunks(iter(lambda: source.read(CHUNK), b""))

    def get_bytes(self, digest: str) -> bytes:
        """An object's bytes, checked against the digest. Raises :class:`CorruptObject`; a damaged object is moved aside first."""
        with self._open(digest) as file:
            try:
                data = file.read()
            except OSError as error:
                raise _explained(digest, error) from error
        if hashlib.sha256(data).hexdigest() != digest:
            raise self._damaged(digest)
        return data

    def verify(self, digest: str) -> bool:
        """Whether an object is there and is what its digest says, however long that takes; a damaged one is moved aside."""
        try:
            with _Hasher() as hasher:
                for chunk in self._chunks(digest):
                    hasher.update(chunk)
                if hasher.digest() != digest:
                    raise self._damaged(digest)
        except CorruptObject:
            return False
        return True

    def version(self, digest: str) -> Optional[Tuple[int, int]]:
        """Size and time (nanoseconds) of an object, which differ when somebody has written to it since; None when it is missing."""
        try:
            status = os.stat(self.path(digest))
        except OSError:
            return None
        return status.st_size, status.st_mtime_ns

    def map(self, digest: str, size: int) -> memoryview:
        """An object of ``size`` bytes as a private, writable mapping: pages are read when they are used and copied when they are written.

        Only the size is checked, for speed. Raises :class:`CorruptObject`.
        """
        if not self.contains(digest):
            raise CorruptObject(digest, "missing.")
        if not self.contains(digest, size):
            raise self._damaged(digest)
        with self._open(digest) as file:
            return MAPPINGS.add(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), digest)

    def restore_file(self, digest: str, path: str) -> None:
        """Write an object's content to ``path``, replacing what is there at once (its permissions stay).

        Raises :class:`CorruptObject` and :class:`OSError`.
        """
        if not self.contains(digest):
            raise CorruptObject(digest, "missing.")
        seen = hashlib.sha256()
        path = os.path.realpath(path)
        with _Writing(os.path.dirname(path)) as file:
            for chunk in self._chunks(digest):
                seen.update(chunk)
                file.write(chunk)
            if seen.hexdigest() != digest:
                raise self._damaged(digest)
            with contextlib.suppress(FileNotFoundError):  # nothing is replaced
                file.set_mode(stat.S_IMODE(os.stat(path).st_mode))
            file.keep(path)

    def _put_chunks(self, chunks: Iterator[Bytes]) -> str:
        with _Writing(self.root) as file, _Hasher() as hasher:
            for chunk in chunks:
                hasher.update(chunk)
                file.write(chunk)
            digest = hasher.digest()
            file.keep(self.path(digest))
        return digest

    def _renewed(self, digest: str, size: int) -> bool:
        """Whether the object is there; if so it is as young as a new one, so that no garbage collection takes it before its use is
        recorded."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        except OSError:
            pass  # somebody else's file in a shared store: it is at least there
        return self.contains(digest, size)

    def _holds(self, digest: str, data: Bytes) -> bool:
        """Whether the object of that digest has these bytes. Comparing costs less than the hash that has just been taken."""
        wanted, start = memoryview(data).cast("B"), 0
        try:
            for chunk in self._chunks(digest):
                if chunk != bytes(wanted[start : start + CHUNK]):
                    return False
                start += len(chunk)
        except CorruptObject:
            return False
        return start == wanted.nbytes

    def _open(self, digest: str) -> BinaryIO:
        """An object's file. Raises :class:`CorruptObject` also where permissions do not let anybody read it."""
        try:
            return open(self.path(digest), "rb")
        except OSError as error:
            raise _explained(digest, error) from error

    def _chunks(self, digest: str) -> Iterator[bytes]:
        """An object's bytes, :data:`CHUNK` at a time. Raises :class:`CorruptObject` also where the disk does not give them."""
        with self._open(digest) as file:
            while True:
                try:
                    chunk = file.read(CHUNK)
                except OSError as error:
                    raise _explained(digest, error) from error
                if not chunk:
                    return
                yield chunk

    def _damaged(self, digest: str) -> CorruptObject:
        """Move an object aside, so that it can be made again, and return the error to raise."""
        path = self.path(digest)
        with contextlib.suppress(FileNotFoundError):  # another process may be faster
            os.replace(path, f"{path}.damaged")
        return CorruptObject(digest, "damaged: it is not what was stored. It was moved aside.")


def _explained(digest: str, error: OSError) -> OSError:
    """The error to raise when an object could not be read."""
    if error.errno not in _UNREADABLE:
        return error
    why = "missing." if error.errno == errno.ENOENT else f"not readable: {error.strerror}."
    return CorruptObject(digest, why)


class _Writing:
    """A temporary file that becomes another file at once, or goes away."""

    def __init__(self, folder: str) -> None:
        os.makedirs(folder, exist_ok=True)
        self._path = os.path.join(folder, _TEMPORARY + secrets.token_hex(8))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)
        self._fd = os.open(self._path, flags, 0o666)  # less what the user's umask takes away

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._fd)
        with contextlib.suppress(FileNotFoundError):  # it was kept
            os.unlink(self._path)

    def write(self, data: Bytes) -> None:
        view = memoryview(data)
        while view.nbytes:
            view = view[os.write(self._fd, view) :]

    def set_mode(self, mode: int) -> None:
        os.fchmod(self._fd, mode)

    def keep(self, path: str) -> None:
        """The file is whole: it becomes ``path``."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.replace(self._path, path)


class _Hasher:
    """sha256 in a thread of its own (hashing and writing both let other threads run)."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._chunks: queue.Queue[Optional[Bytes]] = queue.Queue(maxsize=4)
        self._thread = threading.Thread(target=self._run, name="kfjlab-hash", daemon=True)

    def __enter__(self) -> _Hasher:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.digest()

    def update(self, chunk: Bytes) -> None:
        self._chunks.put(chunk)

    def digest(self) -> str:
        if self._thread.is_alive():
            self._chunks.put(None)
            self._thread.join()
        return self._hash.hexdigest()

    def _run(self) -> None:
        while True:
            chunk = self._chunks.get()
            if chunk is None:
                return
            self._hash.update(chunk)
