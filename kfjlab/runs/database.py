"""The database file: opened in the way its file system needs, in transactions, by many processes.

**Why the standard library's sqlite3.** The store is one small family of tables, written by short transactions
from processes that must start fast: importing SQLAlchemy takes several times as long as importing and opening
this store, and what matters here (how the file is opened, locked, synced and closed before a fork) is below the
level of any mapper. Peewee and the like bring nothing else.

**On a local disk**: write-ahead log, one connection kept open, readers never wait for writers.

- kill -9 at any instant loses no committed transaction: what was written is in the kernel's page cache.
- A power cut (``synchronous=NORMAL``) may lose the last transactions but never part of one, nor one older than
  a kept one. Every state change is in one transaction with its event, so the store falls back to an earlier
  true state; a run that was going on is then found interrupted, and steps whose end was lost run again. The end
  of a run is synced (:meth:`Database.make_durable`).
- Checkpoints are done here, not by SQLite's automatic ones: SQLite 3.7 to 3.51.2 (all Pythons of 2026 and
  before) can lose committed pages when a checkpoint meets a commit of another process that starts the log anew
  (https://sqlite.org/wal.html#walresetbug). A ``TRUNCATE`` checkpoint holds the write lock, so the two cannot
  meet.

**On a network file system** (:func:`kfjlab.runs.location.is_network`): rollback journal, no shared memory, no
mapping, no lock of SQLite's own (``vfs=unix-none``: ``fcntl`` locks hang or do nothing there); instead every
transaction, also of readers, happens under one :class:`~kfjlab.runs.locking.PathLock`, and opens and closes the
file itself, because NFS promises only that who opens a file after another closed it sees what was written
(close-to-open consistency, nfs(5)). The journal is truncated, never deleted (``journal_mode=TRUNCATE``): a
client may remember for a minute that a file is not there, and would miss the journal of a writer that was
killed. ``synchronous=FULL``: a committed transaction is on the server. Object stores dressed as file systems
(s3fs, gcsfuse) do even this only for processes of one machine, and slowly.

Once a store was used in this way the mark ``network`` in its folder makes every process use it so.

A connection never crosses a fork: it is closed before, and opened again when next needed.

Windows: opened like a local disk (or, on a remote drive, with ``win32-none``); not tested there, no promise is
made.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from .errors import StoreError, corrupt, explain_os, explained, locked
from .forks import abandon, close_before_forks
from .location import DATABASE, NETWORK_MARK
from .locking import LockTimeout, PathLock
from .session import Session

BUSY = 30.0
"""Seconds that a call waits for other processes before it gives up."""
CHECKPOINT_BYTES = 4 * 1024 * 1024
"""Size of the write-ahead log at which it is written back into the database."""
_CHECKPOINT_WAIT = 2.0
_CHECKPOINT_PAUSE = 1.0


class _NoSharedMemoryError(Exception):
    """The file system does not do what WAL needs, whatever its type."""


class Database:
    """One process's use of a store's database. Threads take turns. ``network``: True forces the way for network
    file systems and marks the folder so; None detects. ``timeout``: seconds to wait for others."""

    def __init__(self, folder: Path, *, network: bool | None = None, timeout: float = BUSY) -> None:
        from .location import is_network

        self.path = folder / DATABASE
        self._mark = folder / NETWORK_MARK
        self._timeout = timeout
        self._mutex = threading.RLock()
        self._depth = 0
        self._writing = False
        self._durable = False
        self._commits = 0
        self._serial = 0
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._next_checkpoint = 0.0
        self._closed = False
        self._mode = "rwc"
        with explained(self.path):
            marked = self._mark.exists()
        self._lock = PathLock(folder / f"{DATABASE}.lock")
        self.network = marked or (is_network(folder) if network is None else network)
        if not self.network:
            try:
                with self._turn():
                    self._fresh_connection()
            except _NoSharedMemoryError:
                self.network = True
        if self.network and not marked:
            self._become_network()
        with self.read():  # makes the file when it is not there
            self._mode = "rw"
        close_before_forks(self)

    # Transactions -----------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that may write; all of it or nothing is kept. Inside another it is part of that one (a
        savepoint)."""
        with self._turn():
            if self._depth:
                if not self._writing:
                    raise RuntimeError("a writing transaction inside a reading one would wait for itself")
                with self._savepoint() as session:
                    yield session
                return
            self._writing = True
            try:
                with self._outermost("BEGIN IMMEDIATE") as session:
                    yield session
            finally:
                self._writing = False

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads: everything in it is of one moment."""
        with self._turn():
            if self._depth:
                yield Session(self._connected(), self.path)
                return
            with self._outermost("BEGIN") as session:
                yield session

    def make_durable(self) -> None:
        """The transaction that is going on shall survive a power cut as soon as it is committed."""
        self._durable = True

    def version(self) -> tuple[object, ...]:
        """Something that differs after anybody's commit (and may differ without one); cheap enough to be asked
        many times a second."""
        with self._turn():
            if self.network:
                return (self._commits, *self._header())
            session = Session(self._fresh_connection(), self.path)
            row = session.row("PRAGMA data_version")
            return (self._commits, self._serial, None if row is None else row[0])

    def close(self) -> None:
        """Close; harmless when closed already."""
        with self._turn():
            self._disconnect()
            with contextlib.suppress(OSError):  # the folder may be gone, and with it what was to be removed
                self._lock.close()
            self._closed = True

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._mutex.acquire(timeout=self._timeout):
            raise locked(self.path, "another thread of this process")
        try:
            yield
        finally:
            self._mutex.release()

    @contextlib.contextmanager
    def _outermost(self, begin: str) -> Iterator[Session]:
        self._take_lock()
        try:
            session = Session(self._fresh_connection(), self.path)
            session.run(begin)
            self._depth = 1
            self._durable = False
            try:
                yield session
            except BaseException:
                self._roll_back(session)
                raise
            try:
                self._commit(session)
            except BaseException:
                self._roll_back(session)
                raise
        finally:
            self._depth = 0
            self._give_lock()
        if begin != "BEGIN":
            self._commits += 1
            self._checkpoint_if_due()

    @contextlib.contextmanager
    def _savepoint(self) -> Iterator[Session]:
        session = Session(self._connected(), self.path)
        if not session.open:
            message = f"The transaction on {self.path} was undone by an earlier error, which its caller did not let end it."
            raise StoreError("io", message)
        session.run("SAVEPOINT inner")
        self._depth += 1
        try:
            yield session
        except BaseException:
            if session.open:
                session.run("ROLLBACK TO inner")
                session.run("RELEASE inner")
            raise
        else:
            session.run("RELEASE inner")
        finally:
            self._depth -= 1
        if self.network:
            self._renew_lock()

    def _commit(self, session: Session) -> None:
        if self.network and self._writing and not self._lock.still_held():
            # Even rolling back would write to a journal that may be another process's by now.
            abandon(self._connected())
            self._connection = None
            raise locked(self.path, "another machine, which took this process for dead,")
        session.run("COMMIT")

    def _roll_back(self, session: Session) -> None:
        if self._connection is not None and session.open:
            try:
                session.run("ROLLBACK")
            except StoreError:  # what made it fail is being raised; a connection in doubt is not used again
                self._disconnect()

    # The connection ---------------------------------------------------------------------------------------------------

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError("io", f"The run store {self.path} was closed while it was in use.")
        return self._connection

    def _fresh_connection(self) -> sqlite3.Connection:
        """The open connection, if the file is still the one that was opened."""
        if self._closed:
            raise StoreError("io", f"The run store {self.path} was closed.", "Open it again (RunStore(...)).")
        if self._connection is not None and self._identity() != self._file:
            self._disconnect()
            fix = "Do not remove the folder while runs are going on; start them again."
            raise StoreError(
                "missing", f"The run store {self.path} was removed or replaced while it was in use.", fix
            )
        if self._connection is None:
            self._connection = self._connect()
            self._file = self._identity()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        self._serial += 1
        vfs = "&vfs=win32-none" if sys.platform == "win32" else "&vfs=unix-none"
        name = f"file:{quote(os.fsencode(self.path))}?mode={self._mode}{vfs if self.network else ''}"
        with explained(self.path):
            connection = sqlite3.connect(
                name, timeout=self._timeout, isolation_level=None, check_same_thread=False, uri=True
            )
            try:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA foreign_keys=ON")
                if self.network:
                    self._set_up_network(connection)
                else:
                    self._set_up_local(connection)
            except BaseException:
                connection.close()
                raise
        return connection

    def _set_up_network(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA mmap_size=0")
        mode = connection.execute("PRAGMA journal_mode=TRUNCATE").fetchone()[0]
        if mode != "truncate":
            raise corrupt(
                self.path, f"its journal mode is {mode!r}, which cannot be used on a network file system"
            )

    def _set_up_local(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        deadline = time.monotonic() + self._timeout
        while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                connection.execute(
                    "PRAGMA auto_vacuum=INCREMENTAL"
                )  # has an effect only before the first table
                if connection.execute("PRAGMA journal_mode=WAL").fetchone()[0] != "wal":
                    raise _NoSharedMemoryError
            except sqlite3.OperationalError as error:
                # Two processes that make the same store at once: SQLite does not wait here by itself.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if self._mark.exists():  # somebody has just found out what this process did not
            raise _NoSharedMemoryError

    def _disconnect(self) -> None:
        connection, self._connection, self._file = self._connection, None, None
        if connection is not None:
            with explained(self.path):
                connection.close()

    def _identity(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise explain_os(error, self.path) from error
        return status.st_dev, status.st_ino

    def _checkpoint_if_due(self) -> None:
        if self.network or self._connection is None or time.monotonic() < self._next_checkpoint:
            return
        try:
            size = os.stat(f"{self.path}-wal").st_size
        except OSError:
            return  # removed just now: the next call reports it
        if size < CHECKPOINT_BYTES and not self._durable:
            return
        connection = self._connection
        try:
            connection.execute(f"PRAGMA busy_timeout={int(_CHECKPOINT_WAIT * 1000)}")
            busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            connection.execute(f"PRAGMA busy_timeout={int(self._timeout * 1000)}")
        except sqlite3.Error:
            busy = 1  # what was committed is safe in the log; the next transaction meets the same trouble and reports it
        if busy:
            self._next_checkpoint = time.monotonic() + _CHECKPOINT_PAUSE

    # Network file systems ---------------------------------------------------------------------------------------------

    def _take_lock(self) -> None:
        if self.network:
            try:
                with explained(self.path):
                    self._lock.acquire(self._timeout)
            except LockTimeout as error:
                raise locked(self.path, error.holder) from error

    def _give_lock(self) -> None:
        if self.network:
            try:
                self._disconnect()
            finally:
                with explained(self.path):
                    self._lock.release()

    def _renew_lock(self) -> None:
        with explained(self.path):
            self._lock.renew()

    def _header(self) -> tuple[object, ...]:
        """What a commit changes in the file: its size and the change counter
        (https://sqlite.org/fileformat.html, offset 24). Read without a lock, as a hint only. Never done on a
        local disk, where closing a file drops the process's locks on it."""
        try:
            with open(self.path, "rb", buffering=0) as file:
                status = os.fstat(file.fileno())
                return (status.st_size, status.st_mtime_ns, file.read(28)[24:])
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise explain_os(error, self.path) from error

    def _become_network(self) -> None:
        """Bring a database that was used as on a local disk (another mount of the same folder, a copied home)
        out of WAL mode, and mark it. Exclusive locking mode, since that needs no shared memory
        (https://sqlite.org/wal.html#noshm)."""
        self._take_lock()
        try:
            with explained(self.path):
                if not self._mark.exists() and self.path.exists() and self.path.stat().st_size:
                    connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None)
                    try:
                        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
                        connection.execute("PRAGMA journal_mode=DELETE")
                    finally:
                        connection.close()
                self._mark.write_text(
                    "The database is used in the way that network file systems need; see kfjlab/runs/database.py.\n"
                )
        finally:
            self._give_lock()

    # Forks ------------------------------------------------------------------------------------------------------------

    def before_fork(self) -> None:
        """Close the connection, unless a transaction is going on."""
        if self._mutex.acquire(timeout=1.0):
            try:
                if not self._depth:
                    self._disconnect()
            finally:
                self._mutex.release()

    def after_fork_in_child(self) -> None:
        """Never use, nor ever close, a connection that was in a transaction of the parent while it forked."""
        if self._connection is not None:
            abandon(self._connection)
            self._connection = None
        self._mutex = threading.RLock()
        self._depth = 0
        self._lock = PathLock(self.path.with_name(f"{DATABASE}.lock"))
