"""``runs``, ``show``, ``logs``, ``cancel``, ``diff`` and ``gc``: the verbs that look at runs."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from kfjlab.runs.model import Artifact, RunState
from kfjlab.runs.store import RunStore
from tests.cli.conftest import Command, write_notebook
from tests.cli.fake_target import FAILURE, FakeTarget


@pytest.fixture
def two(kfjlab: Command, fake: FakeTarget, notebook: Path, store: RunStore) -> tuple[str, str]:
    """A run that failed, and then one that succeeded with other parameters and other code."""
    fake.outcomes, fake.logs = {"total": FAILURE}, {"load": "loaded 3\n", "total": "summing\nno newline"}
    first = kfjlab("run", notebook, "--json").json["run"]["id"]
    notebook.write_text(notebook.read_text("utf-8").replace("sum(data)", "max(data)"), "utf-8")
    fake.outcomes, fake.metrics = {}, {"score": 4.5}
    second = kfjlab("run", notebook, "-p", "count=5", "--json").json["run"]["id"]
    for run_id, digest in ((first, "a" * 64), (second, "b" * 64)):
        artifact = Artifact(
            run_id, "load", "data", "table", "pandas.DataFrame", digest, 1500, "DataFrame 3 × 2"
        )
        store.put_artifacts(run_id, "load", [artifact])
    return first, second


@pytest.mark.parametrize("verb", ["show", "logs", "cancel", "resume"])
def test_an_unknown_run_is_refused(kfjlab: Command, two: tuple[str, str], verb: str) -> None:
    answer = kfjlab(verb, "zzzz")
    assert answer.code == 2
    assert "'zzzz'" in answer.err
    assert "kfjlab runs" in answer.err
    assert "zzzz" in kfjlab(verb, "zzzz", "--json").json["error"]


@pytest.mark.parametrize("verb", ["show", "logs", "gc"])
def test_without_any_run(kfjlab: Command, verb: str) -> None:
    answer = kfjlab(verb)
    assert answer.code == 2
    assert "There are no runs" in answer.err


def test_runs_lists_the_newest_first(kfjlab: Command, two: tuple[str, str]) -> None:
    answer = kfjlab("runs")
    lines = answer.out.splitlines()
    assert [line.split()[:2] for line in lines[1:]] == [[two[1], "succeeded"], [two[0], "failed"]]
    assert "score=4.5" in lines[1]
    assert [run["id"] for run in kfjlab("runs", "--json", "--limit", "1").json["runs"]] == [two[1]]


def test_runs_are_filtered(kfjlab: Command, two: tuple[str, str], notebook: Path) -> None:
    def ids(*args: str | Path) -> list[str]:
        return [run["id"] for run in kfjlab("runs", "--json", *args).json["runs"]]

    assert ids("--state", "failed") == [two[0]]
    assert ids("--text", "count=5") == [two[1]]
    assert ids("--notebook", notebook) == ids("--notebook", notebook.name) == [two[1], two[0]]
    assert ids("--notebook", "other.ipynb") == []
    assert "No run matches" in kfjlab("runs", "--state", "queued").out


def test_show(kfjlab: Command, two: tuple[str, str]) -> None:
    answer = kfjlab("show")
    for text in (two[1], "succeeded", "count = 5", "score = 4.5", "DataFrame 3 × 2", "1.5 kB", "double"):
        assert text in answer.out
    data = kfjlab("show", two[1][:5], "--json").json
    assert data["run"]["parameters"] == {"rate": 0.5, "count": 5, "name": "x"}
    assert data["run"]["metrics"] == {"score": 4.5}
    assert data["artifacts"][0]["digest"] == "b" * 64
    assert data["error"] is None


def test_show_of_a_failed_run(kfjlab: Command, two: tuple[str, str]) -> None:
    answer = kfjlab("show", two[0])
    assert answer.code == 0
    for text in (
        "step total failed in cell 7, line 1",
        "Make it good.",
        "summing",
        f"kfjlab resume {two[0]}",
    ):
        assert text in answer.out


def test_logs(kfjlab: Command, two: tuple[str, str]) -> None:
    assert kfjlab("logs").out == "load | loaded 3\ntotal | summing\ntotal | no newline\n"
    assert kfjlab("logs", two[0], "--step", "total").out == "summing\nno newline"
    assert kfjlab("logs", two[0], "-f").out == "load | loaded 3\ntotal | summing\ntotal | no newline\n"
    assert kfjlab("logs", "--json").json["logs"][0]["text"] == "loaded 3\n"
    lines = [json.loads(line) for line in kfjlab("logs", "-f", "--json").out.splitlines()]
    assert [(line["step"], line["stream"]) for line in lines] == [("load", "stdout"), ("total", "stdout")]


def test_logs_of_an_unknown_step(kfjlab: Command, two: tuple[str, str]) -> None:
    answer = kfjlab("logs", "last", "--step", "laod")
    assert answer.code == 2
    assert "'load'" in answer.err


def test_a_reused_step_shows_what_it_printed_then(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.cached, fake.logs = {"load"}, {"load": "from the cache\n"}
    kfjlab("run", notebook)
    assert kfjlab("logs", "-f").out == kfjlab("logs").out == "load | from the cache\n"


def test_logs_are_followed_while_they_grow(
    kfjlab: Command, fake: FakeTarget, notebook: Path, store: RunStore
) -> None:
    fake.final = RunState.RUNNING
    run_id = kfjlab("run", notebook, "--detach").out.strip()

    def later() -> None:
        time.sleep(0.2)
        with RunStore() as other:
            for text in ("half a l", "ine\nnext"):
                offset, length = other.append_log(run_id, "load", text)
                other.append(run_id, "log", "load", {"offset": offset, "length": length})
            other.set_run_state(run_id, RunState.SUCCEEDED)

    writer = threading.Thread(target=later)
    writer.start()
    answer = kfjlab("logs", run_id, "-f")
    writer.join(10)
    assert answer.out == "load | half a line\nload | next\n"


def test_cancel(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.final = RunState.RUNNING
    run_id = kfjlab("run", notebook, "--detach").out.strip()
    answer = kfjlab("cancel", run_id)
    assert (answer.code, fake.cancelled) == (0, [run_id])
    assert "cancelled" in answer.out
    assert "over already" in kfjlab("cancel", run_id).out
    assert kfjlab("cancel", run_id, "--json").json == {"run": {"id": run_id, "state": "cancelled"}}


def test_diff(kfjlab: Command, two: tuple[str, str]) -> None:
    data = kfjlab("diff", two[0], two[1], "--json").json
    assert data["parameters"] == {"count": [3, 5]}
    assert data["metrics"] == {"score": [None, 4.5]}
    assert data["steps"]["total"]["state"] == ["failed", "succeeded"]
    assert "-total = sum(data) * rate" in data["steps"]["total"]["code"]
    assert data["artifacts"][0]["second"]["digest"] == "b" * 64
    text = kfjlab("diff", two[0]).out
    for line in (
        "- count = 3",
        "+ count = 5",
        "+ score = 4.5",
        "  failed → succeeded",
        "  -total = sum(data) * rate",
        "data      load  DataFrame 3 × 2, other content",
    ):
        assert line in text.splitlines()
    assert "No differences." in kfjlab("diff", "last", "last").out
    alone = kfjlab("diff", "last")
    assert (alone.code, alone.out) == (2, "")
    assert "last is the last run itself" in alone.err


def test_gc(kfjlab: Command, two: tuple[str, str], store: RunStore) -> None:
    assert kfjlab("gc", "--json").json["runs"] == []
    answer = kfjlab("gc", "--older-than", "0s", "--dry-run", "--json")
    assert sorted(answer.json["runs"]) == sorted(two)
    assert len(store.list_runs()) == 2
    answer = kfjlab("gc", "--older-than", "0s")
    assert "deleted 2 runs" in answer.out
    assert store.list_runs() == []


def test_gc_says_why_more_is_left_than_was_asked_for(kfjlab: Command, two: tuple[str, str]) -> None:
    assert "more than --max-size: what was used within the last hour" in kfjlab("gc", "--max-size", "1").out


@pytest.mark.parametrize(
    ("option", "value"), [("--older-than", "soon"), ("--max-size", "big"), ("--max-size", "10 lightyears")]
)
def test_gc_says_how_times_and_sizes_are_written(kfjlab: Command, option: str, value: str) -> None:
    answer = kfjlab("gc", option, value)
    assert answer.code == 2
    assert "write" in answer.err


@pytest.mark.parametrize(
    ("text", "count"), [("10GB", 10**10), ("500MB", 5 * 10**8), ("4GiB", 4 * 2**30), ("1kB", 1000), ("7", 7)]
)
def test_sizes(kfjlab: Command, monkeypatch: pytest.MonkeyPatch, text: str, count: int) -> None:
    from kfjlab.runs.model import GcReport

    asked: list[int | None] = []

    def gc(older_than: float | None, max_size: int | None, *, dry_run: bool) -> GcReport:
        asked.append(max_size)
        return GcReport()

    monkeypatch.setattr("kfjlab.verbs.gc", gc)
    assert kfjlab("gc", "--max-size", text).code == 0
    assert asked == [count]


def test_hostile_names_do_no_harm(kfjlab: Command, fake: FakeTarget, work: Path) -> None:
    """Names that a notebook cannot have as steps still come in its path, parameters and messages."""
    evil = {**FAILURE, "message": "\x1b]0;owned\x07[red]not markup[/red] \u202e"}
    path = write_notebook(work / "a'; touch x #.ipynb", ("step:a b", "x = 1"))
    fake.outcomes = {"a b": evil}
    answer = kfjlab("run", path)
    assert answer.code == 1
    assert "\x1b" not in answer.out
    assert "\x07" not in answer.out
    assert "[red]not markup[/red]" in answer.out
    assert "--step 'a b'" in answer.out
    assert "\x1b" not in kfjlab("show").out + kfjlab("runs").out
