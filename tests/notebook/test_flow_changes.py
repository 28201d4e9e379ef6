"""Changes in place and aliases: which variables a step changes, by whatever name it reaches them."""

from __future__ import annotations

import pytest

from .flowing import arrows, flow_of, variables

PRELUDE = """
import random, heapq, bisect, copy, functools
import numpy as np
import pandas as pd
import torch
from collections import deque
from lib import load, Model, train, tool
"""
EARLIER = """
a = load(); b = load(); c = load()
l = [1]; d = {'k': []}; s = {1}; n = 1; t = 'x'
df = pd.DataFrame(); arr = np.zeros(3); m = Model()
"""


def changed(source: str) -> set[str]:
    """The earlier variables that a cell is predicted to change in place."""
    return variables(flow_of(EARLIER, source, prelude=[PRELUDE]).flows[1].mutates)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        # items and attributes
        ("l[0] = 1", "l"),
        ("d['x']['y'] = 1", "d"),
        ("a.b.c = 1", "a"),
        ("del l[0]", "l"),
        ("del a.b", "a"),
        ("l += [1]", "l"),
        ("a[0] += 1", "a"),
        ("a.x += 1", "a"),
        ("n += 1\nt += 'y'", ""),
        ("setattr(a, 'x', 1)", "a"),
        ("delattr(a, 'x')", "a"),
        ("for a.x in [1]: pass", "a"),
        ("[x, a[0]] = l", "a"),
        # methods
        ("l.append(1)", "l"),
        ("l.sort()", "l"),
        ("x = l.pop()", "l"),
        ("s.add(2)", "s"),
        ("d.update(x=1)", "d"),
        ("d.setdefault('q', 1)", "d"),
        ("d['k'].append(1)", "d"),
        ("d.get('k').append(1)", "d"),
        ("d.pop('k')", "d"),
        ("a.fit(b)", "a"),
        ("x = a.fit_transform(b)", "a"),
        ("a.partial_fit(b, c)", "a"),
        ("a.train()", "a"),
        ("a.eval()", "a"),
        ("a.zero_grad(); b.backward(); c.step()", "a b c"),
        ("a.load_state_dict(b)", "a"),
        ("a.set_params(x=1)", "a"),
        ("a.add_(1)", "a"),
        ("arr.sort()", "arr"),
        ("arr.fill(0)", "arr"),
        ("arr[:] = 0", "arr"),
        ("arr[arr > 1] = 0", "arr"),
        ("df['x'] = 1", "df"),
        ("df.loc[0, 'x'] = 1", "df"),
        ("df.columns = ['x']", "df"),
        ("df.drop(columns='x', inplace=True)", "df"),
        ("df.insert(0, 'x', 1)", "df"),
        ("x = df.pop('x')", "df"),
        ("a.resize(3)", "a"),
        ("a.connect()\nx = 1", "a"),
        ("a.unknown_thing()\nx = 1", "a"),
        ("list.append(l, 1)", "l"),
        ("add = l.append\nadd(1)", "l"),
        ("l and l.append(1)", "l"),
        ("[l.append(x) for x in range(3)]", "l"),
        ("list(map(l.append, [1]))", "l"),
        # functions
        ("random.shuffle(l)", "l"),
        ("np.random.shuffle(arr)", "arr"),
        ("heapq.heappush(l, 1)", "l"),
        ("bisect.insort(l, 1)", "l"),
        ("np.put(arr, 0, 1)", "arr"),
        ("np.add(arr, 1, out=arr)", "arr"),
        ("x = next(a)", "a"),
        ("torch.nn.init.zeros_(a)", "a"),
        ("train(m, b)", "m b"),
        # through other names
        ("e = d\ne['x'] = 1", "d"),
        ("e = [d, l]\ne[0]['x'] = 1", "d l"),
        ("e = (d, l)\ne[0]['x'] = 1", "d"),
        ("e = a.attr\ne.append(1)", "a"),
        ("e = a[0]\ne.append(1)", "a"),
        ("e = arr.T\ne[0] = 1", "arr"),
        ("e = arr.reshape(1, 3)\ne[0] = 1", "arr"),
        ("e = arr[1:]\ne[0] = 1", "arr"),
        ("e = a if c else b\ne.append(1)", "a b"),
        ("e = a or b\ne.append(1)", "a b"),
        ("for e in a: e.x = 1", "a"),
        ("for i, e in enumerate(a): e.x = 1", "a"),
        ("for x, y in zip(a, b): x.q = y", "a b"),
        ("for k, v in d.items(): v.append(1)", "d"),
        ("for e in list(a): e.x = 1", "a"),
        ("for e in sorted(a): e.x = 1", "a"),
        ("[e.append(1) for e in a]", "a"),
        ("e, f = a\ne.append(1)", "a"),
        ("with a as e: e.append(1)", "a"),
        ("(e := a).append(1)", "a"),
        ("e = {'x': a}\ne['x'].append(1)", "a"),
        ("e = dict(x=a)\ne['x'].append(1)", "a"),
        ("e = []\ne.append(a)\ne[0].x = 1", "a"),
        ("e = Model(a)\ne.change()\nx = 1", "a"),
        ("e = torch.optim.SGD(m.parameters())\ne.step()", "m"),
        ("e = copy.copy(a)\ne.x.append(1)", "a"),
        ("e = functools.partial(l.append, 1)\ne()", "l"),
        ("match a:\n    case [e, *_]: e.x = 1", "a"),
        # through functions of the notebook
        ("def f(x): x.append(1)\nf(a)", "a"),
        ("def f(x): x.append(1)\ndef g(y): f(y)\ng(a)", "a"),
        ("def f(*xs, **ys): xs[0].append(1); ys['k'].append(1)\nf(a, k=b)", "a b"),
        ("def f(x): return x\nf(a).append(1)", "a"),
        ("def f(x): return [x]\nf(a)[0].append(1)", "a"),
        ("def f(): a.append(1)\nf()", "a"),
        ("def f(x=a): x.append(1)\nf()", "a"),
        ("def f(x):\n    def g(): x.append(1)\n    return g\nf(a)()", "a"),
        ("f = lambda x: x.append(1)\nf(a)", "a"),
        ("b.apply(lambda x: x.append(1))", "b"),
        ("tool(lambda: a.append(1))", "a"),
        ("def f(x):\n    for y in x: y.z = 1\nf([a, b])", "a b"),
        ("def f(k):\n    if k: f(k - 1)\n    else: a.append(1)\nf(3)", "a"),
        ("def deco(g):\n    def h(*x): a.append(1); return g(*x)\n    return h\n@deco\ndef f(x): pass\nf(1)", "a"),
        ("class C:\n    def __init__(self, x): self.x = x\n    def go(self): self.x.append(1)\nC(a).go()", "a"),
        ("class C:\n    def __init__(self, x): self.x = x\nC(a).x.append(1)", "a"),
        ("class B:\n    def go(self): self.x.append(1)\nclass C(B):\n    def __init__(self, x): self.x = x\nC(a).go()", "a"),
        ("class B:\n    def __init__(self, x): self.x = x\nclass C(B):\n    def __init__(self, x): super().__init__(x); self.x.append(1)\nC(a)", "a"),
        ("class C:\n    def __call__(self, x): x.append(1)\nC()(a)", "a"),
        ("class C:\n    def __enter__(self): a.append(1)\n    def __exit__(self, *_): b.append(1)\nwith C(): pass", "a b"),
        ("class C:\n    def __setitem__(self, k, v): v.append(k)\nC()[0] = a", "a"),
        ("class C:\n    def __add__(self, o): o.append(1)\nC() + a", "a"),
        ("class C:\n    def __iter__(self): a.append(1); return iter([])\nfor x in C(): pass", "a"),
        ("class C:\n    @property\n    def p(self): a.append(1)\nC().p", "a"),
        ("class C:\n    @staticmethod\n    def f(x): x.append(1)\n    @classmethod\n    def g(cls, x): cls.f(x)\nC.g(a)", "a"),
        ("from dataclasses import dataclass\n@dataclass\nclass C:\n    x: list\nC(a).x.append(1)", "a"),
        ("def gen(x):\n    x.append(1)\n    yield x\nfor y in gen(a): pass", "a"),
        # changes nothing
        ("x = l + [1]", ""),
        ("x = sorted(l)", ""),
        ("x = list(l)\nx.append(1)", ""),
        ("x = l[:]\nx.append(1)", ""),
        ("x = l.copy()\nx.append(1)", ""),
        ("x = copy.deepcopy(a)\nx.append(1)", ""),
        ("x = [i for i in l]\nx.append(1)", ""),
        ("x = dict(d)\nx['q'] = 1", ""),
        ("df.head(); df.describe(); df.info(); df.plot()\nx = 1", ""),
        ("x = df.dropna()\nx['q'] = 1", ""),
        ("x = df[df.a > 1]\nx['q'] = 1", ""),
        ("x = df['a']\nx[0] = 1", ""),
        ("x = df.groupby('a').mean()", ""),
        ("x = a.predict(b); y = a.score(b, c); print(a.summary())", ""),
        ("m.summary(); a.show()\nx = 1", ""),
        ("x = a.mean()", ""),
        ("t.upper().strip()", ""),
        ("x = load(a)\nx.append(1)", ""),
        ("x = len(l); y = max(a, key=len)", ""),
        ("x = a.shape[0]\nx += 1", ""),
        ("f = open('x'); f.write('a')", ""),
        ("a = load()\na.append(1)", ""),
        ("def f(x):\n    x = [x]\n    x.append(1)\nf(a)", ""),
        ("def f(a): a.append(1)\nf([])", ""),
        ("print(a, b)", ""),
        ("np.sum(arr); np.shuffle", ""),
        ("for x in l: x += 1", ""),
    ],
)  # fmt: skip
def test_changed(source: str, names: str) -> None:
    assert changed(source) == set(names.split())


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("e = a", "a e"),
        ("e = [a]", "a e"),
        ("e = a.x", "a e"),
        ("e = a[0]", "a e"),
        ("a.x = b", "a b"),
        ("l.append(a)", "l a"),
        ("d['k'] = l", "d l"),
        ("e = Model(a)", "a e"),
        ("e = (lambda x: x)(a)", "a e"),
        ("e = n", "e"),
        ("e = t", "e"),
        ("e = a + b", "e"),
        ("e = load", "e"),
        ("e = a.shape", "e"),
        ("for e in a: pass", "e"),
        ("e = df.dropna()", "e"),
        ("e = df['x']", "e"),
        ("e = load(a)", "e"),
        ("e = a\ne = 1", "e"),
        ("e = list(a)", "e"),
    ],
)
def test_making_an_alias_writes_both_names(source: str, names: str) -> None:
    flow = flow_of(EARLIER, source, prelude=[PRELUDE]).flows[1]
    assert variables(flow.writes) == set(names.split())
    assert variables(flow.mutates) <= {"a", "l", "d"}


