"""Whole runs in which something goes wrong: the step that failed says why, and nothing else is lost."""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.document import read_document
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RefusedError, RunOptions
from kfjlab.verbs.executed import executed_notebook
from tests.leftovers import end_runs

from .conftest import Lab

SLEEP = "import time\nopen('started', 'w').close()\ntime.sleep(60)"


def test_a_failing_cell_ends_its_step_and_skips_what_needs_it(lab: Lab) -> None:
    outcome = lab.run(
        ("step:a", "x = 1"),
        ("step:b", "y = x\nz = y / 0"),
        ("", "open('never', 'w')"),
        ("step:c", "w = z"),
    )
    assert outcome.state == "failed"
    assert outcome.states() == {"a": "succeeded", "b": "failed", "c": "skipped"}
    error = outcome.steps["b"].error
    assert error is not None
    assert (error["kind"], error["cell"], error["line"]) == ("ZeroDivisionError", 1, 2)
    assert not (lab.folder / "never").exists()


def test_resume_after_a_fix_runs_only_what_is_needed(lab: Lab) -> None:
    lab.write(("step:a", "x = 1"), ("step:b", "y = x / 0"), ("step:c", "z = y"))
    failed = lab.run()
    lab.write(("step:a", "x = 1"), ("step:b", "y = x / 2"), ("step:c", "z = y"))
    resumed = lab.resume(failed.run.id)
    assert resumed.run.id == failed.run.id
    assert resumed.state == "succeeded"
    assert resumed.executed() == {"b", "c"}
    assert resumed.value("z") == 0.5


def test_keep_going_runs_what_does_not_depend_on_the_failure(lab: Lab) -> None:
    cells = (("step:bad", "1 / 0"), ("step:good", "x = 1"), ("step:after", "y = x"))
    assert lab.run(*cells, max_parallel=1).states() == {
        "bad": "failed",
        "good": "skipped",
        "after": "skipped",
    }
    outcome = lab.run(*cells, max_parallel=1, keep_going=True)
    assert outcome.states() == {"bad": "failed", "good": "succeeded", "after": "succeeded"}
    assert outcome.state == "failed"


def test_retries(lab: Lab) -> None:
    flaky = "import os\nn = len(os.listdir('tries'))\nopen(f'tries/{n}', 'w').close()\nassert n == 2, n"
    (lab.folder / "tries").mkdir()
    outcome = lab.run(('step:flaky {"retries": 2, "retry_delay": 0.01}', flaky))
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.steps["flaky"].attempt == 3


def test_a_time_out_names_itself(lab: Lab) -> None:
    outcome = lab.run(('step:slow {"timeout": 0.5}', "import time\ntime.sleep(60)"))
    error = outcome.steps["slow"].error
    assert error is not None and error["kind"] == "TimedOut"
    assert "0.5 s" in error["message"]


def test_cancel_interrupts_and_ends_the_whole_process_tree(lab: Lab) -> None:
    lab.write(("step:long", "import subprocess\np = subprocess.Popen(['sleep', '61.25'])\n" + SLEEP))
    run_id = lab.start()
    lab.wait_for(run_id, lambda e: e.kind == "cell")
    while not (lab.folder / "started").exists():
        pass
    lab.target.cancel(run_id)
    outcome = lab.wait(run_id)
    assert (outcome.state, outcome.states()) == ("cancelled", {"long": "cancelled"})
    left = [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "61.25"]]
    assert left == []


