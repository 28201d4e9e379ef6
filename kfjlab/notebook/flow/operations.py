"""Evaluating operators, comparisons and conditional expressions."""

from __future__ import annotations

import ast

from .arguments import Arguments
from .code_strings import global_name
from .dispatch import call_method, evaluate, evaluates
from .evaluator import Evaluator
from .operators import DUNDERS, compared, folded, truth
from .values import IMMUTABLE, Const, Instance, Thing, Value, const, filled_from, joined


@evaluates(ast.BinOp)
def _binary(ev: Evaluator, node: ast.BinOp) -> Value:
    left, right = evaluate(ev, node.left), evaluate(ev, node.right)
    name = DUNDERS[type(node.op)]
    if isinstance(left.fact, Instance):
        return call_method(ev, left, f"__{name}__", Arguments([right]))
    if isinstance(right.fact, Instance):
        return call_method(ev, right, f"__r{name}__", Arguments([left]))
    fact = folded(node.op, left.fact, right.fact)
    if isinstance(fact, Thing) and fact.type == "list" and isinstance(node.op, ast.Add):
        return joined(filled_from(left, fact), filled_from(right, fact))
    return Value(fact)


@evaluates(ast.UnaryOp)
def _unary(ev: Evaluator, node: ast.UnaryOp) -> Value:
    value = evaluate(ev, node.operand)
    if isinstance(node.op, ast.Not):
        known = truth(value.fact)
        return Value(IMMUTABLE if known is None else const(not known))
    if (
        isinstance(value.fact, Const)
        and isinstance(value.fact.value, int | float)
        and isinstance(node.op, ast.USub)
    ):
        return Value(const(-value.fact.value, value.fact.certain))
    if isinstance(value.fact, Instance):
        return call_method(
            ev,
            value,
            {ast.USub: "__neg__", ast.UAdd: "__pos__"}.get(type(node.op), "__invert__"),
            Arguments(),
        )
    return Value(value.fact if value.fact is not None and value.fact.fixed else None)


@evaluates(ast.BoolOp)
def _boolean(ev: Evaluator, node: ast.BoolOp) -> Value:
    dropped = ev.dropped is node
    values = [_operand(ev, node.values[0], True)]
    for index, operand in enumerate(node.values[1:], 2):
        known = truth(values[-1].fact)
        if known is (not isinstance(node.op, ast.And)):
            return values[-1]
        taken = dropped or index < len(node.values)
        if known is not None:
            values = [_operand(ev, operand, taken)]
            continue
        found: list[Value] = []

        def decide(operand: ast.expr = operand, taken: bool = taken, found: list[Value] = found) -> None:
            found.append(_operand(ev, operand, taken))

        ev.perhaps(decide)
        values += found
    result = values[0]
    for value in values[1:]:
        result = joined(result, value)
    return result


def _operand(ev: Evaluator, node: ast.expr, dropped: bool) -> Value:
    """Evaluate an operand; of those that only decide (``x.append(1) or y``) nobody takes the result."""
    ev.dropped = node if dropped else None
    return evaluate(ev, node)


@evaluates(ast.IfExp)
def _either(ev: Evaluator, node: ast.IfExp) -> Value:
    known = truth(evaluate(ev, node.test).fact)
    if known is not None:
        return evaluate(ev, node.body if known else node.orelse)
    found: list[Value] = []
    ev.branches(
        [lambda: found.append(evaluate(ev, node.body)), lambda: found.append(evaluate(ev, node.orelse))]
    )
    return joined(found[0], found[1])


@evaluates(ast.Compare)
def _compare(ev: Evaluator, node: ast.Compare) -> Value:
    left = evaluate(ev, node.left)
    name = global_name(ev, node.comparators[0], left) if isinstance(node.ops[0], ast.In | ast.NotIn) else None
    if name is not None:
        ev.guarded += 1
        ev.read_global(name)
        ev.guarded -= 1
        return Value(IMMUTABLE)
    values = [left, *(evaluate(ev, other) for other in node.comparators)]
    for value in values:
        if isinstance(value.fact, Instance):
            for name in ("__eq__", "__lt__", "__contains__"):
                if value.fact.cls.lookup(name) is not None:
                    call_method(ev, value, name, Arguments([Value(None)]))
    return Value(compared(node.ops, values))
