"""The problems that the dataflow finds: certain ones are errors, all have a cell, a line and a remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.notebook.problems import Problem

from .flowing import arrows, codes, flow_of, variables


def only(*steps: str, **given: object) -> Problem:
    result = flow_of(*steps, **given)  # type: ignore[arg-type]
    assert len(result.problems) == 1, result.problems
    return result.problems[0]


@pytest.mark.parametrize(
    ("source", "severity", "line"),
    [
        ("x = 1\nprint(nowhere)", "error", 2),
        ("nowhere += 1", "error", 1),
        ("nowhere.x = 1", "error", 1),
        ("del nowhere", "error", 1),
        ("f'{nowhere}'", "error", 1),
        ("class C(nowhere): pass", "error", 1),
        ("@nowhere\ndef f(): pass", "error", 1),
        ("def f(x: nowhere): pass", "error", 1),
        ("[a for a in nowhere]", "error", 1),
        ("__file__", "error", 1),
        ("await nowhere()", "error", 1),
        ("%time nowhere", "error", 1),
        ("%%time\n\n\nnowhere", "error", 4),
        ("if f():\n    nowhere", "warning", 2),
        ("for i in f():\n    nowhere", "warning", 2),
        ("f() and nowhere", "warning", 1),
        ("def g():\n    x = 1\n    return nowhere", "warning", 3),
        ("def g():\n    return nowhere\ng()", "warning", 2),
        ("g = lambda: nowhere", "warning", 1),
        ("class C:\n    def m(self):\n        nowhere()", "warning", 3),
        ("x = [nowhere for _ in f()]", "warning", 1),
    ],
)
def test_undefined_names(source: str, severity: str, line: int) -> None:
    problem = only("f = open", source)
    assert (problem.code, problem.severity.value, problem.cell, problem.line, problem.step) == (
        "undefined-name",
        severity,
        1,
        line,
        "b",
    )
    assert "not defined" in problem.message
    assert problem.fix is not None


@pytest.mark.parametrize(
    "source",
    [
        "try:\n    nowhere\nexcept NameError:\n    nowhere = 1",
        "try:\n    nowhere\nexcept (ValueError, Exception):\n    pass",
        "try:\n    nowhere\nexcept:\n    pass",
        "def f():\n    try:\n        nowhere\n    except NameError:\n        pass\nf()",
        "import contextlib\nwith contextlib.suppress(NameError):\n    nowhere",
        "if 'nowhere' in globals():\n    globals()['nowhere']",
        "exit, quit, get_ipython, display, __name__, __doc__, __builtins__",
        "if open:\n    made = 1\nprint(made)",
        "for made in open('x'): pass\nprint(made)",
        "from __future__ import annotations\ndef f(x: nowhere) -> nowhere: pass",
        "def f(x): y: nowhere = x",
        "x: int\ndef f(): return later\nlater = 1\nf()",
        "if False:\n    nowhere",
        "import typing\nif typing.TYPE_CHECKING:\n    nowhere",
        "globals()['made'] = 1\nprint(made)",
        "print([x := 1], x)",
        "exec('made = 1')\nprint(made)",
        "nowhere?",
        "!echo {nowhere} $nowhere",
        "import a.b\na.b.c",
        "class C:\n    x = 1\n    y = x",
    ],
)
def test_nothing_is_wrong(source: str) -> None:
    assert codes(flow_of(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "exec(code)",
        "eval(code)",
        "%run other.py",
        "%load_ext x\n%frobnicate",
        "globals().update(code)",
        "%%R -o nowhere\n1",
        "get_ipython().run_cell(code)",
    ],
)
def test_names_may_come_from_what_is_not_seen(source: str) -> None:
    result = flow_of("code = open('x').read()", source, "print(nowhere)")
    assert not [code for code in codes(result) if code.startswith("error") or "undefined" in code]


def test_a_near_name_is_proposed() -> None:
    problem = only("dataframe = 1\nprint(datafame)")
    assert problem.fix is not None
    assert "dataframe" in problem.fix.title


def test_used_before_it_is_defined_in_a_later_step() -> None:
    problem = only("print(x)", "x = 1")
    assert (problem.code, problem.severity.value, problem.cell, problem.line, problem.step) == (
        "use-before-definition",
        "error",
        0,
        1,
        "a",
    )
    assert "step b" in problem.message


def test_used_before_it_is_defined_in_the_same_step() -> None:
    problem = only("print(x)\nx = 1")
    assert (problem.code, problem.severity.value) == ("use-before-definition", "error")


def test_called_before_what_it_needs_is_defined() -> None:
    problem = only("def f():\n    return x\nf()", "x = 1", "f()")
    assert (problem.code, problem.severity.value, problem.line) == ("use-before-definition", "warning", 2)


def test_lines_of_functions_of_other_cells_are_those_of_the_call() -> None:
    problem = only("def f():\n\n\n    return x", "y = 1\nf()", "x = 1")
    assert (problem.code, problem.cell, problem.line) == ("use-before-definition", 1, 2)


def test_deleted_names() -> None:
    problem = only("x = 1", "del x", "print(x)")
    assert (problem.code, problem.severity.value, problem.cell) == ("deleted-name", "warning", 2)
    assert "cell 2 has deleted it" in problem.message
    assert codes(flow_of("x = 1", "del x", "x = 2\nprint(x)")) == []


def test_a_syntax_error_leaves_the_rest_analysed() -> None:
    result = flow_of("x = 1", ["y = (", "z = x"], "print(z)")
    assert codes(result) == ["error syntax-error"]
    assert (result.problems[0].cell, result.problems[0].line, result.problems[0].step) == (1, 1, "b")
    assert arrows(result) == {"ab", "bc"}


def test_a_syntax_error_in_the_prelude() -> None:
    problem = only("x = 1", prelude=["import a\ndef f(:\n"])
    assert (problem.code, problem.cell, problem.line, problem.step) == ("syntax-error", 0, 2, None)


# ---- star imports


def test_names_of_an_unknown_module_are_assumed() -> None:
    result = flow_of("from somewhere import *", "print(thing)", "print(thing)")
    assert codes(result) == ["info assumed-name"]
    assert "from somewhere import *" in result.problems[0].message
    assert (result.problems[0].cell, result.problems[0].line) == (1, 1)
    assert "thing" in variables(result.flows[0].writes)
    assert arrows(result) == {"ab", "ac"}


def test_names_in_the_cell_of_the_star_import() -> None:
    assert codes(flow_of("from somewhere import *\nthing()")) == ["info assumed-name"]
    assert codes(flow_of("thing()\nfrom somewhere import *")) == ["error undefined-name"]


def test_a_star_import_in_the_prelude_serves_all_steps() -> None:
    result = flow_of("print(thing)", "print(thing)", prelude=["from somewhere import *"])
    assert codes(result) == ["info assumed-name"]
    assert arrows(result) == set()


def test_names_of_the_standard_library_are_known() -> None:
    assert codes(flow_of("from os.path import *", "join('a', 'b')", "nowhere")) == ["error undefined-name"]


def test_names_of_a_module_beside_the_notebook_are_read_from_its_text(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("import os\n\ndef made(): pass\n_hidden = 1\nfor i in []: pass\n")
    (tmp_path / "listed.py").write_text("__all__ = ['a']\na = b = 1\n")
    result = flow_of(
        "from helpers import *\nfrom listed import *", "made, os, i, a", "_hidden", "b", workspace=tmp_path
    )
    assert [(p.code, p.cell) for p in result.problems if p.severity.value == "error"] == [
        ("undefined-name", 2),
        ("undefined-name", 3),
    ]
    assert variables(result.flows[0].writes) == {"made", "os", "i", "a"}


def test_a_star_import_may_hide_builtins() -> None:
    result = flow_of("from numpy import *", "total = sum([1])", "print(1)", prelude=[])
    assert "sum" in variables(result.flows[1].reads)
    assert arrows(result) == {"ab", "ac"}


# ---- history


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (("1 + 1", "print(_)"), ["error"]),
        (("1 + 1", "_1"), ["error"]),
        (("1 + 1", "Out[1]"), ["error"]),
        (("1 + 1", "print(__)"), ["error"]),
        (("1 + 1", "In[1]"), ["error"]),
        (("1 + 1", "Out"), ["warning"]),
        (("1 + 1", "_i"), ["warning"]),
        (("x = 1", "print(_)"), []),
        (("x = 1;", "print(_)"), []),
        (("1 + 1", "for _ in range(3): print(_)"), []),
        (("1 + 1", "_ = 3\nprint(_)"), []),
        (("_ = 3", "print(_)"), []),
        (("%history",), ["warning"]),
    ],
)
def test_output_history(steps: tuple[str, ...], found: list[str]) -> None:
    result = flow_of(*steps)
    assert [p.severity.value for p in result.problems] == found
    assert {p.code for p in result.problems} <= {"output-history"}


def test_output_history_within_a_step_is_fine() -> None:
    assert codes(flow_of("0", ["1 + 1", "print(_, _2, Out[2], In[2])"])) == []


# ---- what cannot travel


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("x = (i for i in [1])", "generator"),
        ("def g():\n    yield 1\nx = g()", "generator"),
        ("x = open('a')", "open file"),
        ("import gzip\nx = gzip.open('a')", "open file"),
        ("import sqlite3\nx = sqlite3.connect('a.db')", "connection"),
        ("import threading\nx = threading.Lock()", "lock"),
        ("import socket\nx = socket.socket()", "socket"),
        ("from concurrent.futures import ThreadPoolExecutor\nx = ThreadPoolExecutor()", "pool"),
    ],
)
def test_values_that_cannot_travel(source: str, what: str) -> None:
    result = flow_of(["y = 1", source], "print(x)", "print(x)")
    (problem,) = [p for p in result.problems if p.code == "cannot-travel"]
    assert (problem.severity.value, problem.cell, problem.line, problem.step) == (
        "warning",
        1,
        source.count("\n") + 1,
        "a",
    )
    assert what in problem.message
    assert "step b" in problem.message
    assert problem.fix is not None


@pytest.mark.parametrize(
    "steps",
    [
        ("x = (i for i in [1])\nlist(x)", "y = 1"),
        ("x = (i for i in [1])", "x = 2\nprint(x)"),
        ("x = [i for i in [1]]", "print(x)"),
        ("with open('a') as x: pass", "y = 1"),
        ("with open('a') as f: x = f.read()", "print(x)"),
    ],
)
def test_values_that_need_not_travel(steps: tuple[str, ...]) -> None:
    assert "warning cannot-travel" not in codes(flow_of(*steps))


# ---- the rest


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("name = input('who?')", "needs-input"),
        ("from getpass import getpass\ngetpass()", "needs-input"),
        ("exit()", "exits"),
        ("import sys\nsys.exit(1)", "exits"),
        ("from threading import Thread\nt = Thread(target=print)\nt.start()", "left-running"),
        ("import subprocess\np = subprocess.Popen(['ls'])", "left-running"),
        ("import multiprocessing\nmultiprocessing.Process(target=print).start()", "left-running"),
        ("from http.server import HTTPServer\ns = HTTPServer()\ns.serve_forever()", "left-running"),
    ],
)
def test_warnings(source: str, code: str) -> None:
    assert f"warning {code}" in codes(flow_of(source))


def test_a_function_named_input_is_the_notebooks_own() -> None:
    assert codes(flow_of("def input(x): return x\ninput(1)")) == []


@pytest.mark.parametrize(
    "define",
    [
        "import functools\n@functools.lru_cache(maxsize=None)\ndef slow(n): return n",
        "from functools import cache\n@cache\ndef slow(n): return n",
        "from functools import lru_cache\n@lru_cache\ndef slow(n): return n",
        "from functools import lru_cache as memo\ndef slow(n): return n\nslow = memo(64)(slow)",
        "import functools\nclass A:\n    @functools.lru_cache\n    def slow(self): return 1\nslow = A().slow",
    ],
)
def test_what_a_function_remembers_stays_in_its_step(define: str) -> None:
    problem = only(define, "a = slow(2)", "b = slow(2)")
    assert (problem.code, problem.severity.value, problem.cell, problem.step) == (
        "cache-of-a-step",
        "info",
        2,
        "c",
    )
    assert (
        "slow() remembers its results only within a step: steps b and c each compute them." in problem.message
    )
    assert only(define + "\na = slow(2)", "slow.cache_info()").step == "b"
    assert flow_of(define, "a = slow(2)").problems == ()


def test_a_function_that_is_merely_called_cache_remembers_nothing() -> None:
    assert (
        flow_of("from tools import cache\n@cache\ndef slow(n): return n", "slow(1)", "slow(2)").problems == ()
    )


def test_names_of_a_cell_that_is_no_python_are_not_said_to_be_missing_as_well() -> None:
    result = flow_of("table = load(", "print(table)\nother")
    assert [(problem.code, problem.cell) for problem in result.problems] == [
        ("syntax-error", 0),
        ("undefined-name", 1),
    ]
