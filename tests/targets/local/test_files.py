"""Files of the workspace in whole runs: who reads and writes them, in which version."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from kfjlab.runtime.file_kernel import listen

from .conftest import Lab

needs_kernel = pytest.mark.skipif(
    listen(os.getcwd(), [""]) is None, reason="this system does not tell what compiled code does"
)


def test_links_that_steps_make_are_followed_and_put_back(lab: Lab) -> None:
    cells = (
        ("imports", "import os"),
        ("step:make", "os.makedirs('runs/1')\nwith open('runs/1/o.txt', 'w') as f: f.write('1')\ndel f"),
        ("step:link", "import time\ntime.sleep(0.3)\nfor n in ['latest', 'cur']:\n    if os.path.lexists(n): os.remove(n)\n"
         "os.symlink('runs/1', 'latest')\nos.symlink('runs/1/o.txt', 'cur')"),
        ("step:more", "with open('runs/1/o.txt', 'a') as f: f.write('2')\ndel f"),
        ("step:read", "print(open('latest/o.txt').read(), open('cur').read(), os.path.islink('cur'))"),
    )  # fmt: skip
    for _ in range(2):
        outcome = lab.run(*cells, max_parallel=4)
        assert outcome.state == "succeeded", outcome.run.error
        assert outcome.outputs("read") == "12 12 True\n"
        assert (lab.folder / "latest").readlink() == Path("runs/1")
        (lab.folder / "latest").unlink()
        (lab.folder / "cur").unlink()
        shutil.rmtree(lab.folder / "runs")
    assert outcome.executed() == set()


def test_times_that_a_step_sets_do_not_hide_a_change(lab: Lab) -> None:
    cells = (
        ("functions", "import os\ndef save(text):\n    with open('o', 'w') as file: file.write(text)\n    os.utime('o', (0, 0))"),
        ("step:a", "save('aaa')"),
        ("step:b", "first = open('o').read()"),
        ("step:c", "save('bbb')"),
        ("step:d", "print(first, open('o').read())"),
    )  # fmt: skip
    for _ in range(2):
        outcome = lab.run(*cells)
        assert outcome.state == "succeeded", outcome.run.error
        assert outcome.outputs("d") == "aaa bbb\n"


def test_what_two_steps_write_at_the_same_time_is_written_again_in_order(lab: Lab) -> None:
    (lab.folder / "run.log").write_text("")
    (lab.folder / "helper.py").write_text(
        "import time\ndef log(lines, pause):\n    with open(''.join(['run', '.log']), 'a') as f:\n"
        "        for line in lines:\n            time.sleep(pause); f.write(line); f.flush()\n"
    )
    outcome = lab.run(
        ("imports", "import helper"),
        ("step:a", "helper.log(['a1', 'a2', 'a3'], 0.2)"),
        ("step:b", "helper.log(['b1'], 0)"),
        ("step:c", "text = open(''.join(['run', '.log'])).read()"),
        max_parallel=4,
    )
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("text") == "a1a2a3b1" == (lab.folder / "run.log").read_text()
    assert outcome.stale() and outcome.steps["b"].attempt <= 3


def test_what_a_later_step_writes_is_not_read_by_one_that_opened_the_file_before(lab: Lab) -> None:
    (lab.folder / "d.txt").write_text("old")
    (lab.folder / "helper.py").write_text(
        "import time\ndef slow():\n    with open(''.join(['d', '.txt'])) as f:\n        time.sleep(0.6); return f.read()\n"
        "def save(text):\n    with open(''.join(['d', '.txt']), 'w') as f: f.write(text)\n"
    )
    outcome = lab.run(
        ("imports", "import helper"), ("step:a", "v = helper.slow()"), ("step:b", "helper.save('new')"), max_parallel=4
    )  # fmt: skip
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("v") == "old" and (lab.folder / "d.txt").read_text() == "new"


def test_a_reader_waits_for_who_goes_on_writing(lab: Lab) -> None:
    (lab.folder / "d.txt").write_text("old")
    (lab.folder / "helper.py").write_text(
        "import time\ndef slow():\n    with open(''.join(['d', '.txt'])) as f:\n        time.sleep(0.15); return f.read()\n"
        "def save():\n    with open(''.join(['d', '.txt']), 'a') as f:\n"
        "        for i in range(30): f.write(str(i)); f.flush(); time.sleep(0.05)\n"
    )
    outcome = lab.run(
        ("imports", "import helper"), ("step:a", "v = helper.slow()"), ("step:b", "helper.save()"), max_parallel=4
    )  # fmt: skip
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("v") == "old" and outcome.steps["a"].attempt == 2


def test_what_a_stale_attempt_left_is_not_there_for_who_lists_the_folder(lab: Lab) -> None:
    (lab.folder / "n.txt").write_text("A")
    (lab.folder / "helper.py").write_text(
        "import glob, os\ndef get(): return open(''.join(['n', '.txt'])).read()\ndef save(text):\n    with open(''.join(['n', '.txt']), 'w') as f: f.write(text)\n"
        "def out(name):\n    os.makedirs(name)\n    with open(os.path.join(name, 'z'), 'w') as f: f.write('z')\n"
        "def ls(): return sorted(glob.glob('out_*'))\n"
    )
    outcome = lab.run(
        ("imports", "import helper, time"),
        ("step:save", "time.sleep(0.6)\nhelper.save('B')"),
        ("step:out", "helper.out('out_' + helper.get())"),
        ("step:list", "found = helper.ls()"),
        ("step:shell", "words = !ls -d out_*"),
        max_parallel=4,
    )
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("found") == list(outcome.value("words")) == ["out_B"]


HIDDEN = ("functions", "import os, shutil, time\ndef nm(): return ''.join(['o', 'ut'])")


@needs_kernel
def test_a_reused_step_overwrites_nothing(lab: Lab) -> None:
    pytest.importorskip("polars")
    (lab.folder / "o.csv").write_text("before")
    cells = (("imports", "import polars as pl"), ("step:a", "pl.DataFrame({'v': [1]}).write_csv('o.csv')"))
    assert lab.run(*cells).problems() == ["content-lost"]
    again = lab.run(*cells)
    assert again.executed() == set() and again.problems() == []


def test_who_looks_for_a_folder_that_is_removed_before_it_sees_that(lab: Lab) -> None:
    (lab.folder / "out").mkdir()
    (lab.folder / "out" / "x").write_text("x")
    outcome = lab.run(
        HIDDEN, ("step:b", "time.sleep(0.6)\nshutil.rmtree(nm())"), ("step:c", "print(os.path.exists(nm()))"), max_parallel=4
    )  # fmt: skip
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.outputs("c") == "False\n"


def test_who_looks_for_a_folder_that_is_made_after_it_does_not_see_it(lab: Lab) -> None:
    outcome = lab.run(
        HIDDEN, ("step:a", "time.sleep(0.6)\nprint(os.path.exists(nm()))"),
        ("step:b", "os.makedirs(nm())\nwith open(nm() + '/x', 'w') as f: f.write('x')\ndel f"),
        ("step:c", "print(os.listdir(nm()))"), max_parallel=4,
    )  # fmt: skip
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.outputs("a") == "False\n" and outcome.outputs("c") == "['x']\n"
    assert (lab.folder / "out" / "x").read_text() == "x"


def test_steps_that_share_a_folder_run_side_by_side(lab: Lab) -> None:
    save = "os.makedirs(nm() + '/sub', exist_ok=True)\nopen(nm() + '/sub/{}', 'w').close()\nprint(os.path.isdir(nm()))"
    cells = (
        HIDDEN,
        *((f"step:{name}", save.format(name)) for name in "abc"),
        ("step:d", "print(os.path.isdir(nm()))"),
    )
    outcome = lab.run(*cells, max_parallel=4)
    assert outcome.state == "succeeded", outcome.run.error
    assert all(outcome.outputs(name) == "True\n" for name in "abcd")
    assert [outcome.steps[name].attempt for name in "abc"] == [1, 1, 1]
    shutil.rmtree(lab.folder / "out")
    again = lab.run(*cells[:-1], ("step:d", "print(nm(), os.path.isdir(nm()))"))
    assert again.executed() == {"d"} and again.outputs("d") == "out True\n"


def test_what_the_run_before_left_is_there_as_from_top_to_bottom(lab: Lab) -> None:
    (lab.folder / "o.txt").write_text("old")
    (lab.folder / "p.txt").write_text("old")
    cells = (
        ("imports", "import glob\nfrom pathlib import Path"),
        ("step:a", "print(sorted(glob.glob('out*')), Path('o.txt').read_text())"),
        ("step:b", "_ = Path('out_1.txt').write_text('1'), Path('o.txt').write_text('new'), Path('p.txt').write_text('new')"),
    )  # fmt: skip
    assert lab.run(*cells).outputs("a") == "[] old\n"
    for executed in ({"a"}, set()):
        (lab.folder / "p.txt").write_text("somebody's")
        again = lab.run(*cells)
        assert again.state == "succeeded", again.run.error
        assert again.outputs("a") == "['out_1.txt'] new\n"
        assert again.executed() == executed
        assert (lab.folder / "p.txt").read_text() == "new"


@needs_kernel
def test_a_reader_that_came_after_compiled_code_had_overwritten_its_file_fails(lab: Lab) -> None:
    """Nobody could keep what it should have read."""
    pytest.importorskip("polars")
    (lab.folder / "x.csv").write_text("v\n1\n")
    cells = (
        ("imports", "import os, time\nimport polars as pl\ndef name(): return ''.join(['x', '.csv'])\ndef go(): return ''.join(['.kfjlab', '-go'])"),
        ("step:early", "while not os.path.exists(go()): time.sleep(0.05)\nprint(pl.read_csv(name())['v'][0])"),
        ("step:late", "pl.DataFrame({'v': [9]}).write_csv(name())"),
        ("step:last prev:late", "print(pl.read_csv(name())['v'][0])\nopen(go(), 'w').close()"),
    )  # fmt: skip
    outcome = lab.run(*cells, max_parallel=2)
    assert outcome.state == "failed"
    assert outcome.run.error is not None and outcome.run.error["kind"] == "FileLost"
    (lab.folder / "x.csv").write_text("v\n1\n")
    outcome = lab.run(*cells, max_parallel=2)
    assert outcome.state == "succeeded"
    assert (outcome.outputs("early"), outcome.outputs("last")) == ("1\n", "9\n")
