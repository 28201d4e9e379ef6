"""Memory that several variables use."""

from __future__ import annotations

from pathlib import Path

import pytest

from .values_harness import Steps

IMPORTS = "import numpy as np, pandas as pd\n"


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    return Steps(tmp_path / "objects", IMPORTS)


def test_views_of_every_kind_stay_views(steps: Steps) -> None:
    done = steps.run(
        """
        a = np.arange(10); b = a[:5]; c = a[::-2]; d = a.reshape(2, 5).T; e = a.view('u1')
        f = np.broadcast_to(a, (3, 10)); g = np.lib.stride_tricks.sliding_window_view(a, 3)
        dates = np.array(['2020-01-01', '2021-01-01'], dtype='M8[D]'); late = dates[1:]
        rows = np.zeros(3, dtype=[('x', 'i4'), ('y', 'f8')]); x = rows['x']
        z = np.zeros(4, complex); imag = z.imag
        o = np.array([1, 'a', [2]], dtype=object); p = o[1:]; q = o[::-1]
        """
    )
    assert done.values["a"]["group"] == list("abcdefg")
    steps.run("""
        a[0] = 77
        assert b[0] == 77 and d[0, 0] == 77 and e[0] == 77 and f[1, 0] == 77 and g[0, 0] == 77
        c[0] = 5
        assert a[9] == 5 and b.base is a
        late[0] = '1999-01-01'
        assert str(dates[1]) == '1999-01-01'
        x[1] = 4
        assert rows[1]['x'] == 4
        imag[2] = 3
        assert z[2] == 3j
        p[0] = 'z'
        assert o[1] == 'z' and q[1] == 'z'
        """)
    steps.run("assert a[9] == c[0] == 5 and b.base is a")


def test_views_of_large_arrays_and_inside_one_value(steps: Steps) -> None:
    steps.run(
        """
        a = np.zeros((1000, 100)); t = a.T; l = [a, a[3:]]; h = {'row': a[7]}
        alone = [np.zeros(50_000)]; alone.append(alone[0][5:])
        """
    )
    steps.run("""
        l[1][4] = 5
        assert h['row'][0] == 5 and t[0, 7] == 5 and l[0] is a
        alone[1][0] = 3
        assert alone[0][5] == 3
        """)


def test_what_does_not_touch_stays_apart_and_small(steps: Steps) -> None:
    done = steps.run(
        "def halves():\n    x = np.arange(100_000.0)\n    return x[:3], x[3:6]\na, b = halves()\nc = np.ones((500, 500))[:, ::50]"
    )
    assert done.values["a"]["group"] == ["a"]
    assert done.values["a"]["size"] < 1000
    assert done.values["c"]["size"] < 50_000
    assert steps.run("a[0] = 9\nc[0, 0] += 1").changes["mutated"] == ["a", "c"]


def test_bytearrays_and_arrays_on_them(steps: Steps) -> None:
    steps.run(
        "import array\nb = bytearray(80)\na = np.frombuffer(b, dtype='f8')\nr = array.array('d', [1, 2])\nn = np.asarray(r)"
    )
    steps.run("a[0] = 1\nassert b[7] == 63\nn[1] = 5\nassert r[1] == 5")


def test_flags_are_kept(steps: Steps) -> None:
    steps.run(
        """
        small = np.arange(3); small.flags.writeable = False
        large = np.zeros(100_000); large.flags.writeable = False
        wide = np.broadcast_to(np.arange(3), (50_000, 3))
        own = np.arange(4)
        """
    )
    done = steps.run("""
        assert not (small.flags.writeable or large.flags.writeable or wide.flags.writeable)
        own.resize(8, refcheck=False)
        assert own.tolist() == [0, 1, 2, 3, 0, 0, 0, 0]
        """)
    assert done.changes["mutated"] == ["own"]


def test_frames_that_copy_on_write_are_apart(steps: Steps) -> None:
    done = steps.run(
        """
        df = pd.DataFrame({'a': [1, 2], 'b': [3, 4], 'c': pd.Categorical(['x', 'y'])})
        s = df['a']; d2 = df[['a']]; c = df['c']; d3 = df.copy(deep=False)
        both = [df[['a', 'b']], None]; both[1] = both[0]['a']
        """
    )
    if done.values["s"]["group"] != ["s"]:
        pytest.skip("this pandas does not copy on write")
    assert done.values["c"]["group"] == ["c"]
    done = steps.run("""
        s[0] = 100
        c[0] = 'y'
        assert df.a[0] == 1 and df.c[0] == 'x'
        both[1][0] = 100
        assert both[0].a[0] == 1
        """)
    assert done.changes["mutated"] == ["both", "c", "s"]


