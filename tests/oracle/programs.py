"""Small random programs with the constructs that make sharing state hard: aliases, changes in place through functions, globals, classes,
closures, loops, deletion, names that may be unbound, files, seeded generators.

A program is built from statements over a few names, so that its cells keep meeting. It cannot fail: every statement that could is
wrapped, and prints the exception's name.
"""

from __future__ import annotations

from hypothesis import strategies as st

from .oracle import Program

NAMES = ("a", "b", "c", "d")
FILES = ("one.txt", "two.txt")

PRELUDE = """
import random
def push(target, value):
    target.append(value)
def twice(target, value):
    push(target, value); push(target, value)
def bump():
    global a
    a = a + 1
def look():
    return b
def counter():
    count = 0
    def step():
        nonlocal count
        count += 1
        return count
    return step
class Box:
    shared = []
    def __init__(self, item):
        self.item = item
    def put(self, value):
        self.item = value
        return self
    def __repr__(self):
        return f"Box({self.item!r})"
""".strip()

names = st.sampled_from(NAMES)
files = st.sampled_from(FILES)
numbers = st.integers(0, 9)


def _text(template: str, **parts: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(parts).map(lambda values: template.format(**values))


statements = st.one_of(
    _text("{x} = {n}", x=names, n=numbers),
    _text("{x} = [{n}]", x=names, n=numbers),
    _text("{x} = {{'k': {y}}}", x=names, y=names),
    _text("{x} = {y}", x=names, y=names),
    _text("{x} = ({y}, {z})", x=names, y=names, z=names),
    _text("{x} = [{y}, {n}]", x=names, y=names, n=numbers),
    _text("{x}.append({n})", x=names, n=numbers),
    _text("{x}[0] = {y}", x=names, y=names),
    _text("{x}['k'] = {n}", x=names, n=numbers),
    _text("{x} += {y}", x=names, y=names),
    _text("{x} += [{n}]", x=names, n=numbers),
    _text("twice({x}, {n})", x=names, n=numbers),
    _text("bump()"),
    _text("print(look())"),
    _text("{x} = Box({y})", x=names, y=names),
    _text("{x}.put({y})", x=names, y=names),
    _text("{x}.item.append({n})", x=names, n=numbers),
    _text("Box.shared.append({n})", n=numbers),
    _text("{x} = Box.shared", x=names),
    _text("{x} = counter()", x=names),
    _text("{x} = {y}()", x=names, y=names),
    _text("{x} = lambda: {y}", x=names, y=names),
    _text("{x} = [i for i in range({n})]", x=names, n=numbers),
    _text("for {x} in range({n}): pass", x=names, n=numbers),
    _text("for item in {x}: push(item, {n})", x=names, n=numbers),
    _text("if isinstance({x}, list): {y} = {x}", x=names, y=names),
    _text("del {x}", x=names),
    _text("def {x}(): return {y}", x=names, y=names),
    _text("class {x}(Box): pass", x=names),
    _text("print({x})", x=names),
    _text("print({x} is {y})", x=names, y=names),
    _text("print(isinstance({x}, Box))", x=names),
    _text("open({f!r}, 'w').write(str({n}))", f=files, n=numbers),
    _text("open({f!r}, 'a').write('+')", f=files),
    _text("{x} = open({f!r}).read()", x=names, f=files),
    _text("random.seed({n})", n=numbers),
    _text("{x} = random.randint(0, 1000)", x=names),
)


def _guarded(statement: str) -> str:
    return f"try:\n    {statement}\nexcept Exception as problem:\n    print(type(problem).__name__)"


cells = st.lists(statements, min_size=1, max_size=3).map(lambda found: "\n".join(map(_guarded, found)))
START = "random.seed(0)\na, b, c, d = 1, [2], {'k': [3]}, Box([4])"
programs = st.lists(cells, min_size=2, max_size=7).map(
    lambda found: Program((PRELUDE, START, *found), imports=1)
)
