"""kill -9 at random instants: of many processes that write, while others read."""

from __future__ import annotations

import multiprocessing
import random
import threading
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from kfjlab.runs.database import CHECKPOINT_BYTES
from kfjlab.runs.model import StepRun, StepState
from kfjlab.runs.store import RunStore
from tests.runs.helpers import new_run
from tests.runs.writers import write

WRITERS = 8
KILLS = 15
COMMITS = 150
"""How many transactions the writers must have got through before it ends, so that kills hit work and not starts."""


class Follower(threading.Thread):
    """Reads a run all the while, in pieces, each from where the last ended."""

    def __init__(self, location: Path, run: str) -> None:
        super().__init__()
        self.offsets: list[int] = []
        self.problems: list[str] = []
        self.enough = threading.Event()
        self._location = location
        self._run = run

    def run(self) -> None:
        with RunStore(self._location) as store:
            last = False
            while not last:
                last = self.enough.is_set()
                after = self.offsets[-1] if self.offsets else 0
                self.offsets += [event.offset for event in store.follow(self._run, after, timeout=0.3)]
                step = store.get_steps(self._run)[0]
                events = store.events(self._run, limit=10**6)
                attempts = [event.data["attempt"] for event in events if event.kind == "step"]
                if step.attempt > max([0, *attempts]):
                    self.problems.append(f"attempt {step.attempt} without its event")


@pytest.mark.timeout(60)
def test_writers_are_killed_at_random(location: Path, tmp_path: Path, network: bool) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.runs.writers"])
    chance = random.Random()
    told = tmp_path / "told"
    told.touch()
    with RunStore(location) as store:
        steps = [StepRun("", "a", 0)]
        *runs, shared = [new_run(store, steps=steps, supervised=False).id for _ in range(WRITERS + 1)]

    def start(run: str) -> ForkServerProcess:
        process = context.Process(target=write, args=(location, run, shared, told, chance.randrange(2**32)))
        process.start()
        return process

    def kill(process: ForkServerProcess) -> None:
        assert process.exitcode is None, "a writer ended by itself"
        process.kill()
        process.join(10)
        process.close()

    followers = [Follower(location, run) for run in (shared, runs[0])]
    for follower in followers:
        follower.start()
    writers = {run: start(run) for run in runs}
    kills, deadline = 0, time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if kills >= KILLS and told.read_text().count("\n") >= COMMITS:
                break
            time.sleep(chance.uniform(0.01, 0.15))
            victim = chance.choice(runs)
            kill(writers[victim])
            writers[victim] = start(victim)
            kills += 1
    finally:
        for writer in writers.values():
            kill(writer)
        for follower in followers:
            follower.enough.set()
            follower.join(30)

    committed: dict[str, int] = {}
    for line in told.read_text().splitlines():
        run, offset = line.split()
        committed[run] = max(int(offset), committed.get(run, 0))
    assert kills >= KILLS and sum(committed.values()) >= COMMITS
    with RunStore(location) as store:
        with store._db.read() as session:
            assert [row[0] for row in session.rows("PRAGMA integrity_check")] == ["ok"]
            assert session.rows("PRAGMA foreign_key_check") == []
        for run in [*runs, shared]:
            events = store.events(run, limit=10**7)
            assert [event.offset for event in events] == list(range(1, len(events) + 1))
            assert len(events) >= committed.get(run, 1)  # nothing that was said to be kept is lost
            step = store.get_steps(run)[0]
            attempts = [event.data["attempt"] for event in events if event.kind == "step"]
            assert step.attempt == (attempts[-1] if attempts else 0)  # a state and its event, always together
            assert step.state is (StepState.RUNNING if attempts else StepState.WAITING)
        for follower in followers:
            assert follower.problems == []
            assert follower.offsets == list(range(1, len(follower.offsets) + 1))
        assert len(followers[0].offsets) == len(store.events(shared, limit=10**7)) > 1
    wal = location / "runs.sqlite-wal"
    assert not wal.exists() or wal.stat().st_size < CHECKPOINT_BYTES
    assert not (location / "runs.sqlite.lock").exists()


def test_a_power_cut_loses_only_the_end(tmp_path: Path) -> None:
    """What was not synced is lost: the log is cut off anywhere, also in the middle of a page."""
    chance = random.Random()
    source = tmp_path / "source"
    with RunStore(source, network=False) as store:
        run = new_run(store, steps=[StepRun("", "a", 0)], supervised=False)
        for attempt in range(1, 31):
            with store.transaction():
                store.update_step(run.id, "a", state=StepState.RUNNING, attempt=attempt)
                store.append(run.id, "step", "a", {"attempt": attempt, "text": "x" * chance.randrange(3000)})
        database, log = (Path(f"{source}/runs.sqlite{end}").read_bytes() for end in ("", "-wal"))
    seen = set()
    for number in range(25):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "runs.sqlite").write_bytes(database)
        cut = log[: chance.randrange(len(log) // 4, len(log) + 1)]
        (folder / "runs.sqlite-wal").write_bytes(cut + bytes(4096))
        with RunStore(folder, network=False) as store, store._db.read() as session:
            assert [row[0] for row in session.rows("PRAGMA integrity_check")] == ["ok"]
            if store.count_runs():
                offsets = [event.offset for event in store.events(run.id)]
                assert offsets == list(range(1, len(offsets) + 1))
                assert store.get_steps(run.id)[0].attempt == len(offsets) - 1
                seen.add(len(offsets))
    assert len(seen) > 3
