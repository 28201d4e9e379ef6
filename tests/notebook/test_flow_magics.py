"""Magics and shell commands: what they read, bind and touch."""

from __future__ import annotations

import pytest

from .flowing import arrows, codes, flow_of, others, variables

SETUP = "x = 1\nname = 'out.txt'\nfolder = 'data'"


def touched(source: str) -> tuple[set[str], set[str]]:
    """What a cell reads and writes after a cell that binds ``x``, ``name`` and ``folder``."""
    flow = flow_of(SETUP, source).flows[1]
    return set(flow.reads), set(flow.writes)


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("%%time\ny = x", "var:x", "var:y"),
        ("%time y = x", "var:x", "var:y"),
        ("%%capture out\ny = x", "var:x", "var:y var:out"),
        ("%%capture --no-stderr out\ny = x", "var:x", "var:y var:out"),
        ("%%capture\ny = x", "var:x", "var:y"),
        ("%%prun -s time\ny = x", "var:x", "var:y"),
        ("%timeit y = x", "var:x", ""),
        ("%%timeit -n 10\ny = x", "var:x", ""),
        ("%%timeit z = x\ny = z", "var:x", ""),
        ("r = %timeit -o -q abs(x)", "var:x", "var:r"),
        ("x?", "", ""),
        ("%matplotlib inline", "", "ambient:matplotlib.rcParams"),
        (
            "%config InlineBackend.figure_format = 'svg'",
            "",
            "ambient:ipython.options ambient:matplotlib.rcParams",
        ),
        ("%load_ext autoreload\n%autoreload 2", "", "ambient:ipython.extensions ambient:ipython.options"),
        ("%env A=1", "", "ambient:environ"),
        ("%env A={x}", "var:x", "ambient:environ"),
        ("%set_env A 1", "", "ambient:environ"),
        ("%env HOME", "env:HOME", ""),
        ("%cd data", "", "ambient:cwd"),
        ("cd data", "", "ambient:cwd"),
        ("ls", "dir:.", ""),
        ("%pip install nothing", "", "ambient:sys.path"),
        ("!python -m pip install nothing", "", "ambient:sys.path"),
        ("pip install nothing", "", "ambient:sys.path"),
        ("%store x", "var:x", ""),
        ("%store -r y", "", "var:y"),
        ("%who", "var:*", ""),
        ("%writefile a.py\n", "", "file:a.py"),
        ("%%writefile a.py\nx = y\n", "", "file:a.py"),
        ("%%writefile -a a.py\nx\n", "file:a.py", "file:a.py"),
        ("%%file {name}\nx\n", "var:name", "file:out.txt"),
        ("%%html\n<b>{x}</b>", "", ""),
        ("%%javascript\nx", "", ""),
        ("%%latex\n$x$", "", ""),
        ("%%bash\necho $x {x}", "env:x", ""),
        ("%%bash --out a --err b\necho", "", "var:a var:b"),
        ("%%bash\ncat a.txt > b.txt", "file:a.txt", "file:b.txt"),
        ("%%bash\nmkdir -p out\ncp a.csv out/", "file:a.csv", "file:out file:out/a.csv"),
        ("%%bash\ncat > a.txt <<EOF\nrm b.txt\nEOF\nls", "dir:.", "file:a.txt"),
        ("%%bash\n(cd a && ls) || true; cat b.txt", "dir:. file:b.txt", ""),
        ("%%python\nprint(1)", "file:*", ""),
        ("%%script --out a perl\nprint 1", "file:*", "var:a"),
        ("%run helper.py", "file:helper.py file:* var:*", ""),
        ("%run helper", "file:helper.py file:* var:*", ""),
        ("%run other.ipynb", "file:other.ipynb file:* var:*", ""),
        ("!echo hello", "", ""),
        ("!echo {x} $x > a.txt", "var:x", "file:a.txt"),
        ("!echo $HOME $undefined {undefined} $$x", "env:HOME env:undefined env:x", ""),
        ("!echo {x + 1}", "var:x", ""),
        ("y = !cat {name}", "var:name file:out.txt", "var:y"),
        ("!ls {folder}", "var:folder dir:data", ""),
        ("!ls data/*.csv", "dir:data", ""),
        ("!cat a.txt b.txt | sort -u > c.txt", "file:a.txt file:b.txt", "file:c.txt"),
        ("!head -n 5 < a.txt >> log.txt", "file:a.txt file:log.txt", "file:log.txt"),
        ("!wget -q https://x.org/d/a.zip -O b.zip", "", "file:b.zip"),
        ("!wget https://x.org/d/a.zip", "", "file:a.zip"),
        ("!curl -L -o a.json https://x.org/a", "", "file:a.json"),
        ("!curl -O https://x.org/a.json", "", "file:a.json"),
        ("!unzip -o a.zip -d out", "file:a.zip", "file:out"),
        ("!tar xzf a.tar.gz -C out", "file:a.tar.gz", "file:out"),
        ("!rm -f a.txt", "", "file:a.txt"),
        ("!mv a.txt b.txt", "", "file:a.txt file:b.txt"),
        ("!git clone https://x.org/y.git", "", "file:y"),
        ("!nvidia-smi", "", ""),
        ("!python train.py --data d.csv", "file:* file:train.py file:d.csv", "file:d.csv"),
        ("!python --version", "", ""),
        ("!make all", "file:*", ""),
        (
            "import subprocess\nsubprocess.run(['cp', 'a.txt', name])",
            "var:name file:a.txt",
            "var:subprocess file:out.txt",
        ),
        ("import os\nos.system('touch a.txt')", "file:a.txt", "var:os file:a.txt"),
        ("import subprocess\nsubprocess.run(cmd)", "file:*", "var:subprocess"),
        ("get_ipython().run_line_magic('cd', 'data')", "", "ambient:cwd"),
        ("get_ipython().run_cell('y = x')", "var:x", "var:y"),
        ("%%cython\ndef f(a): return a", "", "var:f"),
        ("%%sql result <<\nselect 1", "var:*", "var:result"),
        ("%%R -i x -o y\n1", "var:x var:*", "var:y"),
        ("%xdel x", "var:x", "var:x"),
    ],
)
def test_touches(source: str, reads: str, writes: str) -> None:
    found = touched(source)
    assert found[0] == set(reads.split())
    assert found[1] == set(writes.split())


