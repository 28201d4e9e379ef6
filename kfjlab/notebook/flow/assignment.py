"""Binding targets: names, attributes, items, unpacking, ``del``."""

from __future__ import annotations

import ast

from .ambient import assigned_in_library
from .arguments import Arguments
from .dispatch import call_method, evaluate
from .evaluator import Evaluator
from .iteration import element_of
from .strays import note_stray
from .values import (
    ClassFact,
    Const,
    Dotted,
    Entries,
    Fact,
    FunctionFact,
    Instance,
    Items,
    Value,
    joined_fact,
)


def assign(ev: Evaluator, target: ast.expr, value: Value, source: ast.expr | None) -> None:
    """``target = value``; ``source`` is the right-hand side where it is at hand."""
    if isinstance(target, ast.Name):
        ev.bind(target.id, value)
        note_stray(ev, target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(ev, target.elts, value)
    elif isinstance(target, ast.Starred):
        assign(ev, target.value, Value(None, value.reach, loose=True), None)
    elif isinstance(target, ast.Attribute):
        set_attribute(ev, evaluate(ev, target.value), target.attr, value)
    elif isinstance(target, ast.Subscript):
        _set_item(ev, target, value)


def _unpack(ev: Evaluator, targets: list[ast.expr], value: Value) -> None:
    starred = any(isinstance(target, ast.Starred) for target in targets)
    if value.parts is not None and len(value.parts) == len(targets) and not starred:
        for target, part in zip(targets, value.parts, strict=True):
            assign(ev, target, part, None)
        return
    items = value.fact.items if isinstance(value.fact, Items) and not starred else ()
    for index, target in enumerate(targets):
        if len(items) == len(targets):
            part = Value(items[index], value.reach, value.loose)
        else:
            part = element_of(ev, value)
            part = Value(part.fact, part.objects, value.loose)
        assign(ev, target, part, None)


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


def _set_item(ev: Evaluator, target: ast.Subscript, value: Value) -> None:
    owner = evaluate(ev, target.value)
    key = evaluate(ev, target.slice)
    if isinstance(owner.fact, Dotted):
        assigned_in_library(ev, owner.fact, "", key.fact)
    if isinstance(owner.fact, Instance):
        call_method(ev, owner, "__setitem__", Arguments([key, value]))
    fact = owner.fact
    ev.mutate(owner)
    ev.link(owner, value)
    ev.keep_inside(owner, value.fact)
    if (
        isinstance(fact, Entries)
        and isinstance(key.fact, Const)
        and isinstance(target.value, ast.Name)
        and not ev.conditional
    ):
        _remember_entry(ev, target.value.id, fact, key.fact, value.fact)


def _remember_entry(ev: Evaluator, name: str, old: Entries, key: Const, fact: Fact | None) -> None:
    """A dict with constant keys got one more."""
    entries = {**dict(old.entries), key.value: fact}
    known = ev.read(name)
    if len(entries) <= 64:
        new = known.same(Entries(tuple(entries.items())))
        if ev.frame.scope.kind == "module":
            ev.globals[name] = new
        elif name in ev.frame.variables:
            ev.frame.variables[name] = new


def delete(ev: Evaluator, target: ast.expr) -> None:
    """``del target``."""
    if isinstance(target, ast.Name):
        ev.delete(target.id)
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            delete(ev, part)
    elif isinstance(target, ast.Attribute | ast.Subscript):
        owner = evaluate(ev, target.value)
        key = evaluate(ev, target.slice) if isinstance(target, ast.Subscript) else None
        if isinstance(owner.fact, Dotted):
            name = target.attr if isinstance(target, ast.Attribute) else ""
            assigned_in_library(ev, owner.fact, name, None if key is None else key.fact)
        ev.mutate(owner)
