"""Every scoping construct: what a cell reads from before, binds for good, and may bind."""

from __future__ import annotations

import sys

import pytest

from kfjlab.notebook.dataflow import cell_summary

from .flowing import arrows, codes, flow_of, variables

EARLIER = "x = []\ny = {}\nz = open\nn = len(z)\nT = int"


def one(source: str) -> tuple[set[str], set[str]]:
    flow = flow_of(EARLIER, source).flows[1]
    return variables(flow.reads), variables(flow.writes)


@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        # order
        ("x = 1\nprint(x)", "", "x"),
        ("print(x)\nx = 1", "x", "x"),
        ("x = x", "x", "x"),
        ("x: int = 1", "", "x"),
        ("x: T", "T", ""),
        ("a: T = x", "T x", "a x"),
        ("x, (a, *b) = y", "y", "x a b y"),
        ("(x := 1) + x", "", "x"),
        ("n += 1", "n", "n"),
        ("del n\nn = 1", "n", "n"),
        ("y[x] = n", "y x n", "y"),
        ("y.a.b = 1", "y", "y"),
        ("del y['a']", "y", "y"),
        ("import x.a, os.path as p\nfrom q import r as s, t", "", "x p s t"),
        ("f'{x!r:>{n}} {{y}}'", "x n", ""),
        ("lambda a, b=x: a + b + n", "x", ""),
        ("assert x, y", "x y", ""),
        ("with x as a, y as b: a", "x y", "a b x y"),
        ("global n\nn = 1", "", "n"),
        ("print(*x, **y)", "x y", ""),
        ("x[n:1, ...]", "x n", ""),
        # branches
        ("if n: a = x\nelse: a = 1\nprint(a)", "n x", "a x"),
        ("if n: a = 1", "n", "a"),
        ("if n > 1:\n    x = 1\nprint(x)", "n x", "x"),
        ("if True: x = 1\nprint(x)", "", "x"),
        ("if __name__ == '__main__': x = 1\nprint(x)", "", "x"),
        ("if n: x = 1\nelif y: x = 2\nelse: raise ValueError\nprint(x)", "n y", "x"),
        ("n and (x := 1)\nprint(x)", "n x", "x"),
        ("a = x if n else y", "n x y", "a x y"),
        # loops
        ("for a in x: print(a)", "x", "a"),
        ("for n in x: pass\nprint(n)", "x n", "n"),
        ("for n in range(3): pass\nprint(n)", "", "n"),
        ("for n in [1, 2]:\n    if n: break\nelse:\n    n = 3\nprint(n)", "", "n"),
        ("while n: x = 1\nprint(x)", "n x", "x"),
        ("while True:\n    x = 1\n    if x: break\nprint(x)", "", "x"),
        ("for a in x:\n    if a: continue\n    b = 1\nelse:\n    c = 1", "x", "a b c"),
        ("async for a in x: pass", "x", "a"),
        ("async with z() as a: pass", "z", "a"),
        # try
        ("try: x = 1\nexcept ValueError: pass\nprint(x)", "x", "x"),
        ("try: x = 1\nexcept ValueError: x = 2\nprint(x)", "", "x"),
        ("try: x = 1\nfinally: a = 2\nprint(x, a)", "", "x a"),
        ("try: pass\nexcept ValueError as e: print(e)", "", ""),
        ("try: b = 1\nexcept ValueError: raise\nelse: c = b\nprint(c)", "", "b c"),
        ("import contextlib\nwith contextlib.suppress(KeyError):\n    x = 1\nprint(x)", "x", "contextlib x"),
        # match
        ("match x:\n    case [a, *b]: c = a\n    case {'k': d, **e}: c = d\n    case _: c = 0\nprint(c)", "x", "a b c d e x"),
        ("match n:\n    case 1: x = 1\nprint(x)", "n x", "x"),
        ("match n:\n    case T(a=b): pass\n    case 1 | 2 as c if c > len(x): pass", "n T x", "b c"),
        # comprehensions
        ("[x for x in y]", "y", ""),
        ("[a for a in x if a for b in a]", "x", ""),
        ("{a: n for a in x}", "x n", ""),
        ("[(x := a) for a in y]", "y", "x"),
        ("any((x := a) for a in y)\nprint(x)", "y x", "x"),
        ("list(a async for a in x)", "x", ""),
        # functions
        ("def f(): return x", "", "f"),
        ("def f(): return x\nf()", "x", "f"),
        ("def f(a=x): return a\nf()", "x", "f"),
        ("def f(a: T, *b: n) -> x: pass", "T n x", "f"),
        ("from __future__ import annotations\ndef f(a: T) -> x: pass", "", "annotations f"),
        ("@z\ndef f(): pass", "z", "f"),
        ("def f():\n    x = 1\n    return x\nf()", "", "f"),
        ("def f():\n    global x\n    x = 1\nf()\nprint(x)", "", "f x"),
        ("def f():\n    global x\n    x = 1", "", "f"),
        ("def f():\n    if n:\n        return\n    global x\n    x = 1\nf()\nprint(x)", "n x", "f x"),
        ("def f():\n    def g(): return x\n    return g\nf()()", "x", "f"),
        ("def f():\n    x = 1\n    def g():\n        nonlocal x\n        x += 1\n    g()\nf()", "", "f"),
        ("def f(x):\n    return [x for _ in y]\nf(1)", "y", "f"),
        ("def f(*x, **y): return x, y\nf()", "", "f"),
        ("async def f(): return await x\nawait f()", "x", "f"),
        ("def f():\n    yield x\nfor _ in f(): pass", "x", "f _"),
        ("f = lambda: x\nf()", "x", "f"),
        ("(lambda x: x + n)(1)", "n", ""),
        ("def f():\n    import x\n    return x\nf()", "", "f"),
        ("def f():\n    return len(x)\nlen = 3", "", "f len"),
        # classes
        ("class C: pass", "", "C"),
        ("class C(x):\n    a = n\n    b = a", "x n", "C"),
        ("class C:\n    x = 1\n    def m(self): return x", "", "C"),
        ("class C:\n    x = 1\n    def m(self): return x\nC().m()", "x", "C"),
        ("class C:\n    n = n\nprint(C.n)", "n", "C"),
        ("class C:\n    xs = [x for _ in y]", "x y", "C"),
        ("class C:\n    def __x(self): return __n\n_C__n = 1\nC()", "", "C _C__n"),
        ("class C(metaclass=T): pass", "T", "C"),
        # builtins
        ("print(len(str(1)))", "", ""),
        ("len = 3\nlen", "", "len"),
        ("get_ipython(), display, __name__", "", ""),
        ("__file__", "", ""),
    ],
)  # fmt: skip
def test_reads_and_writes(source: str, reads: str, writes: str) -> None:
    found = one(source)
    assert found[0] == set(reads.split())
    assert found[1] == set(writes.split())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="except* came with Python 3.11")
