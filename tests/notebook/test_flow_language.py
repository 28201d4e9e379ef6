"""The language cases in which a rival (Kale 2.3) is measured: for each, what the steps must read and write, and the graph.

A case is its steps ``a``, ``b``, … and what is expected of them: ``reads``/``writes``/``mutates`` by step (variables that must be there;
``!x``: that must not), and the exact arrows.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

import pytest

from .flowing import NAMES, arrows, codes, flow_of, variables


@dataclass(frozen=True)
class Case:
    steps: tuple[str | tuple[str, ...], ...]
    reads: dict[str, str] = field(default_factory=dict)
    writes: dict[str, str] = field(default_factory=dict)
    mutates: dict[str, str] = field(default_factory=dict)
    arrows: str | None = None
    prelude: tuple[str, ...] = ()
    after: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def case(*steps: str | tuple[str, ...], **expected: object) -> Case:
    return Case(steps, **expected)  # type: ignore[arg-type]


CASES: dict[str, Case] = {
    # ---- what the rival gets wrong
    "a tag adds an edge beside the data": case("x = 1", "y = 2", "print(x)", after={"c": ("a", "b")}, arrows="ac bc"),
    "siblings and roots are independent": case("x = 1", "print(x)", "print(x, 1)", "y = 2", arrows="ab ac"),
    "function appends to a global list": case(
        "log = []\ndef note(v):\n    log.append(v)", "note(1)", "print(log)", reads={"b": "note log", "c": "log"}, mutates={"b": "log"}, arrows="ab bc"
    ),
    "global counter in a function": case(
        "counter = 0\ndef inc():\n    global counter\n    counter += 1", "inc()", "print(counter)", reads={"b": "inc counter"}, writes={"b": "counter"}, arrows="ab bc"
    ),
    "an alias is changed": case("d = {}", "e = d\ne['k'] = 1", "print(d)", mutates={"b": "d"}, writes={"b": "d e"}, arrows="ab bc"),
    "identity of two names in one later step": case(
        "l = []", "m = l", "m.append(1)\nprint(l)", reads={"c": "m l"}, writes={"b": "m l"}, mutates={"c": "l m"}, arrows="ab bc"
    ),
    "two branches change one dict": case("d = {}", "d['b'] = 1", "d['c'] = 1", "print(d)", mutates={"b": "d", "c": "d"}, arrows="ab bc cd"),
    "two branches add to one number": case("t = 1", "t += 1", "t += 10", "print(t)", arrows="ab bc cd"),
    "the nearest writer counts, not the alphabet": case("x = 1", "x = 2", "print(x)", "y = x", arrows="bc bd"),
    "a shortcut edge gives no stale value": case("x = 1", "x = x + 1", "y = 3", "print(x)", after={"d": ("c", "a")}, arrows="ab bd cd ad"),
    "a name shadows a builtin": case("id = 5\nmax = 3", "print(id, max)", reads={"b": "id max"}, arrows="ab"),
    "an imported name is bound anew": case("math = 3", "print(math)", prelude=("import math",), reads={"b": "math"}, arrows="ab"),
    "state in the functions cell": case("put('k')", "print(state)", prelude=("state = {}\ndef put(k):\n    state[k] = 1",), mutates={"a": "state"}, reads={"b": "state"}, arrows="ab"),
    "chance in the imports cell": case("print(r)", "print(r)", prelude=("import random\nr = random.random()",), reads={"a": "r", "b": "r"}, arrows=""),
    "try to read, else start": case("x = 5", "try:\n    x = x + 1\nexcept NameError:\n    x = 0", "print(x)", reads={"b": "x"}, writes={"b": "x"}, arrows="ab bc"),
    "try to read what is nowhere": case("try:\n    x = x + 1\nexcept NameError:\n    x = 0", "print(x)", arrows="ab"),
    "bound in a branch only": case("x = 1\nimport os\nflag = os.cpu_count() > 64", "if flag:\n    x = 2", "print(x)", reads={"b": "x flag"}, writes={"b": "x"}, arrows="ab bc"),
    "a global bound after the function": case("def f():\n    return x\nx = 0", "print(f())", reads={"b": "f x"}, arrows="ab"),
    "a comprehension variable named like a variable": case("v = 1", "w = [v for v in range(3)]", "print(v)", reads={"b": "!v"}, writes={"b": "w !v"}, arrows="ac"),
    "a lambda argument named like a variable": case("v = 1", "f = lambda v: v + 1", "print(v)", reads={"b": "!v"}, writes={"b": "!v"}, arrows="ac"),
    "star import of the standard library": case("from math import *", "print(sqrt(2))", reads={"b": "sqrt"}, writes={"a": "sqrt !cos"}, arrows="ab"),
    "star import leaves other names alone": case("from math import *\nx = 1", "print(x)", reads={"b": "x"}, arrows="ab"),
    "a method uses a global": case("k = 2\nclass C:\n    def m(self):\n        return k", "print(C().m())", reads={"b": "C k"}, arrows="ab"),
    "a method uses a step's import": case("import json\nclass C:\n    def m(self):\n        return json.dumps(1)", "C().m()", reads={"b": "C json"}, arrows="ab"),
    "an object holds a function": case(
        "k = 1\ndef f():\n    return k", "class Box: pass\nbox = Box()\nbox.f = f", "print(box.f())", reads={"c": "box k"}, arrows="ab ac bc"
    ),
    "a dict holds a function": case("k = 1\ndef f():\n    return k\nd = {'f': f}", "print(d['f']())", reads={"b": "d k"}, arrows="ab"),
    "a lambda captures a global": case("k = 1\nf = lambda: k", "print(f())", reads={"b": "f k"}, arrows="ab"),
    "a partial captures a global": case("from functools import partial\nk = 1\ndef g(a):\n    return a + k\nf = partial(g, 1)", "print(f())", reads={"b": "f k"}, arrows="ab"),
    "a function reads what a later step defines": case("def f():\n    return later", "later = 1", "print(f())", reads={"a": "!later", "c": "f later"}, arrows="ac bc"),
    "async def": case("async def f():\n    return k\nk = 1", "await f()", reads={"b": "f k"}, arrows="ab"),
    "match capture": case("p = (1, 2)", "match p:\n    case (a, b):\n        q = a + b", "print(q)", reads={"b": "p"}, writes={"b": "a b q"}, arrows="ab bc"),
    "eval of a constant": case("k = 1", "print(eval('k + 1'))", reads={"b": "k"}, arrows="ab"),
    "a function with match": case("def f(v):\n    match v:\n        case {'k': w, **rest}:\n            return w, rest\n        case _:\n            return k\nk = 1", "f({})", reads={"b": "f k !w !rest"}, arrows="ab"),
    "a function with except*": case("def f():\n    try:\n        return k\n    except* ValueError as e:\n        print(e)\nk = 1", "f()", reads={"b": "f k !e"}, arrows="ab"),
    "%matplotlib": case("%matplotlib inline\nx = 1", "print(x)", reads={"b": "x"}, arrows="ab"),
    "%pip": case("%pip install nothing\nx = 1", "print(x)", reads={"b": "x"}, arrows="ab"),
    "%%time": case("%%time\nx = 1", "%%time\nprint(x)", reads={"b": "x"}, arrows="ab"),
    "%%capture": case("%%capture out\nx = 1\nprint(x)", "print(x, out)", reads={"b": "x out"}, arrows="ab"),
    "%%bash": case("%%bash\necho hello", "x = 1", arrows=""),
    "!pip": case("!pip install nothing\nx = 1", "print(x)", reads={"b": "x"}, arrows="ab"),
    "x = !ls": case("x = !ls", "print(x)", reads={"b": "x"}, writes={"a": "x"}, arrows="ab"),
    "len?": case("len?\nx = 1", "x?", arrows="a"),
    "% at the start of a continued line": case("a, b = 7, 4\nx = (a\n % b)", "print(x)", reads={"b": "x"}, arrows="ab"),
    "an undefined name": case("x = 1", "print(y)", arrows="", problems=("error undefined-name",)),
    "a generator": case("g = (i for i in range(3))", "print(list(g))", reads={"b": "g"}, mutates={"b": "g"}, arrows="ab", problems=("warning cannot-travel",)),
    "a database connection": case("import sqlite3\nc = sqlite3.connect(':memory:')", "c.execute('select 1')", arrows="ab", problems=("warning cannot-travel",)),
    "object()": case("x = object()", "print(x)", arrows="ab"),
    "a name with an underscore or an accent": case("_x = 1\né = 2", "print(_x, é)", reads={"b": "_x é"}, arrows="ab"),
    # ---- what the rival gets right
    "closure factory": case("def make(n):\n    def add(x):\n        return x + n + k\n    return add\nk = 0\nadd2 = make(2)", "print(add2(1))", reads={"b": "add2 k !n"}, arrows="ab"),
    "nested function": case("def f():\n    def g():\n        return k\n    return g()\nk = 1", "f()", reads={"b": "f k"}, arrows="ab"),
    "recursion": case("def fact(n):\n    return 1 if n < 2 else n * fact(n - 1)", "fact(5)", reads={"b": "fact"}, arrows="ab"),
    "mutual recursion": case("def even(n):\n    return n == 0 or odd(n - 1)\ndef odd(n):\n    return n != 0 and even(n - 1)", "even(5)", reads={"b": "even odd"}, arrows="ab"),
    "decorators": case("def twice(f):\n    def g():\n        return f() + f() + k\n    return g\nk = 1", "@twice\ndef h():\n    return 1", "print(h())", reads={"b": "twice k", "c": "h k"}, arrows="ab ac bc"),
    "defaults": case("n = 3", "def f(x=n):\n    return x", "f()", reads={"b": "n", "c": "f !n"}, arrows="ab bc"),
    "a chain of functions": case("k = 1\ndef f():\n    return k\ndef g():\n    return f()\ndef h():\n    return g()", "h()", reads={"b": "h g f k"}, arrows="ab"),
    "a plain class": case("class P:\n    n = 0\n    def up(self):\n        self.n += 1", "p = P()\np.up()", "print(p.n)", reads={"b": "P"}, arrows="ab bc"),
    "a dataclass": case("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 0", "p = P(1)", "print(p.x)", reads={"b": "P"}, arrows="ab bc"),
    "walrus": case("if (n := 10) > 5:\n    pass", "print(n)", writes={"a": "n"}, arrows="ab"),
    "f-string": case("who = 'x'", "print(f'{who!r:>{3}}')", reads={"b": "who"}, arrows="ab"),
    "triple quotes": case("t = '''\n%matplotlib inline\n!ls\n'''", "print(t)", reads={"b": "t"}, arrows="ab"),
    "type hints": case("T = int\nx: T = 1", "def f(a: T) -> T:\n    return a", "f(x)", reads={"b": "T", "c": "f x"}, arrows="ab bc ac"),
    "top-level await": case("import asyncio\nx = 1", "await asyncio.sleep(0)\ny = x", reads={"b": "asyncio x"}, arrows="ab"),
    "with": case("import io\nwith io.StringIO('a') as f:\n    t = f.read()", "print(t)", reads={"b": "t"}, arrows="ab"),
    "loop variable": case("for i in range(3):\n    pass", "print(i)", reads={"b": "i"}, arrows="ab"),
    "nonlocal": case("def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\nup = make()", "up()", "print(up())", mutates={"b": "up", "c": "up"}, arrows="ab bc"),
    "names that differ in case": case("x = 1\nX = 2", "x = 3", "print(X)", arrows="ac"),
    "display in two steps": case("display(1)", "display(2)", arrows=""),
}  # fmt: skip


@pytest.mark.parametrize("one", CASES.values(), ids=CASES)
def test_language(one: Case) -> None:
    if sys.version_info < (3, 11) and any("except*" in step for step in one.steps):
        pytest.skip("except* came with Python 3.11")
    result = flow_of(*one.steps, prelude=one.prelude, after=one.after)
    for flow, name in zip(result.flows, NAMES, strict=False):
        for expected, found in (
            (one.reads, flow.reads),
            (one.writes, flow.writes),
            (one.mutates, flow.mutates),
        ):
            for word in expected.get(name, "").split():
                present = word.lstrip("!") in variables(found)
                assert present is not word.startswith("!"), f"{name}: {word} in {sorted(found)}"
        assert flow.mutates <= flow.writes
    if one.arrows is not None and one.arrows != "a":
        assert arrows(result) == set(one.arrows.split())
    serious = [code for code in codes(result) if not code.startswith("info")]
    assert serious == list(one.problems)


def test_enough_cases() -> None:
    assert len(CASES) >= 62