def test_a_variable_goes_before_a_magic_of_its_name() -> None:
    flow = flow_of("ls = 3", "ls").flows[1]
    assert set(flow.reads) == {"var:ls"}


def test_files_of_steps_order_them() -> None:
    result = flow_of(
        "%%writefile data.csv\n1,2\n",
        "!sort data.csv > sorted.csv",
        "!cat sorted.csv",
        "!rm data.csv",
        "x = 1",
    )
    assert arrows(result) == {"ab", "bc", "bd", "ad"}
    assert {(e.source + e.target, e.kind) for e in result.edges} == {
        ("ab", "file"),
        ("bc", "file"),
        ("bd", "order"),
        ("ad", "order"),
    }


def test_what_run_defines_comes_from_there() -> None:
    result = flow_of("x = 1", "%run helper.py", "print(made, x)")
    assert "made" in variables(result.flows[1].writes)
    assert "made" in variables(result.flows[2].reads)
    assert codes(result) == ["info assumed-name"]


def test_run_of_code_in_cells_has_lines() -> None:
    result = flow_of("%%time\n\nprint(nowhere)\n")
    (problem,) = result.problems
    assert (problem.code, problem.cell, problem.line) == ("undefined-name", 0, 3)


def test_code_in_a_magic_that_is_no_python() -> None:
    result = flow_of("%%time\nx = (\n")
    (problem,) = result.problems
    assert (problem.code, problem.severity.value, problem.cell) == ("syntax-error", "error", 0)


def test_unknown_magics_are_reported_and_read_everything() -> None:
    result = flow_of("x = 1", "%frobnicate a", "y = 2")
    assert codes(result) == ["warning unknown-magic"]
    assert result.flows[1].opaque
    assert arrows(result) == {"ab"}


def test_reset_is_reported() -> None:
    assert codes(flow_of("x = 1", "%reset -f")) == ["warning resets-variables"]


def test_background_programs_are_reported() -> None:
    assert "warning left-running" in codes(flow_of("%%bash --bg\nsleep 100"))


def test_installed_packages_are_waited_for() -> None:
    result = flow_of("!pip install nothing", "import nothing")
    assert arrows(result) == {"ab"}
    assert codes(result) == ["info installs-packages"]


def test_relative_paths_follow_the_working_directory() -> None:
    result = flow_of(
        "%cd data\n!touch a.txt",
        "open('a.txt')",
        "%cd ..\nopen('data/a.txt')",
        "where = f()\n%cd {where}\nopen('b')",
    )
    assert "file:data/a.txt" in others(result.flows[0].writes)
    assert "file:data/a.txt" in others(result.flows[1].reads)
    assert "file:data/a.txt" in others(result.flows[2].reads)
    assert not any(r.startswith("file:") for r in result.flows[3].reads)
