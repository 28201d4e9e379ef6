"""Files of older and newer versions, and of others."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kfjlab.runs.database import Database
from kfjlab.runs.model import RunState, StepState
from kfjlab.runs.schema import APPLICATION_ID, MIGRATIONS, prepare
from kfjlab.runs.store import RunStore, StoreError
from tests.runs.helpers import new_run, start_python

VERSION_1 = Path(__file__).with_name("store-version-1.sql")
NEXT = """
CREATE TABLE notes (run INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE, note TEXT NOT NULL);
INSERT INTO notes SELECT seq, name FROM runs;
ALTER TABLE runs ADD COLUMN starred INTEGER NOT NULL DEFAULT 0
"""
"""What a later version could do."""


def execute(path: Path, script: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of a store whose tables have version 1."""
    execute(tmp_path / "data" / "runs.sqlite", VERSION_1.read_text("utf-8"))
    return tmp_path / "data"


def test_a_store_of_version_1_is_read_and_goes_on(old: Path) -> None:
    with RunStore(old, network=False) as store:
        run = store.get_run("v1fix")
        assert (run.name, run.state, run.experiment, run.owner) == ("Iris", RunState.SUCCEEDED, "first", "jo")
        assert (run.parameters, run.metrics, run.options) == (
            {"alpha": 0.5},
            {"accuracy": 0.9},
            {"cache": True},
        )
        assert run.pipeline == {"name": "Iris", "steps": ["load", "fit"]}
        steps = store.get_steps(run.id)
        assert [(s.name, s.state, s.seconds) for s in steps] == [
            ("load", StepState.SUCCEEDED, 0.5),
            ("fit", StepState.WAITING, None),
        ]
        assert [event.kind for event in store.follow(run.id)] == ["run", "step", "run"]
        assert store.lineage("b" * 64).uses[0].summary == "DataFrame 150 × 4"
        assert store.observed("k" * 8) is not None
        assert store.list_runs(text="alpha=0.5")[0].id == run.id
        store.restart_run(run.id)
        assert store.append(run.id, "phase") == 5
        new_run(store)
        assert store.count_runs() == 2


def test_migrating_an_old_file_gives_the_tables_of_a_new_one(old: Path, tmp_path: Path) -> None:
    RunStore(old, network=False).close()
    RunStore(tmp_path / "new", network=False).close()
    sql = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
    assert query(old / "runs.sqlite", sql) == query(tmp_path / "new" / "runs.sqlite", sql)
    assert query(old / "runs.sqlite", "PRAGMA user_version") == [(len(MIGRATIONS),)]


@pytest.mark.parametrize("network", [False, True])
def test_a_later_version_brings_an_older_file_up_to_date(old: Path, network: bool) -> None:
    database = Database(old, network=network)
    prepare(database, (*MIGRATIONS, NEXT))
    prepare(database, (*MIGRATIONS, NEXT))  # nothing left to do
    with database.read() as session:
        assert [tuple(row) for row in session.rows("SELECT * FROM notes")] == [(1, "Iris")]
        assert session.rows("SELECT starred FROM runs")[0][0] == 0
    database.close()
    assert query(old / "runs.sqlite", "PRAGMA user_version") == [(len(MIGRATIONS) + 1,)]


def test_an_older_kfjlab_says_which_it_needs(old: Path) -> None:
    database = Database(old, network=False)
    prepare(database, (*MIGRATIONS, NEXT))
    with database.write() as session:
        session.run("UPDATE meta SET value='7.8.9' WHERE key='kfjlab'")
    database.close()
    with pytest.raises(StoreError, match=r"made by kfjlab 7\.8\.9 or newer") as caught:
        RunStore(old)
    assert caught.value.kind == "newer" and "pip install -U kfjlab" in caught.value.fix


def test_a_migration_that_fails_leaves_the_file_as_it_was(old: Path) -> None:
    database = Database(old, network=False)
    before = query(old / "runs.sqlite", "SELECT sql FROM sqlite_master ORDER BY name")
    with pytest.raises(StoreError):
        prepare(database, (*MIGRATIONS, NEXT + ";\nINSERT INTO nowhere VALUES (1)"))
    database.close()
    assert query(old / "runs.sqlite", "SELECT sql FROM sqlite_master ORDER BY name") == before
    assert query(old / "runs.sqlite", "PRAGMA user_version") == [(1,)]
    RunStore(old, network=False).close()


def test_a_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "runs.sqlite"
    execute(path, "CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1);")
    with pytest.raises(StoreError, match="another program"):
        RunStore(tmp_path, network=False)
    assert query(path, "SELECT * FROM theirs") == [(1,)]
    assert query(path, "SELECT count(*) FROM sqlite_master") == [(1,)]


def test_our_files_can_be_told(tmp_path: Path) -> None:
    RunStore(tmp_path, network=False).close()
    assert query(tmp_path / "runs.sqlite", "PRAGMA application_id") == [(APPLICATION_ID,)]


def test_several_processes_make_the_same_store(tmp_path: Path, network: bool) -> None:
    code = """
    import sys
    from pathlib import Path
    from kfjlab.runs.store import RunStore
    print("ready", flush=True)
    sys.stdin.readline()
    with RunStore(Path(sys.argv[1]), network=sys.argv[2] == "True") as store:
        run = store.create_run(name="n", notebook="/n.ipynb", target="local")
        print(store.append(run.id, "phase"))
    """
    processes = [start_python(code, tmp_path / "new", network) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    results = [process.communicate(timeout=30) for process in processes]
    assert [out for out, err in results] == ["2\n"] * 4, results
    with RunStore(tmp_path / "new") as store:
        assert store.count_runs() == 4
