"""Whole runs on this machine: results, reuse, healing."""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path

import pytest

from kfjlab.runs.store import RunStore
from kfjlab.verbs.log_pieces import follow_logs, read_logs

from .conftest import Lab

CHAIN = (
    ("imports", "import math"),
    ("pipeline-parameters", "size = 3\nscale = 1.0"),
    ("step:load", "data = list(range(size))"),
    ("step:total", "total = sum(data)"),
    ("step:root", "root = math.sqrt(4) * scale"),
    ("step:report", "print(total, root)\nresult = (total, root)"),
)


def test_a_notebook_gives_what_it_gives_from_top_to_bottom(lab: Lab) -> None:
    outcome = lab.run(*CHAIN)
    assert outcome.state == "succeeded"
    assert outcome.value("result") == (3, 2.0)
    assert outcome.outputs("report") == "3 2.0\n"
    assert outcome.executed() == {"load", "total", "root", "report"}


def test_an_unchanged_notebook_is_not_run_again(lab: Lab) -> None:
    lab.run(*CHAIN)
    again = lab.run(*CHAIN)
    assert again.state == "succeeded"
    assert again.executed() == set()
    assert again.outputs("report") == "3 2.0\n"
    assert again.value("result") == (3, 2.0)
    assert lab.run(*CHAIN, cache=False).executed() == {"load", "total", "root", "report"}


@pytest.mark.parametrize("file", ["later.py", "later/inner.py"], ids=["module", "namespace package"])
@pytest.mark.parametrize("wanted", ["import later", "try: import later\nexcept ImportError: later = None"])
def test_a_module_that_a_step_writes_is_imported_after_that(lab: Lab, wanted: str, file: str) -> None:
    """Nobody can see beforehand that the first step writes it, so the second one comes too early."""
    if "/" in file:
        wanted = wanted.replace("import later", "import later.inner; from later import inner as later", 1)
    outcome = lab.run(
        (
            "step:make",
            f"import os, time\ntime.sleep(0.5)\nname = ''.join({list(file)})\nos.makedirs(os.path.dirname(name) or '.', exist_ok=True)\n"
            "open(name, 'w').write('value = 7')",
        ),
        ("step:use", f"{wanted}\nvalue = later and later.value"),
        max_parallel=2,
    )
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("value") == 7
    assert outcome.stale() != []


def test_the_state_of_a_generator_is_read_by_who_asks_for_it(lab: Lab) -> None:
    def cells(seed: int) -> tuple[tuple[str, str], ...]:
        return (
            ("imports", "import random, time"),
            ("step:seed", f"time.sleep(0.3)\nrandom.seed({seed})"),
            ("step:ask", "state = random.getstate()"),
        )

    assert lab.run(*cells(1)).value("state") == random.Random(1).getstate()
    assert lab.run(*cells(2)).value("state") == random.Random(2).getstate()
    assert lab.run(*cells(2)).executed() == set()


def test_a_parameter_reruns_only_what_it_reaches(lab: Lab) -> None:
    lab.run(*CHAIN)
    outcome = lab.run(*CHAIN, parameters={"scale": 10.0})
    assert outcome.executed() == {"root", "report"}
    assert outcome.value("result") == (3, 20.0)


def test_what_the_prelude_makes_of_a_parameter_is_made_anew(lab: Lab) -> None:
    cells = (
        ("pipeline-parameters", "size = 3\nother = 1"),
        ("functions", "def f(n=size):\n    return n\ndouble = size * 2\ndef plain():\n    return 1"),
        ("step:default", "a = f()"),
        ("step:derived", "b = double"),
        ("step:neither", "c = plain()"),
    )
    lab.run(*cells)
    outcome = lab.run(*cells, parameters={"size": 5})
    assert (outcome.value("a"), outcome.value("b")) == (5, 10)
    assert outcome.executed() == {"default", "derived"}
    assert lab.run(*cells, parameters={"size": 5, "other": 2}).executed() == set()


def test_a_step_that_gives_the_same_as_before_stops_the_rerun(lab: Lab) -> None:
    lab.run(*CHAIN)
    changed = [(tags, "data = [0, 1, 2]" if tags == "step:load" else source) for tags, source in CHAIN]
    assert lab.run(*changed).executed() == {"load"}


def test_a_comment_is_no_change(lab: Lab) -> None:
    lab.run(*CHAIN)
    changed = [(tags, f"# a comment\n{source}") for tags, source in CHAIN]
    assert lab.run(*changed).executed() == set()


