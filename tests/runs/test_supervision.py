"""One live supervisor for each run, and what becomes of a run without."""

from __future__ import annotations

import json
import os
import time

import pytest

from kfjlab.runs import processes, supervision
from kfjlab.runs.model import RunState, StepRun, StepState
from kfjlab.runs.store import RunStore, StoreError
from tests.runs.helpers import finish, new_run, run_python, running_python, start_python

CLAIM = """
import sys, time
from pathlib import Path
from kfjlab.runs.model import RunState, StepState
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store:
    assert store.claim(sys.argv[2])
    with store.transaction():
        store.set_run_state(sys.argv[2], RunState.RUNNING, started=time.time())
        store.append(sys.argv[2], "run", data={"state": "running"})
    for step, state in zip(store.get_steps(sys.argv[2]), (StepState.SUCCEEDED, StepState.RUNNING)):
        store.update_step(sys.argv[2], step.name, state=state)
    print("ready", flush=True)
    time.sleep(60)
"""

RACE = """
import sys
from pathlib import Path
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store:
    sys.stdin.readline()
    print(store.claim(sys.argv[2]), flush=True)
    sys.stdin.readline()
"""

READ = """
import sys
from pathlib import Path
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store:
    print(store.get_run("last").state.value)
"""

CANCEL = """
import sys
from pathlib import Path
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store:
    store.request_cancel(sys.argv[2])
"""


def elsewhere(store: RunStore, run_id: str, heartbeat: float) -> None:
    """The run's supervisor is a process of another machine that gave a sign of life ``heartbeat`` seconds ago."""
    process = {"pid": os.getpid(), "start": 1.0, "host": "elsewhere", "place": "elsewhere"}
    with store._db.write() as session:
        values = (json.dumps(process), time.time() - heartbeat, run_id)
        session.run("UPDATE runs SET supervisor=?, heartbeat=?, token='theirs' WHERE id=?", values)


def test_of_several_that_claim_one_gets_the_run(either: RunStore) -> None:
    run = new_run(either)
    racers = [start_python(RACE, either.location, run.id) for _ in range(4)]
    try:
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        answers = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
        assert sorted(answers) == ["False", "False", "False", "True"]
        winner = racers[answers.index("True")]
        seen = either.get_run(run.id)
        assert seen.supervisor is not None and seen.supervisor["pid"] == winner.pid
        assert either.is_supervised(run) and either.supervisor_pid(run.id) == winner.pid
    finally:
        for racer in racers:
            racer.kill()
            racer.communicate(timeout=10)


def test_a_run_whose_supervisor_was_killed_is_interrupted(either: RunStore) -> None:
    run = new_run(either, steps=[StepRun("", "a", 0), StepRun("", "b", 1), StepRun("", "c", 2)])
    with running_python(CLAIM, either.location, run.id) as supervisor:
        assert either.get_run(run.id).state is RunState.RUNNING
        assert not either.claim(run.id)
        supervisor.kill()
    assert either.count_runs(state=RunState.RUNNING) == 0
    seen = either.list_runs()[0]
    assert seen.state is RunState.INTERRUPTED
    assert seen.ended is not None and seen.error is not None
    assert seen.error["kind"] == "Interrupted" and f"process {supervisor.pid} on" in seen.error["message"]
    assert f"kfjlab resume {run.id}" in seen.error["fix"]
    assert [s.state for s in either.get_steps(run.id)] == [
        StepState.SUCCEEDED,
        StepState.CANCELLED,
        StepState.WAITING,
    ]
    told = [(e.kind, e.step, e.data["state"]) for e in either.events(run.id)[-2:]]
    assert told == [("step", "b", "cancelled"), ("run", None, "interrupted")]
    assert not either.is_supervised(seen) and either.supervisor_pid(run.id) is None
    assert either.mark_interrupted() == []  # once
    assert either.claim(run.id)  # and may be taken up by another


def test_readers_in_other_processes_mark_it_once(either: RunStore) -> None:
    run = new_run(either)
    with running_python(CLAIM, either.location, run.id) as supervisor:
        supervisor.kill()
    readers = [start_python(READ, either.location) for _ in range(3)]
    assert [reader.communicate(timeout=20)[0].strip() for reader in readers] == ["interrupted"] * 3
    states = [event.data["state"] for event in either.events(run.id)]
    assert states == ["queued", "running", "interrupted"]


