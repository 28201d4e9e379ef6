"""Binding targets: names, attributes, items, unpacking, ``del``."""

from __future__ import annotations

import ast

from .ambient import assigned_in_library
from .arguments import Arguments
from .attributes import set_attribute
from .code_strings import global_name
from .dispatch import call_method, evaluate
from .evaluator import Evaluator
from .iteration import element_of
from .strays import note_stray
from .values import Const, Dotted, Entries, Fact, Instance, Items, Thing, Value, filled_from


def assign(ev: Evaluator, target: ast.expr, value: Value, source: ast.expr | None) -> None:
    """``target = value``; ``source`` is the right-hand side where it is at hand."""
    if isinstance(target, ast.Name):
        ev.bind(target.id, value)
        note_stray(ev, target.id, value)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(ev, target.elts, value)
    elif isinstance(target, ast.Starred):
        assign(ev, target.value, filled_from(value, Thing("list")), None)
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


def _set_item(ev: Evaluator, target: ast.Subscript, value: Value) -> None:
    key = evaluate(ev, target.slice)
    name = global_name(ev, target.value, key)
    if name is not None:
        ev.bind_global(name, value)
        return
    owner = evaluate(ev, target.value)
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