def test_arrays_under_frames_are_shared(steps: Steps) -> None:
    steps.run(
        "a = np.zeros((3, 2)); d = pd.DataFrame(a, copy=False); e = pd.DataFrame(a, copy=False)\n"
        + "f = pd.DataFrame({'a': [1., 2], 'b': [3, 4.]}); v = f.values\n"
        + "g = pd.DataFrame({'a': [1., 2], 'b': [3, 4.]}); s = g['a']; w = g.values"
    )
    steps.run("""
        a[0, 0] = 5
        assert d.iloc[0, 0] == 5 and e.iloc[0, 0] == 5
        f.iloc[0, 1] = 55
        assert v[0, 1] == f.iloc[0, 1]
        s.iloc[0] = 100
        assert (g.iloc[0, 0] == 1) == (int(pd.__version__.split('.')[0]) >= 3)
        """)


READING = """
df.describe(); df.loc[3]; df.sort_values('f'); df.groupby('s').f.mean(); df.index.is_unique; df.values; repr(df)
df.t.dt.year; df.c.value_counts(); df.I.sum(); df.to_dict(); df.isna().sum(); df.set_index('i').loc[5]; df.sum(numeric_only=True)
mi.loc[(3, 'b')]; mi.index.is_unique; mi.unstack('s'); len(groups.groups); groups.f.sum(); groups.get_group('a'); rolled.mean()
tree.query([[0, 0]]); near.predict([[0, 0]]); csr.sum(); csr.has_sorted_indices; csr @ csr; poly.collect(); table.num_rows
graph.cached; forest.predict([[1, 2]])
"""


def test_reading_what_libraries_make_is_no_change(steps: Steps) -> None:
    made = steps.run(
        """
        import scipy.sparse, polars as pl, pyarrow as pa
        from sklearn.neighbors import KDTree, KNeighborsClassifier
        from sklearn.ensemble import RandomForestClassifier
        r = np.random.default_rng(0)
        df = pd.DataFrame({
            'i': range(50), 'f': r.random(50), 's': list('ab') * 25, 'o': [[1], (2,)] * 25, 'c': pd.Categorical(list('ab') * 25),
            't': pd.date_range('2020', periods=50, tz='UTC'), 'I': pd.array([1, None] * 25, dtype='Int64'),
        })
        df['new'] = df.f * 2
        df['other'] = df.f * 3
        mi = df.set_index(['i', 's']); groups = df.groupby('s'); rolled = df[['f']].rolling(3)
        tree = KDTree(r.random((60, 2))); near = KNeighborsClassifier().fit(r.random((60, 2)), [0, 1] * 30)
        forest = RandomForestClassifier(3).fit(r.random((60, 2)), [0, 1] * 30)
        csr = scipy.sparse.random(30, 30, 0.1, format='csr', random_state=0)
        poly = pl.DataFrame({'a': [1, 2]}).lazy().filter(pl.col('a') > 1); table = pa.table({'a': [1]})
        class Graph:
            cached = 1
        graph = Graph()
        """
    )
    assert made.failures == {}
    assert steps.run(READING).changes["mutated"] == []


def test_files_that_are_mapped_into_memory_stay_where_they_were_mapped(steps: Steps, tmp_path: Path) -> None:
    path = str(tmp_path / "x.dat")
    done = steps.run(
        f"m = np.memmap({path!r}, dtype='int64', mode='w+', shape=(4000,))\nm[:] = range(4000)\nm.flush()\nholder = {{'part': m[2:5]}}\n"
        "plain = np.asarray(m)[1:]\ntotal = m.sum()\ndouble = m * 2\n"
        f"only_read = np.memmap({path!r}, dtype='int64', mode='r')\nown = np.memmap({path!r}, dtype='int64', mode='c')\nown[0] = 7"
    )
    assert set(done.failures) == {"m", "holder", "plain"}
    assert done.failures["m"].startswith("m is a file that is mapped into memory, so 'm' cannot be carried")
    assert (
        "holder['part'] is a file" in done.failures["holder"]
        and "mapped into memory" in done.failures["plain"]
    )
    steps.run("assert total == sum(range(4000)) and double[3] == 6 and only_read[5] == 5 and own[0] == 7")
    steps.prelude += f"shared = np.memmap({path!r}, dtype='int64', mode='r+')\n"
    assert set(steps.run("shared[0] = 1").failures) == {"shared"}
