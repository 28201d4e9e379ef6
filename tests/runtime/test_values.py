"""Variables that travel from process to process mean there what they meant here."""

from __future__ import annotations

from pathlib import Path

import pytest

from .values_harness import Server, Steps

ALIASES = {
    "two names for one list": ("a = [1]\nb = a", "b.append(2)\nassert a == [1, 2] and a is b"),
    "one list in two dicts": (
        "x = [0]\nd = {'x': x}\ne = {'y': x}",
        "d['x'].append(1)\nassert e['y'] == [0, 1]",
    ),
    "a cycle": ("n = {}\nn['me'] = n\nm = [n]", "assert n['me'] is n and m[0] is n"),
    "a view of an array": (
        "import numpy as np\na = np.arange(10)\nv = a[2:5]",
        "v[0] = 99\nassert a[2] == 99",
    ),
    "a view of a large array": (
        "import numpy as np\na = np.zeros(100_000)\nv = a[::2]",
        "v[1] = 5\nassert a[2] == 5",
    ),
    "a transposed view": (
        "import numpy as np\na = np.zeros((300, 300))\nt = a.T",
        "t[0, 1] = 7\nassert a[1, 0] == 7",
    ),
    "one frame in two dicts": (
        "import pandas as pd\nf = pd.DataFrame({'a': [1]})\nd = {1: f}\ne = {2: f}",
        "d[1]['b'] = 2\nassert list(e[2].columns) == ['a', 'b']",
    ),
    "functions that share a variable": (
        "def make():\n  n = 0\n  def up():\n    nonlocal n\n    n += 1\n  def get():\n    return n\n  return up, get\nup, get = make()",
        "up(); up()\nassert get() == 2",
    ),
    "a function's attribute": ("def f():\n    f.calls += 1\nf.calls = 0\ng = f", "f()\nassert g.calls == 1"),
    "an instance under two names": (
        "class P: pass\np = P()\nq = [p]",
        "q[0].x = 1\nassert p.x == 1 and isinstance(p, P)",
    ),
    "a bound method": (
        "class C:\n    n = 0\n    def up(self): self.n += 1\nc = C()\nup = c.up",
        "up()\nassert c.n == 1",
    ),
    "the index of a table": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1]}, index=['x'])\nidx = df.index\nalso = idx",
        "idx.name = 'k'\nassert df.index.name == 'k' and idx is df.index is also",
    ),
    "the columns of a table": (
        "import pandas as pd\ndf = pd.DataFrame({'a': [1]})\ncols = df.columns\ntwice = df * 2",
        "df.columns.name = 'k'\nassert cols.name == 'k' and cols is df.columns",
    ),
    "an index and the table made with it": (
        "import pandas as pd\ndays = pd.date_range('2024-01-01', periods=3)\ns = pd.Series([1, 2, 3], index=days)",
        "s.index.name = 'k'\nassert days.name == 'k' and s.index is days",
    ),
    "what a partial holds": (
        "import functools\nd = [1]\nadd = functools.partial(list.append, d)",
        "add(2)\nassert d == [1, 2]",
    ),
}


@pytest.mark.parametrize("case", ALIASES)
def test_aliases_stay_aliases(steps: Steps, case: str) -> None:
    make, use = ALIASES[case]
    steps.run(make)
    steps.run(use)


FUNCTIONS = {
    "live globals": ("def f(): return x\nx = 1", "x = 5\nassert f() == 5"),
    "recursion": ("def fact(n): return 1 if n < 2 else n * fact(n - 1)", "assert fact(5) == 120"),
    "mutual recursion": (
        "def even(n): return n == 0 or odd(n - 1)\ndef odd(n): return n != 0 and even(n - 1)",
        "assert even(10)",
    ),
    "a recursive closure": (
        "def make():\n    def inner(n): return 1 if n < 2 else n * inner(n - 1)\n    return inner\nf = make()",
        "assert f(5) == 120",
    ),
    "a lambda in a dict": ("k = 2\nd = {'f': lambda x: x * k}", "assert d['f'](4) == 8"),
    "a partial": (
        "import functools\nk = 3\ndef f(a, b): return a + b + k\np = functools.partial(f, 1)",
        "assert p(2) == 6",
    ),
    "lru_cache": (
        "import functools\n@functools.lru_cache(maxsize=7)\ndef f(n): return n + 1",
        "assert f(1) == 2 and f.cache_parameters()['maxsize'] == 7",
    ),
    "defaults and keywords": (
        "def f(a, b=[1], *, c=2): return a + b[0] + c",
        "assert f(1) == 4 and f.__kwdefaults__ == {'c': 2}",
    ),
    "a generator function": ("def g():\n    yield 1\n    yield 2", "assert list(g()) == [1, 2]"),
    "a decorated function": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def w(*a): return f(*a) + 1\n    return w\n@deco\ndef f(x): return x",
        "assert f(1) == 2 and f.__name__ == 'f'",
    ),
    "globals that it binds": ("def setx():\n    global x\n    x = 9", "setx()\nassert x == 9"),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_functions_mean_the_same(steps: Steps, case: str) -> None:
    make, use = FUNCTIONS[case]
    steps.run(make)
    steps.run(use)


