"""A disk without room, and one that cannot be written: on a small file system of the test's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kfjlab.runs.model import RunState, StepRun, StepState
from kfjlab.runs.store import RunStore, StoreError
from tests.runs.helpers import new_run
from tests.small_disk import fill, mount, small_disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small") as folder:
        yield folder


def error_of(write: Callable[[], object]) -> StoreError:
    """What it raises when there is no more room."""
    for _ in range(100_000):
        try:
            write()
        except StoreError as error:
            return error
    raise AssertionError("the disk does not get full")


def test_a_full_disk(small: Path, network: bool) -> None:
    with RunStore(small / "data", network=network) as store:
        run = new_run(store, steps=[StepRun("", "a", 0)])
        assert store.claim(run.id)
        store.append_log(run.id, "a", "before\n")
        filler = fill(small)

        written = 0

        def write() -> None:
            nonlocal written
            with store.transaction():
                store.update_step(run.id, "a", state=StepState.RUNNING, attempt=written + 1)
                store.append(
                    run.id, "step", "a", {"state": "running", "attempt": written + 1, "text": "x" * 2000}
                )
            written += 1

        error = error_of(write)
        assert error.kind == "full", error
        assert "kfjlab gc" in str(error) and "resume" in str(error)
        assert error_of(lambda: store.append_log(run.id, "a", "more\n" * 1000)).kind == "full"

        assert store.release_reserve() and not store.release_reserve()
        with store.transaction():  # so that the end of the run can be written down
            store.set_run_state(run.id, RunState.FAILED)
            store.append(run.id, "run", data={"state": "failed"})

        filler.unlink()
        assert store.get_steps(run.id)[0].attempt == written
        assert len(store.events(run.id, limit=10_000)) == 2 + written  # each state has its event
        assert store.append(run.id, "cell") == 3 + written
        text = store.read_log(run.id, "a")[0]
        assert text.startswith("before\n") and text.endswith("\n")
        assert store.get_run(run.id).state is RunState.FAILED
        with store._db.read() as session:
            assert [row[0] for row in session.rows("PRAGMA integrity_check")] == ["ok"]


def test_runs_can_be_read_when_the_disk_is_full(
    small: Path, network: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RunStore(small / "data", network=network) as store:
        run = new_run(store)
        monkeypatch.setattr("kfjlab.runs.supervision.START_WITHIN", 0.0)
        filler = fill(small)
        store.release_reserve()
        fill(small / "data")
        error_of(lambda: store.append(run.id, "cell", data={"text": "x" * 2000}))
        assert [one.id for one in store.list_runs()] == [run.id]
        assert store.events(run.id)[0].kind == "run"
        filler.unlink()
        assert store.get_run(run.id).state is RunState.INTERRUPTED


def test_a_new_store_on_a_full_disk(small: Path, network: bool) -> None:
    filler = fill(small)
    with pytest.raises(StoreError) as caught:
        RunStore(small / "data", network=network)
    assert caught.value.kind == "full", caught.value
    filler.unlink()
    with RunStore(small / "data", network=network) as store:
        assert store.get_run(new_run(store).id).state is RunState.QUEUED


def test_garbage_collection_makes_room_on_a_full_disk(small: Path, network: bool) -> None:
    with RunStore(small / "data", network=network) as store:
        run = new_run(store)
        for number in range(4):
            digest = f"{number:064x}"
            path = store.objects / digest[:2] / digest[2:]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"x" * 500_000)
            os.utime(path, (1.0, 1.0))
        store.set_run_state(run.id, RunState.FAILED, ended=1.0)
    fill(small)
    with RunStore(small / "data") as store:
        assert not (small / "data" / "reserve").exists()  # as even opening needs some room
        report = store.gc(older_than=0)
        assert report.objects == 4 and report.freed >= 2_000_000
        assert report.runs == (run.id,)
        assert store.count_runs() == 0
        assert (small / "data" / "reserve").exists()


def test_a_disk_that_cannot_be_written(small: Path, network: bool) -> None:
    with RunStore(small / "data", network=network) as store:
        new_run(store)
    mount("-o", "remount,ro", str(small))
    try:
        with pytest.raises(StoreError) as caught, RunStore(small / "data") as store:
            new_run(store)
        assert caught.value.kind == "read-only", caught.value
        assert "KFJLAB_DATA" in caught.value.fix
    finally:
        mount("-o", "remount,rw", str(small))