def test_aliases_last_along_the_notebook() -> None:
    result = flow_of("a = []\nb = [a]", "c = b[0]", "x = 1", "c.append(1)", "print(a)", "print(x)")
    assert variables(result.flows[3].mutates) == {"a", "b", "c"}
    assert arrows(result) == {"ab", "bd", "de", "cf"} | {"ad"} - {"ad"}


def test_an_alias_ends_when_the_name_is_bound_anew() -> None:
    result = flow_of("a = []\nb = a", "b = []", "b.append(1)", "print(a)")
    assert variables(result.flows[2].mutates) == {"b"}
    assert arrows(result) == {"bc", "ad"}


def test_objects_put_into_another_stay_there() -> None:
    result = flow_of("a = []\nd = {}", "d['a'] = a", "a = []", "d['a'].append(1)", "print(a)")
    assert variables(result.flows[3].mutates) == {"d"}
    assert arrows(result) == {"ab", "bd", "ce"}


def test_a_model_and_its_optimiser_are_one_object() -> None:
    result = flow_of(
        "model = Net()",
        "optimiser = torch.optim.SGD(model.parameters(), lr=0.1)",
        "for x, y in loader:\n    optimiser.zero_grad()\n    loss = (model(x) - y).sum()\n    loss.backward()\n    optimiser.step()",
        "print(model)",
        prelude=[
            "import torch\nfrom data import loader\nclass Net(torch.nn.Module):\n    def forward(self, x):\n        return x * SCALE\nSCALE = 2"
        ],
    )
    assert variables(result.flows[2].mutates) >= {"model", "optimiser"}
    assert arrows(result) == {"ab", "bc", "cd"}


def test_parallel_branches_stay_parallel() -> None:
    result = flow_of(
        "X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)",
        "forest = RandomForestClassifier(random_state=0).fit(X_train, y_train)",
        "tree = DecisionTreeClassifier(random_state=0)\ntree.fit(X_train, y_train)",
        "scores = {}\nfor name, model in [('forest', forest), ('tree', tree)]:\n    scores[name] = model.score(X_test, y_test)",
        prelude=[
            "from sklearn.datasets import load_iris\nfrom sklearn.model_selection import train_test_split\n"
            "from sklearn.ensemble import RandomForestClassifier\nfrom sklearn.tree import DecisionTreeClassifier\n"
            "X, y = load_iris(return_X_y=True)"
        ],
    )
    assert arrows(result) == {"ab", "ac", "ad", "bd", "cd"}
