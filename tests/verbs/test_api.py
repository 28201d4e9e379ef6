"""``import kfjlab``: the verbs as functions, and a step's variables in a live kernel."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import kfjlab
from kfjlab.targets.base import RefusedError
from kfjlab.verbs.loading import LoadError
from kfjlab.verbs.result import RunFailedError, RunResult
from tests.cli.conftest import write_notebook

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def path(home: Path) -> Path:
    (home / "work").mkdir()
    return write_notebook(
        home / "work" / "nb.ipynb",
        ("imports", "import math\n\nclass Box:\n    def __init__(self, x):\n        self.x = x"),
        ("functions", "SCALE = 10\n\ndef scaled(x):\n    return x * SCALE"),
        ("pipeline-parameters", "start = 1"),
        (
            "step:make",
            "items = [start, 2]\nalias = items\nfactor = 3\nunused = 'u'\n\ndef times(x):\n    return x * factor",
        ),
        ("step:use", "items.append(times(5))\nbox = Box(scaled(items[0]))\ngone = 1"),
        ("step:end", "del gone\nresult = len(alias) + start\nprint('end', result)"),
        ("step:fails", "value = result / 0"),
    )


@pytest.fixture(scope="module")
def result(home: Path, path: Path) -> RunResult:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KFJLAB_DATA", str(home / "data"))
        return kfjlab.run(path, {"start": 7}, progress=False)


def test_a_run_and_what_it_tells(result: RunResult, path: Path) -> None:
    assert (result.state, result.succeeded) == ("failed", False)
    assert result.error == "Step 'fails' failed in cell 7, line 1: ZeroDivisionError: division by zero"
    assert result.parameters == {"start": 7}
    assert result.step("end").state.value == "succeeded"
    assert result.log("end") == "end 10\n"
    assert kfjlab.logs(result, "end") == "end 10\n"
    assert "failed" in repr(result)
    step = repr(result.step("fails"))
    assert step.startswith(f"Step fails of run {result.id}: failed (")
    assert step.endswith("ZeroDivisionError: division by zero")
    assert repr(kfjlab.analyze(path)).startswith(f"Pipeline nb of {path}\n")
    assert "has steps" in repr(kfjlab.suggest(path))
    assert kfjlab.show(result.id[:5]).run == result.run
    assert result.to_json()["run"] == {"id": result.id, "state": "failed"}
    with pytest.raises(KeyError):
        result.step("nope")


def test_runs_can_be_listed(result: RunResult, path: Path) -> None:
    assert import_module("kfjlab.runs.store").RunStore is not None  # the room of that name is still a room
    assert result.id in [found.id for found in kfjlab.runs(notebook=path)]
    assert kfjlab.runs(state="queued") == []


def test_no_runs_are_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KFJLAB_DATA", str(tmp_path / "none"))
    assert kfjlab.runs() == []
    assert not (tmp_path / "none").exists()


def test_success_is_checked_on_request(path: Path, result: RunResult) -> None:
    with pytest.raises(RunFailedError, match="division by zero"):
        kfjlab.run(path, {"start": 7}, progress=False, check=True)
    again = kfjlab.run(path, {"start": 7}, steps=["end"], progress=False, check=True)
    assert {step.name for step in again.steps if step.cached} == {"make", "use", "end"}


def test_refusals(path: Path) -> None:
    with pytest.raises(RefusedError, match="start must be an int"):
        kfjlab.run(path, {"start": "x"})
    with pytest.raises(RefusedError, match="itself"):
        kfjlab.run(path, output=path)
    with pytest.raises(RefusedError, match="wait"):
        kfjlab.run(path, output="o.ipynb", wait=False)


def test_progress_goes_to_standard_error(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    started = kfjlab.run(path, {"start": 8}, wait=False)
    finished = started.wait()
    out, err = capsys.readouterr()
    assert out == ""
    assert "end" in err
    assert (finished.id, finished.state) == (started.id, "failed")


def test_an_output_notebook(path: Path, result: RunResult, tmp_path: Path) -> None:
    written = result.write_notebook(tmp_path / "out.ipynb")
    assert "end 10" in written.read_text("utf-8")
    with pytest.raises(RefusedError, match="itself"):
        result.write_notebook(path)


def test_verbs_without_a_run(path: Path) -> None:
    assert [step.name for step in kfjlab.analyze(path).steps] == ["make", "use", "end", "fails"]
    assert not [problem for problem in kfjlab.check(path) if problem.severity.value == "error"]
    assert kfjlab.check("nope.ipynb")[0].code == "no-such-file"
    assert kfjlab.graph(path, "mermaid").startswith("flowchart TD")
    assert kfjlab.suggest(path).note
    assert kfjlab.tags(path)[0].tags == ("imports",)


def test_cancel_and_resume(path: Path, result: RunResult) -> None:
    assert kfjlab.cancel(result).state == "failed"
    resumed = kfjlab.resume(result.id, progress=False)
    assert resumed.id == result.id
    assert [step.cached for step in resumed.steps] == [True, True, True, False]
    assert kfjlab.diff(result, result)["parameters"] == {}


# ---- loading


def test_variables_before_a_step(result: RunResult) -> None:
    namespace: dict[str, Any] = {}
    loaded = kfjlab.load(result.id, "use", "before", into=namespace)
    assert namespace["items"] == [7, 2]
    assert namespace["times"](2) == 6  # and with it what it looks up
    namespace["factor"] = 100
    assert namespace["times"](2) == 200
    assert "unused" not in loaded
    assert "box" not in loaded
    assert namespace["scaled"](2) == 20
    assert "of the imports and functions cells: Box, scaled, math" in repr(loaded)


def test_variables_after_a_step(result: RunResult) -> None:
    namespace: dict[str, Any] = {}
    loaded = kfjlab.load(result, "use", into=namespace)
    assert loaded["items"] == [7, 2, 15]
    assert namespace["alias"] is namespace["items"]  # what shares an object comes along
    assert loaded["box"].x == 70
    assert set(kfjlab.load(result, "end", into={})) >= {"result", "start"}
    assert kfjlab.load(result, "end", into={})["start"] == 7
    assert "gone" not in kfjlab.load(result, "end", into={})


def test_variables_before_a_step_that_failed(result: RunResult) -> None:
    loaded = kfjlab.load(result, "fails", "before", into={})
    assert loaded["result"] == 10
    assert {*loaded} - {*loaded.defined} == {
        "result",
        "SCALE",
        "start",
    }  # what it reads, what a function looks up, a parameter
    with pytest.raises(LoadError) as told:
        kfjlab.load(result, "fails", into={})
    assert str(told.value) == (
        "Step 'fails' failed, so there are no variables from after it. This loads those from before it (result):\n"
        f"  %kfjlab load {result.id} fails --before\n"
        f"or, in Python, kfjlab.load('{result.id}', 'fails', 'before')"
    )
    with pytest.raises(LoadError, match=r"load \w+ fails --before unused\n.*'before', \['unused'\]"):
        kfjlab.load(result, "fails", names=["value", "unused"], into={})


def test_names_can_be_chosen(result: RunResult) -> None:
    assert dict(kfjlab.load(result, "end", "before", ["unused"], into={})) == {"unused": "u"}
    for name, hint in (("unusd", "Did you mean 'unused'?"), ("never", "no variable 'never'")):
        with pytest.raises(LoadError, match=hint):
            kfjlab.load(result, "end", "before", [name], into={})
    with pytest.raises(LoadError, match=r"no step 'mkae'\. Did you mean 'make'"):
        kfjlab.load(result, "mkae", into={})
    with pytest.raises(LoadError, match="'before' or 'after'"):
        kfjlab.load(result, "make", "during", into={})


def test_instances_are_of_the_live_class(result: RunResult) -> None:
    code = f"""
