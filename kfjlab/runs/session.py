"""SQL inside a transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, cast

from .errors import explain


class Session:
    """SQL in a transaction. Errors are :class:`StoreError`."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """All rows of a query."""
        try:
            return cast("list[sqlite3.Row]", self._connection.execute(sql, parameters).fetchall())
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """The first row of a query."""
        found = self.rows(sql, parameters)
        return found[0] if found else None

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Execute a statement; the cursor tells ``rowcount`` and ``lastrowid``."""
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    def run_many(self, sql: str, parameters: Iterable[Sequence[Any]]) -> None:
        """Execute a statement once for each of ``parameters``."""
        try:
            self._connection.executemany(sql, parameters)
        except sqlite3.Error as error:
            raise explain(error, self._path) from error

    @property
    def open(self) -> bool:
        """Whether the transaction goes on (SQLite ends it by itself when the disk is full)."""
        return self._connection.in_transaction
