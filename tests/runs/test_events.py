"""The stream of events: in order, without gaps, followed while it is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfjlab.runs.model import Run, RunEvent, RunState, StepRun, StepState
from kfjlab.runs.store import RunStore, UnknownRunError
from tests.runs.helpers import finish, new_run, running_python, start_python

WRITE = """
import sys, time
from pathlib import Path
from kfjlab.runs.model import RunState
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store:
    run = sys.argv[2]
    store.claim(run)
    print("ready", flush=True)
    for i in range(int(sys.argv[3])):
        store.append(run, "cell", "a", {"i": i})
        time.sleep(float(sys.argv[4]))
    with store.transaction():
        store.set_run_state(run, RunState.SUCCEEDED)
        store.append(run, "run", data={"state": "succeeded"})
"""

READ = """
import sys
from pathlib import Path
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1]), create=False) as store:
    print("ready", flush=True)
    for event in store.follow(sys.argv[2], after=int(sys.argv[3])):
        print(event.offset, flush=True)
"""

CLAIM = """
import sys, time
from pathlib import Path
from kfjlab.runs.store import RunStore
with RunStore(Path(sys.argv[1])) as store:
    assert store.claim(sys.argv[2])
    print("ready", flush=True)
    time.sleep(60)
"""


def offsets(events: list[RunEvent]) -> list[int]:
    return [event.offset for event in events]


def test_offsets_begin_at_one_and_have_no_gaps(either: RunStore) -> None:
    run, other = new_run(either), new_run(either)
    assert either.append(run.id, "phase", data={"phase": "steps"}) == 2
    assert either.append(other.id, "phase") == 2
    assert either.append_many(
        run.id, [("cell", "a", {"cell": 0}), ("log", "a", {"offset": 0, "length": 3})]
    ) == [3, 4]
    seen = either.events(run.id)
    assert offsets(seen) == [1, 2, 3, 4]
    assert [(e.run_id, e.kind, e.step, e.data) for e in seen[1:3]] == [
        (run.id, "phase", None, {"phase": "steps"}),
        (run.id, "cell", "a", {"cell": 0}),
    ]
    assert [e.time for e in seen] == sorted(e.time for e in seen)
    assert offsets(either.events(run.id, after=2)) == [3, 4]
    assert offsets(either.events(run.id, after=1, limit=2)) == [2, 3]
    assert either.events(run.id, after=4) == []


def test_events_of_some_kinds(either: RunStore) -> None:
    run = new_run(either)
    either.append_many(run.id, [("log", "a", {}), ("problem", "a", {"code": "x"}), ("log", None, {})])
    either.append(new_run(either).id, "problem", "b", {"code": "another run's"})
    assert [(e.kind, e.step, e.data.get("code")) for e in either.events_of(run.id, "problem", "run")] == [
        ("run", None, None),
        ("problem", "a", "x"),
    ]
    assert either.last_offset(run.id) == 4


def test_events_of_no_run(store: RunStore) -> None:
    for read in (
        store.events,
        store.events_of,
        store.last_offset,
        lambda run: list(store.follow(run)),
        lambda run: store.append(run, "cell"),
    ):
        with pytest.raises(UnknownRunError):
            read("nothere")


def test_a_transaction_is_kept_or_undone_as_a_whole(either: RunStore) -> None:
    run = new_run(either, steps=[StepRun("", "a", 0)])

    def fail() -> None:
        with either.transaction():
            either.update_step(run.id, "a", state=StepState.SUCCEEDED)
            either.append(run.id, "step", "a", {"state": "succeeded"})
            either.set_metrics(run.id, {"m": 1.0})
            assert either.get_steps(run.id)[0].state is StepState.SUCCEEDED  # its own changes are seen inside
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert either.get_steps(run.id)[0].state is StepState.WAITING
    assert offsets(either.events(run.id)) == [1]
    assert either.get_run(run.id).metrics == {}
    assert either.append(run.id, "cell") == 2  # the offset that was undone is given again


@settings(max_examples=25, deadline=None)
@given(
    tree=st.recursive(
        st.integers(0, 3), lambda inner: st.tuples(st.booleans(), st.lists(inner, max_size=3)), max_leaves=8
    )
)
def test_nested_transactions(tmp_path_factory: pytest.TempPathFactory, tree: Any) -> None:
    """A leaf appends that many events; a node is a transaction of its children that may fail after them, which is caught outside of it."""
    with RunStore(tmp_path_factory.mktemp("nested"), network=False) as store:
        run = new_run(store)

        def play(node: Any) -> int:
            if isinstance(node, int):
                for _ in range(node):
                    store.append(run.id, "cell")
                return node
            fails, children = node
            try:
                with store.transaction():
                    done = sum(play(child) for child in children)
                    if fails:
                        raise KeyError
            except KeyError:
                return 0
            return done

        expected = play(tree)
        assert offsets(store.events(run.id)) == list(range(1, expected + 2))


# Following ------------------------------------------------------------------------------------------------------------


def test_a_run_that_is_over_is_given_at_once(either: RunStore) -> None:
    run = new_run(either)
    either.append_many(run.id, [("cell", "a", {"i": i}) for i in range(2500)])  # more than a page
    finish(either, run)
    began = time.monotonic()
    assert offsets(list(either.follow(run.id))) == list(range(1, 2503))
    assert offsets(list(either.follow(run.id, after=2499))) == [2500, 2501, 2502]
    assert list(either.follow(run.id, after=2502)) == []
    assert time.monotonic() - began < 2


def test_what_another_process_writes_arrives_soon(either: RunStore) -> None:
    run = new_run(either)
    process = start_python(WRITE, either.location, run.id, 20, 0.02)
    delays = []
    events = []
    for event in either.follow(run.id, timeout=20):
        events.append(event)
        delays.append(time.time() - event.time)
    assert process.communicate(timeout=10)[1] == ""
    assert offsets(events) == list(range(1, 23))
    assert events[-1].data == {"state": "succeeded"}
    assert sorted(delays)[len(delays) // 2] < 0.6  # the median, on a busy machine; measured 0.03


def test_what_the_same_object_writes_is_seen(store: RunStore, run: Run) -> None:
    stream = store.follow(run.id, timeout=10)
    assert next(stream).offset == 1
    store.append(run.id, "cell")
    assert next(stream).kind == "cell"
    finish(store, run)
    assert [event.kind for event in stream] == ["run"]


def test_another_thread_may_write_through_the_same_object(either: RunStore) -> None:
    run = new_run(either)

    def write() -> None:
        for _ in range(30):
            either.append(run.id, "cell")
        finish(either, run)

    thread = threading.Thread(target=write)
    thread.start()
    seen = list(either.follow(run.id, timeout=20))
    thread.join(10)
    assert offsets(seen) == list(range(1, 33))


def test_following_ends_after_the_timeout(store: RunStore, run: Run) -> None:
    began = time.monotonic()
    assert offsets(list(store.follow(run.id, timeout=0.4))) == [1]
    assert 0.35 < time.monotonic() - began < 2
    assert list(store.follow(run.id, after=1, timeout=0)) == []


def test_a_reader_that_was_killed_goes_on_where_it_was(either: RunStore) -> None:
    """Again and again, while another process writes, which is killed at last, too."""
    run = new_run(either)
    seen: list[int] = []
    with running_python(WRITE, either.location, run.id, 100_000, 0.004) as writer:
        for _ in range(4):
            with running_python(READ, either.location, run.id, seen[-1] if seen else 0) as reader:
                assert reader.stdout is not None
                seen += [int(reader.stdout.readline()) for _ in range(25)]
                reader.kill()
        writer.kill()
        writer.wait(10)
        seen += offsets(list(either.follow(run.id, after=seen[-1], timeout=20)))
    assert seen == list(range(1, len(seen) + 1)) and len(seen) > 100
    assert either.get_run(run.id).state is RunState.INTERRUPTED
    assert offsets(either.events(run.id, limit=10**6)) == seen


def test_following_notices_that_the_supervisor_was_killed(
    either: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfjlab.runs.events._LIVENESS_EVERY", 0.3)
    run = new_run(either)
    with running_python(CLAIM, either.location, run.id) as supervisor:
        stream: Iterator[RunEvent] = either.follow(run.id, timeout=20)
        assert next(stream).data == {"state": "queued"}
        supervisor.kill()
        last = list(stream)[-1]
    assert last.data["state"] == "interrupted"
    assert str(supervisor.pid) in last.data["error"]["message"]
    assert either.get_run(run.id).state is RunState.INTERRUPTED


def test_a_run_that_is_deleted_while_followed(store: RunStore, run: Run) -> None:
    stream = store.follow(run.id, timeout=10)
    next(stream)
    store.set_run_state(run.id, RunState.CANCELLED)
    store.delete_run(run.id)
    with pytest.raises(UnknownRunError, match="deleted while"):
        next(stream)


def test_a_quiet_run_costs_little(store: RunStore, run: Run) -> None:
    cpu = time.process_time()
    list(store.follow(run.id, timeout=1.0))
    assert time.process_time() - cpu < 0.1
