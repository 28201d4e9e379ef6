"""What every part of the store stands on: the open database, the folder, and finding a run's row."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from .database import BUSY, Database
from .errors import NO_ROOM, StoreError, UnknownRunError, explained
from .location import DATABASE, OBJECTS, RESERVE, RUNS, default_location
from .rows import dump, optional_in
from .schema import prepare
from .session import Session

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")

RESERVE_BYTES = 1024 * 1024
"""Room that is kept (see :meth:`StoreBase.release_reserve`)."""


class StoreBase:
    """See :class:`kfjlab.runs.store.RunStore`."""

    def __init__(
        self,
        location: Path | None = None,
        *,
        create: bool = True,
        network: bool | None = None,
        timeout: float = BUSY,
    ) -> None:
        self.location = (default_location() if location is None else location).absolute()
        self.objects = self.location / OBJECTS
        self._claims: dict[str, str] = {}
        with explained(self.location):
            if not create and not (self.location / DATABASE).exists():
                fix = "Start a run, or set KFJLAB_DATA to the folder where the runs are."
                raise StoreError("missing", f"There are no runs in {self.location}.", fix)
            # What notebooks print and load is nobody else's business.
            self.location.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.objects.mkdir(exist_ok=True)
            (self.location / RUNS).mkdir(exist_ok=True)
        try:
            self._db = self._open(network, timeout)
        except StoreError as error:
            if error.kind != "full" or not self.release_reserve():
                raise
            self._db = self._open(network, timeout)

    def _open(self, network: bool | None, timeout: float) -> Database:
        database = Database(self.location, network=network, timeout=timeout)
        try:
            prepare(database)
        except BaseException:
            database.close()
            raise
        return database

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the database. The store cannot be used afterwards."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything that is written inside is kept together or not at all, also when the process is killed.
        May be nested: when an inner one raises, only what is inside of that is undone, as far as the exception
        is caught outside of it."""
        with self._db.write():
            yield

    def release_reserve(self) -> bool:
        """Give up the room that is kept for when the disk is full, so that a few more things can be written: the end of the run that met
        the full disk, or what garbage collection has to note. Opening a store does it when it cannot be opened otherwise; the next
        :meth:`create_run` or :meth:`gc` that finds room keeps some again. False when there is none."""
        with explained(self.location):
            try:
                (self.location / RESERVE).unlink()
            except FileNotFoundError:
                return False
        return True

    def with_reserve(self, write: Callable[[], T]) -> T:
        """Write something that must not be lost; when the disk is full, into the room that is kept for that. Raises what ``write`` raises
        when that is used up, too."""
        try:
            return write()
        except (StoreError, OSError) as error:
            full = error.kind == "full" if isinstance(error, StoreError) else error.errno in NO_ROOM
            if not full or not self.release_reserve():
                raise
        return write()

    def _keep_reserve(self) -> None:
        import shutil

        path = self.location / RESERVE
        try:
            if not path.exists() and shutil.disk_usage(self.location).free > 2 * RESERVE_BYTES:
                path.write_bytes(
                    os.urandom(RESERVE_BYTES)
                )  # what a file system that compresses cannot make small
        except OSError:  # no room, which is no reason to fail now
            path.unlink(missing_ok=True)

    def run_folder(self, run_id: str) -> Path:
        """The folder of a run's files (``run_id`` in full)."""
        if not run_id or not run_id.isascii() or not run_id.isalnum():
            raise UnknownRunError(f"{run_id!r} is not the id of a run.")
        return self.location / RUNS / run_id

    def _seq(self, session: Session, run_id: str) -> int:
        """The number of a run's row. Raises :class:`UnknownRunError`, and for a process whose claim on the run
        was lost to another supervisor :class:`StoreError`, so that two never write into one run."""
        row = session.row("SELECT seq, token FROM runs WHERE id=?", (run_id,))
        if row is None:
            raise UnknownRunError(
                f"There is no run {run_id!r}.", "'kfjlab runs' lists them; it may have been deleted."
            )
        claim = self._claims.get(run_id)
        if claim is not None and claim != row["token"]:
            raise StoreError(
                "conflict",
                f"Run {run_id} has been taken over by another process.",
                "This one ends; follow the run there.",
            )
        return int(row["seq"])


def append_event(
    session: Session, seq: int, kind: str, step: str | None = None, data: Mapping[str, Any] | None = None
) -> int:
    """Add an event to run number ``seq``; its offset. Offsets have no gaps, since whoever writes is alone and
    what is rolled back gives its number back."""
    offset = 1 + newest_offset(session, seq)
    session.run(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)",
        (seq, offset, time.time(), kind, optional_in(step), dump(data or {})),
    )
    return offset


def newest_offset(session: Session, seq: int) -> int:
    """The offset of the newest event of run number ``seq``; 0 when it has none."""
    row = session.row('SELECT max("offset") FROM events WHERE run=?', (seq,))
    return 0 if row is None or row[0] is None else int(row[0])