def test_only_some_steps_and_from_a_step(lab: Lab) -> None:
    outcome = lab.run(*CHAIN, steps=("total",))
    assert outcome.states() == {
        "load": "succeeded",
        "total": "succeeded",
        "root": "skipped",
        "report": "skipped",
    }
    outcome = lab.run(*CHAIN, start_from=("total",))
    assert "total" in outcome.executed() and "load" not in outcome.executed()


def test_a_step_without_caching_runs_each_time(lab: Lab) -> None:
    cells = [('step:load {"cache": false}', "x = 1"), ("step:use", "y = x")]
    lab.run(*cells)
    assert lab.run(*cells).executed() == {"load"}


def test_a_change_that_nobody_foresaw_is_healed_and_remembered(lab: Lab) -> None:
    cells = (
        ("step:make", "d = []"),
        (
            "step:change",
            "import time\ntime.sleep(0.5)\nbound = [getattr(o, 'app' + 'end') for o in [d]]\nbound[0](1)\ndel bound",
        ),
        ("step:read", "seen = list(d)"),
    )
    outcome = lab.run(*cells)
    assert outcome.state == "succeeded"
    assert outcome.value("seen") == [1]
    again = lab.run(*cells, cache=False)
    assert again.value("seen") == [1]
    assert again.stale() == []


def test_files_pass_between_steps_even_when_their_paths_are_computed(lab: Lab) -> None:
    cells = (
        (
            "step:write",
            "import time\ntime.sleep(0.5)\nname = chr(100) + '.txt'\nwith open(name, 'w') as f:\n    f.write('new')\ndel f, name",
        ),
        (
            "step:read",
            "other = ''.join(['d', '.', 'txt'])\nwith open(other) as g:\n    text = g.read()\ndel g",
        ),
        (
            "step:over",
            "third = ''.join(['d', '.', 'txt'])\nwith open(third, 'w') as h:\n    h.write('last')\ndel h",
        ),
    )
    (lab.folder / "d.txt").write_text("old")
    outcome = lab.run(*cells)
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("text") == "new"
    assert (lab.folder / "d.txt").read_text() == "last"
    again = lab.run(*cells)
    assert again.value("text") == "new"
    assert (lab.folder / "d.txt").read_text() == "last"


def test_a_cached_step_puts_its_files_back(lab: Lab) -> None:
    cells = (
        ("step:write", "open('made.txt', 'w').write('x')"),
        ("step:read", "text = open('made.txt').read()"),
    )
    lab.run(*cells)
    (lab.folder / "made.txt").unlink()
    again = lab.run(*cells)
    assert again.executed() == set()
    assert (lab.folder / "made.txt").read_text() == "x"


def test_a_folder_that_was_deleted_is_made_again(lab: Lab) -> None:
    cells = (
        ("step:write", "import os\nos.makedirs('out', exist_ok=True)\nopen('out/x.txt', 'w').write('x')"),
    )
    lab.run(*cells)
    shutil.rmtree(lab.folder / "out")
    again = lab.run(*cells)
    assert again.state == "succeeded", again.run.error
    assert (lab.folder / "out" / "x.txt").read_text() == "x"


def test_a_file_that_only_changed_meanwhile_is_never_overwritten(lab: Lab) -> None:
    lab.write(
        (
            "step:slow",
            "import time\nopen('started', 'w').close()\nwhile not open('notes.txt').read(): time.sleep(0.02)",
        )
    )
    notes = lab.folder / "notes.txt"
    notes.write_text("")
    run_id = lab.start()
    while not (lab.folder / "started").exists():
        time.sleep(0.01)
    notes.write_text("somebody's")
    assert lab.wait(run_id).state == "succeeded"
    notes.write_text("precious")
    assert lab.run().state == "succeeded"
    assert notes.read_text() == "precious"


def test_an_input_file_that_changed_reruns_its_reader(lab: Lab) -> None:
    (lab.folder / "in.txt").write_text("1")
    cells = (("step:read", "text = open('in.txt').read()"), ("step:other", "y = 1"))
    lab.run(*cells)
    (lab.folder / "in.txt").write_text("2")
    again = lab.run(*cells)
    assert again.executed() == {"read"}
    assert again.value("text") == "2"


def test_a_seeded_generator_goes_on_where_the_step_before_left_it(lab: Lab) -> None:
    cells = (
        ("imports", "import random"),
        ("step:seed", "random.seed(7)\na = random.random()"),
        ("step:draw", "b = random.random()"),
        ("step:more", "c = random.random()"),
    )
    outcome = lab.run(*cells)
    import random

    expected = random.Random(7)
    assert [outcome.value(n) for n in "abc"] == [expected.random() for _ in range(3)]


