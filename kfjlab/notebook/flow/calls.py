"""Calls and attributes: which function is called, and where it is known."""

from __future__ import annotations

import ast

from .arguments import Arguments
from .attributes import get_attribute
from .definitions import call_function, call_perhaps, instantiate
from .dispatch import calls_with
from .evaluator import Evaluator
from .library import call_library
from .methods import call_method_of
from .values import (
    UNKNOWN,
    Attribute,
    Bound,
    ClassFact,
    Dotted,
    Fact,
    FunctionFact,
    Instance,
    Partial,
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
            found = _call_of_held(ev, owner, fact.owner, fact.name, arguments)
            if found is not None:
                return found
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


def _call_of_held(ev: Evaluator, owner: Value, fact: Thing, name: str, arguments: Arguments) -> Value | None:
    """A method of something that is, or contains, one of several objects of the notebook's classes."""
    found: list[Value] = []

    def run(instance: Value) -> None:
        found.append(call(ev, get_attribute(ev, instance, name), arguments))

    for callee in sorted(fact.held, key=lambda c: c.name):
        if isinstance(callee, ClassFact) and callee.lookup(name) is not None:
            instance = owner.same(Instance(callee, {}))
            ev.perhaps(lambda instance=instance: run(instance))  # type: ignore[misc]
    if not found:
        _call_held(
            ev,
            Thing("", held=frozenset(c for c in fact.held if isinstance(c, FunctionFact))),
            owner,
            arguments,
        )
        return None
    result = found[0]
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


calls_with(call, call_method)
