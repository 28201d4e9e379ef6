"""Records kept for reuse."""

from __future__ import annotations

import time

from kfjlab.runs.model import Run
from kfjlab.runs.store import RunStore


def test_records_come_newest_first(either: RunStore) -> None:
    ids = [either.put_record("key", {"n": n}, run_id="r1", step="a", size=n) for n in range(25)]
    either.put_record("other", {"n": -1}, run_id="r1", step="a", size=0)
    assert either.records("key") == [(ids[n], {"n": n}) for n in range(24, 4, -1)]
    assert either.records("key", limit=1) == [(ids[24], {"n": 24})]
    assert either.observed("key") == {"n": 24}
    assert either.records("nothing") == [] and either.observed("nothing") is None


def test_a_record_that_is_forgotten_is_gone(store: RunStore) -> None:
    first = store.put_record("key", {"n": 1}, run_id="r1", step="a", size=1)
    second = store.put_record("key", {"n": 2}, run_id="r1", step="a", size=1)
    store.forget(second)
    store.forget(second)  # another process was first
    assert store.records("key") == [(first, {"n": 1})]


def test_the_records_of_one_run(store: RunStore, run: Run) -> None:
    store.put_record("key", {"n": 1}, run_id="other", step="a", size=1)
    store.put_record("key", {"n": 2}, run_id=run.id, step="a", size=1)
    store.put_record("more", {"n": 3}, run_id=run.id, step="a", size=1)
    store.put_record("key", {"n": 4}, run_id=run.id, step="a", size=1)
    assert store.observed_in_run(run.id, "key") == [{"n": 4}, {"n": 2}]


def test_looking_at_a_record_and_using_it_are_noted(store: RunStore) -> None:
    record = store.put_record("key", {}, run_id="r", step="a", size=1)

    def used() -> float:
        with store._db.read() as session:
            return float(session.rows("SELECT used FROM records")[0][0])

    def set_used(ago: float) -> float:
        with store._db.write() as session:
            session.run("UPDATE records SET used=?", (time.time() - ago,))
        return used()

    recent = set_used(60)
    store.records("key")
    assert used() == recent  # recent enough: reading does not write each time
    set_used(3600)
    store.records("key")
    assert time.time() - used() < 5
    set_used(60)
    store.touch(record)
    assert time.time() - used() < 5