def test_a_run_that_nobody_takes_up(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run, remote = new_run(store), new_run(store, target="kubeflow", supervised=False)
    assert store.get_run(run.id).state is RunState.QUEUED
    monkeypatch.setattr(supervision, "START_WITHIN", 0.0)
    seen = store.get_run(run.id)
    assert seen.state is RunState.INTERRUPTED and seen.error is not None
    assert "No process took up the run" in seen.error["message"]
    assert store.get_run(remote.id).state is RunState.QUEUED
    assert store.claim(run.id)  # the process was only slow to start


def test_a_run_that_is_over_cannot_be_claimed(store: RunStore) -> None:
    run = new_run(store)
    finish(store, run)
    assert not store.claim(run.id)
    store.restart_run(run.id)
    assert store.claim(run.id)


def test_a_supervisor_elsewhere_lives_as_long_as_it_says_so(store: RunStore) -> None:
    run = new_run(store)
    elsewhere(store, run.id, supervision.DEAD_AFTER - 10)
    assert store.get_run(run.id).state is RunState.QUEUED
    assert store.is_supervised(run.id)
    assert store.supervisor_pid(run.id) is None  # its pid means another process here
    assert not store.claim(run.id)
    elsewhere(store, run.id, supervision.DEAD_AFTER + 10)
    assert not store.is_supervised(run.id)
    assert store.get_run(run.id).state is RunState.INTERRUPTED


def test_asking_about_cancelling_is_a_sign_of_life(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run(store)
    assert store.claim(run.id)

    def heartbeat() -> float:
        with store._db.read() as session:
            return float(session.rows("SELECT heartbeat FROM runs WHERE id=?", (run.id,))[0][0])

    first = heartbeat()
    assert not store.cancel_requested(run.id)
    assert heartbeat() == first  # not so soon
    monkeypatch.setattr(supervision, "BEAT_EVERY", 0.0)
    time.sleep(0.01)
    assert not store.cancel_requested(run.id)
    assert heartbeat() > first


def test_cancelling(either: RunStore) -> None:
    run = new_run(either)
    assert either.claim(run.id)
    assert not either.cancel_requested(run.id)
    run_python(CANCEL, either.location, run.id)
    assert either.cancel_requested(run.id)


def test_a_supervisor_that_was_taken_for_dead_but_lives_goes_on(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a machine was suspended: readers elsewhere saw no sign of life for long."""
    run = new_run(store)
    assert store.claim(run.id)
    store.set_run_state(run.id, RunState.RUNNING)
    with RunStore(store.location) as reader:
        monkeypatch.setattr(processes, "is_here", lambda process: False)
        monkeypatch.setattr(supervision, "DEAD_AFTER", -1.0)
        assert reader.get_run(run.id).state is RunState.INTERRUPTED
        monkeypatch.undo()
    monkeypatch.setattr(supervision, "BEAT_EVERY", 0.0)
    assert not store.cancel_requested(run.id)
    seen = store.get_run(run.id)
    assert (seen.state, seen.ended, seen.error) == (RunState.RUNNING, None, None)
    assert [event.data["state"] for event in store.events(run.id)] == ["queued", "interrupted", "running"]


def test_a_supervisor_whose_run_was_taken_over_writes_nothing_more(store: RunStore) -> None:
    run = new_run(store, steps=[StepRun("", "a", 0)])
    assert store.claim(run.id)
    store.set_run_state(run.id, RunState.FAILED)
    with RunStore(store.location) as other:
        other.restart_run(run.id)
        assert other.claim(run.id)
        assert store.cancel_requested(run.id) is False  # it has not beaten yet
        store._last_beat = 0.0
        assert store.cancel_requested(run.id)
        for write in (
            lambda: store.set_run_state(run.id, RunState.SUCCEEDED),
            lambda: store.append(run.id, "cell"),
            lambda: store.update_step(run.id, "a", state=StepState.SUCCEEDED),
        ):
            with pytest.raises(StoreError, match="taken over by another process") as caught:
                write()
            assert caught.value.kind == "conflict"
        assert other.get_run(run.id).state is RunState.QUEUED
        assert not other.cancel_requested(run.id)


def test_a_pid_that_was_used_again_is_no_supervisor(store: RunStore) -> None:
    run = new_run(store)
    with store._db.write() as session:
        session.run(
            "UPDATE runs SET supervisor=?, token='x'", (json.dumps({**processes.identity(), "start": 1.0}),)
        )
    assert not store.is_supervised(run.id)
    assert store.get_run(run.id).state is RunState.INTERRUPTED
