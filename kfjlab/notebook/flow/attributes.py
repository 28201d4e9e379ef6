"""Attributes: reading and setting them."""

from __future__ import annotations

from .ambient import assigned_in_library, read_in_library
from .arguments import Arguments
from .caches import found_use_of_cache
from .dispatch import call
from .evaluator import Evaluator
from .results import attribute_of
from .values import (
    MAIN,
    Attribute,
    Bound,
    ClassFact,
    Const,
    Dotted,
    Entries,
    Fact,
    FunctionFact,
    Instance,
    SuperOf,
    Thing,
    Value,
    callees_of,
    joined_fact,
)

_NAMESPACES = frozenset({"f_globals", "f_locals", "user_ns", "user_global_ns", "__globals__"})
"""Attributes of frames, of IPython's shell and of functions that are the notebook's variables."""


def property_of(fact: Fact | None, name: str) -> Fact | None:
    """What is known about an attribute that is no method."""
    if isinstance(fact, ClassFact | Attribute) and name not in ("shape", "dtype", "columns", "index"):
        return None
    return attribute_of(fact, name)


def get_attribute(ev: Evaluator, owner: Value, name: str) -> Value:
    """``owner.name``."""
    fact = owner.fact
    if name in _NAMESPACES or (name == "__dict__" and fact == MAIN):
        ev.run_wild(f".{name}, which reaches every variable")
    elif name == "__subclasses__":
        ev.reads_every_variable()
    elif fact == MAIN:
        return ev.read_of_main(name)
    if isinstance(fact, Dotted):
        read_in_library(ev, fact, None)
        return Value(Dotted(f"{fact.path}.{name}"), owner.objects if not fact.module else frozenset())
    if isinstance(fact, Instance):
        return _of_instance(ev, owner, fact, name)
    if isinstance(fact, ClassFact):
        return _of_class(ev, owner, fact, name)
    if isinstance(fact, SuperOf):
        return _of_super(ev, owner, fact, name)
    found_use_of_cache(ev, fact, name)
    if isinstance(fact, Entries) and name in {"items", "values", "keys", "get"}:
        return owner.same(Attribute(name, fact))
    known = property_of(fact, name)
    if known is not None:
        return Value(known, owner.reach, owner.loose)
    if isinstance(fact, Attribute):
        fact = None  # of a chain of attributes only the last matters
    if isinstance(fact, Const | Thing) or fact is None or callees_of(fact):
        return owner.same(Attribute(name, fact))
    return owner.same(Attribute(name, fact))


def _of_instance(ev: Evaluator, owner: Value, fact: Instance, name: str) -> Value:
    if name in fact.attributes:
        return Value(fact.attributes[name], owner.objects, owner.loose)
    found = fact.cls.lookup(name)
    if found is None:
        getter = fact.cls.lookup("__getattr__")
        if isinstance(getter, FunctionFact):
            return call(ev, Value(Bound(getter, fact), owner.objects), Arguments([Value(None)]))
        return owner.same(Attribute(name, fact))
    if not isinstance(found, FunctionFact):
        shared = ev.peek(fact.cls.name)  # it is the class's, which all objects share
        return Value(
            found, owner.objects | (shared.objects if shared.fact is fact.cls else frozenset()), owner.loose
        )
    if found.kind == "property":
        return call(ev, Value(Bound(found, fact), owner.objects), Arguments())
    if found.kind == "static":
        return Value(found, owner.objects)
    return Value(Bound(found, fact.cls if found.kind == "class" else fact), owner.objects)


def _of_class(ev: Evaluator, owner: Value, fact: ClassFact, name: str) -> Value:
    found = fact.lookup(name)
    if isinstance(found, FunctionFact) and found.kind == "class":
        return Value(Bound(found, fact), owner.objects)
    if found is not None or any(name in cls.attributes for cls in fact.line()):
        return Value(found, owner.objects, owner.loose)
    return owner.same(Attribute(name, fact))


def _of_super(ev: Evaluator, owner: Value, fact: SuperOf, name: str) -> Value:
    for cls in fact.cls.line()[1:]:
        found = cls.attributes.get(name)
        if isinstance(found, FunctionFact):
            instance = fact.owner if fact.owner is not None else cls
            return Value(Bound(found, instance), owner.objects)
    return Value(Attribute(name, None), owner.objects if name not in ("__init__", "__new__") else frozenset())


def set_attribute(ev: Evaluator, owner: Value, name: str, value: Value) -> None:
    """``owner.name = value``."""
    fact = owner.fact
    if isinstance(fact, Dotted):
        assigned_in_library(ev, fact, name)
    if isinstance(fact, ClassFact):
        fact.attributes[name] = joined_fact(fact.attributes.get(name), value.fact)
    elif isinstance(fact, Instance):
        _set_on_instance(ev, owner, fact, name, value)
    elif not isinstance(fact, FunctionFact):
        ev.keep_inside(owner, value.fact)
    ev.mutate(owner)
    ev.link(owner, value)


def _set_on_instance(ev: Evaluator, owner: Value, fact: Instance, name: str, value: Value) -> None:
    if fact in ev.building:
        known = fact.attributes.get(name, value.fact)
        fact.attributes[name] = joined_fact(known, value.fact) if ev.conditional else value.fact
        return
    setter = fact.cls.lookup(name)
    if isinstance(setter, FunctionFact) and setter.kind == "property":
        return
    if fact.attributes.get(name, ...) != value.fact:
        ev.replace_fact(fact, Instance(fact.cls, {**fact.attributes, name: value.fact}))