def test_functions_say_what_they_look_up(steps: Steps) -> None:
    done = steps.run(
        "k = 1\ndef helper(): return k\nclass C:\n    def m(self): return helper()\nc = C()\nd = {'f': lambda: c}"
    )
    assert "helper" in done.values["C"]["needs"]
    assert {"C", "helper"} <= set(done.values["c"]["needs"])
    assert "k" in done.values["helper"]["needs"]
    assert "c" in done.values["d"]["needs"]


def test_a_function_is_the_same_under_every_name(steps: Steps) -> None:
    steps.prelude = "def p(): return 1"
    steps.run(
        "def f(): return 1\nclass S:\n    def m(self): return self\nd = {f: 'f', p: 'p'}\ns = S()\nbound = s.m"
    )
    steps.run("g = f")
    steps.run(
        "assert g is f and d[f] == 'f' and d[p] == 'p'\nassert bound.__func__ is S.m and bound.__self__ is s"
    )


CLASSES = {
    "an instance and its class that arrive apart": ("class P: pass", "p = P()", "assert type(p) is P"),
    "a dataclass": (
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass D:\n    a: int = 1",
        "d = D(2)",
        "assert d == D(2) and type(d) is D",
    ),
    "an enum": ("import enum\nclass E(enum.Enum):\n    A = 1", "e = E.A", "assert e is E.A"),
    "a named tuple": (
        "import collections\nT = collections.namedtuple('T', 'a b')",
        "t = T(1, 2)",
        "assert isinstance(t, T) and t.b == 2",
    ),
    "inheritance": (
        "class A:\n    def f(self): return 1\nclass B(A):\n    def f(self): return super().f() + 1",
        "b = B()",
        "assert b.f() == 2 and isinstance(b, A)",
    ),
    "an exception": (
        "class Oops(ValueError): pass",
        "o = Oops('x')",
        "try:\n    raise o\nexcept Oops as e:\n    assert e.args == ('x',)",
    ),
    "an exception with its own arguments": (
        "class Mine(Exception):\n    def __init__(self, code):\n        super().__init__(f'code {code}')\n        self.code = code",
        "m = Mine(3)",
        "assert (m.code, str(m), type(m) is Mine) == (3, 'code 3', True)",
    ),
    "a dataclass that is taken apart": (
        "import dataclasses\n@dataclasses.dataclass\nclass D:\n    a: int\n    b: list = dataclasses.field(default_factory=list)",
        "d = D(1)",
        "assert dataclasses.replace(d, a=2).a == 2\nassert D.__dataclass_fields__['a'].default is dataclasses.MISSING",
    ),
    "slots": ("class S:\n    __slots__ = ('x',)", "s = S(); s.x = 1", "assert s.x == 1 and type(s) is S"),
    "an abstract class": (
        "import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(self): ...\nclass B(A):\n    def f(self): return 3",
        "b = B()",
        "assert b.f() == 3 and isinstance(b, A)",
    ),
    "a class attribute that changes": (
        "class P:\n    n = 0\np = P()",
        "P.n += 1",
        "assert P.n == 1 and p.n == 1",
    ),
    "two classes of one factory": (
        "def make():\n    class K: pass\n    return K\nA, B = make(), make()",
        "a = A()",
        "assert type(a) is A and A is not B",
    ),
}


@pytest.mark.parametrize("prelude", [False, True], ids=["in a step", "in the prelude"])
@pytest.mark.parametrize("case", CLASSES)
def test_classes_and_their_instances_match(steps: Steps, case: str, prelude: bool) -> None:
    make, between, use = CLASSES[case]
    if prelude:
        steps.prelude = make
    else:
        steps.run(make)
    steps.run(between)
    steps.run(use)


