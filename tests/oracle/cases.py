"""Small notebooks by hand, each for one thing that cells of real notebooks do to each other. Lines ``#%%`` part the cells."""

from __future__ import annotations

import textwrap

from .oracle import Program


def program(text: str, *, imports: int = 0, files: dict[str, str] | None = None) -> Program:
    """A program from its text, in which lines that are ``#%%`` part the cells."""
    cells = tuple(cell.strip("\n") for cell in textwrap.dedent(text).split("#%%\n"))
    return Program(cells, imports, files or {})


CASES: dict[str, Program] = {
    # ---- binding and scopes
    "chain of rebinding": program("""
        x = 1
        #%%
        x = x + 1
        #%%
        x += 10
        y = x
        #%%
        x = "new"
        print(y)
        #%%
        print(x, y)
        """),
    "conditional binding over an earlier one": program("""
        x, flag = "old", False
        #%%
        if flag:
            x = "new"
        #%%
        for i in range(3):
            if i == 5:
                x = i
        else:
            z = i
        #%%
        print(x, i, z)
        """),
    "try and NameError": program("""
        x = 5
        #%%
        try:
            x = x + 1
        except NameError:
            x = 0
        #%%
        try:
            counter += 1
        except NameError:
            counter = 0
        #%%
        try:
            counter += 1
        except NameError:
            counter = 0
        print(x, counter)
        """),
    "del": program("""
        a = b = c = [1]
        #%%
        del a
        c.append(2)
        #%%
        try:
            print(a)
        except NameError as error:
            print(error)
        print(b)
        #%%
        a = 7
        del b
        #%%
        print("b" in globals(), a, c)
        """),
    "comprehensions, lambdas, walrus": program("""
        n, i = 3, 100
        #%%
        squares = [i * i for i in range(n)]
        f = lambda i: i + n
        #%%
        total = sum(y for x in squares if (y := x + n))
        #%%
        n = 50
        #%%
        print(f(1), i, y, total, {k: v for k, v in zip(squares, squares)})
        """),
    "global and nonlocal": program("""
        counter = 0
        #%%
        def bump():
            global counter, made_by_bump
            counter += 1
            made_by_bump = counter * 10

            def inner():
                nonlocal_value = 0

                def innermost():
                    nonlocal nonlocal_value
                    nonlocal_value += 1
                    return nonlocal_value

                return innermost()

            return inner()
        #%%
        first = bump()
        #%%
        second = bump() + counter
        #%%
        print(counter, made_by_bump, first, second)
        """),
    "late binding of names in functions": program("""
        def area(r):
            return factor * r * r
        #%%
        factor = 3
        #%%
        one = area(2)
        #%%
        factor = 4
        #%%
        two = area(2)
        print(one, two)
        """),
    "function redefined": program("""
        def f():
            return "first"
        def g():
            return f()
        #%%
        one = g()
        #%%
        def f():
            return "second"
        #%%
        two = g()
        print(one, two)
        """),
    "recursion and mutual recursion": program("""
        def even(n):
            return n == 0 or odd(n - 1)
        #%%
        def odd(n):
            return n != 0 and even(n - 1)
        #%%
        print(even(10), odd(7))
        #%%
        def fact(n):
            return 1 if n < 2 else n * fact(n - 1)
        keep = fact
        #%%
        def fact(n):
            return -1
        #%%
        print(keep(5))
        """),
    "closures with state": program("""
        def counter():
            n = 0
            def step():
                nonlocal n
                n += 1
                return n
            return step
        c = counter()
        #%%
        c(); c()
        #%%
        d = c
        print(d())
        #%%
        print(c(), c is d)
        """),
    "defaults that are mutable": program("""
        def collect(x, into=[]):
            into.append(x)
            return into
        #%%
        one = collect(1)
        #%%
        two = collect(2)
        #%%
        print(one, two, one is two, collect.__defaults__)
        """),
    "decorators and attributes of functions": program("""
        import functools
        calls = []
        def logged(f):
            @functools.wraps(f)
            def wrapper(*args):
                calls.append((f.__name__, args))
                wrapper.count += 1
                return f(*args)
            wrapper.count = 0
            return wrapper
        #%%
        @logged
        def add(a, b):
            return a + b
        #%%
        add(1, 2)
        #%%
        add(3, 4)
        #%%
        print(calls, add.count)
        """),
    "cached functions": program("""
        import functools
        hits = []
        @functools.lru_cache(maxsize=None)
        def slow(n):
            hits.append(n)
            return n * 2
        #%%
        a = slow(2)
        #%%
        b = slow(2)
        #%%
        print(a, b, hits)
        """),
    "star import and shadowed builtins": program("""
        from math import *
        #%%
        id = sqrt(16)
        max = "mine"
        #%%
        print(id, max, floor(pi))
        #%%
        del max
        #%%
        print(max(1, 2))
        """),
    "match, starred, chained targets": program("""
        record = {"kind": "point", "at": [1, 2, 3]}
        #%%
        match record:
            case {"kind": kind, "at": [first, *rest]}:
                head = first
            case _:
                nothing = 1
        #%%
        a, *b = c = rest + [head]
        #%%
        b.append(kind)
        rest.clear()
        #%%
        print(a, b, c, rest)
        """),
    "top-level await": program(
        """
        import asyncio
        async def slow(x):
            await asyncio.sleep(0.01)
            return x * 2
        #%%
        one = await slow(2)
        #%%
        both = await asyncio.gather(slow(one), slow(5))
        #%%
        async for_value = 1 if False else None
        """.replace("async for_value = 1 if False else None", "print(one, both)")
    ),
    # ---- in-place changes and aliases
    "aliases of a list": program("""
        a = [1, 2]
        b = a
        #%%
        a.append(3)
        #%%
        b[0] = 99
        #%%
        print(a, b, a is b)
        #%%
        a = a + [4]
        #%%
        a.append(5); b.append(6)
        #%%
        print(a, b)
        """),
    "aliases made in another step": program("""
        data = {"k": [1]}
        #%%
        inner = data["k"]
        #%%
        inner.append(2)
        #%%
        print(data)
        #%%
        data["k"] = inner + [3]
        #%%
        inner.append(4)
        print(data, inner)
        """),
    "an alias through a container": program("""
        rows = []
        table = {"rows": rows, "n": 0}
        #%%
        table["rows"].append("x")
        table["n"] += 1
        #%%
        del rows
        #%%
        table["rows"].append("y")
        #%%
        print(table)
        """),
    "change through functions": program("""
        def push(target, x):
            target.append(x)
        def push_twice(t, x):
            push(t, x)
            push(t, x)
        log = []
        def note(x):
            log.append(x)
        items = []
        #%%
        push_twice(items, 1)
        #%%
        note("a")
        #%%
        apply = push
        apply(items, 2)
        #%%
        for f in [note, print]:
            f("b")
        #%%
        print(items, log)
        """),
    "change through methods of other objects": program("""
        class Store:
            def __init__(self):
                self.items = []
            def add(self, x):
                self.items.append(x)
                return self
        store = Store()
        view = store.items
        #%%
        store.add(1).add(2)
        #%%
        method = store.add
        #%%
        method(3)
        #%%
        print(store.items, view, view is store.items)
        """),
    "change by unpacking, loops and with": program("""
        d = {}
        matrix = [[0, 0], [0, 0]]
        #%%
        for i, row in enumerate(matrix):
            row[i] = 1
        #%%
        d["a"], matrix[0][1] = 5, 6
        #%%
        import contextlib
        @contextlib.contextmanager
        def adding(target):
            target["entered"] = True
            yield target
            target["left"] = True
        with adding(d) as inside:
            inside["in"] = 1
        #%%
        (lambda t: t.update(z=1))(d)
        #%%
        print(d, matrix, row)
        """),
    "two branches change one object": program("""
        d = {"base": 0}
        #%%
        d["left"] = 1
        #%%
        d["right"] = 2
        #%%
        total = 0
        for k in d:
            total += d[k]
        #%%
        total += 10
        #%%
        print(d, total)
        """),
    "cycles": program("""
        class Node:
            def __init__(self, name):
                self.name, self.other = name, None
        a, b = Node("a"), Node("b")
        #%%
        a.other, b.other = b, a
        ring = []
        ring.append(ring)
        #%%
        a.other.other.name = "A"
        #%%
        print(a.name, b.other.name, ring[0] is ring)
        """),
    "numpy views": program(
        """
        import numpy as np
        a = np.arange(10)
        #%%
        view = a[2:5]
        row = a.reshape(2, 5)[1]
        #%%
        view[:] = -1
        #%%
        row += 100
        #%%
        print(a, view, row, np.shares_memory(a, view))
        """,
        imports=0,
    ),
    "numpy out= and in-place methods": program(
        """
        import numpy as np
        #%%
        x = np.array([3.0, 1.0, 2.0])
        y = np.zeros(3)
        #%%
        np.add(x, 1, out=y)
        #%%
        x.sort()
        #%%
        np.random.default_rng(0).shuffle(y)
        #%%
        np.copyto(x, y)
        #%%
        print(x, y)
        """,
        imports=1,
    ),
    "pandas in place": program(
        """
        import pandas as pd
        #%%
        df = pd.DataFrame({"a": [3, 1, 2], "b": list("xyz")})
        other = df
        #%%
        df["c"] = df["a"] * 2
        #%%
        df.sort_values("a", inplace=True)
        #%%
        other.loc[other["a"] == 1, "b"] = "changed"
        #%%
        df.columns = ["A", "B", "C"]
        df.attrs["note"] = "kept"
        #%%
        means = df.groupby("B")["A"].mean()
        df
        #%%
        print(other, other is df, other.attrs)
        means
        """,
        imports=1,
    ),
    "scikit-learn fit in place": program(
        """
        import numpy as np
        from sklearn.linear_model import LinearRegression
        from sklearn.preprocessing import StandardScaler
        #%%
        X = np.arange(12.0).reshape(6, 2) ** 1.5
        y = X @ [1.0, 2.0] + 3
        #%%
        model = LinearRegression()
        scaler = StandardScaler()
        same = {"m": model}
        #%%
        model.fit(scaler.fit_transform(X), y)
        #%%
        print(same["m"].coef_.round(6), same["m"] is model)
        #%%
        model
        """,
        imports=1,
    ),
    # ---- classes
    "classes across steps": program("""
        class Base:
            made = []
            def __init__(self, x):
                self.x = x
                Base.made.append(x)
            def show(self):
                return f"{type(self).__name__}({self.x})"
        #%%
        class Child(Base):
            def show(self):
                return "child " + super().show()
        #%%
        objects = [Base(1), Child(2)]
        #%%
        Base.label = "added later"
        #%%
        print([o.show() for o in objects], [isinstance(o, Base) for o in objects], Base.made, objects[1].label)
        print(type(objects[0]) is Base, type(objects[1]) is Child)
        """),
    "class redefined": program("""
        class A:
            version = 1
        old = A()
        #%%
        class A:
            version = 2
        new = A()
        #%%
        print(isinstance(old, A), isinstance(new, A), old.version, new.version, type(old) is type(new))
        """),
    "dataclasses, enums, namedtuples": program(
        """
        import enum
        from collections import namedtuple
        from dataclasses import dataclass, field, replace
        #%%
        class Colour(enum.Enum):
            RED = 1
            BLUE = 2
        Point = namedtuple("Point", "x y")
        #%%
        @dataclass
        class Item:
            name: str
            colour: Colour = Colour.RED
            tags: list = field(default_factory=list)
        #%%
        item = Item("a")
        #%%
        item.tags.append(Point(1, 2))
        item.colour = Colour.BLUE
        #%%
        copy = replace(item, name="b")
        print(item.colour is Colour.BLUE, copy, copy.tags is item.tags, item == copy, Colour(2) is item.colour)
        """,
        imports=1,
    ),
    "properties, slots, descriptors, metaclasses": program("""
        class Meta(type):
            registry = {}
            def __new__(mcls, name, bases, ns):
                cls = super().__new__(mcls, name, bases, ns)
                mcls.registry[name] = cls
                return cls
        #%%
        class Thing(metaclass=Meta):
            __slots__ = ("value",)
            def __init__(self):
                self.value = 1
            @property
            def double(self):
                return self.value * 2
            @classmethod
            def make(cls):
                return cls()
        #%%
        thing = Thing.make()
        #%%
        thing.value = 21
        #%%
        print(thing.double, Meta.registry["Thing"] is Thing, type(Thing) is Meta)
        """),
    "instances with their own pickling": program("""
        class Money:
            def __init__(self, amount):
                self.amount = amount
                self.cache = {"expensive": amount * 2}
            def __getstate__(self):
                return {"amount": self.amount}
            def __setstate__(self, state):
                self.amount = state["amount"]
                self.cache = {"expensive": self.amount * 2}
            def __eq__(self, other):
                raise RuntimeError("never compare")
        #%%
        m = Money(5)
        #%%
        m.amount = 7
        #%%
        print(m.amount)
        """),
    "exceptions as values": program("""
        class Mine(Exception):
            def __init__(self, code):
                super().__init__(f"code {code}")
                self.code = code
        #%%
        try:
            raise Mine(3)
        except Mine as error:
            kept = error
        #%%
        print(kept.code, kept, isinstance(kept, Mine), "error" in globals())
        """),
    "standard containers": program(
        """
        from collections import Counter, OrderedDict, defaultdict, deque
        from datetime import date, timedelta
        from decimal import Decimal
        from fractions import Fraction
        from pathlib import Path
        import re
        #%%
        values = [Counter("abca"), OrderedDict(b=1, a=2), deque([1, 2], maxlen=2), date(2026, 1, 2), timedelta(3),
                  Decimal("1.10"), Fraction(1, 3), Path("a/b"), re.compile("a+"), range(3), slice(1, 2), 1j, b"x", bytearray(b"y"),
                  frozenset({1}), float("nan"), float("inf"), Ellipsis, NotImplemented, None]
        groups = defaultdict(list)
        #%%
        groups["a"].append(1)
        values[2].append(9)
        #%%
        groups["b"]
        values[0].update("zz")
        #%%
        print(dict(groups), values)
        """,
        imports=1,
    ),
    "generators inside one step": program("""
        def numbers(n):
            for i in range(n):
                yield i
        #%%
        total = sum(numbers(5))
        lines = (str(i) for i in range(3))
        text = ",".join(lines)
        #%%
        print(total, text)
        """),
    # ---- outputs and IPython
    "magics": program("""
        %matplotlib inline
        import os
        #%%
        %%time
        x = sum(range(10))
        #%%
        listing = !echo hello world
        print(listing)
        #%%
        %%writefile made.txt
        line one
        line two
        #%%
        !wc -l < made.txt
        #%%
        %%bash
        echo from bash
        echo shell > by_bash.txt
        #%%
        print(open("made.txt").read(), open("by_bash.txt").read(), x)
        #%%
        %env KFJLAB_ORACLE=set
        #%%
        print(os.environ["KFJLAB_ORACLE"])
        !echo {x} $x
        """),
    "%run, %pwd, %%capture, %%timeit": program("""
        %%writefile helper.py
        made = [1, 2]
        def grow(n):
            made.append(n)
            return made
        #%%
        %run helper.py
        #%%
        grow(3)
        #%%
        %%capture cap
        print("caught")
        inside = 5
        #%%
        print(repr(cap.stdout), made, inside)
        #%%
        %timeit -n 1 -r 1 sum(made)
        """),
    "displays and pictures": program(
        """
        import matplotlib.pyplot as plt
        from IPython.display import HTML, Markdown, display
        #%%
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot([1, 3, 2])
        ax.set_title("one")
        plt.show()
        #%%
        display(HTML("<b>bold</b>"))
        print("text")
        Markdown("*md*")
        #%%
        class Rich:
            def _repr_html_(self):
                return "<i>rich</i>"
        #%%
        Rich()
        #%%
        import sys
        print("to stderr", file=sys.stderr)
        sys.stdout.write("no newline")
        #%%
        plt.figure(figsize=(2, 2)); plt.bar([1, 2], [3, 4]);
        """,
        imports=1,
    ),
    "an error ends it": program("""
        x = 1
        #%%
        print("before")
        y = x / 0
        #%%
        print("never")
        """),
    "an error in the middle of a branch": program("""
        data = [1, 2, 3]
        #%%
        good = sum(data)
        #%%
        class Boom(Exception):
            pass
        def explode():
            raise Boom("at last")
        #%%
        explode()
        #%%
        print(good)
        """),
    # ---- files
    "a file between two steps": program(
        """
        import pandas as pd
        #%%
        pd.DataFrame({"a": [1, 2]}).to_csv("data.csv", index=False)
        #%%
        n = len(pd.read_csv("data.csv"))
        #%%
        with open("data.csv", "a") as f:
            f.write("3\\n")
        #%%
        m = len(pd.read_csv("data.csv"))
        print(n, m)
        """,
        imports=1,
    ),
    "file names that are computed": program("""
        import os
        from pathlib import Path
        folder = Path("out")
        #%%
        folder.mkdir()
        for i in range(3):
            (folder / f"part{i}.txt").write_text(str(i))
        #%%
        texts = [p.read_text() for p in sorted(folder.glob("*.txt"))]
        #%%
        os.rename("out/part0.txt", "out/first.txt")
        os.remove("out/part1.txt")
        #%%
        names = sorted(os.listdir("out"))
        print(texts, names)
        #%%
        (folder / "first.txt").write_text("again")
        #%%
        print((folder / "first.txt").read_text(), Path("out/part1.txt").exists())
        """),
    "a reader before the writer": program(
        """
        text = open("in.txt").read()
        #%%
        with open("in.txt", "w") as f:
            f.write("changed")
        #%%
        again = open("in.txt").read()
        print(text, again)
        """,
        files={"in.txt": "original"},
    ),
    "files by functions": program("""
        import json
        def save(name, value):
            with open(name + ".json", "w") as f:
                json.dump(value, f)
        def load(name):
            with open(name + ".json") as f:
                return json.load(f)
        #%%
        save("a", [1])
        #%%
        save("b", load("a") + [2])
        #%%
        save("a", "overwritten")
        #%%
        print(load("a"), load("b"))
        """),
    "existence decides": program("""
        import os
        #%%
        if not os.path.exists("cache.txt"):
            print("making")
            with open("cache.txt", "w") as f:
                f.write("made")
        #%%
        if not os.path.exists("cache.txt"):
            print("making again")
        value = open("cache.txt").read()
        #%%
        os.remove("cache.txt")
        #%%
        print(os.path.exists("cache.txt"), value)
        """),
    "numpy, pickle and sqlite files": program(
        """
        import pickle, sqlite3
        import numpy as np
        #%%
        np.save("a.npy", np.arange(5))
        #%%
        db = "base.sqlite"
        con = sqlite3.connect(db); con.execute("create table t (x)"); con.execute("insert into t values (7)"); con.commit(); con.close(); del con
        #%%
        a = np.load("a.npy", mmap_mode="r")
        total = int(a.sum())
        del a
        #%%
        with sqlite3.connect(db) as c:
            rows = c.execute("select x from t").fetchall()
        c.close(); del c
        #%%
        pickle.dump({"rows": rows}, open("p.pkl", "wb"))
        #%%
        print(pickle.load(open("p.pkl", "rb")), total)
        """,
        imports=1,
    ),
    "local modules with state": program(
        """
        import helpers
        #%%
        helpers.remember("a")
        #%%
        from helpers import remember
        remember("b")
        #%%
        helpers.LEVEL = 5
        #%%
        print(helpers.memory, helpers.level())
        """,
        files={
            "helpers.py": "memory = []\nLEVEL = 1\ndef remember(x):\n    memory.append(x)\ndef level():\n    return LEVEL\n"
        },
    ),
    "a module written by a step": program("""
        with open("generated.py", "w") as f:
            f.write("def answer():\\n    return 42\\n")
        #%%
        import generated
        #%%
        print(generated.answer())
        """),
    # ---- ambient state
    "seeds of random": program("""
        import random
        random.seed(1)
        #%%
        a = random.random()
        #%%
        b = [random.randint(0, 9) for _ in range(5)]
        #%%
        state = random.getstate()
        #%%
        c = random.random()
        #%%
        random.setstate(state)
        print(a, b, c, random.random())
        """),
    "seeds of numpy": program(
        """
        import numpy as np
        #%%
        np.random.seed(0)
        rng = np.random.default_rng(5)
        #%%
        a = np.random.rand(2)
        #%%
        b = rng.normal(size=2)
        #%%
        c = np.random.randint(0, 100, 3)
        d = rng.integers(0, 100, 3)
        #%%
        np.random.seed(0)
        #%%
        print((np.random.rand(2) == a).all(), b, c, d)
        """,
        imports=1,
    ),
    "a seed in the imports": program(
        """
        import numpy as np
        import random
        np.random.seed(7)
        random.seed(7)
        #%%
        a = np.random.rand()
        #%%
        b = np.random.rand()
        #%%
        c = random.random()
        #%%
        print(a, b, c, random.random(), np.random.rand())
        """,
        imports=1,
    ),
    "seeded through a library": program(
        """
        import numpy as np
        from sklearn.model_selection import train_test_split
        from sklearn.tree import DecisionTreeClassifier
        #%%
        np.random.seed(3)
        X = np.random.rand(40, 3)
        y = X[:, 0] > 0.5
        #%%
        a, b, ya, yb = train_test_split(X, y)
        #%%
        tree = DecisionTreeClassifier(max_features=1).fit(a, ya)
        #%%
        print(tree.score(b, yb), tree.tree_.node_count, np.random.rand())
        """,
        imports=1,
    ),
    "environment, directory, path": program(
        """
        import os, sys
        #%%
        os.environ["ORACLE_LEVEL"] = "3"
        os.makedirs("sub/lib", exist_ok=True)
        #%%
        os.chdir("sub")
        sys.path.insert(0, os.path.join(os.getcwd(), "lib"))
        #%%
        with open("lib/inner_module.py", "w") as f:
            f.write("NAME = 'inner'")
        #%%
        import inner_module
        print(inner_module.NAME, os.environ["ORACLE_LEVEL"], os.path.basename(os.getcwd()))
        #%%
        os.chdir("..")
        del os.environ["ORACLE_LEVEL"]
        #%%
        print("ORACLE_LEVEL" in os.environ, os.path.exists("sub/lib"))
        """,
        imports=1,
    ),
    "modules that are executed again": program(
        """
        import importlib, os, sys
        import helper
        from helper import rate
        #%%
        with open("helper.py", "w") as f:
            f.write("X = 20\\ndef rate():\\n    return X, 'new'\\n")
        #%%
        del sys.modules["helper"]
        import helper
        #%%
        print(helper.X, helper.rate(), rate(), rate is helper.rate)
        helper.X += 1
        #%%
        from helper import rate
        #%%
        print(rate(), helper.rate is rate)
        helper.EXTRA = [1]
        #%%
        helper = importlib.reload(helper)
        #%%
        print(helper.X, helper.EXTRA, rate(), sys.modules["helper"] is helper)
        """,
        imports=1,
        files={"helper.py": "X = 1\ndef rate():\n    return X, 'old'\n"},
    ),
    "autoreload": program(
        """
        %load_ext autoreload
        %autoreload 2
        import helper
        #%%
        import time
        time.sleep(0.05)
        with open("helper.py", "w") as f:
            f.write("X = 20\\ndef rate():\\n    return X, 'new'\\n")
        #%%
        helper.X = 5
        #%%
        print(helper.X, helper.rate())
        helper.X += 1
        #%%
        time.sleep(0.05)
        with open("helper.py", "w") as f:
            f.write("X = 30\\ndef rate():\\n    return X, 'newer'\\n")
        #%%
        y = helper.X
        #%%
        print(helper.X, helper.rate(), y)
        """,
        imports=1,
        files={"helper.py": "X = 1\ndef rate():\n    return X, 'old'\n"},
    ),
    "folders that are removed and made": program(
        """
        import os, shutil
        #%%
        def name(): return "".join(["o", "ut"])
        #%%
        os.makedirs(name())
        open(name() + "/x", "w").close()
        #%%
        print(os.path.isdir(name()))
        #%%
        shutil.rmtree(name())
        #%%
        print(os.path.exists(name()), os.listdir("."))
        #%%
        os.makedirs(name() + "/deep", exist_ok=True)
        #%%
        print(os.path.exists(name()), os.path.isdir(name() + "/deep"), os.path.exists(name() + "/x"))
        """,
        imports=2,
    ),
    "options of libraries": program(
        """
        import numpy as np
        import pandas as pd
        import matplotlib.pyplot as plt
        import warnings, locale, decimal
        #%%
        pd.set_option("display.max_rows", 4)
        np.set_printoptions(precision=2)
        #%%
        plt.rcParams["figure.figsize"] = (2, 2)
        decimal.getcontext().prec = 5
        #%%
        warnings.filterwarnings("ignore")
        #%%
        warnings.warn("not seen")
        print(np.array([1 / 3]), decimal.Decimal(1) / 3, plt.rcParams["figure.figsize"])
        pd.DataFrame({"a": range(20)})
        #%%
        pd.reset_option("display.max_rows")
        np.set_printoptions(precision=8)
        #%%
        print(np.array([1 / 3]))
        pd.DataFrame({"a": range(6)})
        """,
        imports=1,
    ),
    "attributes set on modules": program(
        """
        import math, statistics
        #%%
        math.tau2 = math.tau * 2
        #%%
        original = statistics.mean
        statistics.mean = lambda x: ("patched", original(x))
        #%%
        print(math.tau2, statistics.mean([1]))
        #%%
        statistics.mean = original
        #%%
        print(statistics.mean([1]))
        """,
        imports=1,
    ),
    "logging": program(
        """
        import logging, sys
        #%%
        log = logging.getLogger("mine")
        log.setLevel(logging.DEBUG)
        #%%
        log.addHandler(logging.StreamHandler(sys.stdout))
        log.debug("same step")
        #%%
        print(logging.getLogger("mine").level)
        """,
        imports=1,
    ),
    # ---- what is written dynamically
    "eval, exec, globals": program("""
        x = 2
        #%%
        y = eval("x * 3")
        #%%
        exec("z = x + y")
        #%%
        globals()["w"] = z * 2
        #%%
        for name in ["x", "y"]:
            globals()[name] += 100
        #%%
        print(x, y, z, w, sorted(k for k in globals() if len(k) == 1 and k != "_"))
        """),
    "variables that nobody names": program(
        """
        import __main__, pickle, sys, helper
        #%%
        from __future__ import annotations
        #%%
        class Base: pass
        flag = 7
        #%%
        class Made(Base): pass
        #%%
        with open("made.pkl", "wb") as file:
            pickle.dump(Made(), file)
        del file
        #%%
        print(getattr(__main__, "flag", 0), sys._getframe().f_globals.get("flag"), helper.look("flag"))
        #%%
        print([cls.__name__ for cls in Base.__subclasses__()], type(pickle.load(open("made.pkl", "rb"))).__name__)
        #%%
        def annotated(x: Nowhere): return x
        print(annotated.__annotations__)
        """,
        imports=1,
        files={"helper.py": "import __main__\ndef look(name): return getattr(__main__, name, 0)\n"},
    ),
    "figures and indexes of earlier steps": program(
        """
        import matplotlib.pyplot as plt
        import pandas as pd
        def one(): return 1
        #%%
        fig, ax = plt.subplots(figsize=(3, 2))
        ax.plot([1, 2])
        df = pd.DataFrame({"a": [1, 2, 3]})
        rows, columns = df.index, df.columns
        limit = 1
        #%%
        rows.name = "k"
        columns.name = "c"
        one.__code__ = (lambda: 2).__code__
        #%%
        print(df.index.name, rows is df.index, df.columns.name, one(), len(df.query("a > @limit")))
        fig
        """,
        imports=1,
    ),
    "operators and augmented assignment on aliases": program("""
        a = [1]
        b = a
        t = (1, [2])
        u = t
        #%%
        b += [2]
        #%%
        try:
            t[1] += [3]
        except TypeError as e:
            print(e)
        #%%
        s = {1}
        r = s
        #%%
        s |= {2}
        #%%
        s = s | {3}
        #%%
        print(a, u, r, s, a is b)
        """),
    "partial, map and sorting keys": program("""
        import functools, operator
        data = [{"v": 3}, {"v": 1}]
        #%%
        add = functools.partial(list.append, data)
        #%%
        add({"v": 2})
        #%%
        list(map(lambda d: d.update(seen=True), data))
        #%%
        data.sort(key=operator.itemgetter("v"))
        #%%
        print(data)
        """),
}
