"""Going through iterables: what their elements are, and which are used up by it."""

from __future__ import annotations

from .arguments import Arguments
from .dispatch import call_method
from .evaluator import Evaluator
from .values import (
    IMMUTABLE,
    NUMBER,
    TEXT,
    Const,
    Entries,
    Fact,
    Instance,
    Items,
    Thing,
    Value,
    const,
    is_deep,
    joined,
    joined_fact,
)

USED_UP = frozenset(
    {"generator", "iterator", "file", "map", "zip", "filter", "enumerate", "csv.reader", "csv.DictReader"}
)
"""Types whose elements are gone once they have been gone through."""

_ELEMENTS: dict[str, Fact] = {
    "range": NUMBER,
    "text": TEXT,
    "bytes": NUMBER,
    "file": TEXT,
    "labels": IMMUTABLE,
    "pandas.DataFrame": IMMUTABLE,
    "torch.Tensor": Thing("torch.Tensor"),
}


def element_of(ev: Evaluator, iterable: Value) -> Value:
    """An element of an iterable."""
    fact = iterable.fact
    if iterable.parts:
        found = iterable.parts[0]
        for part in iterable.parts[1:]:
            found = joined(found, part)
        return found
    if isinstance(fact, Instance):
        iterator = call_method(ev, iterable, "__iter__", Arguments())
        if isinstance(iterator.fact, Instance) and iterator.fact.cls.lookup("__next__") is not None:
            found = call_method(ev, iterator, "__next__", Arguments())
            return Value(found.fact, found.reach | iterable.reach, loose=True)
        return Value(None, iterable.reach, loose=True)
    return Value(_element_fact(fact), iterable.reach, loose=not is_deep(fact))


def _element_fact(fact: Fact | None) -> Fact | None:
    if isinstance(fact, Items):
        if fact.kind in ("enumerate", "zip", "items"):
            return Items("tuple", tuple(_element_fact(item) for item in fact.items))
        return _any_of(fact.items)
    if isinstance(fact, Entries):
        return _any_of(tuple(const(key) for key, _ in fact.entries))
    if isinstance(fact, Const):
        return TEXT if isinstance(fact.value, str) else NUMBER
    if isinstance(fact, Thing):
        found = _ELEMENTS.get(fact.type)
        if found is None and fact.held:
            return Thing("", held=fact.held)
        return found
    return None


def _any_of(facts: tuple[Fact | None, ...]) -> Fact | None:
    if not facts:
        return None
    found = facts[0]
    for fact in facts[1:]:
        found = joined_fact(found, fact)
    return found


def consume(ev: Evaluator, iterable: Value) -> None:
    """Go through an iterable: generators, files and iterators are changed by it."""
    if isinstance(iterable.fact, Thing):
        for generator in sorted(iterable.fact.draws):  # torch's data loaders that shuffle
            ev.draw(generator)
    if (
        (isinstance(iterable.fact, Thing) and iterable.fact.type in USED_UP)
        or (isinstance(iterable.fact, Items) and iterable.fact.kind in ("enumerate", "zip"))
        or (isinstance(iterable.fact, Instance) and iterable.fact.cls.lookup("__next__") is not None)
    ):
        ev.mutate(iterable)


def runs_at_least_once(fact: Fact | None) -> bool:
    """Whether a loop over an iterable has a first round for sure."""
    if isinstance(fact, Items) and fact.kind in ("list", "tuple", "set", "range"):
        return len(fact.items) > 0
    if isinstance(fact, Items) and fact.kind == "enumerate":
        return runs_at_least_once(fact.items[-1])
    if isinstance(fact, Items) and fact.kind == "zip":
        return all(map(runs_at_least_once, fact.items))
    if isinstance(fact, Entries):
        return len(fact.entries) > 0
    return isinstance(fact, Const) and isinstance(fact.value, str) and len(fact.value) > 0


def combined(kind: str, parts: list[Value]) -> Value:
    """``zip(…)``, ``enumerate(…)``, ``dict.items()``: the parts that its elements are made of."""
    elements = frozenset(o for part in parts for o in part.reach)
    return Value(Items(kind, tuple(part.fact for part in parts)), elements=elements)


def items_of_dict(owner: Value) -> Value:
    """``d.items()``."""
    if isinstance(owner.fact, Entries):
        keys = Items("list", tuple(const(key) for key, _ in owner.fact.entries))
        values = Items("list", tuple(fact for _, fact in owner.fact.entries))
        return Value(Items("items", (keys, values)), owner.reach, loose=True)
    held = owner.fact.held if isinstance(owner.fact, Thing) else frozenset()
    return Value(
        Items("items", (Thing("labels"), Thing("", held=held) if held else None)), owner.reach, loose=True
    )
