"""A lock between processes, of the same or of different machines, made of nothing but a file.

For network file systems, where byte-range locks (``fcntl``) cannot be trusted: on NFSv3 they hang or fail when
no lock daemon runs, with mount options such as ``nolock``, ``local_lock`` (NFS) or ``localflock`` (Lustre) they
are invisible to other machines, and FUSE file systems mostly do not pass them on.

The algorithm is the one that open(2) of Linux gives for NFS under ``O_EXCL``: write a file of one's own,
``link()`` it to the lock's name, and when that reports an error look whether the own file has two links all the
same (the answer was lost, not the request). So the lock appears together with the name of its owner, and a kill
at any instant leaves no lock without one.

A lock whose owner died on this machine is broken at once. One of another machine is broken when it was not
renewed for :data:`STALE_AFTER` seconds *of the waiting process's own clock*, so that clocks need not agree.
Only one process at a time may break (a second lock), and looks again before it does, so that nobody breaks the
lock of who came next.

Libraries looked at: ``filelock`` (its lease is the nearest: the same rules for dead owners; but the lock
appears before the owner's name is in it, and when killed in between it stays for ever; and it starts a thread
for each acquisition), ``flufl.lock`` (the same ``link`` algorithm; but a dead owner's lock stays for its whole
lifetime, and who waits sleeps up to two seconds).
"""

from __future__ import annotations

import errno
import json
import os
import re
import time
from pathlib import Path
from typing import Any

from . import processes

STALE_AFTER = 20.0
"""Seconds without renewal after which the lock of another machine is broken."""
RENEW_EVERY = 5.0
"""Seconds between renewals by the owner (see :meth:`PathLock.renew`)."""
_NO_LINKS = {
    errno.EPERM,
    errno.ENOSYS,
    errno.EMLINK,
    getattr(errno, "ENOTSUP", errno.ENOSYS),
    getattr(errno, "EOPNOTSUPP", errno.ENOSYS),
}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05