import kfjlab
class Box:
    def double(self): return 2 * self.x
kfjlab.load({result.id!r}, "use", names=["box"])
print(type(box) is Box, box.double())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("True 140\n", "")


def test_the_magic(result: RunResult) -> None:
    code = f"""
from IPython.testing.globalipapp import start_ipython
shell = start_ipython()
for line in (
    "%load_ext kfjlab",
    "%kfjlab load {result.id} use --before",
    "items.append(times(5)); box = Box(scaled(items[0])); print('as in the step:', box.x)",
    "%reset -f",
    "%load_ext kfjlab",
    "%kfjlab load {result.id} use --before items",
    "print(items, 'box' in globals())",
    "%kfjlab load {result.id} use box",
    "print(box.x)",
    "%kfjlab load {result.id} nope",
    "%kfjlab load",
    "%kfjlab load {result.id}",
    "%kfjlab load --help",
    "%kfjlab laod last use",
    "%kfjlab",
    "%kfjlab load 'x",
    "%kfjlab runs --limit 1",
):
    shell.run_cell(line)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    shown = done.stdout + done.stderr
    assert "as in the step: 70" in shown
    assert "[7, 2] False" in shown
    assert "70" in shown
    assert "UsageError" in shown
    assert "has no step 'nope'" in shown
    assert "UsageError: Say which run and step: %kfjlab load RUN STEP" in shown
    assert f"UsageError: Say which step, too. Run {result.id} has: make, use, end, fails." in shown
    assert "There is no command 'laod'. Did you mean 'load'?" in shown
    assert shown.count("Puts the variables of a step of a run into this notebook") == 1
    assert "No closing quotation" in shown
    assert "%kfjlab load RUN STEP [--before] [NAMES…]   puts" in shown
    assert "\nCommands:\n  run " in shown
    assert "\\n" not in shown
    assert "STARTED" in shown
    assert "Traceback" not in shown
