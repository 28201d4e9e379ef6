"""Functions, classes and Python's own odd objects, carried between processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfjlab.runtime import functions
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.values import Carrier

from .harness import versions
from .values_harness import Steps

CHANGES = {
    "a default that is a list": (
        "def f(x, seen=[]):\n    seen.append(x)\n    return seen",
        "f(1)",
        ["f"],
        "assert f(2) == [1, 2]",
    ),
    "a keyword default": (
        "def f(*, seen={}):\n    seen[len(seen)] = 1\n    return seen",
        "f()",
        ["f"],
        "assert len(f()) == 2",
    ),
    "an attribute set on a plain function": ("def f(): pass", "f.calls = 1", ["f"], "assert f.calls == 1"),
    "an attribute deleted": ("def f(): pass\nf.x = 1", "del f.x", ["f"], "assert not hasattr(f, 'x')"),
    "a counter in a closure": (
        "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\nup = make()",
        "up()",
        ["up"],
        "assert up() == 2",
    ),
    "single dispatch": (
        "import functools\n@functools.singledispatch\ndef f(x): return k\nk = 'any'",
        "assert f(1) == 'any'\nf.register(int)(lambda x: 'int')",
        ["f"],
        "assert f(1) == 'int' and f('') == 'any'",
    ),
    "a class attribute deleted": (
        "class P:\n    x = 1\n    y = 2",
        "del P.x",
        ["P"],
        "assert not hasattr(P, 'x') and P.y == 2",
    ),
    "a method replaced": (
        "class P:\n    def f(self): return 1\np = P()",
        "P.f = lambda self: 2",
        ["P"],
        "assert p.f() == 2",
    ),
    "a function's code": (
        "def f(): return 1\ndef g(x, kept=[]): return x\nh = [f]",
        "f.__code__ = (lambda: 2).__code__\ng.__code__ = (lambda x, kept: 'new').__code__",
        ["f", "g", "h"],
        "assert f() == h[0]() == 2 and g(1) == 'new' and h[0] is f",
    ),
    "a list on a class": (
        "class P:\n    seen = []\n    def __init__(self): self.seen.append(1)",
        "P()",
        ["P"],
        "assert P.seen == [1]",
    ),
    "one of two classes": (
        "class A: n = 0\nclass B: a = A",
        "A.n = 1",
        ["A"],
        "assert B.a is A and B.a.n == 1",
    ),
    "an enum that is only used": (
        "import enum\nclass E(enum.Enum):\n    A = 1\ne = E.A",
        "assert e is E.A and E(1) is E.A and {E.A: 1}[e]",
        [],
        "assert e is E.A",
    ),
    "a class that is only used": (
        "import abc\nclass A(abc.ABC): pass\nclass B(A): pass\nb = B()",
        "assert isinstance(b, A) and not isinstance(3, A) and B().__class__ is B",
        [],
        "assert type(b) is B",
    ),
}


@pytest.mark.parametrize("prelude", [False, True], ids=["of a step", "of the prelude"])
@pytest.mark.parametrize("case", CHANGES)
def test_functions_and_classes_that_change_in_place(steps: Steps, case: str, prelude: bool) -> None:
    make, change, mutated, check = CHANGES[case]
    if prelude:
        steps.prelude = make
    else:
        steps.run(make)
    done = steps.run(change)
    assert done.failures == {}
    assert [name for name in done.changes["mutated"] if name in done.values] == mutated
    assert steps.run(check).changes["bound"] == []


SAME = {
    "a function in several variables": (
        "def f(): return 1\ncbs = [f]\nd = {'f': f}\ng = f",
        "assert cbs[0] is f is d['f'] is g\ncbs.remove(f)",
        "assert cbs == [] and d['f'] is f",
    ),
    "an attribute set while another holder was away": (
        "def f(): return 1\ncbs = [f]",
        "f.calls = 5",
        "assert cbs[0] is f and cbs[0].calls == 5",
    ),
    "lambdas of one line": (
        "fs = [lambda: k for _ in range(3)]; k = 7; first = fs[0]",
        "assert len({id(f) for f in fs}) == 3 and fs[0] is first and fs[1]() == 7",
        "assert fs[0] is first",
    ),
    "generated methods say that they come from no file": (
        "import collections, dataclasses\nP = collections.namedtuple('P', 'x')\n@dataclasses.dataclass\nclass D:\n    x: int",
        "files = [f.__code__.co_filename for f in (P.__new__, D.__init__)]\nassert all(f.startswith('<') for f in files), files\nD.n = 1",
        "assert [f.__code__.co_filename for f in (P.__new__, D.__init__)] == files and D.n == 1",
    ),
    "sentinels": (
        "class _Missing: pass\nMISSING = _Missing()\nNONE = object()\ndef f(x=NONE, y=MISSING): return x is NONE and y is MISSING\nd = {1: NONE}",
        "assert f() and d[1] is NONE",
        "assert f() and d[1] is NONE",
    ),
    "views of a dict": (
        "d = {'a': 1}\nk = d.keys(); v = d.values(); i = d.items()",
        "d['b'] = 2\nassert list(k) == ['a', 'b'] and list(v) == [1, 2]",
        "d['c'] = 3\nassert list(i)[2] == ('c', 3)",
    ),
    "a proxy and memory views": (
        "import types, collections\nd = collections.OrderedDict(a=1); p = types.MappingProxyType(d); b = bytearray(b'abc'); m = memoryview(b)",
        "d['b'] = 2\nassert p['b'] == 2\nm[0] = 120\nassert b == b'xbc'",
        "assert p['b'] == 2 and m.obj is b",
    ),
    "exceptions": (
        """
        class F(KeyError): pass
        class E(Exception):
            def __init__(self, a, b):
                super().__init__(a)
                self.b = b
        def fail():
            try:
                try: 1 / 0
                except ZeroDivisionError as z: raise F('x') from z
            except F as error: return error
        f = fail(); e = E(1, 2); o = OSError(2, 'no', 'file')
        """,
        "assert e.b == 2 and e.args == (1,) and o.filename == 'file' and isinstance(f.__cause__, ZeroDivisionError) and type(f) is F",
        "assert f.__suppress_context__ and f.__context__ is f.__cause__",
    ),
    "what stands for types": (
        "import typing\nT = typing.TypeVar('T', bound=int)\nU = typing.NewType('U', int)\nclass G(typing.Generic[T]): pass\nl = [T, U]",
        "assert l[0] is T and l[1] is U and G.__parameters__ == (T,) and U(3) == 3",
        "n = [T]\nassert n[0] is T",
    ),
    "a property that is computed once": (
        "import functools\nclass A:\n    made = 0\n    @functools.cached_property\n    def c(self):\n        A.made += 1\n        return [k]\nk = 4\na = A()",
        "assert a.c == [4]",
        "assert a.c == [4] and A.made == 1",
    ),
    "methods": (
        "import functools\nclass A:\n    @functools.singledispatchmethod\n    def s(self, x): return 'any'\n    @s.register\n    def _(self, x: int): return k\n    @functools.lru_cache\n    def m(self, x): return x + k\n    p = functools.partialmethod(lambda self, a, b: (a, b), 1)\nk = 1",
        "a = A()\nassert a.s('') == 'any' and a.s(1) == 1 and a.m(1) == 2 and a.p(2) == (1, 2)",
        "assert a.m(1) == 2",
    ),
    "type parameters": (
        "type A = int\ntype L[X] = list[X]\ntype Tree = list[Tree] | int\ndef f[T: int](x: T) -> T: return x\nclass B[T]:\n    def get(self) -> T: return k\nk = 1\nb = B[int]()\nl = [A, L, f, B]\nassert Tree.__value__",
        "assert l == [A, L, f, B] and A.__value__ is int and f(2) == 2 and b.get() == 1 and type(b) is B\nassert Tree.__value__ == list[Tree] | int and Tree.__module__ == '__main__'\nm = [A]",
        "assert Tree.__value__.__args__[0].__args__[0] is Tree and m[0] is A is l[0] and L[int].__value__ == list[L.__type_params__[0]] and f.__type_params__[0].__bound__ is int",
    ),
    "redefined": (
        "class P:\n    v = 1\np = P()\nold = P",
        "class P:\n    v = 2\nq = P()",
        "assert p.v == 1 and q.v == 2 and type(q) is P and type(p) is old and old is not P",
    ),
    "deep": (
        "head = None\nfor i in range(2500): head = [head]",
        "n, h = 0, head\nwhile h: h, n = h[0], n + 1\nassert n == 2500",
        "head.append(1)",
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_what_is_one_object_stays_one_object(steps: Steps, case: str) -> None:
    if case == "deep" and versions()[0] >= (3, 12):
        pytest.skip("from Python 3.12 on the depth of C code has a fixed limit")
    if case == "type parameters" and versions()[0] < (3, 12):
        pytest.skip("type parameters came with Python 3.12")
    for number, code in enumerate(SAME[case]):
        assert steps.run(code).failures == {}, number


def test_a_function_of_the_prelude_is_the_preludes_wherever_it_was_put(steps: Steps) -> None:
    steps.prelude = "def f(): return k\nk = 1\nclass C:\n    def m(self): pass"
    steps.run("h = {'a': f}; cbs = [f, C.m]")
    steps.run("assert h['a'] is f and cbs[0] is f and cbs[1] is C.m\ncbs.remove(f)")
    steps.run("assert f not in cbs")


def test_an_instance_needs_its_class_and_a_container_its_functions(steps: Steps) -> None:
    done = steps.run("class P: pass\np = [P()]\ndef f(): return g()\ndef g(): return 1\ncbs = [f]")
    assert done.values["p"]["needs"] == ["P"]
    assert done.values["cbs"]["needs"] == ["f", "g"]


def test_the_prelude_says_what_its_functions_look_up(steps: Steps) -> None:
    steps.prelude = """
        import functools, threading
        def timed(f, lock=threading.Lock()):
            @functools.wraps(f)
            def w(*a):
                with lock: return f(*a)
            return w
        @timed
        def train(): return k
        class C:
            @timed
            def go(self): return k
        def _hidden(): return k
        p = functools.partial(lambda a: a + k)
        @functools.lru_cache
        def cached(x): return x + k
        mixed = {'lock': threading.Lock(), 'f': [lambda: k]}
        k = 1
    """
    needs = steps.run("assert train() == C().go() == _hidden() == p(0) == 1").prelude_needs
    assert {name for name, found in needs.items() if "k" in found} >= {
        "train", "C", "_hidden", "p", "cached", "mixed"
    }  # fmt: skip


def test_changes_of_what_cannot_travel_are_seen(steps: Steps) -> None:
    steps.prelude = "import queue\nq = queue.Queue(); idle = queue.Queue(); gen = (i for i in range(9)); rest = (i for i in range(9))"
    done = steps.run("q.put(1)\nnext(gen)")
    assert done.changes["mutated"] == ["gen", "q"]
    assert set(done.failures) == {"gen", "q"}


@pytest.mark.parametrize(
    ("make", "change", "use"),
    [
        ("import hashlib\nx = hashlib.sha256()", "x.update(b'a')", "x.hexdigest()"),
        ("import hmac\nx = hmac.new(b'k', digestmod='md5')", "x.update(b'a')", "x.hexdigest()"),
        ("import contextvars\nx = contextvars.ContextVar('x', default=0)", "x.set(5)", "x.get()"),
        ("import sqlite3\nx = sqlite3.connect(':memory:')", "x.execute('create table t(x)')", "x.execute('select 1').fetchall()"),
    ],
)  # fmt: skip
def test_changes_of_what_compiled_code_keeps_to_itself_are_seen(
    steps: Steps, make: str, change: str, use: str
) -> None:
    steps.prelude = make
    assert steps.run(use).changes["mutated"] == []
    done = steps.run(change)
    assert done.changes["mutated"] == ["x"] and set(done.failures) == {"x"}


def test_lines_of_other_loaders_stay_out(steps: Steps) -> None:
    """A library's inner function goes on using the library's own variables."""
    steps.run("import contextlib\n@contextlib.contextmanager\ndef c():\n    yield k\nk = 1")
    steps.run(
        "k = 2\nwith c() as v: assert v == 2\nimport contextlib\nassert c.__globals__ is vars(contextlib)"
    )


def test_code_of_another_python_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its bytecode could crash the process."""
    store = ObjectStore(str(tmp_path / "objects"))
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec("class C: pass\ndef f(): return 1\nc = C()\ndata = [1]", namespace)
    saved = Carrier(store, namespace, "make").save(["c", "f", "data"]).values
    monkeypatch.setattr(functions, "THIS_PYTHON", "cpython 3.0")
    loaded: dict[str, Any] = {}
    for name in ("c", "f"):
        with pytest.raises(
            functions.ForeignCodeError, match=rf"\({name}\) .* by cpython 3\.\d+, .*cpython 3\.0"
        ):
            Carrier(store, loaded, "use").load({name: saved[name]})
    Carrier(store, loaded, "use").load({"data": saved["data"]})
    assert loaded == {"data": [1]}
