"""Calls and attributes: which function is called, and where it is known."""

from __future__ import annotations

import ast

from .ambient import read_in_library
from .arguments import Arguments
from .definitions import call_function, call_perhaps, instantiate
from .dispatch import calls_with
from .evaluator import Evaluator
from .library import call_library
from .methods import call_method_of, property_of
from .values import (
    UNKNOWN,
    Attribute,
    Bound,
    ClassFact,
    Const,
    Dotted,
    Entries,
    Fact,
    FunctionFact,
    Instance,
    Partial,
    SuperOf,
    Thing,
    Value,
    callees_of,
    joined,
)


def call(ev: Evaluator, function: Value, arguments: Arguments) -> Value:
    """The result of a call."""
    fact = function.fact
    if isinstance(fact, FunctionFact):
        return call_function(ev, fact, function, arguments.positional, arguments.keywords, arguments.rest)
    if isinstance(fact, Bound):
        owner = Value(fact.owner, function.objects)
        positional = [owner, *arguments.positional]
        return call_function(ev, fact.function, function, positional, arguments.keywords, arguments.rest)
    if isinstance(fact, ClassFact):
        return _make(ev, fact, arguments)
    if isinstance(fact, Partial):
        earlier = [Value(item, function.objects) for item in fact.arguments]
        inner = Arguments(
            [*earlier, *arguments.positional],
            arguments.keywords,
            arguments.rest,
            arguments.dropped,
            arguments.shown,
            arguments.node,
        )
        return call(ev, Value(fact.function, function.objects), inner)
    if isinstance(fact, Dotted):
        return call_library(ev, fact.path, arguments, function)
    if isinstance(fact, Attribute):
        owner = function.same(fact.owner)
        if isinstance(fact.owner, Thing) and fact.owner.held and "." not in fact.owner.type:
            _call_held(ev, fact.owner, function, arguments)
        return call_method_of(ev, owner, fact.name, arguments)
    if isinstance(fact, Instance):
        return call_method(ev, function, "__call__", arguments)
    if fact is not None and callees_of(fact):
        return _call_held(ev, fact, function, arguments)
    for value in arguments.functions():
        call_perhaps(ev, value, list(arguments.values()))
    if function.objects and arguments.dropped and not arguments.shown:
        ev.mutate(function)
    return UNKNOWN


def _call_held(ev: Evaluator, fact: Fact, function: Value, arguments: Arguments) -> Value:
    """One of the functions that are in a container, or something like it, is called."""
    found: list[Value] = []
    for callee in sorted(callees_of(fact), key=lambda c: c.name):
        inner = Value(callee, function.objects)
        ev.perhaps(lambda inner=inner: found.append(call(ev, inner, arguments)))  # type: ignore[misc]
    result = found[0] if found else UNKNOWN
    for value in found[1:]:
        result = joined(result, value)
    return result


def _make(ev: Evaluator, fact: ClassFact, arguments: Arguments) -> Value:
    if any(
        path in ("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag") for path in fact.foreign_bases()
    ):
        return Value(Instance(fact, {}))
    return instantiate(ev, fact, arguments.positional, arguments.keywords, arguments.rest)


def call_method(ev: Evaluator, value: Value, name: str, arguments: Arguments) -> Value:
    """See :func:`.dispatch.call_method`."""
    fact = value.fact
    if isinstance(fact, Instance) and fact.cls.lookup(name) is None:
        if name == "__call__":
            forward = fact.cls.lookup("forward") or fact.cls.lookup("call")  # torch's and keras' modules
            if isinstance(forward, FunctionFact):
                return call(ev, Value(Bound(forward, fact), value.objects), arguments)
            return call_method_of(ev, Value(None, value.objects), name, arguments)
        return Value(None, value.objects if name in ("__getitem__", "__enter__") else frozenset(), loose=True)
    return call(ev, get_attribute(ev, value, name), arguments)


def called_path(ev: Evaluator, node: ast.expr) -> str | None:
    """The dotted path of the library function that an expression calls, if it is one."""
    if not isinstance(node, ast.Call):
        return None
    parts: list[str] = []
    function: ast.expr = node.func
    while isinstance(function, ast.Attribute):
        parts.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name):
        return None
    fact = ev.peek(function.id).fact
    return ".".join([fact.path, *reversed(parts)]) if isinstance(fact, Dotted) else None


# ---- attributes


def get_attribute(ev: Evaluator, owner: Value, name: str) -> Value:
    """``owner.name``."""
    fact = owner.fact
    if isinstance(fact, Dotted):
        read_in_library(ev, fact, None)
        return Value(Dotted(f"{fact.path}.{name}"), owner.objects if not fact.module else frozenset())
    if isinstance(fact, Instance):
        return _of_instance(ev, owner, fact, name)
    if isinstance(fact, ClassFact):
        return _of_class(ev, owner, fact, name)
    if isinstance(fact, SuperOf):
        return _of_super(ev, owner, fact, name)
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
        return Value(found, owner.objects | (shared.objects if shared.fact is fact.cls else frozenset()), owner.loose)
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


calls_with(call, call_method)
