"""The tables, and how older files become newer ones.

``PRAGMA user_version`` counts the migrations that a file has had. Each is a list of statements, applied in
order, all that are missing in one transaction: a file is never between two versions. Published migrations are
never edited, only added to; and they only add (tables, columns with defaults, indexes), so that an older
process that has the file open goes on working.

Features of SQLite newer than 3.24 (2018: upsert) are not used, since Python uses what the system has.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .database import Database
from .errors import StoreError, corrupt
from .session import Session

APPLICATION_ID = 0x6B666A6C
"""``PRAGMA application_id`` of our files: "kfjl"."""

_VERSION_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- queued: when the run was created, or resumed last; search: what text search looks at, casefolded;
-- supervised: whether some process must be there while the run is not over; token: of the one that may write it.
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL, notebook TEXT NOT NULL, target TEXT NOT NULL, experiment TEXT, owner TEXT NOT NULL,
    state TEXT NOT NULL, created REAL NOT NULL, queued REAL NOT NULL, started REAL, ended REAL, error TEXT,
    parameters TEXT NOT NULL, options TEXT NOT NULL, search TEXT NOT NULL,
    supervised INTEGER NOT NULL, supervisor TEXT, token TEXT, heartbeat REAL, cancel INTEGER NOT NULL DEFAULT 0);
CREATE INDEX runs_by_state ON runs (state);
CREATE INDEX runs_by_notebook ON runs (notebook);
CREATE INDEX runs_by_experiment ON runs (experiment);

-- Apart, since it is large and lists of runs do not need it.
CREATE TABLE pipelines (
    run INTEGER PRIMARY KEY REFERENCES runs (seq) ON DELETE CASCADE,
    pipeline TEXT NOT NULL);

CREATE TABLE steps (
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    name TEXT NOT NULL, position INTEGER NOT NULL, state TEXT NOT NULL, cached INTEGER NOT NULL,
    attempt INTEGER NOT NULL, started REAL, ended REAL, seconds REAL, peak_memory INTEGER,
    record TEXT, error TEXT, notebook TEXT, log TEXT,
    PRIMARY KEY (run, name));

-- Without rowid, keyed by run and then offset: following a run reads one piece of the file from front to back.
CREATE TABLE events (
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    "offset" INTEGER NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL, step TEXT, data TEXT NOT NULL,
    PRIMARY KEY (run, "offset")) WITHOUT ROWID;

-- A value of NULL is not-a-number, which SQLite cannot hold.
CREATE TABLE metrics (
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    step TEXT NOT NULL, name TEXT NOT NULL, value REAL,
    PRIMARY KEY (run, step, name)) WITHOUT ROWID;

CREATE TABLE artifacts (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    step TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
    digest TEXT NOT NULL, size INTEGER NOT NULL, summary TEXT NOT NULL,
    UNIQUE (run, step, name));
CREATE INDEX artifacts_by_digest ON artifacts (digest);
CREATE TABLE artifact_inputs (
    artifact INTEGER NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (artifact, digest)) WITHOUT ROWID;
CREATE INDEX artifact_inputs_by_digest ON artifact_inputs (digest);

-- run: the id of the run that made the record, which the record may outlive.
CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL, run TEXT NOT NULL, step TEXT NOT NULL, created REAL NOT NULL, used REAL NOT NULL,
    size INTEGER NOT NULL, record TEXT NOT NULL);
CREATE INDEX records_by_key ON records (key, id);
CREATE INDEX records_by_run ON records (run, key);

-- Work that only one process may do at a time (garbage collection), and who does it.
CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, time REAL NOT NULL) WITHOUT ROWID;
"""

MIGRATIONS: tuple[str, ...] = (_VERSION_1,)
"""Statements that bring a file from each version (0: new) to the next."""


def prepare(database: Database, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Make the tables of a new file, bring those of an older one up to date. Raises :class:`StoreError` for a
    file of a newer kfjlab and for one that is not ours."""
    with database.read() as session:
        version = _version(session, database.path)
        _refuse_newer(session, database.path, version, len(migrations))
    if version == len(migrations):
        return
    with database.write() as session:
        version = _version(session, database.path)  # another process may have been first
        _refuse_newer(session, database.path, version, len(migrations))
        for script in migrations[version:]:
            for statement in script.split(";\n"):
                session.run(statement)
        session.run(f"PRAGMA application_id={APPLICATION_ID}")
        session.run(f"PRAGMA user_version={len(migrations)}")
        session.run("INSERT OR REPLACE INTO meta VALUES ('kfjlab', ?)", (_our_version(),))


def _version(session: Session, path: Path) -> int:
    """The version of the file's tables; 0 for a new file."""
    application, version = (_pragma(session, name) for name in ("application_id", "user_version"))
    if application == APPLICATION_ID:
        return version
    if application or version or session.row("SELECT 1 FROM sqlite_master"):
        raise corrupt(path, "it is a database of another program")
    return 0


def _refuse_newer(session: Session, path: Path, version: int, ours: int) -> None:
    if version <= ours:
        return
    row = session.row("SELECT value FROM meta WHERE key='kfjlab'")
    needed = "a newer kfjlab" if row is None else f"kfjlab {row['value']} or newer"
    raise StoreError(
        "newer",
        f"The run store {path} was made by {needed} (its tables have version {version}; this kfjlab, {_our_version()}, knows {ours}).",
        "Upgrade kfjlab (pip install -U kfjlab), or set KFJLAB_DATA to another folder.",
    )


def _pragma(session: Session, name: str) -> int:
    row = session.row(f"PRAGMA {name}")
    return 0 if row is None else int(row[0])


def _our_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("kfjlab")
    except PackageNotFoundError:  # run from a source tree that is not installed
        return "0"
