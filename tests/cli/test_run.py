"""``kfjlab run`` and ``resume`` with a target that only pretends: refusals, exit codes, JSON, what people read."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from kfjlab.notebook.problems import Problem, Severity
from kfjlab.runs.model import RunState
from kfjlab.runs.store import RunStore
from tests.cli.conftest import Command, write_notebook
from tests.cli.fake_target import FAILURE, FakeTarget

# ---- refused: exit code 2, nothing started


def assert_refused(answer: object, fake: FakeTarget, *texts: str) -> None:
    """Both forms of the same refusal."""
    assert getattr(answer, "code") == 2  # noqa: B009 - Answer, without importing it twice
    assert fake.started == []
    for text in texts:
        assert text in getattr(answer, "err") + getattr(answer, "out")  # noqa: B009


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty file"),
        (b"PK\x03\x04", "not JSON"),
        (b'{"cells": [{"cell_type": "code", "sou', "not complete"),
        (b'{"nbformat": 3, "worksheets": []}', "format 3"),
        (b'{"nbformat": 4, "cells": []}', "no cells"),
        (b'{"nbformat": 4, "cells": [], "metadata": {"language_info": {"name": "R"}}}', "'R'"),
    ],
)
def test_what_is_no_notebook_is_refused(
    kfjlab: Command, fake: FakeTarget, work: Path, content: bytes, expected: str
) -> None:
    path = work / "bad.ipynb"
    path.write_bytes(content)
    assert_refused(kfjlab("run", path), fake, expected)
    answer = kfjlab("run", path, "--json")
    assert answer.code == 2
    assert answer.json["run"] is None
    assert answer.json["problems"][0]["severity"] == "error"
    assert expected in answer.json["error"]
    assert path.read_bytes() == content


def test_a_missing_notebook_is_refused(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    assert_refused(kfjlab("run", "nbb.ipynb"), fake, "nbb.ipynb", "Did you mean")


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("rat=1", ["rat", "Did you mean 'rate'?"]),
        ("count=many", ["count must be an int"]),
        ("rate", ["NAME=VALUE"]),
        ("=3", ["NAME=VALUE"]),
        ("@missing.yaml", ["missing.yaml"]),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    kfjlab: Command, fake: FakeTarget, notebook: Path, option: str, expected: list[str]
) -> None:
    assert_refused(kfjlab("run", notebook, "-p", option), fake, *expected)
    answer = kfjlab("run", notebook, "-p", option, "--json")
    assert (answer.code, answer.json["run"]) == (2, None)
    assert expected[0].split()[0] in answer.json["error"]


def test_an_unknown_step_is_refused(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    assert_refused(
        kfjlab("run", notebook, "--steps", "load,dubble"), fake, "'dubble'", "Did you mean 'double'?"
    )
    assert_refused(kfjlab("run", notebook, "--from", "nope"), fake, "'nope'")


def test_an_unknown_target_is_refused(kfjlab: Command, notebook: Path) -> None:
    answer = kfjlab("run", notebook, "--target", "moon")
    assert answer.code == 2
    assert "moon" in answer.err


def test_errors_of_the_notebook_are_shown_with_their_fixes(
    kfjlab: Command, fake: FakeTarget, work: Path
) -> None:
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = 1"), ("step:b & prev:aa", "y = x"))
    answer = kfjlab("run", path)
    assert_refused(answer, fake, "error: cell 2", "unknown-step", "fix:")
    assert kfjlab("run", path, "--json").json["problems"][0]["code"] == "unknown-step"


# ---- the output notebook is never the source


def test_the_source_is_never_the_output(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    before = notebook.read_bytes()
    (notebook.parent / "link.ipynb").symlink_to(notebook)
    os.link(notebook, notebook.parent / "hard.ipynb")
    os.symlink(notebook.parent, notebook.parent / "folder")
    for name in ("nb.ipynb", "./nb.ipynb", "link.ipynb", "hard.ipynb", "folder/nb.ipynb"):
        assert_refused(kfjlab("run", notebook, "--output", name), fake, "is the notebook itself")
    assert_refused(kfjlab("run", "link.ipynb", "--output", "nb.ipynb"), fake, "is the notebook itself")
    assert notebook.read_bytes() == before


def test_an_output_that_cannot_be_written_is_refused_before_the_run(
    kfjlab: Command, fake: FakeTarget, notebook: Path
) -> None:
    assert_refused(kfjlab("run", notebook, "--output", "no/such/out.ipynb"), fake, "there is no folder")
    assert_refused(kfjlab("run", notebook, "--output", "."), fake, "is a folder")
    assert_refused(kfjlab("run", notebook, "--output", "out.ipynb", "--detach"), fake, "--detach")


# ---- what is passed on


def test_parameters_come_from_files_and_texts(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    (notebook.parent / "p.yaml").write_text("rate: 1e-3\ncount: 7\nname: no\n", "utf-8")
    (notebook.parent / "q.json").write_text('{"count": 8}', "utf-8")
    assert kfjlab("run", notebook, "-p", "count=9", "-p", "@p.yaml").code == 0
    assert fake.started[-1].parameters == {"rate": 0.001, "count": 9, "name": "no"}
    assert kfjlab("run", notebook, "-p", "@p.yaml", "-p", "@q.json").code == 0
    assert fake.started[-1].parameters["count"] == 8


def test_a_value_may_hold_anything(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    assert kfjlab("run", notebook, "-p", "name=a=b $(rm) '; é").code == 0
    assert fake.started[-1].parameters == {"name": "a=b $(rm) '; é"}


def test_options_reach_the_target(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    args = ("--steps", "load, total", "--steps", "double", "--from", "load", "--no-cache", "--keep-going")
    assert kfjlab("run", notebook, *args, "--max-parallel", "3", "--kernel", "other").code == 0
    [options] = fake.started
    assert options.steps == ("load", "total", "double")
    assert options.start_from == ("load",)
    assert (options.cache, options.keep_going, options.max_parallel, options.kernel) == (
        False,
        True,
        3,
        "other",
    )


# ---- how it ends


def test_success_in_json(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.cached, fake.metrics = {"load"}, {"score": 4.5, "odd": float("nan")}
    answer = kfjlab("run", notebook, "--json")
    assert answer.code == 0
    assert answer.json["run"]["state"] == "succeeded"
    assert [(s["name"], s["state"], s["cached"]) for s in answer.json["steps"]] == [
        ("load", "succeeded", True),
        ("double", "succeeded", False),
        ("total", "succeeded", False),
        ("pipeline-metrics", "succeeded", False),
    ]
    assert all(isinstance(step["seconds"], float) for step in answer.json["steps"])
    assert answer.json["metrics"] == {"score": 4.5, "odd": None}
    assert answer.json["error"] is None
    assert "double" in answer.err  # the progress


def test_success_for_people(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.cached, fake.metrics = {"load"}, {"score": 4.5}
    answer = kfjlab("run", notebook)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert any(line.endswith("double            running cell 5 (1/2)") for line in lines)
    assert any("load" in line and "reused" in line for line in lines)
    assert "succeeded" in answer.out
    assert "score = 4.5" in answer.out
    assert "\x1b" not in answer.out


def test_a_failed_step(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.outcomes, fake.logs = {"total": FAILURE}, {"total": "working\r50%\r100%\n\x1b[31mred\x1b[0m \x07end"}
    answer = kfjlab("run", notebook)
    assert answer.code == 1
    assert "step total failed in cell 7, line 1" in answer.out
    assert "ValueError: no good" in answer.out
    assert "> " in answer.out
    assert "total = sum(data) * rate" in answer.out
    assert "fix: Make it good." in answer.out
    assert "100%" in answer.out
    assert "red \\x07end" in answer.out
    run_id = answer.out.split()[1]
    assert f"kfjlab logs {run_id} --step total" in answer.out
    assert f"kfjlab resume {run_id}" in answer.out


def test_a_failed_step_in_json(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.outcomes = {"total": FAILURE}
    answer = kfjlab("run", notebook, "--json")
    assert answer.code == 1
    assert answer.json["run"]["state"] == "failed"
    assert answer.json["error"] == "Step 'total' failed in cell 7, line 1: ValueError: no good"
    failed = answer.json["steps"][2]
    assert failed["state"] == "failed"
    assert failed["error"]["line"] == 1


def test_a_run_that_somebody_else_cancelled(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.final = RunState.CANCELLED
    answer = kfjlab("run", notebook, "--json")
    assert (answer.code, answer.json["run"]["state"]) == (130, "cancelled")


def test_a_run_whose_supervisor_died(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.final = RunState.INTERRUPTED
    answer = kfjlab("run", notebook)
    assert answer.code == 1
    assert "kfjlab resume" in answer.out and "where it was stopped" in answer.out


def test_an_interrupt_cancels_the_run(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.final = RunState.RUNNING
    fake.on_start = lambda _: os.kill(os.getpid(), signal.SIGINT)
    answer = kfjlab("run", notebook)
    assert answer.code == 130
    assert len(fake.cancelled) == 1
    assert "cancelling" in answer.out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interrupt_leaves_at_once(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    def twice(_: str) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    fake.final, fake.on_start = RunState.RUNNING, twice
    fake.cancel = lambda run_id: None  # type: ignore[method-assign] # it does not stop
    answer = kfjlab("run", notebook)
    assert answer.code == 130
    assert "Left." in answer.out
    answer = kfjlab("run", notebook, "--json")
    assert (answer.code, answer.json["run"]["state"]) == (130, "running")


def test_a_store_that_breaks_down_meanwhile(
    kfjlab: Command, fake: FakeTarget, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kfjlab.runs.errors import locked

    def follow(*_: object, **__: object) -> None:
        raise locked(Path("runs.sqlite"))

    monkeypatch.setattr("kfjlab.cli.watching.follow", follow)
    answer = kfjlab("run", notebook, "--json")
    assert (answer.code, answer.json["run"]["state"]) == (1, "succeeded")
    assert f"kfjlab logs -f {answer.json['run']['id']}" in answer.json["error"]


def test_an_output_that_cannot_be_written_in_the_end(
    kfjlab: Command, fake: FakeTarget, notebook: Path
) -> None:
    fake.on_start = lambda _: (notebook.parent / "out.ipynb").symlink_to(notebook)
    before = notebook.read_bytes()
    answer = kfjlab("run", notebook, "--output", "out.ipynb", "--json")
    assert (answer.code, answer.json["run"]["state"]) == (1, "succeeded")
    assert "itself" in answer.json["error"]
    assert notebook.read_bytes() == before


def test_detached(kfjlab: Command, fake: FakeTarget, notebook: Path, store: RunStore) -> None:
    fake.final = RunState.RUNNING
    answer = kfjlab("run", notebook, "--detach")
    assert answer.code == 0
    assert store.get_run(answer.out.strip()).state is RunState.RUNNING
    answer = kfjlab("run", notebook, "--detach", "--json")
    assert (answer.code, answer.json["run"]["state"]) == (0, "running")


def test_problems_come_first_and_with_their_place(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.problems = [Problem("odd", Severity.WARNING, "This is \x1b[31modd\u202e.", 3, 2)]
    answer = kfjlab("run", notebook)
    assert answer.out.startswith("warning: cell 4, line 2: This is \\x1b[31modd\\u202e. [odd]")
    answer = kfjlab("run", notebook, "--json")
    assert {"code": "odd", "severity": "warning", "cell": 3, "line": 2}.items() <= answer.json["problems"][
        0
    ].items()


def test_logs_are_shown_when_asked_for(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.logs = {"load": "one\ntwo", "total": "three\n"}
    assert "| one" not in kfjlab("run", notebook).out
    answer = kfjlab("run", notebook, "--logs")
    assert [line[line.index("|") :] for line in answer.out.splitlines() if "|" in line] == [
        "| one",
        "| two",
        "| three",
    ]


# ---- resume


def test_resume_reads_the_notebook_again(
    kfjlab: Command, fake: FakeTarget, notebook: Path, store: RunStore
) -> None:
    fake.outcomes = {"total": FAILURE}
    run_id = kfjlab("run", notebook, "-p", "count=4", "--json").json["run"]["id"]
    fake.outcomes = {}
    text = notebook.read_text("utf-8").replace("sum(data)", "max(data)")
    notebook.write_text(text, "utf-8")
    answer = kfjlab("resume", run_id[:4], "--json")
    assert (answer.code, answer.json["run"]) == (0, {"id": run_id, "state": "succeeded"})
    assert "max(data)" in json.dumps(store.get_run(run_id).pipeline)
    assert "failed" not in answer.err  # what happened before is not told again


def test_resume_refuses_a_notebook_with_errors(
    kfjlab: Command, fake: FakeTarget, notebook: Path, store: RunStore
) -> None:
    fake.outcomes = {"total": FAILURE}
    run_id = kfjlab("run", notebook, "--json").json["run"]["id"]
    notebook.write_text(
        notebook.read_text("utf-8").replace('"step:total"', '"step:total", "prev:nope"'), "utf-8"
    )
    answer = kfjlab("resume", "last", "--json")
    assert (answer.code, answer.json["run"]) == (2, None)
    assert answer.json["problems"][0]["code"] == "unknown-step"
    assert store.get_run(run_id).state is RunState.FAILED


def test_resume_refuses_a_run_that_goes_on(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.final = RunState.RUNNING
    run_id = kfjlab("run", notebook, "--detach").out.strip()
    answer = kfjlab("resume", run_id)
    assert answer.code == 2
    assert "kfjlab cancel" in answer.err


def test_resume_without_its_notebook(kfjlab: Command, fake: FakeTarget, notebook: Path) -> None:
    fake.outcomes = {"total": FAILURE}
    kfjlab("run", notebook)
    fake.outcomes = {}
    notebook.unlink()
    answer = kfjlab("resume", "last", "--json")
    assert answer.code == 0
    assert answer.json["problems"][0]["code"] == "notebook-gone"
    assert kfjlab("resume", "last", "--output", "out.ipynb").code == 2
