"""Calls of methods about whose owner little is known."""

from __future__ import annotations

import re

from .arguments import Arguments
from .definitions import call_perhaps
from .draws import draw_in_method
from .evaluator import Evaluator
from .files import files_in_method, path_method
from .iteration import items_of_dict
from .mutation import KEEPS_ARGUMENTS, RETURNS_SELF, VALUE_TYPES, VIEWS, changes_owner
from .processes import found_started
from .results import method_result
from .values import (
    UNKNOWN,
    Const,
    Entries,
    Instance,
    Items,
    PathFact,
    Thing,
    Value,
    callees_of,
    filled_from,
)

_STEPPED = frozenset({"numpy.random.Generator", "iterator", "generator", "file"})
"""Types of which every method changes the object."""
_WITH_DEFAULT = frozenset({"get", "pop", "setdefault"})
_WORKED_ON = frozenset({"fit", "train", "optimize", "tune", "fit_transform", "prepare"})
"""Methods that change the models that they are given (``trainer.fit(model)``)."""


def call_method_of(ev: Evaluator, owner: Value, name: str, arguments: Arguments) -> Value:
    """Call the method ``name`` of a value that is not an object of a class of the notebook with such a method."""
    fact = owner.fact
    type_name = fact.type if isinstance(fact, Thing) else fact.kind if isinstance(fact, Items) else ""
    if isinstance(fact, Const | PathFact):
        files_in_method(ev, fact, name, arguments)
        made = path_method(fact, name, arguments) if isinstance(fact, PathFact) else None
        return Value(made if made is not None else method_result(fact, name, arguments))
    draw_in_method(ev, fact, name, arguments)
    files_in_method(ev, fact, name, arguments)
    found_started(ev, fact, name)
    if name in ("query", "eval"):
        _names_in_query(ev, arguments)
    for value in arguments.functions():
        if name not in KEEPS_ARGUMENTS:
            call_perhaps(ev, value, [owner, *arguments.values()])
    if (
        type_name in _STEPPED
        or arguments.is_true("inplace")
        or changes_owner(name, type_name, arguments.dropped, arguments.shown)
    ):
        ev.mutate(owner)
    _change_arguments(ev, name, type_name, arguments)
    if name in KEEPS_ARGUMENTS and type_name not in VALUE_TYPES:
        for value in arguments.values():
            ev.link(owner, value)
            ev.keep_inside(owner, value.fact)
    return _result(owner, name, type_name, arguments)


def _names_in_query(ev: Evaluator, arguments: Arguments) -> None:
    """``df.query("a > @x")`` reads ``x``."""
    for name in re.findall(r"@([A-Za-z_]\w*)", arguments.text(0, "expr") or ""):
        if ev.frame.scope.kind != "module" or ev.is_known(name):
            ev.guarded += 1  # a missing one is an error of pandas
            ev.read(name)
            ev.guarded -= 1


def _change_arguments(ev: Evaluator, name: str, type_name: str, arguments: Arguments) -> None:
    if name == "shuffle" and arguments.positional:
        ev.mutate(arguments.positional[0])
    out = arguments.keywords.get("out")
    if out is not None:
        ev.mutate(out)
    for keyword in ("random_state", "rng", "generator"):
        value = arguments.keywords.get(keyword)
        if (
            value is not None
            and isinstance(value.fact, Thing)
            and value.fact.type == "numpy.random.Generator"
        ):
            ev.mutate(value)
    if name in _WORKED_ON:
        for value in arguments.positional:
            if isinstance(value.fact, Instance):
                ev.mutate(value)


def _result(owner: Value, name: str, type_name: str, arguments: Arguments) -> Value:
    fact = owner.fact
    known = method_result(fact, name, arguments)
    if known is not None:
        return (
            Value(known)
            if not (name in VIEWS and not known.fixed)
            else Value(known, owner.objects, owner.loose)
        )
    if name == "items" and type_name not in VALUE_TYPES:
        return items_of_dict(owner)
    if isinstance(fact, Entries):
        return _of_dict(owner, fact, name, arguments)
    if name == "copy" or name == "deepcopy":
        return filled_from(owner, fact) if name == "copy" else Value(fact)
    if name in RETURNS_SELF and not isinstance(fact, Instance):
        return owner.same(fact)
    if name in VIEWS:
        held = callees_of(fact)
        if name == "keys":
            return Value(Thing("labels"))
        objects = owner.reach
        default = arguments.get(1, "default") if name in _WITH_DEFAULT else None
        if default is not None:
            held |= callees_of(default.fact)
            objects |= default.reach
        loose = owner.loose or name == "values"
        return Value(Thing("", held=held) if held else None, objects, loose)
    return UNKNOWN


def _of_dict(owner: Value, fact: Entries, name: str, arguments: Arguments) -> Value:
    entries = dict(fact.entries)
    if name in ("get", "pop", "setdefault"):
        key = arguments.fact(0)
        if isinstance(key, Const) and key.value in entries:
            return Value(entries[key.value], owner.reach, owner.loose)
        default = arguments.get(1, "default")
        return Value(None, owner.reach | (default.reach if default is not None else frozenset()), owner.loose)
    if name == "values":
        return Value(Items("list", tuple(entries.values())), owner.reach, loose=True)
    if name == "keys":
        return Value(Thing("labels"))
    return filled_from(owner, fact) if name == "copy" else UNKNOWN