def test_loading_an_instance_does_not_reset_its_class(steps: Steps) -> None:
    steps.run("class P:\n    n = 0\np = P()")
    done = steps.run("P.n = 5")
    assert done.changes["mutated"] == ["P"]
    assert set(done.values) == {"P"}
    steps.run("assert P.n == 5 and p.n == 5")


DATA = """
import datetime, decimal, fractions, pathlib, uuid, re, collections, types, array
import numpy as np, pandas as pd, scipy.sparse, polars as pl, pyarrow as pa
from sklearn.ensemble import RandomForestClassifier
import lightgbm, PIL.Image
f64 = np.float64(1.5)
masked = np.ma.masked_array([1, 2], mask=[0, 1])
objects = np.array([1, 'a', None], dtype=object)
structured = np.array([(1, 2.0)], dtype=[('a', 'i4'), ('b', 'f8')])
fortran = np.asfortranarray(np.arange(40_000.0).reshape(200, 200))
dtype = np.dtype('i4')
rng = np.random.default_rng(3)
frame = pd.DataFrame({'n': range(3), 's': list('abc'), 'c': pd.Categorical(list('xyx')), 't': pd.date_range('2024', periods=3, tz='UTC')})
multi = frame.set_index(['n', 's'])
big = pd.DataFrame(np.random.default_rng(0).normal(size=(20_000, 5)))
polar = pl.DataFrame({'a': [1, 2], 'b': ['x', 'y']})
arrow = pa.table({'a': [1, 2]})
sparse = scipy.sparse.csr_matrix(np.eye(100))
forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(np.eye(4), [0, 1, 0, 1])
boosted = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(np.eye(50), [0, 1] * 25)
image = PIL.Image.new('RGB', (3, 3), 'red')
plain = [1, 2.5, 'x', b'y', None, True, {1, 2}, frozenset({3}), (4,), range(3), slice(1), 2j, ...]
dates = [datetime.datetime(2024, 1, 1), datetime.timedelta(1), decimal.Decimal('1.1'), fractions.Fraction(1, 3)]
others = [pathlib.Path('x'), uuid.UUID(int=1), re.compile('a+'), collections.deque([1]), array.array('i', [1])]
space = types.SimpleNamespace(a=1)
"""

SAME = """
assert type(f64) is np.float64 and f64 == 1.5
assert masked.mask.tolist() == [False, True] and objects.tolist() == [1, 'a', None]
assert structured['b'][0] == 2.0 and fortran.flags.f_contiguous and fortran[1, 0] == 200
assert dtype == 'i4' and rng.random() == np.random.default_rng(3).random()
assert frame['c'].dtype == 'category' and str(frame['t'].dt.tz) == 'UTC' and multi.index.names == ['n', 's']
assert big.shape == (20_000, 5) and polar['b'][1] == 'y' and arrow['a'][0].as_py() == 1
assert sparse.sum() == 100 and forest.predict(np.eye(4)).shape == (4,) and boosted.predict(np.eye(50)[:1]).shape == (1,)
assert image.getpixel((0, 0)) == (255, 0, 0) and plain[6] == {1, 2} and plain[-1] is ...
assert dates[2] == decimal.Decimal('1.1') and others[2].match('aa') and space.a == 1
"""


def test_the_libraries_values_arrive_and_reading_them_is_no_change(steps: Steps) -> None:
    first = steps.run(DATA)
    assert first.failures == {}
    kinds = {
        name: first.values[name]["kind"]
        for name in ("frame", "big", "polar", "f64", "fortran", "forest", "boosted", "space")
    }
    assert kinds == {
        "frame": "table", "big": "table", "polar": "table", "f64": "scalar",
        "fortran": "array", "forest": "model", "boosted": "model", "space": "object",
    }  # fmt: skip
    assert first.values["frame"]["summary"] == "DataFrame 3 × 4"
    second = steps.run(SAME)
    assert set(second.changes["mutated"]) == {"rng"}


def test_the_same_value_has_the_same_digest_in_another_process(steps: Steps, tmp_path: Path) -> None:
    code = "import numpy as np\na = {'x': [1, 'y'], 'z': np.arange(100_000)}\nclass P:\n    n = 1\np = P()\ndef f(): return p"
    server = Server()
    try:
        one, other = steps.run(code), Steps(tmp_path / "other", server=server).run(code)
    finally:
        server.close()
    assert {n: v["digest"] for n, v in one.values.items()} == {
        n: v["digest"] for n, v in other.values.items()
    }