class LockTimeout(Exception):
    """The lock was not to be had in time. ``holder``: who has it, for people."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"locked by {holder}")
        self.holder = holder


class PathLock:
    """The lock named ``path``. Not reentrant; one thread at a time."""

    def __init__(self, path: Path, *, stale_after: float = STALE_AFTER) -> None:
        self._path = path
        self._stale_after = stale_after
        self._claim: Path | None = None
        self._owner: dict[str, Any] = {}
        self._held = False
        self._renewed = 0.0
        self._seen: tuple[object, float] | None = None

    def acquire(self, timeout: float) -> None:
        """Take the lock. Raises :class:`LockTimeout` after ``timeout`` seconds, :class:`OSError` when the
        folder cannot be written."""
        deadline = time.monotonic() + timeout
        pause = _FIRST_PAUSE
        self._seen = None
        while not self._put_at(self._path):
            if self._break_if_stale():
                continue
            if time.monotonic() > deadline:
                raise LockTimeout(self._holder())
            jitter = os.urandom(1)[0] / 512  # else processes that wait for the same lock wake together
            time.sleep(pause * (0.5 + jitter))
            pause = min(pause * 2, _LONGEST_PAUSE)
        self._held = True
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Tell those who wait that the owner lives; to be called now and then while the lock is held."""
        if self._held and time.monotonic() - self._renewed > RENEW_EVERY:
            os.utime(self._path)
            self._renewed = time.monotonic()

    def still_held(self) -> bool:
        """Whether nobody broke the lock meanwhile (this process may have been stopped for longer than
        :data:`STALE_AFTER`)."""
        return self._held and _read(self._path)[0] == self._owner

    def release(self) -> None:
        """Give the lock back (not, when it was broken, that of who has it now)."""
        if self.still_held():
            self._path.unlink(missing_ok=True)
        self._held = False

    def close(self) -> None:
        """Release, and remove the file that this process made for taking part."""
        self.release()
        if self._claim is not None:
            self._claim.unlink(missing_ok=True)
            self._claim = None

    # One attempt ------------------------------------------------------------------------------------------------------

    def _put_at(self, path: Path) -> bool:
        """Make ``path`` a lock of this process; False when it is one already, of whomever."""
        claim = self._own_file()
        try:
            os.link(claim, path)
        except FileExistsError:
            return claim.stat().st_nlink == 2
        except OSError as error:
            if error.errno in _NO_LINKS:
                return self._create(path)
            if error.errno == errno.ENOENT:
                self._claim = None  # somebody tidied up; write it again
                return False
            if claim.stat().st_nlink == 2:
                return True
            raise
        return True

    def _own_file(self) -> Path:
        if self._claim is None or self._owner.get("pid") != os.getpid():
            token = os.urandom(8).hex()
            self._owner = {**processes.identity(), "token": token}
            self._claim = self._path.with_name(f"{self._path.name}.{os.getpid()}-{token}")
            self._claim.write_text(json.dumps(self._owner), "utf-8")
        return self._claim

    def _create(self, path: Path) -> bool:
        """Without hard links (object stores as file systems): exclusive creation. A kill between creating and
        writing leaves a lock without an owner, which goes by age."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return False
        try:
            os.write(handle, json.dumps(self._owner).encode())
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(handle)
        return True

    # Others' locks ----------------------------------------------------------------------------------------------------

    def _break_if_stale(self) -> bool:
        owner, seen = _read(self._path)
        if seen is None:
            return True  # just released
        if not self._is_stale(owner, seen):
            return False
        return self._remove_guarded(owner, seen)

    def _remove_guarded(self, owner: dict[str, Any], seen: object) -> bool:
        """Remove a stale lock if it is still the one that was judged. Only the holder of the guard may, and nobody
        but its dead owner or the holder of the guard removes that lock, so between the second look and the removal
        it cannot become another's."""
        guard = self._path.with_name(f"{self._path.name}.break")
        if not self._put_at(guard):
            _drop_old_guard(guard, self._stale_after)
            return False
        try:
            if _read(self._path) == (owner, seen):
                self._path.unlink(missing_ok=True)
                claim = f"{owner.get('pid')}-{owner.get('token')}"
                if re.fullmatch("[0-9]+-[0-9a-f]+", claim):
                    self._path.with_name(f"{self._path.name}.{claim}").unlink(missing_ok=True)
        finally:
            guard.unlink(missing_ok=True)
        return True

    def _is_stale(self, owner: dict[str, Any], seen: object) -> bool:
        if owner and processes.is_here(owner):
            return not processes.is_alive(owner)
        if self._seen is None or self._seen[0] != seen:
            self._seen = (seen, time.monotonic())
        return time.monotonic() - self._seen[1] > self._stale_after

    def _holder(self) -> str:
        owner, _seen = _read(self._path)
        return processes.describe(owner) if owner else "somebody who did not leave a name"


def _read(path: Path) -> tuple[dict[str, Any], tuple[int, int, int] | None]:
    """The owner that a lock file names, and what changes when it is renewed or replaced (None: there is none).

    Opening the file, rather than asking by name, makes an NFS client ask the server (close-to-open consistency,
    nfs(5)).
    """
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return {}, None
    try:
        status = os.fstat(handle)
        text = os.read(handle, 4096)
    except OSError:  # a stale NFS handle: removed by another machine
        return {}, None
    finally:
        os.close(handle)
    try:
        owner = json.loads(text)
    except ValueError:
        owner = {}  # being written, or its writer was killed
    return owner if isinstance(owner, dict) else {}, (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def _drop_old_guard(guard: Path, stale_after: float) -> None:
    """A guard is held for milliseconds. That of a process killed just then is taken away: at once when it was one of
    this machine, else when it is old. Ages are compared by the file server's clock alone: a file is touched to
    learn what time it is there. Renaming sees to it that of several who find it one does."""
    owner, seen = _read(guard)
    if seen is None:
        return
    probe = guard.with_name(f"{guard.name}.{os.urandom(4).hex()}")
    try:
        if owner and processes.is_here(owner):
            dead = not processes.is_alive(owner)
        else:
            probe.touch()
            dead = probe.stat().st_mtime - guard.stat().st_mtime > stale_after
        if dead and _read(guard) == (owner, seen):
            os.rename(guard, probe)
    except FileNotFoundError:
        return  # gone meanwhile
    finally:
        probe.unlink(missing_ok=True)
