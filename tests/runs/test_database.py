"""How the file is opened, locked, shared, synced and closed."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kfjlab.runs import database as module
from kfjlab.runs import forks
from kfjlab.runs.model import RunState
from kfjlab.runs.store import RunStore, StoreError
from tests.runs.helpers import finish, new_run, running_python

HOLD = """
import sys, time
from pathlib import Path
from typing import Any
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store, store.transaction():
    store.append(sys.argv[2], "cell")
    print("ready", flush=True)
    time.sleep(60)
"""


def query(database: Path | str, sql: str) -> object:
    """The first value of a query, asked in the plainest way."""
    connection = sqlite3.connect(database, uri=True)
    try:
        return connection.execute(sql).fetchone()[0]
    finally:
        connection.close()


def mode_of(path: Path) -> object:
    return query(path, "PRAGMA journal_mode")


@pytest.fixture(autouse=True)
def no_connection_is_left_open() -> Iterator[None]:
    yield
    leaked = [
        fd for fd in os.listdir("/proc/self/fd") if _target(fd).endswith(("runs.sqlite", "runs.sqlite-wal"))
    ]
    assert not leaked


def _target(fd: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""


# The two ways --------------------------------------------------------------------------------------------------------


def test_on_a_local_disk_the_log_is_written_ahead(tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        new_run(store)
        assert (tmp_path / "runs.sqlite-wal").exists()
        assert not store._db.network
    assert mode_of(tmp_path / "runs.sqlite") == "wal"
    assert not (tmp_path / "network").exists()


def test_on_a_network_file_system_nothing_is_shared_but_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfjlab.runs.location.is_network", lambda folder: True)
    with RunStore(tmp_path) as store:
        run = new_run(store)
        with store.transaction():
            store.append(run.id, "cell")
            assert (tmp_path / "runs.sqlite.lock").exists()
        assert (tmp_path / "network").exists()
        assert store.append(run.id, "cell") == 3
        maps = Path("/proc/self/maps").read_text()
        assert str(tmp_path) not in maps
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"runs.sqlite", "runs.sqlite-journal", "network", "objects", "runs", "reserve"}
    assert (tmp_path / "runs.sqlite-journal").stat().st_size == 0
    assert mode_of(tmp_path / "runs.sqlite") == "delete"  # not WAL


def test_no_lock_of_the_kernel_is_asked_for_on_a_network_file_system(tmp_path: Path, network: bool) -> None:
    """Where lock daemons are missing such a request hangs."""
    code = """
    import sys
    from pathlib import Path
    from kfjlab.runs.store import RunStore
    with RunStore(Path(sys.argv[1]), network=sys.argv[2] == "True") as store:
        run = store.create_run(name="n", notebook="/n.ipynb", target="local")
        with store.transaction():
            store.append(run.id, "phase")
            print("ready", flush=True)
            sys.stdin.readline()
    """
    with running_python(code, tmp_path, network) as process:
        held = [line for line in Path("/proc/locks").read_text().splitlines() if f" {process.pid} " in line]
    assert bool(held) is not network


def test_once_used_over_the_network_every_process_uses_it_so(tmp_path: Path) -> None:
    with RunStore(tmp_path, network=False) as store:
        run = new_run(store, name="before")
        store.append(run.id, "cell")
    with RunStore(tmp_path, network=True) as store:
        assert store.get_run(run.id).name == "before"
        assert len(store.events(run.id)) == 2
    assert mode_of(tmp_path / "runs.sqlite") == "delete"
    with RunStore(tmp_path) as store:
        assert store._db.network
        assert store.append(run.id, "cell") == 3
    (tmp_path / "network").unlink()  # moved back to a local disk, with nothing running
    with RunStore(tmp_path) as store:
        assert not store._db.network
        assert store.append(run.id, "cell") == 4


def test_a_store_in_use_on_its_own_machine_is_not_changed_under_it(tmp_path: Path) -> None:
    with RunStore(tmp_path, network=False) as local:
        run = new_run(local)
        with pytest.raises(StoreError) as caught:
            RunStore(tmp_path, network=True, timeout=0.2)
        assert caught.value.kind == "locked"
        assert not (tmp_path / "network").exists()
        assert local.append(run.id, "cell") == 2


def test_a_file_system_that_refuses_shared_memory_is_taken_for_one_of_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Connection(sqlite3.Connection):
        def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
            return super().execute(
                "PRAGMA journal_mode" if sql == "PRAGMA journal_mode=WAL" else sql, *parameters
            )

    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **kwargs: connect(*args, factory=Connection, **kwargs)
    )
    with RunStore(tmp_path, network=False) as store:
        assert store._db.network
        assert store.get_run(new_run(store).id).name == "iris"


# Sharing -------------------------------------------------------------------------------------------------------------


def test_who_waits_too_long_is_told(either: RunStore) -> None:
    run = new_run(either)
    with (
        RunStore(either.location, timeout=0.3) as store,
        running_python(HOLD, either.location, run.id) as holder,
    ):
        began = time.monotonic()
        with pytest.raises(StoreError) as caught:
            store.append(run.id, "cell")
        assert 0.2 < time.monotonic() - began < 3
        assert caught.value.kind == "locked" and "Try again" in caught.value.fix
        if store._db.network:
            assert f"rocess {holder.pid}" in caught.value.message
        else:
            assert len(store.events(run.id)) == 1  # readers never wait
        holder.kill()
        holder.wait(5)
        assert store.append(run.id, "cell") == 2


def test_threads_take_turns(either: RunStore) -> None:
    run = new_run(either)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(10):
                with either.transaction():
                    either.append(run.id, "cell", data={"thread": number, "i": 2 * i})
                    either.append(run.id, "cell", data={"thread": number, "i": 2 * i + 1})
                either.get_run(run.id)
        except (StoreError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    events = either.events(run.id)[1:]
    assert [event.offset for event in events] == list(range(2, 82))
    for first, second in zip(events[::2], events[1::2], strict=True):  # nobody came between a pair
        assert first.data["thread"] == second.data["thread"]


def test_a_thread_that_waits_too_long_for_another(store: RunStore) -> None:
    store._db._timeout = 0.1
    caught: list[StoreError] = []

    def read() -> None:
        try:
            store.list_runs()
        except StoreError as error:
            caught.append(error)

    with store.transaction():
        thread = threading.Thread(target=read)
        thread.start()
        thread.join(5)
    assert "another thread" in str(caught[0]).lower()


def test_who_was_taken_for_dead_does_not_commit(tmp_path: Path) -> None:
    """Stopped for so long, in the middle of a transaction, that another machine broke its lock."""
    lock = tmp_path / "runs.sqlite.lock"
    with RunStore(tmp_path, network=True) as store:
        run = new_run(store)

        def write() -> None:
            with store.transaction():
                store.append(run.id, "cell")
                lock.unlink()
                lock.write_text('{"pid": 1, "host": "elsewhere", "place": "elsewhere"}')

        with pytest.raises(StoreError, match="took this process for dead"):
            write()
        assert "elsewhere" in lock.read_text()  # is not its own to release
        lock.unlink()
        for connection in forks._abandoned:
            assert isinstance(connection, sqlite3.Connection)
            connection.close()
        forks._abandoned.clear()
        assert len(store.events(run.id)) == 1
        assert store.append(run.id, "cell") == 2


def test_a_transaction_that_was_undone_does_not_go_on(store: RunStore) -> None:
    """SQLite undoes all of it when the disk is full, also when the caller catches that error inside."""
    run = new_run(store)

    def write() -> None:
        with store.transaction():
            store.append(run.id, "cell")
            store._db._connected().execute("ROLLBACK")
            store.append(run.id, "cell")

    with pytest.raises(StoreError, match="undone by an earlier error"):
        write()
    assert len(store.events(run.id)) == 1


def test_writing_while_reading_is_a_mistake_of_ours(store: RunStore) -> None:
    with store._db.read(), pytest.raises(RuntimeError, match="inside a reading one"), store._db.write():
        pass


# Forks ---------------------------------------------------------------------------------------------------------------


def test_no_connection_crosses_a_fork(either: RunStore) -> None:
    """The child writes through the object that it inherited; the parent goes on; then another look at the whole file."""
    run = new_run(either)
    either.append(run.id, "cell")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            files = [_target(fd) for fd in os.listdir("/proc/self/fd")]
            if not any("runs.sqlite" in name for name in files) and either.append(run.id, "cell") == 3:
                status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert either.append(run.id, "cell") == 4
    either.close()
    assert query(either.location / "runs.sqlite", "PRAGMA integrity_check") == "ok"


def test_a_fork_in_the_middle_of_a_transaction_does_not_end_it(either: RunStore) -> None:
    run = new_run(either)
    with either.transaction():
        either.append(run.id, "cell")
        pid = os.fork()
        if pid == 0:
            os._exit(0 if either._db._connection is None and not either._db._depth else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        either.append(run.id, "cell")
    assert len(either.events(run.id)) == 3


# Trouble -------------------------------------------------------------------------------------------------------------


def test_no_store_to_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There are no runs") as caught:
        RunStore(tmp_path / "none", create=False)
    assert caught.value.kind == "missing"
    assert not (tmp_path / "none").exists()


def test_only_the_owner_may_look_into_a_new_store(tmp_path: Path) -> None:
    RunStore(tmp_path / "new").close()
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_file_that_is_no_database(tmp_path: Path, network: bool) -> None:
    (tmp_path / "runs.sqlite").write_bytes(b"What is this? " * 1000)
    if network:
        (tmp_path / "network").touch()
    with pytest.raises(StoreError, match="damaged") as caught:
        RunStore(tmp_path, network=network)
    assert caught.value.kind == "corrupt" and "runs.sqlite-wal" in caught.value.fix
    assert (tmp_path / "runs.sqlite").read_bytes().startswith(b"What")


def test_a_database_with_torn_pages(tmp_path: Path) -> None:
    with RunStore(tmp_path, network=False) as store:
        run = new_run(store)
        store.append_many(run.id, [("cell", None, {"text": "x" * 500})] * 200)
        finish(store, run)
    with open(tmp_path / "runs.sqlite", "r+b") as file:
        file.seek(4096)
        file.write(os.urandom(20 * 4096))

    def read() -> None:
        with RunStore(tmp_path, network=False) as store:
            store.list_runs()
            store.events(run.id)

    with pytest.raises(StoreError) as caught:
        read()
    assert caught.value.kind == "corrupt"


def test_a_store_that_was_removed_while_in_use(either: RunStore) -> None:
    run = new_run(either)
    os.rename(either.location, either.location.with_name("moved"))
    either.location.mkdir()
    with pytest.raises(StoreError) as caught:
        either.append(run.id, "cell")
    assert caught.value.kind == "missing"
    with pytest.raises(StoreError, match="no run store"):
        either.list_runs()
    assert not (either.location / "runs.sqlite").exists()


def test_a_closed_store_says_so(store: RunStore) -> None:
    store.close()
    store.close()
    with pytest.raises(StoreError, match="was closed"):
        store.list_runs()


# The write-ahead log -------------------------------------------------------------------------------------------------


def test_the_log_stays_small_however_much_is_written(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_BYTES", 200_000)
    run = new_run(store)
    wal = store.location / "runs.sqlite-wal"
    largest = 0
    for _ in range(100):
        store.append_many(run.id, [("cell", None, {"text": "x" * 200})] * 50)
        largest = max(largest, wal.stat().st_size)
    assert largest < 600_000
    assert len(store.events(run.id, limit=10_000)) == 5001


def test_a_reader_does_not_keep_writers_from_writing(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint waits only a moment for who reads, and what it could not do is done later."""
    monkeypatch.setattr(module, "CHECKPOINT_BYTES", 20_000)
    monkeypatch.setattr(module, "_CHECKPOINT_WAIT", 0.1)
    monkeypatch.setattr(module, "_CHECKPOINT_PAUSE", 0.2)
    run = new_run(store)
    wal = store.location / "runs.sqlite-wal"
    with RunStore(store.location) as reader, reader._db.read() as session:
        session.rows("SELECT * FROM events")
        began = time.monotonic()
        for _ in range(50):
            store.append(run.id, "cell", data={"text": "x" * 500})
        assert time.monotonic() - began < 2
        assert wal.stat().st_size > 20_000
    time.sleep(0.25)
    store.append(run.id, "cell")
    assert wal.stat().st_size < 20_000


def test_the_end_of_a_run_is_synced(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(store)
    wal = store.location / "runs.sqlite-wal"
    store.set_run_state(run.id, RunState.RUNNING)
    assert wal.stat().st_size > 0
    finish(store, run)
    assert wal.stat().st_size == 0  # all of it is in the database, which a checkpoint syncs
    without_the_log = f"file:{store.location}/runs.sqlite?immutable=1"
    assert query(without_the_log, "SELECT state FROM runs") == "succeeded"


def test_opening_is_cheap(either: RunStore) -> None:
    new_run(either)
    times = []
    for _ in range(10):
        began = time.perf_counter()
        with RunStore(either.location) as store:
            store.list_runs(1)
        times.append(time.perf_counter() - began)
    assert sorted(times)[5] < 0.02  # open, query, close; measured 1 ms