def test_ambient_state_travels(lab: Lab) -> None:
    outcome = lab.run(
        ("imports", "import os, sys, warnings"),
        (
            "step:set",
            "os.environ['COLOUR'] = 'red'\nos.makedirs('sub', exist_ok=True)\nos.chdir('sub')\nsys.path.insert(0, 'here')",
        ),
        ("step:see", "seen = (os.environ['COLOUR'], os.path.basename(os.getcwd()), sys.path[0])"),
    )
    assert outcome.value("seen") == ("red", "sub", "here")


def test_state_in_the_functions_cell_is_shared_as_in_a_notebook(lab: Lab) -> None:
    outcome = lab.run(
        ("functions", "log = []\ndef note(x):\n    log.append(x)"),
        ("step:one", "note(1)"),
        ("step:two", "note(2)"),
        ("step:read", "seen = list(log)"),
    )
    assert outcome.value("seen") == [1, 2]


def test_metrics_and_artifacts(lab: Lab) -> None:
    from kfjlab.runs.store import RunStore

    outcome = lab.run(
        ("imports", "import pandas as pd"),
        ("step:table", "df = pd.DataFrame({'a': [1, 2]})"),
        ("pipeline-metrics", "accuracy = 0.5\nprint(accuracy)"),
    )
    assert outcome.run.metrics == {"accuracy": 0.5}
    with RunStore() as store:
        assert [(a.name, a.kind) for a in store.get_artifacts(outcome.run.id)] == [("df", "table")]


def test_the_notebook_is_never_written(lab: Lab) -> None:
    lab.write(*CHAIN)
    before = lab.path.read_bytes()
    lab.run()
    assert lab.path.read_bytes() == before
    assert [p.name for p in Path(lab.folder).iterdir()] == ["notebook.ipynb"]


WITHHELD = {
    "bound anew": ("X = 1", "X = 2", "print(globals().get('X'))", "2\n"),
    "deleted": ("X = 1", "del X", "try: print(X)\nexcept NameError: print('gone')", "gone\n"),
    "a builtin's name": ("def sum(v): return 'mine'", "del sum", "print(sum([1, 2]))", "3\n"),
    "by a library": ("import pandas as pd\nX = 1", "X = 2", "print(pd.eval('X + 1'))", "3\n"),
    "by a computed name": ("X = 1", "X = 2", "print(eval(''.join(['X'])))", "2\n"),
}


@pytest.mark.parametrize("case", WITHHELD)
def test_what_the_prelude_left_is_not_seen_after_a_step_has_changed_it(lab: Lab, case: str) -> None:
    prelude, change, use, expected = WITHHELD[case]
    outcome = lab.run(("imports", prelude), ("step:change", change), ("step:use", use), max_parallel=2)
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.outputs("use") == expected


def test_a_step_named_like_the_prelude_has_files_of_its_own(lab: Lab) -> None:
    outcome = lab.run(
        ("imports", "import math\nprint('imports')"), ("step:prelude", "print('step')\nx = math.pi")
    )
    assert outcome.state == "succeeded"
    assert outcome.outputs("prelude") == "step\n"
    with RunStore() as store:
        assert [(p.step, p.text) for p in read_logs(store, outcome.run.id)] == [
            ("prelude", "imports\n"),
            ("prelude", "step\n"),
        ]
        assert [p.text for p in read_logs(store, outcome.run.id, "prelude")] == ["step\n"]
        assert [p.text for p in follow_logs(store, outcome.run.id, "prelude")] == ["step\n"]
    plain = lab.run(("imports", "import math\nprint('imports')"), ("step:other", "x = math.e"))
    with RunStore() as store:
        assert [p.text for p in read_logs(store, plain.run.id, "prelude")] == ["imports\n"]
        assert [p.text for p in follow_logs(store, plain.run.id, "prelude")] == ["imports\n"]


def test_steps_that_seed_first_run_side_by_side_and_none_twice(lab: Lab) -> None:
    cells = (
        ("imports", "import random, time"),
        ("step:slow", "random.seed(1)\ntime.sleep(0.5)\na = random.random()"),
        ("step:quick", "random.seed(2)\nb = random.random()"),
        ("step:after", "c = random.random()"),
    )
    outcome = lab.run(*cells, max_parallel=2)
    stream = random.Random(2)
    assert (outcome.value("b"), outcome.value("c")) == (stream.random(), stream.random())
    assert outcome.stale() == []
    assert lab.run(*cells).executed() == set()
