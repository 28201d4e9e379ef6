"""Garbage collection: what goes, and above all what stays."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path

import pytest

from kfjlab.runs.model import Artifact, Run, RunState, StepRun, StepState
from kfjlab.runs.objects import remove_unless_touched
from kfjlab.runs.store import RunStore, StoreError
from tests.runs.helpers import finish, new_run, running_python, start_python

DAY = 24 * 3600.0


def put(store: RunStore, content: bytes, age: float = 2 * DAY) -> str:
    """An object of that content that was stored ``age`` seconds ago; its digest."""
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(store, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, (time.time() - age,) * 2)
    return digest


def path_of(store: RunStore, digest: str) -> Path:
    return store.objects / digest[:2] / digest[2:]


def there(store: RunStore, *digests: str) -> list[bool]:
    return [path_of(store, digest).exists() for digest in digests]


def old_run(store: RunStore, age: float, **fields: object) -> Run:
    """A run that has been over for ``age`` seconds."""
    run = new_run(store, **fields)
    finish(store, run, ended=time.time() - age)
    with store._db.write() as session:
        values = (time.time() - age, time.time() - age, run.id)
        session.run("UPDATE runs SET created=?, queued=? WHERE id=?", values)
    return run


def record(store: RunStore, age: float, digest: str, key: str = "key", run_id: str = "gone") -> int:
    """A record used ``age`` seconds ago that refers to an object."""
    data = {"record": {"writes": {"var:x": digest}, "values": {"var:x": {"digest": digest}}}, "log": None}
    number = store.put_record(key, data, run_id=run_id, step="a", size=1)
    with store._db.write() as session:
        session.run("UPDATE records SET used=? WHERE id=?", (time.time() - age, number))
    return number


def test_what_nothing_refers_to_goes(either: RunStore) -> None:
    loose = put(either, b"nobody wants me")
    report = either.gc()
    assert there(either, loose) == [False]
    assert (report.objects, report.freed, report.kept, report.runs, report.failures) == (1, 15, 0, (), ())


def test_all_that_is_referred_to_stays(store: RunStore) -> None:
    value, in_record, file, preimage, kept_log, in_artifact, prelude = (
        put(store, b"%d" % i) for i in range(7)
    )
    run = old_run(store, DAY, steps=[StepRun("", "a", 0)])
    data = {
        "values": {"var:x": {"digest": value}},
        "writes": {"file:out.csv": file},
        "preimages": {"file:in.csv": preimage},
    }
    store.update_step(run.id, "a", state=StepState.SUCCEEDED, record=data)
    store.put_artifacts(run.id, "a", [Artifact("", "", "t", "table", "x", in_artifact, 1)])
    store.put_record(
        "key",
        {"record": {"values": {"x": {"digest": in_record}}}, "log": kept_log},
        run_id="r",
        step="",
        size=1,
    )
    Path(run.folder, "prelude.json").write_text(
        json.dumps({"record": {"values": {"y": {"digest": prelude}}}})
    )
    report = store.gc(older_than=10 * DAY)
    assert there(store, value, in_record, file, preimage, kept_log, in_artifact, prelude) == [True] * 7
    assert report.objects == 0


def test_buffers_of_values_stay_with_them_and_go_with_them(store: RunStore) -> None:
    deep = put(store, b"deep")
    nested = put(store, json.dumps({"buffers": [deep]}).encode() + b"\nrest")
    raw = put(store, b"\x00\x01" * 100)
    text = put(store, b"{ not a header")
    many = [put(store, b"buffer %d" % i) for i in range(300)]
    value = put(
        store, json.dumps({"buffers": [nested, raw, text, *many, "0" * 64]}).encode() + b"\n\x80\x05pickle"
    )
    number = record(store, 0, value)
    store.gc()
    assert all(there(store, value, nested, deep, raw, text, *many))
    store.forget(number)
    assert store.gc().objects == 305
    assert not any(there(store, value, nested, deep, raw, text, *many))


def test_old_runs_and_records_go_with_what_only_they_need(either: RunStore) -> None:
    mine, both, cached = put(either, b"mine"), put(either, b"both"), put(either, b"cached")
    old, young = old_run(either, 3 * DAY), old_run(either, DAY)
    for run, digests in ((old, [mine, both]), (young, [both])):
        either.put_steps(run.id, [StepRun("", "a", 0, StepState.SUCCEEDED, record={"digests": digests})])
        either.append_log(run.id, "a", "log")
    record(either, 3 * DAY, cached)
    dry = either.gc(older_than=2 * DAY, dry_run=True)
    assert there(either, mine, both, cached) == [True] * 3 and either.count_runs() == 2
    report = either.gc(older_than=2 * DAY)
    assert (report.runs, report.records, report.objects) == ((old.id,), 1, 2)
    assert (dry.runs, dry.records, dry.objects, dry.freed, dry.kept) == (
        report.runs,
        report.records,
        report.objects,
        report.freed,
        report.kept,
    )
    assert dry.dry_run and not report.dry_run
    assert there(either, mine, both, cached) == [False, True, False]
    assert [run.id for run in either.list_runs()] == [young.id]
    assert not Path(old.folder).exists() and Path(young.folder).exists()


def test_a_record_lives_as_long_as_its_run_and_as_it_is_used(store: RunStore) -> None:
    first, second, third = (put(store, b"%d" % i) for i in range(3))
    run = old_run(store, DAY)
    record(store, 3 * DAY, first, run_id=run.id)
    number = record(store, 3 * DAY, second)
    record(store, 3 * DAY, third, "looked at")
    store.touch(number)
    store.records("looked at")
    store.gc(older_than=2 * DAY)
    assert there(store, first, second, third) == [True] * 3


def test_many_records_under_one_key_are_not_all_kept(store: RunStore) -> None:
    digests = [put(store, b"%d" % i) for i in range(25)]
    for digest in digests:
        record(store, DAY, digest)
    assert store.gc().records == 5
    assert there(store, *digests) == [False] * 5 + [True] * 20


def test_a_size_is_kept_to_by_dropping_what_was_not_used_longest(store: RunStore) -> None:
    digests = [put(store, bytes([i]) * 1000) for i in range(6)]
    for i, digest in enumerate(digests):
        record(store, (10 - i) * DAY, digest, key=f"k{i}")
    shared = put(store, b"s" * 1000)
    record(store, 20 * DAY, shared, key="old use")
    record(store, DAY, shared, key="new use")
    report = store.gc(max_size=3500)
    assert there(store, *digests, shared) == [False] * 4 + [True] * 3
    assert (report.kept, report.freed, report.records) == (3000, 4000, 5)
    assert store.gc(max_size=3500).freed == 0
    store.gc(max_size=0)
    assert not any(there(store, *digests, shared))


def test_a_run_that_has_just_ended_does_not_go_for_its_size(store: RunStore) -> None:
    """Somebody may still be looking at it; only who asks by age means it."""
    recent, old = old_run(store, 60), old_run(store, DAY)
    for run in (recent, old):
        store.append_log(run.id, "a", "x" * 1000)
    assert store.gc(max_size=0).runs == (old.id,)
    assert store.gc(older_than=0).runs == (recent.id,)


def test_a_size_counts_the_folders_of_runs(store: RunStore) -> None:
    for age in (3 * DAY, 2 * DAY, DAY):
        store.append_log(old_run(store, age).id, "a", "x" * 1000)
    report = store.gc(max_size=2500)
    assert len(report.runs) == 1 and store.count_runs() == 2
    assert report.kept == 2000


# Beside what goes on --------------------------------------------------------------------------------------------------


def test_nothing_young_goes(store: RunStore) -> None:
    young, old = put(store, b"young", age=600), put(store, b"old")
    unfinished = store.objects / "tmp-young"
    unfinished.write_bytes(b"x")
    left = store.objects / "ab" / "tmp-old"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"x")
    os.utime(left, (1.0, 1.0))
    report = store.gc(older_than=0, max_size=0)
    assert there(store, young, old) == [True, False]
    assert unfinished.exists() and not left.exists()
    assert (report.objects, report.freed) == (1, 4)


def test_what_a_run_that_goes_on_may_have_stored_stays(store: RunStore) -> None:
    """However long it goes on: its steps are written down only when all before them are known to hold."""
    run = new_run(
        store, steps=[StepRun("", "a", 0, StepState.SUCCEEDED, record={"d": put(store, b"own", age=9 * DAY)})]
    )
    assert store.claim(run.id)
    with store._db.write() as session:
        session.run("UPDATE runs SET queued=?", (time.time() - 5 * DAY,))
    before, since = put(store, b"before", age=6 * DAY), put(store, b"since", age=4 * DAY)
    looked_at, not_looked_at = (
        put(store, b"looked at", age=9 * DAY),
        put(store, b"not looked at", age=9 * DAY),
    )
    record(store, 4 * DAY, looked_at)
    record(store, 6 * DAY, not_looked_at)
    store.gc(older_than=0, max_size=0)
    own = hashlib.sha256(b"own").hexdigest()
    assert there(store, own, before, since, looked_at, not_looked_at) == [True, False, True, True, False]
    assert store.get_run(run.id).state is RunState.QUEUED and Path(run.folder).exists()
    finish(store, run, ended=time.time() - DAY)
    store.gc(older_than=0)
    assert store.count_runs() == 0
    assert not any(there(store, own, before, since, looked_at, not_looked_at))


def test_a_run_that_is_resumed_meanwhile_stays(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = old_run(store, 3 * DAY)
    number = record(store, 3 * DAY, put(store, b"x"))
    choose = RunStore._choose

    def choose_while_others_work(self: RunStore, *arguments: object) -> None:
        choose(self, *arguments)  # type: ignore[arg-type]
        with RunStore(store.location) as other:
            other.restart_run(run.id)
            other.touch(number)

    monkeypatch.setattr(RunStore, "_choose", choose_while_others_work)
    report = store.gc(older_than=DAY)
    assert report.runs == () and report.records == 0 and report.objects == 0
    assert store.get_run(run.id).state is RunState.QUEUED
    assert Path(run.folder).exists() and len(store.records("key")) == 1


def test_an_object_that_is_wanted_again_at_the_last_moment_stays(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker finds the value that it wants to store there already, and sets its time, between our look and the removal."""
    digest = put(store, b"again")
    path = path_of(store, digest)
    rename = os.rename

    def touch_and_rename(source: str, target: str) -> None:
        if source == str(path):
            os.utime(source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", touch_and_rename)
    assert store.gc().objects == 0
    assert path.read_bytes() == b"again"
    monkeypatch.undo()
    assert not remove_unless_touched(str(path), time.time() - DAY)
    assert not remove_unless_touched(str(path) + "x", time.time())


def test_folders_without_a_run_go_when_they_are_old(store: RunStore) -> None:
    new, old = store.run_folder("abc"), store.run_folder("abd")
    for folder in (new, old):
        folder.mkdir()
    os.utime(old, (1.0, 1.0))
    store.gc()
    assert new.exists() and not old.exists()


def test_what_cannot_be_deleted_is_told(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    digest, other = put(store, b"stuck"), put(store, b"loose")
    rename = os.rename

    def refuse(source: str, target: str) -> None:
        if source == str(path_of(store, digest)):
            raise PermissionError(1, "Operation not permitted", source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    report = store.gc()
    assert there(store, digest, other) == [True, False]
    assert len(report.failures) == 1 and digest[2:] in report.failures[0] and report.objects == 1


HOLD = """
import sys, time
from pathlib import Path
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store, store._only_one():
    print("ready", flush=True)
    time.sleep(60)
"""


def test_one_collects_at_a_time(either: RunStore) -> None:
    with running_python(HOLD, either.location) as other:
        with pytest.raises(
            StoreError, match=f"rocess {other.pid} on .* is collecting garbage already"
        ) as caught:
            either.gc()
        assert caught.value.kind == "conflict"
        other.kill()
    either.gc()  # a killed one does not keep others from it
    either.gc()


WORK = """
import hashlib, os, sys, time
from pathlib import Path
from kfjlab.runs import cache
from kfjlab.runs.model import RunState, StepRun, StepState
from kfjlab.runs.store import RunStore

cache._NOTED_EVERY = 0  # as the grace period is so short here

def put(store, content):
    digest = hashlib.sha256(content).hexdigest()
    path = store.objects / digest[:2] / digest[2:]
    try:
        os.utime(path)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f"tmp-{os.getpid()}")
        new.write_bytes(content)
        os.replace(new, path)
    return digest

with RunStore(Path(sys.argv[1])) as store:
    for n in range(int(sys.argv[2])):
        run = store.create_run(name="n", notebook="/n.ipynb", target="local", steps=[StepRun("", "a", 0)])
        store.claim(run.id)
        digests = [put(store, b"%d" % (i + n)) for i in range(10)]
        time.sleep(0.02)
        for record_id, data in store.records("key"):
            for digest in data["digests"]:
                assert (store.objects / digest[:2] / digest[2:]).exists(), "a record without its objects"
        with store.transaction():
            store.put_record("key", {"digests": digests}, run_id=run.id, step="a", size=1)
            store.update_step(run.id, "a", state=StepState.SUCCEEDED, record={"digests": digests})
        for digest in digests:
            assert (store.objects / digest[:2] / digest[2:]).exists(), "lost"
        store.set_run_state(run.id, RunState.SUCCEEDED)
"""


def put_old_unless_there(store: RunStore, content: bytes) -> None:
    """An object that nothing refers to, and that a worker may want at the same moment."""
    digest = hashlib.sha256(content).hexdigest()
    path_of(store, digest).parent.mkdir(exist_ok=True)
    new = store.objects / "new"
    new.write_bytes(content)
    os.utime(new, (1.0, 1.0))
    with contextlib.suppress(FileExistsError):
        os.link(new, path_of(store, digest))
    new.unlink()


def test_collecting_beside_runs_that_go_on(either: RunStore) -> None:
    """What the runs want to store is often there already, from nobody knows when, and is being collected."""
    workers = [start_python(WORK, either.location, 10) for _ in range(2)]
    swept = 0
    while any(worker.poll() is None for worker in workers):
        for number in range(20):
            put_old_unless_there(either, b"%d" % number)
        swept += either.gc(older_than=0, max_size=0, grace=0.05).objects
        time.sleep(0.01)
    for worker in workers:
        assert worker.communicate(timeout=10)[1] == ""
    assert swept > 0
