"""What a step attempt does to variables, and how it fails."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import replace

import pytest

from kfjlab.runtime.protocol import ABSENT
from tests.runtime.harness import Bench, cells, versions

SINCE_IPYTHON_9 = pytest.mark.skipif(
    versions()[1] < (9,), reason="%%time shows errors, but does not raise them"
)


def variables(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.startswith("var:")}


def test_bound_changed_and_deleted_variables_are_written(shared: Bench) -> None:
    first = shared.run("x = 1\nitems = [1]\ngone = 2\nimport json\n_private = 3\ndef f(): return x")
    assert first.state == "succeeded"
    assert variables(first.writes) == {"var:x", "var:items", "var:gone", "var:json", "var:_private", "var:f"}
    assert all(first.values[name].cell == 10 for name in variables(first.values))
    second = shared.follow(first, "items.append(json.loads('2'))", "del gone", "y = f() + _private", start=20)
    assert second.state == "succeeded", second.error
    assert second.writes.keys() >= {"var:items", "var:gone", "var:y"}
    assert "var:x" not in second.writes and "var:f" not in second.writes
    assert second.writes["var:gone"] == ABSENT
    assert second.values["var:items"].cell == 20 and second.values["var:y"].cell == 22
    assert second.reads["var:x"] == (first.values["var:x"].content or first.values["var:x"].digest)
    assert second.given.keys() >= {"var:items", "var:gone"}
    third = shared.follow(second, "print(items, y)")
    assert shared.last.text() == "[1, 2] 4\n"
    assert third.writes == {}


def test_unset_names_are_read_as_absent(bench: Bench) -> None:
    bench.prelude(*cells("a = 1\nb = 2", role="imports"))
    record = bench.run("print('a' in globals(), b)", unset=["a"])
    assert bench.last.text() == "False 2\n"
    assert record.reads["var:a"] == ABSENT and "var:a" not in record.writes


def test_names_of_ipython_do_not_travel(shared: Bench) -> None:
    record = shared.run("1", "2", "_", "x = _\nfor _ in range(2): pass", "!exit 2")
    assert variables(record.writes) == {"var:x", "var:_", "var:_exit_code"}
    record = shared.follow(record, "print(_, _exit_code)")
    assert shared.last.text() == "1 2\n"


def test_outputs_of_other_steps_are_named_in_the_error(shared: Bench) -> None:
    record = shared.run("1 + 1", "Out[3]")
    assert record.error is not None and record.error.kind == "KeyError" and "this step" in record.error.fix
    record = shared.run("_")
    assert record.error is not None and record.reads["var:_"] == ABSENT and "this step" in record.error.fix
    record = shared.run("'here'", "print(_, Out[11], In[11], _i11, len(In))")
    assert shared.last.text(1) == "here here 'here' 'here' 13\n"


def test_an_absent_name_is_a_read(shared: Bench) -> None:
    record = shared.run("def f():\n    return wanted\nf()")
    assert record.state == "failed" and record.reads["var:wanted"] == ABSENT
    assert record.error is not None
    assert (record.error.kind, record.error.cell, record.error.line) == ("NameError", 10, 2)
    record = shared.run("def f():\n    print(a)\n    a = 1\nf()")
    assert record.error is not None and record.error.kind == "UnboundLocalError"
    assert not variables(record.reads)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("x = 2\n1 / 0\nx = 3", "ZeroDivisionError"),
        ("x = = 1", "SyntaxError"),
        ("import sys\nsys.exit(3)", "SystemExit"),
    ],
)
def test_a_cell_that_may_raise_does_not_end_the_step(shared: Bench, source: str, name: str) -> None:
    record = shared.run("x = 1", source, "print(x)", may_raise=[1])
    assert record.state == "succeeded" and record.error is None
    assert shared.last.outputs(1)[0]["ename"] == name
    assert shared.last.text(2) == ("2\n" if "x = 2" in source else "1\n")
    states = [m["state"] for m in shared.last.messages if m["type"] == "cell"]
    assert states == ["running", "done"] * 3


def test_a_name_that_is_missing_in_a_cell_that_may_raise_is_a_read(shared: Bench) -> None:
    record = shared.run("def f():\n    return wanted\nf()", "x = 1", may_raise=[0])
    assert record.state == "succeeded" and record.reads["var:wanted"] == ABSENT


@pytest.mark.parametrize("source", ["exit()", "raise KeyboardInterrupt"])
def test_what_ends_the_kernel_ends_the_step_although_the_cell_may_raise(shared: Bench, source: str) -> None:
    record = shared.run(source, "print('on')", may_raise=[0])
    assert record.state == "failed" and record.error is not None and record.error.cell == 10


@pytest.mark.parametrize(
    "source",
    [
        "import __main__\ngetattr(__main__, 'wanted', 0)",
        "import sys\nhasattr(sys.modules['__main__'], 'wanted')",
        "from __main__ import wanted",
        "import pickle\npickle.loads(b'c__main__\\nwanted\\n.')",
        "import timeit\ntimeit.timeit('1', 'from __main__ import wanted', number=1)",
        "import pandas as pd\npd.DataFrame({'a': [1]}).query('a > @wanted')",
    ],
)
def test_a_name_that_the_module_of_the_notebook_does_not_have_is_a_read(shared: Bench, source: str) -> None:
    if "pandas" in source:
        pytest.importorskip("pandas")
    record = shared.run(source)
    assert {name: digest for name, digest in record.reads.items() if name.startswith("var:")} == {
        "var:wanted": ABSENT
    }


def test_the_module_of_the_notebook_looks_as_in_a_kernel(shared: Bench) -> None:
    source = "import __main__, inspect\nx = 1\nprint(__main__.x, __main__, inspect.getmodule(f := lambda: 0).__name__)\n__main__.nothing"
    record = shared.run(source)
    assert shared.last.text() == "1 <module '__main__'> __main__\n"
    assert record.error is not None and record.error.message == (
        "AttributeError: module '__main__' has no attribute 'nothing'"
    )
    made = shared.run("import __main__")
    assert shared.follow(made, "print(__main__.__dict__ is globals())").state == "succeeded"
    assert shared.last.text() == "True\n"


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("x = 1\ny = x +", "SyntaxError", 2),
        ("if True:\nx = 1", "IndentationError", 2),
        ("x = 1\n\n1 / 0", "ZeroDivisionError", 3),
        ("def f():\n    raise ValueError('a\\nb')\n\nf()", "ValueError", 2),
        ("import json\njson.loads('{')", "JSONDecodeError", 2),
        pytest.param("%%time\nx = 1\n1 / 0", "ZeroDivisionError", 3, marks=SINCE_IPYTHON_9),
        ("import asyncio\nawait asyncio.sleep(0)\n1 / 0", "ZeroDivisionError", 3),
        ("import sys\nsys.exit('enough')", "SystemExit", 2),
        ("%nomagic", "UsageError", 1),
        ("input('x')", "StdinNotImplementedError", 1),
        ("def f(): return f()\nf()", "RecursionError", 1),
        ("raise MemoryError", "OutOfMemory", 1),
        ("import errno\nraise OSError(errno.ENOSPC, 'No space left on device')", "DiskFull", 2),
        ("raise SystemExit", "SystemExit", 1),
        ("%%bash\nexit 3", "CalledProcessError", 1),
        (
            "import asyncio; t = asyncio.ensure_future(asyncio.sleep(9)); t.cancel(); await t",
            "CancelledError",
            1,
        ),
    ],
)
def test_an_error_says_where(shared: Bench, source: str, kind: str, line: int) -> None:
    record = shared.run("ok = 1", source, "never = 1")
    assert record.state == "failed" and record.error is not None
    assert (record.error.kind, record.error.cell, record.error.line) == (kind, 11, line)
    assert record.error.message and record.error.traceback
    assert "kfjlab/runtime" not in record.error.traceback
    assert record.values == {} and not variables(record.writes)
    assert [cell["execution_count"] for cell in shared.last.notebook()["cells"]] == [11, 12, None]
    states = [(m["cell"], m["state"]) for m in shared.last.messages if m["type"] == "cell"]
    assert states == [(10, "running"), (10, "done"), (11, "running"), (11, "failed")]


def test_exit_ends_the_step_with_a_clear_error(shared: Bench) -> None:
    record = shared.run("print('before')\nexit()\nprint('after')", "never = 1")
    assert record.error is not None and record.error.kind == "SystemExit" and "exit()" in record.error.message
    assert shared.last.text() == "before\nafter\n"  # as in a kernel, which ends once the cell has
    assert shared.run("quit(keep_kernel=True)\nx = 1").state == "succeeded"


def test_messages_come_in_order(shared: Bench) -> None:
    shared.run("print('a')\ndisplay(1)", "print('b')")
    kinds = [m["phase"] if m["type"] == "phase" else m["type"] for m in shared.last.messages]
    assert kinds == [
        "started", "loading", "running", "cell", "log", "display", "cell", "cell", "log", "cell", "saving", "record",
    ]  # fmt: skip
    assert [m["cell"] for m in shared.last.messages if m["type"] == "log"] == [10, 11]


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntry:\n    time.sleep(60)\nfinally:\n    print('tidied')",
        "import asyncio\ntry:\n    await asyncio.sleep(60)\nfinally:\n    print('tidied')",
        "import subprocess\ntry:\n    subprocess.run(['sleep', '60'])\nfinally:\n    print('tidied')",
        # not "while n >= 0": Python 3.13.0 does not run "finally" when a loop with a condition that ends the block is interrupted
        "n = 0\ntry:\n    print('in it')\n    while True: n += 1\nfinally:\n    print('tidied')",
    ],
)
def test_an_interrupt_ends_the_cell(shared: Bench, source: str) -> None:
    attempt = shared.step("print('started')\n" + source, "never = 1")
    attempt.until(type="log")
    time.sleep(0.2)
    os.kill(attempt.pid, signal.SIGINT)
    record = attempt.result()
    assert record.state == "failed" and record.error is not None
    assert (record.error.kind, record.error.cell) == ("Cancelled", 10)
    assert "tidied" in attempt.text() and any(o["output_type"] == "error" for o in attempt.outputs())


def test_an_interrupt_between_phases_is_a_cancellation(shared: Bench) -> None:
    attempt = shared.step(
        "class Slow:\n    def __reduce__(self):\n        import time; time.sleep(30); return (Slow, ())\ns = Slow()"
    )
    attempt.until(type="phase", phase="saving")
    time.sleep(0.1)
    os.kill(attempt.pid, signal.SIGINT)
    record = attempt.result()
    assert record.error is not None and record.error.kind == "Cancelled"


def test_a_variable_that_cannot_travel(shared: Bench) -> None:
    source = "numbers = (i for i in range(3))\nx = 1"
    record = shared.run("pass", source)
    assert record.state == "succeeded" and record.values.keys() >= {"var:x"}
    assert record.writes["var:numbers"].startswith("cannot-travel:")
    (warning,) = [w for w in record.warnings if w["code"] == "cannot-travel"]
    assert warning["name"] == "numbers" and warning["cell"] == 11 and "generator" in warning["message"]
    record = shared.run("pass", source, consumers={"numbers": "later"})
    assert record.state == "failed" and record.error is not None
    assert (record.error.kind, record.error.cell) == ("CannotTravel", 11)
    assert (
        "'later'" in record.error.message
        and "'numbers'" in record.error.message
        and "generator" in record.error.message
    )
    assert record.error.fix


def test_metrics(shared: Bench) -> None:
    cell = (
        "import numpy as np\nacc = np.float32(0.5)\nloss: float = 2\nname = 'x'\nlow = high = True\nfor i in range(3): inside = i\n"
        "def f(): hidden = 1\nprint(f'{other}', str(third))\nzero = np.array(1.5)\nvector = np.ones(2)\nbad = float('nan')\nshown"
    )
    record = shared.run("other, third, shown, unused = 3, 4, 5, 6", metrics=True)
    assert record.metrics == {"other": 3, "third": 4, "shown": 5, "unused": 6}
    record = shared.follow(record, cell, metrics=True)
    assert record.metrics == {
        "acc": 0.5, "loss": 2, "low": 1, "high": 1, "inside": 2, "other": 3, "third": 4, "zero": 1.5, "shown": 5,
    }  # fmt: skip
    assert [w["code"] for w in record.warnings] == ["metric-not-finite"]
    assert shared.run("a = 1").metrics == {}


def test_metrics_that_no_float_can_be(shared: Bench) -> None:
    record = shared.run(
        "from fractions import Fraction\nimport decimal\n"
        "huge, part, tiny, nan = 10**400, Fraction(10**400, 3), Fraction(1, 3), decimal.Decimal('sNaN')\nwide = decimal.Decimal('1e999')",
        metrics=True,
    )
    assert record.state == "succeeded" and record.metrics == {"tiny": 1 / 3}
    assert sorted(w["message"].split(";")[0] for w in record.warnings) == [
        "Metric huge is too large for a float",
        "Metric part is too large for a float",
        "Metric wide is inf",
    ]


def test_environment_and_installs(shared: Bench) -> None:
    record = shared.run("import os\nprint(os.environ['GIVEN'])", env={"GIVEN": "yes"})
    assert shared.last.text() == "yes\n" and "ambient:environ" not in record.writes
    record = shared.run("if False:\n    get_ipython()\n# !pip install nothing", "%pip --version")
    assert not [w for w in record.warnings if w["code"] == "environment-changed"]
    record = shared.run("%pip install --help")
    assert [w["cell"] for w in record.warnings if w["code"] == "environment-changed"] == [10]


def test_what_is_left_running_is_reported(shared: Bench) -> None:
    record = shared.run(
        "import asyncio, threading, time\nasync def forever():\n    await asyncio.sleep(99)\ntask = asyncio.create_task(forever())\n"
        "def spin(): time.sleep(99)\nthreading.Thread(target=spin, name='mine', daemon=True).start()"
    )
    assert record.state == "succeeded"
    messages = {w["code"]: w["message"] for w in record.warnings}
    assert "forever" in messages["task-left-running"] and "mine" in messages["thread-left-running"]


def test_classes_and_functions_of_the_notebook(shared: Bench) -> None:
    first = shared.run(
        "class Point:\n    def __init__(self, x): self.x = x\n    def twice(self): return double(self.x)",
        "def double(v): return 2 * v\np = Point(3)",
    )
    second = shared.follow(
        first,
        "print(p.twice(), isinstance(p, Point), Point.__module__)\nimport inspect\nprint(inspect.getsource(double))",
    )
    assert second.state == "succeeded", second.error
    assert shared.last.text() == "6 True __main__\ndef double(v): return 2 * v\n\n"


def test_a_damaged_object_is_told_from_other_failures(shared: Bench) -> None:
    first = shared.run("x = list(range(1000))")
    digest = first.values["var:x"].digest
    for folder, _, names in os.walk(shared.objects):
        for name in names:
            if digest.endswith(name) and os.path.getsize(os.path.join(folder, name)):
                path = os.path.join(folder, name)
                os.chmod(path, 0o600)
                with open(path, "r+b") as file:
                    file.truncate(3)
    record = shared.follow(first, "x")
    assert record.state == "failed" and record.error is not None and record.error.kind == "CorruptObject"


def test_a_value_is_stored_once(shared: Bench) -> None:
    one, two = shared.run("x = [1, 2, 3]"), shared.run("x = [1, 2, 3]")
    assert one.writes["var:x"] == two.writes["var:x"]
    assert replace(one.values["var:x"], cell=None) == replace(two.values["var:x"], cell=None)


def test_what_python_notes_beside_the_variables_is_no_variable(shared: Bench) -> None:
    record = shared.run(
        "import warnings; warnings.simplefilter('default')\nwarnings.warn('seen')\nassert '__warningregistry__' in globals()",
    )
    assert record.error is None
    assert {name for name in record.writes if name.startswith("var:")} == {"var:warnings"}
