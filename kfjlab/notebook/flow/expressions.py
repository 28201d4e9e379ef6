"""Evaluating expressions."""

from __future__ import annotations

import ast

from .ambient import read_in_library
from .arguments import Arguments
from .attributes import get_attribute
from .code_strings import global_name
from .definitions import define_function
from .dispatch import call, call_method, evaluate, evaluates
from .evaluator import Evaluator
from .iteration import consume, element_of
from .values import (
    IMMUTABLE,
    MAIN,
    TEXT,
    UNKNOWN,
    Const,
    Dotted,
    Entries,
    Fact,
    Instance,
    Items,
    Object,
    PathFact,
    Thing,
    Value,
    callees_of,
    const,
    filled_from,
    joined,
)

_MOST_ITEMS = 64
_FRAMES = frozenset({"pandas.DataFrame", "polars.DataFrame", "pandas.Series", "polars.Series"})


@evaluates(ast.Constant)
def _constant(ev: Evaluator, node: ast.Constant) -> Value:
    if isinstance(node.value, str) and len(node.value) > 4096:
        return Value(TEXT)
    return Value(const(node.value))


@evaluates(ast.Name)
def _name(ev: Evaluator, node: ast.Name) -> Value:
    if hasattr(node, "lineno"):
        ev.at(node.lineno)
    return ev.read(node.id)


@evaluates(ast.Attribute)
def _attribute(ev: Evaluator, node: ast.Attribute) -> Value:
    return get_attribute(ev, evaluate(ev, node.value), node.attr)


@evaluates(ast.Subscript)
def _subscript(ev: Evaluator, node: ast.Subscript) -> Value:
    key = evaluate(ev, node.slice)
    name = global_name(ev, node.value, key)
    if name is not None:
        ev.guarded += 1  # a missing one is a KeyError
        value = ev.read_global(name)
        ev.guarded -= 1
        return value
    owner = evaluate(ev, node.value)
    fact = owner.fact
    if isinstance(fact, Dotted):
        read_in_library(ev, fact, key.fact)
        if fact.path == "sys.modules" and key.fact in (const("__main__"), Dotted("IPython.__name__")):
            return Value(MAIN)
        if fact.path == "IPython.Out" or fact.path == "IPython.In":
            return UNKNOWN
        return Value(None, owner.reach, owner.loose)
    if isinstance(fact, Instance):
        return call_method(ev, owner, "__getitem__", Arguments([key]))
    _note_history(ev, node, key)
    if isinstance(fact, Items) and isinstance(node.slice, ast.Slice):
        return filled_from(owner, IMMUTABLE if fact.fixed else Thing(fact.kind, held=callees_of(fact)))
    if isinstance(fact, Items) and fact.kind != "set":
        return _item(owner, fact, key.fact)
    if isinstance(fact, Entries) and isinstance(key.fact, Const):
        found = dict(fact.entries)
        return Value(found.get(key.fact.value), owner.reach, owner.loose)
    if isinstance(fact, Const):
        return Value(TEXT if isinstance(fact.value, str) else IMMUTABLE)
    if isinstance(fact, Thing) and fact.fixed:
        return Value(fact)
    if (
        isinstance(fact, Thing)
        and fact.type in _FRAMES
        and (isinstance(key.fact, Const) or isinstance(node.slice, ast.List))
    ):
        return Value(Thing("pandas.Series" if isinstance(key.fact, Const) else fact.type))
    if isinstance(fact, Thing) and fact.type == "list" and isinstance(node.slice, ast.Slice):
        return filled_from(owner, fact)
    if isinstance(node.slice, ast.List | ast.Compare | ast.ListComp):
        return Value(
            fact if isinstance(fact, Thing) and fact.type in _FRAMES else None
        )  # selecting makes a copy
    held = callees_of(fact)
    return Value(Thing("", held=held) if held else None, owner.reach, owner.loose)


def _note_history(ev: Evaluator, node: ast.Subscript, key: Value) -> None:
    """``Out[3]``: replace the note about ``Out`` by one with the number."""
    if not (isinstance(node.value, ast.Name) and ev.history and ev.history[-1][0] == node.value.id):
        return
    if isinstance(key.fact, Const) and isinstance(key.fact.value, int) and key.fact.value > 0:
        name, _, line = ev.history.pop()
        ev.history.append((name, key.fact.value, line))


def _item(owner: Value, fact: Items, key: Fact | None) -> Value:
    if (
        isinstance(key, Const)
        and isinstance(key.value, int)
        and -len(fact.items) <= key.value < len(fact.items)
    ):
        if owner.parts is not None:
            return owner.parts[key.value]
        return Value(fact.items[key.value], owner.reach, owner.loose)
    if key is None or isinstance(key, Const | Thing):
        held = callees_of(*fact.items)
        all_fixed = all(item is not None and item.fixed for item in fact.items)
        return Value(
            IMMUTABLE if all_fixed else Thing("", held=held) if held else None, owner.reach, owner.loose
        )
    return Value(None, owner.reach, owner.loose)