@pytest.mark.skipif(sys.platform != "linux", reason="the crash is made with Linux signals")
def test_a_crash_ends_that_step_and_nothing_else(lab: Lab) -> None:
    outcome = lab.run(
        ("step:fine", "import time\ntime.sleep(1)\nx = 1"),
        ("step:crash", "import ctypes\nctypes.string_at(0)"),
        ("step:killed", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"),
        keep_going=True,
    )
    assert outcome.states() == {"fine": "succeeded", "crash": "failed", "killed": "failed"}
    crash, killed = outcome.steps["crash"].error, outcome.steps["killed"].error
    assert crash is not None and "SIGSEGV" in crash["message"] and crash["cell"] == 1
    assert killed is not None and killed["kind"] == "Killed" and killed["cell"] == 2


@pytest.mark.parametrize("cell", ["os.kill(os.getpid(), 9)", "import no_such_module", "1 / 0"])
def test_a_step_that_ends_badly_on_changed_state_ends_once(lab: Lab, cell: str) -> None:
    """Its record says on which state it started, also when the worker had no time to say so."""
    outcome = lab.run(
        ("imports", "import os"),
        ("step:state", "os.environ['KFJLAB_TEST_LEVEL'] = '3'\nos.makedirs('sub')\nos.chdir('sub')"),
        ("step:bad", cell),
    )
    assert outcome.states() == {"state": "succeeded", "bad": "failed"}
    assert outcome.steps["bad"].attempt == 1
    error = outcome.steps["bad"].error
    assert error is not None and error["kind"] != "Unstable"


def test_a_step_whose_input_never_stands_still_gives_up(lab: Lab) -> None:
    """Also where an earlier step has changed ambient state, of which the last record says nothing."""
    data, stop = lab.folder / "data.txt", threading.Event()

    def write() -> None:
        fresh = lab.folder.parent / "fresh.txt"
        for number in itertools.count():
            fresh.write_text(str(number))
            os.replace(fresh, data)
            if stop.wait(0.005):
                return

    data.write_text("first")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        outcome = lab.run(
            ("imports", "import os, time"),
            ("step:state", "os.environ['KFJLAB_TEST_LEVEL'] = '3'"),
            (
                "step:reader",
                "def age(): return os.stat('data.txt').st_mtime_ns\nseen = age()\ntext = open('data.txt').read()\n"
                "while age() == seen: time.sleep(0.01)",
            ),
        )
    finally:
        stop.set()
        writer.join()
    error = outcome.steps["reader"].error
    assert outcome.states() == {"state": "succeeded", "reader": "failed"}
    assert error is not None and error["kind"] == "Unstable" and "data.txt" in error["message"]
    assert "data.txt" in error["fix"]


def test_a_memory_limit(lab: Lab) -> None:
    outcome = lab.run(
        (
            'step:big {"resources": {"memory": "100Mi"}}',
            "import time\nx = bytearray(300 * 2**20)\ntime.sleep(30)",
        )
    )
    error = outcome.steps["big"].error
    assert error is not None and error["kind"] == "OutOfMemory"


def test_a_prelude_that_fails_fails_the_run_with_its_cell(lab: Lab) -> None:
    outcome = lab.run(("imports", "import math\nimport no_such_module_at_all"), ("step:a", "x = 1"))
    assert outcome.state == "failed"
    assert outcome.run.error is not None
    assert (outcome.run.error["kind"], outcome.run.error["cell"], outcome.run.error["line"]) == (
        "ModuleNotFoundError",
        0,
        2,
    )
    assert outcome.states() == {"a": "skipped"}


def test_a_variable_that_cannot_travel_names_everything(lab: Lab) -> None:
    outcome = lab.run(("step:make", "numbers = (i for i in range(3))"), ("step:use", "total = sum(numbers)"))
    error = outcome.run.error
    assert error is not None and error["kind"] == "CannotTravel"
    for word in ("numbers", "generator", "use"):
        assert word in error["message"]


def test_errors_of_the_notebook_refuse_the_run(lab: Lab) -> None:
    lab.write(("step:a", "x = nobody_makes_this"))
    with pytest.raises(RefusedError) as refused:
        lab.target.start(analyze(lab.path), RunOptions())
    assert any(p.code == "undefined-name" for p in refused.value.problems)


def test_a_killed_supervisor_is_noticed_and_the_run_can_be_resumed(lab: Lab) -> None:
    lab.write(("step:a", "x = 1"), ("step:b", "y = x\n" + SLEEP), ("step:c", "z = y"))
    run_id = lab.start()
    while not (lab.folder / "started").exists():
        pass
    with RunStore() as store:
        supervisor = store.get_run(run_id).supervisor
    assert supervisor is not None
    os.kill(int(supervisor["pid"]), signal.SIGKILL)
    outcome = lab.wait(run_id)
    assert outcome.state == "interrupted"
    lab.write(("step:a", "x = 1"), ("step:b", "y = x"), ("step:c", "z = y"))
    resumed = lab.resume(run_id)
    assert resumed.state == "succeeded"
    assert resumed.executed() == {"b", "c"}


def test_a_corrupt_object_is_made_again(lab: Lab) -> None:
    cells = (("step:a", "x = [1, 2, 3]"), ("step:b", "y = sum(x)"))
    first = lab.run(*cells)
    record = first.steps["a"].record
    assert record is not None
    digest = record["values"]["var:x"]["digest"]
    with RunStore() as store:
        (stored,) = [
            p
            for p in Path(store.objects).rglob("*")
            if p.is_file() and digest in (p.name, p.parent.name + p.name)
        ]
    stored.chmod(0o600)
    stored.write_bytes(stored.read_bytes()[:-3])
    changed = [cells[0], ("step:b", "y = sum(x) + 1")]
    outcome = lab.run(*changed)
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("y") == 7


def test_no_process_of_a_test_stays(lab: Lab, tmp_path: Path) -> None:
    """What the fixture does after every test, on a run that does not end by itself."""
    lab.write(("step:long", SLEEP))
    run_id = lab.start()
    lab.wait_for(run_id, lambda event: event.kind == "cell")
    with RunStore() as store:
        supervisor = store.get_run(run_id).supervisor
    assert supervisor is not None
    process = psutil.Process(supervisor["pid"])
    family = [process, *process.children(recursive=True)]
    assert end_runs(tmp_path / "data") == [run_id]
    assert psutil.wait_procs(family, timeout=10)[1] == []


def test_a_step_that_failed_too_early_runs_again_after_the_steps_before_it(lab: Lab) -> None:
    """Which files a renamed folder has is not foreseen, so the last step comes too early, and so does the one before it."""
    outcome = lab.run(
        ("imports", "import os, time"),
        ("step:make", "time.sleep(0.7)\nos.makedirs('raw')\nopen('raw/x.txt', 'w').write('1')"),
        ("step:move", "os.rename(*[''.join(['r', 'aw']), 'final'])"),
        ("step:list", "found = os.listdir('final')"),
        max_parallel=3,
    )
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("found") == ["x.txt"]


def test_a_step_that_would_go_on_for_ever_on_what_it_read_too_early_is_ended(lab: Lab) -> None:
    """From top to bottom the loop ends at once."""
    (lab.folder / "n.txt").write_text("3")
    outcome = lab.run(
        ("imports", "import time\nname = ''.join(['n', '.txt'])"),
        ("step:make", "time.sleep(0.6)\nopen(name, 'w').write('4')"),
        ("step:wait", "n = int(open(name).read())\nwhile n != 0:\n    n -= 2\n    time.sleep(0.01)"),
        max_parallel=2,
    )
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("n") == 0
    assert len(outcome.stale()) == 1


def test_a_cell_that_may_raise_ends_nothing_until_its_tag_is_gone(lab: Lab) -> None:
    imports = ("imports raises-exception", "import os\n1 / 0")
    after = ("step:c", "print(y)")
    for _ in range(2):  # the second time from the cache
        outcome = lab.run(imports, ("step:b raises-exception", "y = 1\n2 / 0\ny = 2"), after)
        assert outcome.state == "succeeded" and outcome.outputs("c") == "1\n"
    outcome = lab.run(imports, ("step:b", "y = 1\n2 / 0\ny = 2"), after)
    assert outcome.states() == {"b": "failed", "c": "skipped"}


def test_cancel_while_the_imports_are_executed(lab: Lab) -> None:
    lab.write(
        ("imports", "import time\nprint('soon', flush=True)\nopen('started', 'w').close()\n"
         "try: time.sleep(61)\nfinally: time.sleep(1)"),
        ("step:a", "x = 1"),
    )  # fmt: skip
    run_id = lab.start()
    while not (lab.folder / "started").exists():
        time.sleep(0.02)
    began = time.monotonic()
    lab.target.cancel(run_id)
    outcome = lab.wait(run_id)
    assert time.monotonic() - began < 10
    assert (outcome.state, outcome.states()) == ("cancelled", {"a": "cancelled"})
    with RunStore() as store:
        assert store.read_log(run_id, None)[0] == "soon\n"


@pytest.mark.parametrize("end", ["cancelled", "timed out", "killed", "interrupted"])
def test_what_a_step_put_out_until_it_was_ended_is_kept(lab: Lab, end: str) -> None:
    settings = 'step:long {"timeout": 1.5}' if end == "timed out" else "step:long"
    lab.write(
        (settings, "print('one')\n1 + 1"),
        ("", "from IPython.display import display\nprint('two')\ndisplay({'three': 3})\n" + SLEEP),
        ("", "print('never')"),
    )
    run_id = lab.start()
    worker = int(lab.wait_for(run_id, lambda e: e.kind == "started").data["pid"])
    while not (lab.folder / "started").exists():
        time.sleep(0.01)
    time.sleep(0.4)
    if end == "cancelled":
        lab.target.cancel(run_id)
    elif end == "killed":
        os.killpg(worker, signal.SIGKILL)
    elif end == "interrupted":
        with RunStore() as store:
            pid = store.supervisor_pid(run_id)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    outcome = lab.wait(run_id)
    assert outcome.state in ("cancelled", "failed", "interrupted")
    assert outcome.outputs("long") == "one\ntwo\n"
    document = read_document(lab.path)
    cells = executed_notebook(document, outcome.run, list(outcome.steps.values()))["cells"]
    assert [cell["execution_count"] for cell in cells] == [1, 2, None]
    types = [[output["output_type"] for output in cell["outputs"]] for cell in cells]
    assert types[0] == ["stream", "execute_result"]
    assert types[1][:2] == ["stream", "display_data"]
    assert cells[1]["outputs"][1]["data"]["text/plain"] == ["{'three': 3}"]
    if end == "interrupted":
        lab.write(("step:long", "print('one')\n1 + 1"))
        resumed = lab.resume(run_id)
        assert (resumed.state, resumed.outputs("long")) == ("succeeded", "one\n")


def test_resuming_a_run_that_began_at_a_step_keeps_what_has_succeeded_in_it(lab: Lab) -> None:
    lab.write(("step:a", "x = 1"), ("step:b", "y = x / 0"))
    failed = lab.run(start_from=("a",))
    assert failed.states() == {"a": "succeeded", "b": "failed"}
    lab.write(("step:a", "x = 1"), ("step:b", "y = x / 2"))
    resumed = lab.resume(failed.run.id)
    assert resumed.state == "succeeded"
    assert resumed.executed() == {"b"}


@pytest.mark.parametrize("read", ["eval(name)", "getattr(__import__('__main__'), name)", "pd.eval(name)"])
def test_who_wants_what_cannot_travel_is_told_so_however_it_asks(lab: Lab, read: str) -> None:
    outcome = lab.run(
        ("imports", "import pandas as pd"),
        ("step:make", "file = open('x.txt', 'w')"),
        ("step:use", f"name = ''.join(['fi', 'le'])\nprint({read})"),
    )
    assert outcome.states() == {"make": "succeeded", "use": "failed"}
    error = outcome.run.error
    assert error is not None and error["kind"] == "CannotTravel", error
    assert "Step 'use' reads 'file'. file is an open file" in error["message"]
