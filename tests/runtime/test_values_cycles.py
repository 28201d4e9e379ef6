"""Variables that hold each other: pickled once, and told apart all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runtime.values_harness import Steps

RING = """
class Node:
    def __init__(self):
        self.next, self.load = None, [1]
"""
MADE = "nodes = [Node() for _ in range(20)]\n" + "\n".join(
    f"n{i} = nodes[{i}]; n{i}.next = nodes[{(i + 1) % 20}]" for i in range(20)
)
NAMES = sorted(f"n{i}" for i in range(20))


def test_what_holds_each_other_is_pickled_a_few_times_not_once_for_each_name(steps: Steps) -> None:
    """As the lines of a figure: 20 names, each of which leads to all. Each with all it holds would be 21 times 21 for each comparison."""
    folder = steps.store.parent
    (folder / "tally.py").write_text("pickled = []")
    counting = "    def __getstate__(self):\n        tally.pickled.append(1)\n        return self.__dict__\n"
    steps.prelude = f"import sys; sys.path.insert(0, {str(folder)!r}); import tally" + RING + counting
    lines = "; ".join(f"n{i} = Node(); n{i}.next = figure; figure.load.append(n{i})" for i in range(20))
    steps.run("figure = Node(); " + lines)
    done = steps.run("count = len(tally.pickled)\nassert 21 <= count <= 4 * 21, count")
    assert done.changes["mutated"] == []


def test_a_change_in_a_ring_is_one_of_all_its_names_and_of_no_other(steps: Steps) -> None:
    steps.prelude = RING
    steps.run(MADE + "\ninner = n3.load\nother = Node()\nholder = [n0]")
    assert steps.run("x = n5.load").changes["mutated"] == []
    done = steps.run("n7.load.append(2)")
    assert done.changes["mutated"] == sorted([*NAMES, "holder", "nodes"])
    contents = {done.values[name]["content"] for name in NAMES}
    assert len(contents) == 20, "each has a place of its own"
    assert steps.run("n3.load.append(2)").changes["mutated"] == sorted([*NAMES, "holder", "inner", "nodes"])


def test_what_is_held_and_does_not_hold_is_told_apart(steps: Steps) -> None:
    steps.prelude = RING
    steps.run("a = Node(); b = Node(); a.next = b")
    done = steps.run("a.load.append(2)")
    assert done.changes["mutated"] == ["a"]
    assert steps.run("b.load.append(2)").changes["mutated"] == ["a", "b"]


def test_a_name_of_a_ring_that_is_bound_anew_does_not_change_the_others(steps: Steps) -> None:
    steps.prelude = RING
    steps.run(MADE)
    done = steps.run("n0 = None\ndel n1")
    assert (done.changes["rebound"], done.changes["deleted"], done.changes["mutated"]) == (["n0"], ["n1"], [])


def test_a_ring_that_is_cut_has_changed(steps: Steps) -> None:
    steps.prelude = RING
    steps.run("a = Node(); b = Node(); a.next = b; b.next = a")
    assert steps.run("b.next = None").changes["mutated"] == ["a", "b"]
    assert steps.run("b.load.append(2)").changes["mutated"] == ["a", "b"]
    assert steps.run("a.load.append(2)").changes["mutated"] == ["a"]
    steps.run("assert a.next is b and b.next is None and a.load == b.load == [1, 2]")


def test_names_that_change_places_have_changed(steps: Steps) -> None:
    steps.prelude = RING
    first = steps.run("a = Node(); b = Node(); a.next = b; b.next = a; b.load = [2]")
    done = steps.run("a, b = b, a")
    assert done.changes["rebound"] == ["a", "b"]
    assert done.values["a"]["content"] != first.values["a"]["content"]
    steps.run("assert a.load == [2] and b.load == [1] and a.next is b and b.next is a")


def test_the_same_ring_has_the_same_contents_in_another_process(steps: Steps) -> None:
    steps.prelude = RING
    one, other = steps.run(MADE), steps.run(MADE)
    assert {n: v["content"] for n, v in one.values.items()} == {
        n: v["content"] for n, v in other.values.items()
    }


def test_the_content_of_a_name_does_not_depend_on_other_names(steps: Steps, tmp_path: Path) -> None:
    steps.prelude = RING
    code = "a = Node(); a.next = Node(); a.next.next = a"
    one = steps.run(code)
    other = Steps(tmp_path / "other", prelude=RING).run(code + "\nb = a.next\n")
    assert other.values["a"]["content"] == one.values["a"]["content"]
    assert other.values["a"]["group"] == ["a", "b"]


@pytest.mark.parametrize(
    ("prelude", "code"),
    [
        (
            "class Outer:\n  class Inner:\n    all = []\n    def __init__(self, name):\n      self.name = name\n"
            "      Outer.Inner.all.append(self)",
            "a = Outer.Inner('a'); b = Outer.Inner('b')",
        ),
        (
            "def make():\n  class Model:\n    all = []\n    def __init__(self, name):\n      self.name = name\n"
            "      type(self).all.append(self)\n  return Model",
            "M = make(); a = M('a'); b = M('b'); del M",
        ),
    ],
    ids=["of a class in a class", "of a class in a function"],
)
def test_values_that_reach_each_other_only_through_their_class_stay_themselves(
    steps: Steps, prelude: str, code: str
) -> None:
    steps.prelude = prelude
    steps.run(code)
    steps.run("assert (a.name, b.name) == ('a', 'b'), (a.name, b.name)")
    assert steps.run("a.more = 1").changes["mutated"] == ["a"]
    steps.run("assert a.more == 1 and not hasattr(b, 'more')")