def test_a_large_input_is_stored_once_and_shared_by_what_keeps_it(steps: Steps) -> None:
    steps.run("import numpy as np\nbig = np.arange(1_000_000)")
    size = sum(p.stat().st_size for p in steps.store.rglob("*") if p.is_file())
    done = steps.run("keeper = [big]")
    assert done.changes["mutated"] == []
    assert set(done.values) == {"keeper", "big"}, "they share the array"
    assert done.values["big"]["content"] == steps.values["big"]["content"]
    assert sum(p.stat().st_size for p in steps.store.rglob("*") if p.is_file()) < size + 10_000
    steps.run("keeper[0][0] = 7\nassert big[0] == 7")


def test_one_changed_element_of_a_large_array_is_seen(steps: Steps) -> None:
    steps.run("import numpy as np\nbig = np.zeros(1_000_000)\nother = np.zeros(1_000_000)")
    done = steps.run("big[500_000] = 1\nx = other.sum()")
    assert done.changes["mutated"] == ["big"]


def test_what_a_library_shares_between_all_its_objects_is_no_alias(steps: Steps) -> None:
    done = steps.run(
        "import pandas as pd\na = pd.DataFrame({'x': [1, 2]})\nb = a.copy()\nc = a['x'] * 2\nd = a.describe()"
    )
    assert all(value["group"] == [name] for name, value in done.values.items())


def test_what_cannot_be_changed_does_not_tie_tables_together(steps: Steps) -> None:
    """Steps that only use the same calendar can run side by side."""
    steps.prelude = (
        "import datetime, enum\nimport numpy as np\nimport pandas as pd\nclass Kind(enum.Enum):\n    A = 1"
    )
    done = steps.run(
        """
        sales = pd.Series(range(60), index=pd.date_range('2024-01-01', periods=60, freq='D'))
        train, test = sales[:-20].copy(), sales[-20:].copy()
        linear = pd.Series(np.ones(20), index=test.index)
        first = {'at': test.index[0], 'freq': test.index.freq, 'kind': Kind.A}
        second = [first['at'], first['freq'], first['kind']]
        zone = datetime.timezone(datetime.timedelta(hours=1)); zones = [zone]
        moments = [datetime.datetime(2024, 1, 1, tzinfo=zone)]
        """
    )
    assert done.failures == {}
    assert {name: value["group"] for name, value in done.values.items() if value["group"] != [name]} == {}
    steps.run("assert (test.index == linear.index).all() and test.index.freq == first['freq'] == second[1]")


def test_an_index_that_is_a_variable_ties_one_table(steps: Steps) -> None:
    steps.prelude = "import pandas as pd"
    done = steps.run(
        """
        days = pd.date_range('2024-01-01', periods=3)
        sales = pd.Series([1, 2, 3], index=days)
        costs = pd.Series([1, 2, 3], index=days)
        other = pd.date_range('2025-01-01', periods=3)
        """
    )
    groups = {name: value["group"] for name, value in done.values.items()}
    assert groups == {
        "days": ["days", "sales"],
        "sales": ["days", "sales"],
        "costs": ["costs"],
        "other": ["other"],
    }
    assert steps.run("sales.sum(); len(days)").changes["mutated"] == []
    assert steps.run("days.name = 'k'").changes["mutated"] == ["days", "sales"]


CANNOT = {
    "x = (i for i in range(3))": "generator",
    "x = open('/dev/null')": "open file",
    "import threading\nx = {'a': [threading.Lock()]}": "x['a'][0]",
    "class M: pass\nimport threading\nx = M(); x.lock = threading.RLock()": "x.lock",
    "import sqlite3\nx = sqlite3.connect(':memory:')": "connection",
    "import socket\ny = socket.socket()\nx = lambda: y2\ny2 = y": None,
}


@pytest.mark.parametrize("code", CANNOT)
def test_what_cannot_travel_is_named_and_the_rest_is_stored(steps: Steps, code: str) -> None:
    done = steps.run(code + "\nfine = [1]")
    assert "fine" in done.values
    word = CANNOT[code]
    if word is None:
        assert set(done.failures) == {"y", "y2"}, "a function does not hold its globals"
    else:
        assert set(done.failures) == {"x"}
        assert word in done.failures["x"]
