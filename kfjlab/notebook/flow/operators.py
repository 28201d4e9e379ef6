"""Operators: folding constants (paths are put together with them), and what in-place operators change."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable
from typing import Any

from .arguments import Arguments
from .dispatch import call_method
from .evaluator import Evaluator
from .values import (
    IMMUTABLE,
    NUMBER,
    TEXT,
    Const,
    Dotted,
    Fact,
    Instance,
    Items,
    PathFact,
    Thing,
    Value,
    const,
    text_of,
)

_LONGEST = 4096
_FOLD: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Mod: lambda a, b: a % b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Div: lambda a, b: a / b,
}
DUNDERS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.MatMult: "matmul",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
}


def folded(operator: ast.operator, left: Fact | None, right: Fact | None) -> Fact | None:
    """What is known about ``left operator right``, both of builtin types."""
    if isinstance(left, PathFact) and isinstance(operator, ast.Div):
        text = text_of(right)
        return None if text is None else PathFact(posixpath.join(left.path, text))
    if isinstance(right, PathFact) and isinstance(operator, ast.Div) and text_of(left) is not None:
        return PathFact(posixpath.join(text_of(left) or "", right.path))
    if isinstance(left, Const) and isinstance(right, Const):
        return _fold_constants(operator, left.value, right.value, left.certain and right.certain)
    if isinstance(operator, ast.Mod) and isinstance(left, Const) and isinstance(left.value, str):
        if isinstance(right, Items) and all(isinstance(item, Const) for item in right.items):
            values = [item for item in right.items if isinstance(item, Const)]
            certain = left.certain and all(item.certain for item in values)
            return _fold_constants(operator, left.value, tuple(item.value for item in values), certain)
        return TEXT
    if _is(left, str) or _is(right, str):
        return TEXT
    if left is not None and right is not None and left.fixed and right.fixed:
        return IMMUTABLE
    if isinstance(left, Thing) and left.type in (
        "list",
        "pandas.DataFrame",
        "numpy.ndarray",
        "pandas.Series",
    ):
        return left
    return None


def _is(fact: Fact | None, kind: type) -> bool:
    return isinstance(fact, Const) and isinstance(fact.value, kind)


def _fold_constants(operator: ast.operator, left: Any, right: Any, certain: bool) -> Fact:
    text = isinstance(left, str) and isinstance(right, str | tuple | int)
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    small = numbers and abs(left) < 1e9 and abs(right) < 1e9
    if type(operator) in _FOLD and (small or (text and isinstance(operator, ast.Add | ast.Mod))):
        try:
            value = _FOLD[type(operator)](left, right)
        except (ValueError, TypeError, ArithmeticError):  # the code fails when it runs
            return IMMUTABLE
        if not isinstance(value, str) or len(value) <= _LONGEST:
            return const(value, certain)
    return TEXT if text else NUMBER if numbers else IMMUTABLE


def truth(fact: Fact | None) -> bool | None:
    """Whether a value counts as true, if that is known."""
    if isinstance(fact, Const):
        return bool(fact.value) if fact.certain else None
    if isinstance(fact, Dotted) and fact.path in ("typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING"):
        return False
    return None


def compared(operators: list[ast.cmpop], values: list[Value]) -> Fact:
    """What is known about a comparison."""
    left, right = values[0].fact, values[1].fact
    if isinstance(left, Dotted) and left.path == "IPython.__name__":
        left = const("__main__")
    if (
        len(values) == 2
        and isinstance(left, Const)
        and isinstance(right, Const)
        and left.certain
        and right.certain
    ):
        if isinstance(operators[0], ast.Eq):
            return const(left.value == right.value)
        if isinstance(operators[0], ast.NotEq):
            return const(left.value != right.value)
        if isinstance(operators[0], ast.Is) and right.value is None:
            return const(left.value is None)
        if isinstance(operators[0], ast.IsNot) and right.value is None:
            return const(left.value is not None)
    if all(value.fact is not None and value.fact.fixed for value in values):
        return IMMUTABLE
    if any(isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn) for operator in operators):
        return IMMUTABLE
    return Thing("")


def operate_in_place(ev: Evaluator, operator: ast.operator, old: Value, operand: Value) -> Value:
    """The result of ``old operator= operand``, which changes ``old`` if that can be changed."""
    fact = folded(operator, old.fact, operand.fact)
    if (fact is not None and fact.fixed) or (old.fact is not None and old.fact.fixed):
        return Value(fact)
    if isinstance(old.fact, Instance):
        name = DUNDERS[type(operator)]
        if old.fact.cls.lookup(f"__i{name}__") is None:
            return call_method(ev, old, f"__{name}__", Arguments([operand]))
        return call_method(ev, old, f"__i{name}__", Arguments([operand]))
    if isinstance(old.fact, Thing) and old.fact.type in NEW_BY_OPERATORS:
        return Value(fact)
    ev.mutate(old)
    if isinstance(operator, ast.Add | ast.BitOr):
        ev.link(old, operand)
        ev.keep_inside(old, operand.fact)
    return Value(old.fact if isinstance(old.fact, Thing) else None, old.objects, old.loose)


NEW_BY_OPERATORS = frozenset({"pandas.Index", "labels", "datetime"})
"""Types whose ``+=`` makes a new object."""
