"""IPython source → syntax trees: the same trees as IPython makes, with the lines of the cell."""

from __future__ import annotations

import ast

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from kfjlab.notebook.source import automagic_call, parse_cell, parse_snippet

CELLS = [
    "x = 1",
    "%matplotlib inline\nx = 1",
    "%%time\nx = 1\ny = 2",
    "%%bash --out a\necho hi\n",
    "\n\n%%capture out\nprint(1)",
    "x = !ls -l \\\n  foo\ny = 2",
    "!ls \\\n -l\ny = 2",
    "!!ls",
    "if True:\n    !ls {x}\n    y = 1",
    "for i in x:\n    %time f(i)\nz = 1",
    "x = %timeit -o f()",
    "len?\nx = 1",
    "x = 1\nx.y??",
    "?len",
    "*int*?",
    ">>> x = 1\n>>> y = 2",
    "In [1]: x = 1\n\nIn [2]: y = 2",
    "    x = 1\n    y = 2",
    "/f a b",
    ",f a b",
    ";f a b",
    "t = '''\n%magic\n!ls\n'''",
    "a = (7\n % 4)",
    "%cd a\\\n b\nx = 1",
    "await f()\nasync with a as b:\n    pass",
    "x = 1 # !ls\n# %magic\n!pwd",
    "%%writefile f.py\n%x\nif:\n",
    "def f():\n    '''%x'''\n    !ls\n    return 1",
    "a, b = !ls\nc = 3",
    "%%html\n<b>x</b>",
]


@pytest.mark.parametrize("source", CELLS)
def test_same_tree_as_ipython(source: str) -> None:
    parsed = parse_cell(source)
    assert parsed.fault is None
    theirs = ast.parse(TransformerManager().transform_cell(source))
    assert [ast.dump(statement) for statement in parsed.body] == [
        ast.dump(statement) for statement in theirs.body
    ]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("x = !ls -l \\\n  foo\ny = 2", [1, 3]),
        ("\n\n  a = 1\n  !ls \\\n  b\n  c = 1", [3, 4, 6]),
        ("%cd \\\n a \\\n b\nx = 1\n\n!ls\n\ny = 1", [1, 4, 6, 8]),
        (">>> x = 1\n>>> y = 2", [1, 2]),
        ("%%time\nx = 1", [1]),
        ("if a:\n    !ls \\\n     -l\n    b\nc", [1, 5]),
        ("x = 1\nx?\ny = 1", [1, 2, 3]),
        ("\f\nx = 1\n!ls\ny = 1", [2, 3, 4]),
    ],
)
def test_lines_are_those_of_the_cell(source: str, lines: list[int]) -> None:
    assert [statement.lineno for statement in parse_cell(source).body] == lines


def test_line_inside_a_block_behind_a_continued_command() -> None:
    statement = parse_cell("if a:\n    !ls \\\n     -l\n    b").body[0]
    assert isinstance(statement, ast.If)
    assert [inner.lineno for inner in statement.body] == [2, 4]
    assert statement.end_lineno == 4


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("x = 1\ny = (", 2, "never closed"),
        ("!ls \\\n b\n\nfor", 4, "invalid syntax"),
        ("x = 1\nreturn x", 2, "outside function"),
        ("%matplotlib inline\ndef f():\n    x = 1\n    global x", 4, "global"),
        ("x\n%%time\ny = )", 3, ""),
        ("a\0b", 1, "null"),
        ("break", 1, "outside loop"),
        ("(" * 400 + ")" * 400, 1, ""),
        ("x = [i for i in y if (yield)]", 1, "yield"),
    ],
)
def test_faults_have_lines(source: str, line: int, message: str) -> None:
    fault = parse_cell(source).fault
    assert fault is not None
    assert fault.line == line
    assert message in fault.message


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1  # why"),
        ("x = f(a,b)", "# so\nx = f( a,\n  b )\n\n"),
        ("%cd a", "\n%cd a\n"),
        ("x = 'a'", 'x = "a"'),
    ],
)
def test_layout_does_not_matter(one: str, other: str) -> None:
    assert parse_cell(one).digest == parse_cell(other).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x", "x;"),
        ("x = 1", "x = 1.0"),
        ("%cd a", "%cd b"),
        ("%%bash\nls", "%%bash\nls -l"),
        ("def f():\n    'a'", "def f():\n    'b'"),
        ("x = (", "y = ("),
        ("a; b", "a"),
    ],
)
def test_what_is_done_matters(one: str, other: str) -> None:
    assert parse_cell(one).digest != parse_cell(other).digest


@pytest.mark.parametrize(
    ("source", "shows"),
    [
        ("x", True),
        ("x;", False),
        ("x # ;", True),
        ("x; # c", False),
        ("x = 1", False),
        ("f()\n", True),
        ("';'", True),
        ("", False),
    ],
)
def test_shows(source: str, shows: bool) -> None:
    assert parse_cell(source).shows is shows


def test_automagic() -> None:
    assert automagic_call("pip install x") == ("pip", "install x")
    assert automagic_call("# a\nls") == ("ls", "")
    assert automagic_call("ls = 3") is None
    assert automagic_call("ls\ncd x") is None
    assert automagic_call("frobnicate x") is None
    parsed = parse_cell("\npip install x")
    assert parsed.fault is None
    assert ast.unparse(parsed.body[0]) == "get_ipython().run_line_magic('pip', 'install x')"
    assert parsed.body[0].lineno == 2


def test_snippets_start_at_their_line() -> None:
    body = parse_snippet("x = 1\ny = [\n 2]", 10)
    assert body is not None
    assert [statement.lineno for statement in body] == [10, 11]
    assert parse_snippet("x = (", 1) is None
    again = parse_snippet("x = 1\ny = [\n 2]", 1)
    assert again is not None
    assert [statement.lineno for statement in again] == [1, 2]


def test_warnings_about_the_users_code_stay_silent() -> None:
    assert parse_cell("x = '\\d'\nx is 1").fault is None  # a warning would be an error in the tests
