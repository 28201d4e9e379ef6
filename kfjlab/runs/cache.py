"""Records of what steps did, kept beyond their runs, so that what was done once need not be done again.

A record is filed under a key (everything that decides what a step does, except the state it reads) by whoever
knows how to make keys and records; to this room both are opaque, except that digests in a record keep the
objects they name (see :mod:`kfjlab.runs.gc`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from .base import StoreBase
from .rows import dump, text_in

KEPT_PER_KEY = 20
"""Records under one key that are looked at; garbage collection drops older ones."""
_NOTED_EVERY = 600.0
"""Seconds. That a record is being looked at is written down at most this often; far less than garbage
collection's grace period."""


class Cache(StoreBase):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def put_record(self, key: str, record: Mapping[str, Any], *, run_id: str, step: str, size: int) -> int:
        """File a record under ``key``; its id. ``size``: bytes of the objects it stored."""
        now = time.time()
        with self._db.write() as session:
            row = session.run(
                "INSERT INTO records (key, run, step, created, used, size, record) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key, run_id, text_in(step), now, now, size, dump(record)),
            ).lastrowid
        assert row is not None
        return row

    def records(self, key: str, limit: int = KEPT_PER_KEY) -> list[tuple[int, dict[str, Any]]]:
        """The records under ``key`` with their ids, newest first. Being looked at protects them from garbage
        collection for a while."""
        with self._db.read() as session:
            rows = session.rows(
                "SELECT id, used, record FROM records WHERE key=? ORDER BY id DESC LIMIT ?", (key, limit)
            )
        now = time.time()
        old = [(now, row["id"]) for row in rows if row["used"] < now - _NOTED_EVERY]
        if old:
            with self._db.write() as session:
                session.run_many("UPDATE records SET used=? WHERE id=?", old)
        return [(row["id"], data) for row in rows if (data := _data(row["record"])) is not None]

    def observed(self, key: str) -> dict[str, Any] | None:
        """The latest record under ``key``: what a step with this code touched, whatever became of it; None when
        there is none."""
        found = self.records(key, 1)
        return found[0][1] if found else None

    def observed_in_run(self, run_id: str, key: str) -> list[dict[str, Any]]:
        """The records under ``key`` that this run filed, newest first."""
        with self._db.read() as session:
            rows = session.rows(
                "SELECT record FROM records WHERE run=? AND key=? ORDER BY id DESC", (run_id, key)
            )
        return [data for row in rows if (data := _data(row["record"])) is not None]

    def touch(self, record_id: int) -> None:
        """Note that a record was used now."""
        with self._db.write() as session:
            session.run("UPDATE records SET used=? WHERE id=?", (time.time(), record_id))

    def forget(self, record_id: int) -> None:
        """Drop a record (what it refers to is damaged)."""
        with self._db.write() as session:
            session.run("DELETE FROM records WHERE id=?", (record_id,))


def _data(text: str) -> dict[str, Any] | None:
    """A record's JSON; None for what is none (a damaged row), which is as good as no record."""
    try:
        data = json.loads(text)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None
