"""Which process runs a run, whether it lives, and what it is asked to do."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Mapping
from typing import Any

from . import processes
from .base import StoreBase, append_event
from .errors import StoreError
from .model import Run, RunState, StepState

START_WITHIN = 60.0
"""Seconds within which somebody must claim a run that was created or resumed."""
BEAT_EVERY = 10.0
"""Seconds between signs of life that a supervisor writes."""
DEAD_AFTER = 120.0
"""Seconds without a sign of life after which a supervisor of another machine (or container) counts as dead. The
machines' clocks must agree to within a minute or so."""

_QUEUED, _RUNNING = RunState.QUEUED.value, RunState.RUNNING.value


class Supervision(StoreBase):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def claim(self, run_id: str, pid: int | None = None) -> bool:
        """Make a process (default this one) the supervisor of a run; False when another that lives is, or the
        run is over.

        From then on this store object is the only one of its kind that writes the run: should another process
        take the run over (this one was taken for dead), every write raises :class:`StoreError` (``conflict``).
        """
        process = processes.identity(pid)
        with self._db.write() as session:
            seq = self._seq(session, run_id)
            row = session.row("SELECT state, supervisor, heartbeat, queued FROM runs WHERE seq=?", (seq,))
            assert row is not None
            mine = self._claims.get(run_id)
            if row["state"] not in (_QUEUED, _RUNNING, RunState.INTERRUPTED.value):
                return False
            if mine is None and row["supervisor"] is not None and _lives(row):
                return False
            token = mine or os.urandom(8).hex()
            session.run(
                "UPDATE runs SET supervisor=?, token=?, heartbeat=? WHERE seq=?",
                (json.dumps(process), token, time.time(), seq),
            )
        self._claims[run_id] = token
        self._last_beat = time.monotonic()
        return True

    _last_beat = 0.0

    def heartbeat(self, run_id: str) -> None:
        """A sign of life of the supervisor; writes only every :data:`BEAT_EVERY` seconds. A run that readers
        took for interrupted meanwhile (this machine was suspended) is running again. Raises :class:`StoreError`
        (``conflict``) when another process has the run."""
        if time.monotonic() - self._last_beat < BEAT_EVERY:
            return
        with self._db.write() as session:
            seq = self._seq(session, run_id)
            session.run("UPDATE runs SET heartbeat=? WHERE seq=?", (time.time(), seq))
            revived = session.run(
                "UPDATE runs SET state=?, ended=NULL, error=NULL WHERE seq=? AND state=?",
                (_RUNNING, seq, RunState.INTERRUPTED.value),
            )
            if revived.rowcount:
                append_event(session, seq, "run", data={"state": _RUNNING})
        self._last_beat = time.monotonic()

    def request_cancel(self, run_id: str) -> None:
        """Ask the supervisor of a run to stop it; it sees this at its next :meth:`cancel_requested`."""
        with self._db.write() as session:
            session.run("UPDATE runs SET cancel=1 WHERE seq=?", (self._seq(session, run_id),))

    def cancel_requested(self, run_id: str) -> bool:
        """Whether the run shall stop: somebody asked, or another process has taken it over. For the process
        that claimed the run, asking counts as a :meth:`heartbeat`."""
        if run_id in self._claims:
            try:
                self.heartbeat(run_id)
            except StoreError as error:
                if error.kind != "conflict":
                    raise
                return True
        with self._db.read() as session:
            row = session.row("SELECT cancel FROM runs WHERE id=?", (run_id,))
        return row is None or bool(row["cancel"])

    def is_supervised(self, run: Run | str) -> bool:
        """Whether a live process runs that run, as far as can be told from here."""
        run_id = run.id if isinstance(run, Run) else run
        with self._db.read() as session:
            row = session.row("SELECT state, supervisor, heartbeat, queued FROM runs WHERE id=?", (run_id,))
        return (
            row is not None
            and row["state"] in (_QUEUED, _RUNNING)
            and row["supervisor"] is not None
            and _lives(row)
        )

    def supervisor_pid(self, run: Run | str) -> int | None:
        """The pid to send a signal to: of the live supervisor, if it is a process of this machine (and container)."""
        run_id = run.id if isinstance(run, Run) else run
        with self._db.read() as session:
            row = session.row("SELECT supervisor FROM runs WHERE id=?", (run_id,))
        if row is None or row["supervisor"] is None:
            return None
        process: dict[str, Any] = json.loads(row["supervisor"])
        return int(process["pid"]) if processes.is_here(process) and processes.is_alive(process) else None

    def mark_interrupted(self) -> list[str]:
        """Mark the runs whose supervisor is dead as ``interrupted``, each with its event; their ids. Called by
        all that read runs."""
        columns = "seq, id, state, supervisor, token, heartbeat, queued"
        with self._db.read() as session:
            rows = session.rows(
                f"SELECT {columns} FROM runs WHERE state IN (?, ?) AND supervised", (_QUEUED, _RUNNING)
            )
        marked = []
        for row in rows:
            if row["token"] == self._claims.get(row["id"], "") or _lives(row):
                continue
            try:
                if self._mark(row):
                    marked.append(row["id"])
            except StoreError as error:
                if error.kind != "full":
                    raise
                break  # reading must go on when the disk is full; who reads after room is made marks them
        return marked

    def _mark(self, row: sqlite3.Row) -> bool:
        """Mark one run, unless somebody did, or claimed it, since ``row`` was read."""
        error = _why_interrupted(row)
        now = time.time()
        with self._db.write() as session:
            changed = session.run(
                "UPDATE runs SET state=?, error=?, ended=? WHERE seq=? AND state=? AND token IS ? AND queued=?",
                (
                    RunState.INTERRUPTED.value,
                    json.dumps(error),
                    now,
                    row["seq"],
                    row["state"],
                    row["token"],
                    row["queued"],
                ),
            )
            if not changed.rowcount:
                return False
            steps = session.rows(
                "SELECT name FROM steps WHERE run=? AND state=?", (row["seq"], StepState.RUNNING.value)
            )
            state = StepState.CANCELLED.value
            for step in steps:  # their processes end with the supervisor's
                session.run(
                    "UPDATE steps SET state=?, error=?, ended=? WHERE run=? AND name=?",
                    (state, json.dumps(error), now, row["seq"], step["name"]),
                )
                append_event(
                    session, row["seq"], "step", step=step["name"], data={"state": state, "error": error}
                )
            append_event(
                session, row["seq"], "run", data={"state": RunState.INTERRUPTED.value, "error": error}
            )
        return True


def _lives(row: sqlite3.Row) -> bool:
    """Whether the process that should run this run can be taken for alive."""
    if row["supervisor"] is None:
        return bool(time.time() - row["queued"] < START_WITHIN)
    process: dict[str, Any] = json.loads(row["supervisor"])
    if processes.is_here(process):
        return processes.is_alive(process)
    return bool(time.time() - (row["heartbeat"] or 0.0) < DEAD_AFTER)


def _why_interrupted(row: sqlite3.Row) -> Mapping[str, Any]:
    """The JSON of a StepError."""
    if row["supervisor"] is None:
        message = f"No process took up the run within {START_WITHIN:.0f} seconds."
    else:
        process = json.loads(row["supervisor"])
        message = f"The {processes.describe(process)} that ran it is gone (killed, or the machine was switched off)."
    fix = f"'kfjlab resume {row['id']}' goes on from the steps that had succeeded; what the process said last is in supervisor.log."
    return {
        "kind": "Interrupted",
        "message": message,
        "cell": None,
        "line": None,
        "fix": fix,
        "traceback": "",
    }