def test_except_star() -> None:
    assert one("try: a = x\nexcept* ValueError as e: b = e") == ({"x"}, {"a", "b", "x"})


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters came with Python 3.12")
@pytest.mark.parametrize(
    ("source", "reads", "writes"),
    [
        ("def f[Q](a: Q, b: T) -> Q: return n\nf(1, 2)", "T n", "f"),
        ("class C[Q](x):\n    def m(self) -> Q: return n\nC().m()", "x n", "C"),
        ("type A[Q] = list[Q]", "", "A"),
    ],
)
def test_type_parameters(source: str, reads: str, writes: str) -> None:
    assert one(source) == (set(reads.split()), set(writes.split()))


def test_cells_of_a_step_are_one_scope() -> None:
    result = flow_of("x = 1\ny = 2", ["x = 3", "print(x)\nz = y", "print(z)"])
    assert variables(result.flows[1].reads) == {"y"}


def test_a_branch_keeps_the_old_value_for_those_who_read_it_later() -> None:
    result = flow_of("x = 1\nflag = f()", "if flag:\n    x = 2", "print(x)", prelude=["from m import f"])
    assert "x" in variables(result.flows[1].reads)
    assert arrows(result) == {"ab", "bc"}


def test_a_branch_does_not_want_the_old_value_when_nobody_reads_it() -> None:
    result = flow_of(
        "for i in f(): pass", "for i in f(): print(i)", "for i in f(): print(i)", prelude=["from m import f"]
    )
    assert arrows(result) == set()


def test_a_definite_later_binding_ends_the_want() -> None:
    result = flow_of(
        "x = 1\nflag = f()", ["if flag:\n    x = 2", "x = 3"], "print(x)", prelude=["from m import f"]
    )
    assert variables(result.flows[1].reads) == {"flag"}


def test_definitions_may_come_in_any_order() -> None:
    result = flow_of("def f(): return g()\ndef g(): return k", "k = 1", "f()")
    assert variables(result.flows[2].reads) == {"f", "g", "k"}
    assert codes(result) == []


def test_redefined_functions_count_from_their_position_on() -> None:
    result = flow_of("a = 1\nb = 2\ndef f(): return a", "f()", "def f(): return b", "f()", "a = 3")
    assert variables(result.flows[1].reads) == {"f", "a"}
    assert variables(result.flows[3].reads) == {"f", "b"}
    assert arrows(result) == {"ab", "ad", "cd"}


def test_functions_of_the_prelude_read_what_steps_make() -> None:
    result = flow_of("k = 1", "f()", "k = 2", "f()", prelude=["def f(): return k"])
    assert arrows(result) == {"ab", "cd"}


def test_summary_of_a_cell() -> None:
    summary = cell_summary("y = x + len(z)\nw.append(1)\ndel v")
    assert summary.reads == {"x", "z", "w", "v"}
    assert summary.binds == {"y", "v"}
    assert summary.mutates == {"w"}
    assert not summary.imports_and_defines_only
    assert cell_summary("  \n# nothing").is_empty
    fault = cell_summary("x = 1\n(").syntax_error
    assert fault is not None
    assert fault.line == 2


@pytest.mark.parametrize(
    ("source", "plain"),
    [
        ("import a\nfrom b import *", True),
        ("from __future__ import annotations\nimport a", True),
        ("'''doc'''\nimport a\ndef f(x=1):\n    x.append(2)\n    print(x)\nclass C(a.B):\n    n = 0\n    def m(self): self.n = 1", True),
        ("try:\n    import a\nexcept ImportError:\n    import b as a", True),
        ("if True:\n    import a", True),
        ("@a.b\ndef f(): pass", True),
        ("x = 1", False),
        ("import a\nprint(a)", False),
        ("import a\na.x = 1", False),
        ("import random\nrandom.seed(1)", False),
        ("%matplotlib inline\nimport a", False),
        ("def f(x=print(1)): pass\nf()", False),
        ("def f(x=a.append(1)): pass", False),
        ("class C:\n    print(1)", False),
        ("for i in x: pass", False),
        ("del a", False),
        ("import os\nos.environ['a'] = '1'", False),
    ],
)  # fmt: skip
def test_imports_and_defines_only(source: str, plain: bool) -> None:
    assert cell_summary(source).imports_and_defines_only is plain


def test_a_name_of_a_handler_that_always_raises_is_bound_nowhere_afterwards() -> None:
    source = "try:\n    while True: x = 1\nexcept OSError as error:\n    print('x')\n    raise"
    assert set(flow_of(source).flows[0].writes) == {"var:x"}