@evaluates(ast.Slice)
def _slice(ev: Evaluator, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            evaluate(ev, part)
    return Value(IMMUTABLE)


@evaluates(ast.Starred)
def _starred(ev: Evaluator, node: ast.Starred) -> Value:
    value = evaluate(ev, node.value)
    consume(ev, value)
    return element_of(ev, value)


def _container(
    ev: Evaluator, fact: Fact, values: list[Value], parts: tuple[Value, ...] | None = None
) -> Value:
    """A new list, tuple, set or dict of these values."""
    contents: set[Object] = set()
    elements: set[Object] = set()
    for value in values:
        if not (value.fact is not None and value.fact.named):
            (elements if value.loose else contents).update(value.reach)
    objects = frozenset({ev.sharing.new()})
    return Value(fact, objects, elements=frozenset(elements), parts=parts, contents=frozenset(contents))


@evaluates(ast.Tuple, ast.List, ast.Set)
def _display(ev: Evaluator, node: ast.Tuple | ast.List | ast.Set) -> Value:
    values = [evaluate(ev, item) for item in node.elts]
    kind = {ast.Tuple: "tuple", ast.List: "list", ast.Set: "set"}[type(node)]
    if len(values) > _MOST_ITEMS or any(isinstance(item, ast.Starred) for item in node.elts):
        return _container(ev, Thing(kind, held=callees_of(*(value.fact for value in values))), values)
    return _container(ev, Items(kind, tuple(value.fact for value in values)), values, tuple(values))


@evaluates(ast.Dict)
def _dict(ev: Evaluator, node: ast.Dict) -> Value:
    keys: list[Fact | None] = []
    values: list[Value] = []
    for key, item in zip(node.keys, node.values, strict=True):
        keys.append(None if key is None else evaluate(ev, key).fact)
        values.append(evaluate(ev, item))
    if len(values) <= _MOST_ITEMS and all(isinstance(key, Const) for key in keys):
        entries = {
            key.value: value.fact for key, value in zip(keys, values, strict=True) if isinstance(key, Const)
        }
        return _container(ev, Entries(tuple(entries.items())), values)
    return _container(ev, Thing("dict", held=callees_of(*(value.fact for value in values))), values)


@evaluates(ast.Lambda)
def _lambda(ev: Evaluator, node: ast.Lambda) -> Value:
    return define_function(ev, node)


@evaluates(ast.NamedExpr)
def _walrus(ev: Evaluator, node: ast.NamedExpr) -> Value:
    value = ev.owned(evaluate(ev, node.value))
    ev.bind(node.target.id, value)
    return value


@evaluates(ast.Await)
def _await(ev: Evaluator, node: ast.Await) -> Value:
    return evaluate(ev, node.value)


@evaluates(ast.Yield)
def _yield(ev: Evaluator, node: ast.Yield) -> Value:
    if node.value is not None:
        ev.frame.returned.append(evaluate(ev, node.value))
    return UNKNOWN


@evaluates(ast.YieldFrom)
def _yield_from(ev: Evaluator, node: ast.YieldFrom) -> Value:
    value = evaluate(ev, node.value)
    consume(ev, value)
    ev.frame.returned.append(element_of(ev, value))
    return UNKNOWN


@evaluates(ast.JoinedStr)
def _fstring(ev: Evaluator, node: ast.JoinedStr) -> Value:
    texts: list[str] = []
    known = certain = True
    for part in node.values:
        value = evaluate(ev, part)
        plain = isinstance(part, ast.Constant) or (
            isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None
        )
        if plain and isinstance(value.fact, Const):
            texts.append(str(value.fact.value))
            certain = certain and value.fact.certain
        elif plain and isinstance(value.fact, PathFact):
            texts.append(value.fact.path)
        else:
            known = False
    text = "".join(texts)
    return Value(const(text, certain) if known and len(text) <= 4096 else TEXT)


@evaluates(ast.FormattedValue)
def _formatted(ev: Evaluator, node: ast.FormattedValue) -> Value:
    value = evaluate(ev, node.value)
    if isinstance(value.fact, Instance):
        call_method(ev, value, "__str__" if value.fact.cls.lookup("__str__") else "__repr__", Arguments())
    if node.format_spec is not None:
        evaluate(ev, node.format_spec)
    return value


@evaluates(ast.Call)
def _call(ev: Evaluator, node: ast.Call) -> Value:
    dropped = ev.dropped is node
    shown = ev.shown is node
    function = evaluate(ev, node.func)
    arguments: list[Value] = []
    keywords: dict[str, Value] = {}
    rest: Value | None = None
    for argument in node.args:
        value = evaluate(ev, argument)
        if isinstance(argument, ast.Starred) or rest is not None:
            rest = value if rest is None else joined(rest, value)
        else:
            arguments.append(value)
    for keyword in node.keywords:
        value = evaluate(ev, keyword.value)
        if keyword.arg is None:
            value = _values_of(value)
            rest = value if rest is None else joined(rest, value)
        else:
            keywords[keyword.arg] = value
    if hasattr(node, "lineno"):
        ev.at(node.lineno)
    return call(ev, function, Arguments(arguments, keywords, rest, dropped, shown, node))


def _values_of(value: Value) -> Value:
    held = callees_of(value.fact)
    return Value(Thing("", held=held) if held else None, value.reach, loose=True)
