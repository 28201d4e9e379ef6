"""The main path with the real engine, in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from kfjlab.runs.model import RunState
from kfjlab.runs.store import RunStore
from tests.cli.conftest import Command, Program, write_notebook


@pytest.fixture
def slow(work: Path) -> Path:
    """A notebook that runs long enough to be interrupted."""
    return write_notebook(
        work / "slow.ipynb",
        ("step:quick", "x = 1"),
        ("step:sleep", "import time\nprint('asleep', x, flush=True)\ntime.sleep(300)"),
    )


def wait_for_step(store: RunStore, step: str, state: str) -> str:
    """The id of the newest run, once that step is in that state."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        runs = store.list_runs(1)
        if runs and any(s.name == step and s.state.value == state for s in store.get_steps(runs[0].id)):
            return runs[0].id
        assert not runs or not runs[0].state.final, f"the run is {runs[0].state.value}: {runs[0].error}"
        time.sleep(0.05)
    raise AssertionError(f"step {step} did not become {state}")


def test_run_show_and_reuse(finished: Command, notebook: Path) -> None:
    before = notebook.read_bytes()
    answer = finished("run", notebook, "-p", "count=4", "--output", "out.ipynb", "--json")
    assert (answer.code, answer.json["run"]["state"], answer.json["error"]) == (0, "succeeded", None)
    assert answer.json["metrics"] == {"score": 9.0}
    assert not any(step["cached"] for step in answer.json["steps"])
    assert notebook.read_bytes() == before
    cells = json.loads((notebook.parent / "out.ipynb").read_text("utf-8"))["cells"]
    assert [cell.get("execution_count") for cell in cells] == [1, None, 2, 3, 4, 5, 6, None, 7]
    assert cells[3]["outputs"][0]["text"] == ["loaded 4\n"]
    assert cells[5]["outputs"][0]["data"]["text/plain"] == ["[0, 2, 4, 6]"]
    assert cells[7]["outputs"] == []
    assert cells[0]["outputs"][0]["text"] == ["imported\n"]

    again = finished("run", notebook, "-p", "count=4", "--output", "again.ipynb", "--json")
    assert all(step["cached"] for step in again.json["steps"])
    cells = json.loads((notebook.parent / "again.ipynb").read_text("utf-8"))["cells"]
    assert cells[5]["outputs"][0]["data"]["text/plain"] == ["[0, 2, 4, 6]"]
    assert cells[0]["outputs"][0]["text"] == ["imported\n"]
    forced = finished("run", notebook, "-p", "count=4", "--from", "total", "--json")
    assert {step["name"] for step in forced.json["steps"] if not step["cached"]} == {
        "total",
        "pipeline-metrics",
    }


def test_failure_mended_and_resumed(finished: Command, work: Path) -> None:
    path = write_notebook(
        work / "nb.ipynb",
        ("step:load", "data = [1, 2]\nprint('loaded')"),
        ("step:bad", "y = 0\nx = data[7]"),
        ("step:after", "print(x)"),
    )
    answer = finished("run", path, "--output", "out.ipynb")
    assert answer.code == 1
    for text in (
        "step bad failed in cell 2, line 2",
        "IndexError: list index out of range",
        "x = data[7]",
        "kfjlab resume",
    ):
        assert text in answer.out
    cells = json.loads((work / "out.ipynb").read_text("utf-8"))["cells"]
    assert cells[1]["outputs"][-1]["output_type"] == "error"
    assert cells[2]["outputs"] == []
    path.write_text(path.read_text("utf-8").replace("data[7]", "data[1]"), "utf-8")
    answer = finished("resume", "last", "--json")
    assert answer.code == 0
    assert [(step["name"], step["cached"]) for step in answer.json["steps"]] == [
        ("load", True),
        ("bad", False),
        ("after", False),
    ]
    assert finished("logs", "last", "--step", "after").out == "2\n"
    shown = finished("show", "last")
    assert ": Step 'bad' failed in cell 2, line 2: IndexError" in shown.out
    (before,) = finished("show", "last", "--json").json["earlier_ends"]
    assert before["state"] == "failed" and "IndexError" in before["error"]


def test_an_error_in_the_imports_is_a_failure_with_its_place(finished: Command, work: Path) -> None:
    path = write_notebook(
        work / "nb.ipynb", ("imports", "import math\nimport no_such_module"), ("step:a", "x = 1")
    )
    answer = finished("run", path, "--json")
    assert answer.code == 1
    assert "no_such_module" in answer.json["error"]
    assert "cell 1, line 2" in answer.json["error"]


def test_an_interrupt_cancels_and_waits(program: Program, slow: Path, store: RunStore) -> None:
    process = program("run", slow, "--json")
    run_id = wait_for_step(store, "sleep", "running")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert json.loads(out)["run"] == {"id": run_id, "state": "cancelled"}
    assert store.get_run(run_id).state is RunState.CANCELLED


def test_the_run_outlives_its_terminal(
    program: Program, slow: Path, store: RunStore, finished: Command
) -> None:
    process = program("run", slow, start_new_session=True)
    run_id = wait_for_step(store, "sleep", "running")
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=30)
    assert store.get_run(run_id).state is RunState.RUNNING
    answer = finished("cancel", run_id)
    assert answer.code == 0
    assert store.get_run(run_id).state is RunState.CANCELLED


def test_detached_and_followed(program: Program, finished: Command, slow: Path, store: RunStore) -> None:
    run_id = finished("run", slow, "--detach").out.strip()
    follower = program("logs", run_id, "-f")
    assert follower.stdout is not None
    assert follower.stdout.readline() == "sleep | asleep 1\n"
    assert finished("cancel", run_id).code == 0
    follower.communicate(timeout=20)
    assert follower.returncode == 0


def test_output_into_a_pipe_that_closes_does_not_end_the_run(
    program: Program, notebook: Path, store: RunStore
) -> None:
    reader, writer = os.pipe()
    process = program("run", notebook, stdout=writer)
    os.close(writer)
    os.close(reader)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert store.list_runs(1)[0].state is RunState.SUCCEEDED


def test_a_failure_shows_the_notebooks_own_calls_and_no_library(finished: Command, work: Path) -> None:
    (work / "beside.py").write_text("def deeper(text):\n    return int(text)\n", "utf-8")
    notebook = write_notebook(
        work / "calls.ipynb",
        (
            "functions",
            "import beside, json\n\ndef inner(text):\n    return json.loads(text, parse_int=beside.deeper)",
        ),
        ("step:outer", "outer = lambda: inner('[1, 2x]')\nouter()"),
        ("step:closed", "with open('beside.py') as file: lines = len(file.read())"),
    )
    answer = finished("run", notebook, "--keep-going")
    assert answer.code == 1
    shown = answer.out.splitlines()
    assert "      in <lambda>, cell 2, line 1: outer = lambda: inner('[1, 2x]')" in shown
    assert "      in inner, cell 1, line 4: return json.loads(text, parse_int=beside.deeper)" in shown
    assert "decoder.py" not in answer.out
    assert "cannot be carried" not in answer.out, "nobody reads the closed file"
    (work / "beside.py").write_text("def deeper(text):\n    return int(text + 'x')\n", "utf-8")
    notebook.write_text(notebook.read_text("utf-8").replace("2x", "2"), "utf-8")
    assert (
        "      in deeper, beside.py, line 2: return int(text + 'x')"
        in finished("run", notebook).out.splitlines()
    )
