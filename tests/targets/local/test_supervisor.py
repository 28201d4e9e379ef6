"""The supervisor on a full disk, and when it fails itself: the run ends in the store, and says why."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.problems import Problem, Severity
from kfjlab.runs.errors import StoreError
from kfjlab.runs.model import RunState, StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.protocol import StepError
from kfjlab.targets.base import RunOptions
from kfjlab.targets.local import supervisor
from kfjlab.targets.local.journal import Journal
from tests.small_disk import fill, small_disk

from .conftest import Lab


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", used_by_others=True) as folder:
        yield folder


def use_up(store: RunStore, run_id: str) -> None:
    """Leave no room in the database's own files either."""

    def append() -> None:
        for _ in range(10_000):
            store.append(run_id, "cell", data={"text": "x" * 500})

    with pytest.raises(StoreError, match="no room left"):
        append()


def new_run(store: RunStore) -> str:
    steps = [StepRun("", name, i) for i, name in enumerate("abc")]
    return store.create_run(name="n", notebook="/n.ipynb", target="local", steps=steps).id


def supervise(run_id: str, location: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be the supervisor."""
    monkeypatch.setattr(sys, "argv", ["supervisor", run_id, str(location)])
    monkeypatch.setenv(supervisor.RUN_VARIABLE, "")
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        supervisor.main()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_what_happens_on_a_full_disk_is_still_written(small: Path) -> None:
    with RunStore(small / "data") as store:
        run_id = new_run(store)
        journal = Journal(store, run_id)
        journal.message("a", {"type": "log", "text": "before\n", "stream": "stdout", "cell": 0})
        fill(small)
        use_up(store, run_id)
        journal.message("a", {"type": "log", "text": "x" * 10_000, "stream": "stdout", "cell": 0})
        journal.message("a", {"type": "log", "text": "after\n", "stream": "stdout", "cell": 0})
        journal.step_state("a", StepState.SUCCEEDED)
        journal.problem(Problem("some", Severity.INFO, "text"))
        journal.run_state(RunState.FAILED, StepError("DiskFull", "No room."))
        assert store.get_run(run_id).state is RunState.FAILED
        assert store.get_steps(run_id)[0].state is StepState.SUCCEEDED
        assert store.read_log(run_id, "a")[0] == "before\n"
        problems = [e.data["code"] for e in store.events(run_id, limit=10**6) if e.kind == "problem"]
        assert problems == ["log-cut", "some"]


def test_a_run_that_met_the_full_disk_ends_in_the_store(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reserve is given up for that; steps that were running do not seem to go on."""
    with RunStore(small / "data") as store:
        run_id = new_run(store)

    async def fail(store: RunStore, run_id: str, early: list[int]) -> None:
        store.update_step(run_id, "a", state=StepState.SUCCEEDED)
        store.update_step(run_id, "b", state=StepState.RUNNING)
        fill(small)
        use_up(store, run_id)
        store.append_log(run_id, "b", "x" * 100_000)

    monkeypatch.setattr(supervisor, "_supervise", fail)
    supervise(run_id, small / "data", monkeypatch)
    with RunStore(small / "data") as store:
        run = store.get_run(run_id)
        assert run.state is RunState.FAILED
        assert run.error is not None and "no room left" in run.error["message"]
        assert [step.state.value for step in store.get_steps(run_id)] == ["succeeded", "cancelled", "skipped"]


def test_who_lost_the_run_to_another_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunStore(tmp_path) as store:
        run_id = new_run(store)

    async def lose(store: RunStore, run_id: str, early: list[int]) -> None:
        with RunStore(tmp_path) as other, other._db.write() as session:
            session.run("UPDATE runs SET token='of another', state='running'")
        store.append(run_id, "cell")

    monkeypatch.setattr(supervisor, "_supervise", lose)
    supervise(run_id, tmp_path, monkeypatch)
    with RunStore(tmp_path) as store:
        assert [event.kind for event in store.events(run_id)] == ["run"]


def test_a_step_that_fills_the_disk_ends_alone(
    small: Path, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KFJLAB_DATA", str(small / "data"))
    lab.write(
        ("step:first", "x = 1"),
        (
            "step:greedy",
            f"file = open({str(small / 'filler')!r}, 'ab', buffering=0)\n"
            "for _ in range(x * 10_000): file.write(bytes(4096))",
        ),
        ("step:other", "import time\ntime.sleep(1.5)\nprint('other')\nprint(x)"),
    )
    run_id = lab.target.start(analyze(lab.path), RunOptions(max_parallel=2, keep_going=True))
    outcome = lab.wait(run_id)
    assert outcome.states()["first"] == "succeeded"
    error = outcome.steps["greedy"].error
    assert outcome.states()["greedy"] == "failed" and error is not None
    assert "No space left" in error["message"], error
    other = outcome.steps["other"]
    assert other.error is None or other.error["kind"] == "DiskFull", other.error
    assert outcome.state == "failed"
    assert outcome.run.error is not None and outcome.run.error["kind"] != "StorageError"


def test_cancelled_as_soon_as_it_is_there(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes before the supervisor waits for events."""
    lab.write(("step:a", "x = 1"))
    monkeypatch.setattr("kfjlab.targets.local._launch", lambda *arguments: None)
    run_id = lab.start()
    claim = RunStore.claim

    def claim_and_be_cancelled(self: RunStore, run_id: str, pid: int | None = None) -> bool:
        claimed = claim(self, run_id, pid)
        lab.target.cancel(run_id)
        return claimed

    monkeypatch.setattr(RunStore, "claim", claim_and_be_cancelled)
    supervise(run_id, lab.folder.parent / "data", monkeypatch)
    with RunStore() as store:
        assert store.get_run(run_id).state is RunState.CANCELLED
        assert [step.state.value for step in store.get_steps(run_id)] == ["cancelled"]
