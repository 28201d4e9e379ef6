"""Runs that go on find files as they were when the run began, as far as the steps that run again are concerned."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from kfjlab.runs.store import RunStore
from kfjlab.targets.local.earlier import EarlierFiles

from .conftest import Lab, Outcome

FIRST = ("step:first", "open('log.txt', 'a').write('first ')\nx = 1")
SECOND = ("step:second", "open('log.txt', 'a').write('second ')\ny = x")
THIRD = ("step:third", "text = open('log.txt').read()\nz = y")
RIGHT = "first second "


def put_back(outcome: Outcome) -> list[str]:
    return [e.data["message"] for e in outcome.events if e.kind == "problem" and e.data["code"] == "put-back"]


def test_a_step_that_adds_to_a_file_runs_again_after_a_fix(lab: Lab) -> None:
    failed = lab.run(FIRST, SECOND, (THIRD[0], "1 / 0"))
    assert failed.state == "failed"
    lab.write((FIRST[0], FIRST[1].replace("first", "fixed")), SECOND, THIRD)
    resumed = lab.resume(failed.run.id)
    assert resumed.state == "succeeded", resumed.run.error
    assert resumed.value("text") == (lab.folder / "log.txt").read_text() == "fixed second "
    assert put_back(resumed)
    (kept,) = (Path(resumed.run.folder) / "left").iterdir()
    assert kept.read_text() == RIGHT


def test_what_has_not_changed_is_not_run_again(lab: Lab) -> None:
    failed = lab.run(FIRST, SECOND, (THIRD[0], "1 / 0"))
    lab.write(FIRST, SECOND, THIRD)
    resumed = lab.resume(failed.run.id)
    assert (resumed.executed(), resumed.value("text"), put_back(resumed)) == ({"third"}, RIGHT, [])
    again = lab.resume(failed.run.id)
    assert (again.state, again.executed(), again.value("text")) == ("succeeded", set(), RIGHT)


def test_what_the_user_changes_in_between_is_kept(lab: Lab) -> None:
    failed = lab.run(FIRST, SECOND, (THIRD[0], "1 / 0"))
    (lab.folder / "log.txt").write_text("mine ")
    lab.write(FIRST, SECOND, THIRD)
    resumed = lab.resume(failed.run.id)
    assert resumed.state == "succeeded", resumed.run.error
    assert resumed.value("text") == "mine " + RIGHT


@pytest.mark.parametrize("victim", ["supervisor", "worker"])
def test_a_step_that_was_killed_after_it_added_to_a_file(lab: Lab, victim: str) -> None:
    (lab.folder / "log.txt").write_text("before ")
    slow = (SECOND[0], SECOND[1] + "\nimport time\nopen('started', 'w').close()\ntime.sleep(60)")
    lab.write(FIRST, slow, THIRD)
    run_id = lab.start()
    while not (lab.folder / "started").exists():
        time.sleep(0.01)
    with RunStore() as store:
        pid = store.supervisor_pid(run_id)
        if victim == "worker":
            pid = [e.data["pid"] for e in store.events(run_id) if e.kind == "started"][-1]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    ended = lab.wait(run_id)
    assert ended.state == ("interrupted" if victim == "supervisor" else "failed")
    assert (lab.folder / "log.txt").read_text() == "before " + RIGHT
    with RunStore() as store:
        store.gc(grace=0.0)  # a run that can be resumed keeps what it needs for that
    lab.write(FIRST, SECOND, THIRD)
    resumed = lab.resume(run_id)
    assert resumed.state == "succeeded", resumed.run.error
    assert resumed.executed() == {"second", "third"}
    assert resumed.value("text") == "before " + RIGHT


# Rules ----------------------------------------------------------------------------------------------------------------


def note(folder: Path, name: str, *entries: tuple[float, str, str, list[object]], end: str = "\n") -> None:
    notes = folder / "steps" / ".files"
    notes.mkdir(parents=True, exist_ok=True)
    (notes / name).write_text("\n".join(json.dumps([1, *entry]) for entry in entries) + end)


def test_the_first_note_counts_and_continues_what_was_saved(tmp_path: Path) -> None:
    now = {"file:a": "a2", "file:b": "b1", "file:c": "users", "file:d": "d1"}
    then = {"file:a": "a1", "file:b": "b1", "file:c": "c1"}
    EarlierFiles(tmp_path).end({"file:a": "a0", "file:b": "b0", "file:c": "c0"}, then.__getitem__, False)
    note(tmp_path, "2.jsonl", (2.0, "write", "a", [None, "a1x"]), (3.0, "write", "d", [None, "d0"]))
    note(
        tmp_path,
        "1.jsonl",
        (1.0, "write", "a", [None, "a1"]),
        (1.5, "make", "new", []),
        end='\n[1, 2.0, "wri',
    )
    expected = {"file:a": "a0", "file:b": "b0", "file:d": "d0", "file:new": "absent"}
    for _ in range(2):  # the second time after another kill
        assert EarlierFiles(tmp_path).before(now.__getitem__) == expected
        assert list((tmp_path / "steps" / ".files").iterdir()) == []


@pytest.mark.parametrize("succeeded", [True, False])
def test_what_killed_steps_noted_is_saved_when_the_run_ends(tmp_path: Path, succeeded: bool) -> None:
    note(tmp_path, "ended.jsonl", (1.0, "write", "a", [None, "a0"]), (2.0, "end", "", []))
    note(tmp_path, "killed.jsonl", (1.0, "write", "b", [None, "b0"]))
    note(tmp_path, "also.jsonl", (0.5, "write", "c", [None, "c1"]))
    EarlierFiles(tmp_path).end({"file:c": "c0"}, lambda resource: "now", succeeded)
    assert list((tmp_path / "steps" / ".files").iterdir()) == []
    expected = {"file:c": "c0"} if succeeded else {"file:b": "b0", "file:c": "c0"}
    assert EarlierFiles(tmp_path).before(lambda resource: "now") == expected


@pytest.mark.parametrize("text", ["[]", "{", '{"file:a": 1}', '{"file:a": ["b"]}'])
def test_a_history_of_another_version_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "files.json").write_text(text)
    assert EarlierFiles(tmp_path).before(lambda resource: "now") == {}
