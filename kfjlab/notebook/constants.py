"""Values of constant expressions: literals, and arithmetic on literals (``60 * 60``)."""

from __future__ import annotations

import ast
import json
import operator
import warnings
from collections.abc import Callable
from typing import Any

_LONGEST = 100_000

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}


def constant(node: ast.expr) -> Constant | ast.AST:
    try:
        return Constant(_evaluated(node))
    except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return node


def _evaluated(node: ast.expr) -> Any:
    """The value of a constant expression; :class:`ValueError` when it is none or would be far too large."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_evaluated(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _evaluated(node.left), _evaluated(node.right)
        _check_size(node.op, left, right)
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.List):
        return [_evaluated(e) for e in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_evaluated(e) for e in node.elts)
    if isinstance(node, ast.Set):
        return {_evaluated(e) for e in node.elts}
    if isinstance(node, ast.Dict):
        if None in node.keys:
            raise ValueError("unpacking")
        return {
            _evaluated(k): _evaluated(v) for k, v in zip(node.keys, node.values, strict=True) if k is not None
        }
    if isinstance(node, ast.JoinedStr) and all(isinstance(part, ast.Constant) for part in node.values):
        return "".join(str(_evaluated(part)) for part in node.values)
    raise ValueError("not a constant")


def _check_size(op: ast.operator, left: Any, right: Any) -> None:
    """Refuses what takes long to compute: ``9 ** 9 ** 9``, ``'x' * 10 ** 9``."""
    if isinstance(op, (ast.Pow, ast.LShift)) and isinstance(left, int) and isinstance(right, int):
        bits = (
            left.bit_length() * max(right, 1)
            if isinstance(op, ast.Pow)
            else left.bit_length() + max(right, 0)
        )
        if bits > 4096:
            raise ValueError("too large")
    if isinstance(op, ast.Mult):
        for one, other in ((left, right), (right, left)):
            if (
                isinstance(one, (str, bytes, list, tuple))
                and isinstance(other, int)
                and len(one) * other > _LONGEST
            ):
                raise ValueError("too large")
    if isinstance(op, ast.Mod) and not isinstance(left, (int, float)):
        raise ValueError("text formatting")


def parsed(source: str) -> ast.Module:
    """The syntax tree of a user's code, without Python's warnings about it (``"\\."``). Raises what
    :func:`ast.parse` raises.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


class Constant:
    """The value of a constant expression."""

    def __init__(self, value: Any) -> None:
        self.value = value


def json_fault(value: Any) -> str | None:
    """Why a constant cannot be a parameter: what would not come back from JSON as it was."""
    if isinstance(value, (tuple, set)):
        return f"is a {type(value).__name__}, which JSON does not have (a list can be a parameter)"
    try:
        back = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return f"{short(value)} cannot be written as JSON"
    return None if repr(back) == repr(value) else f"{short(value)} is not the same when written as JSON"


def short(value: Any) -> str:
    """``value`` for a message: its ``repr``, not too long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
