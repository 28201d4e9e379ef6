"""Comprehensions and generator expressions."""

from __future__ import annotations

import ast

from .assignment import assign
from .dispatch import evaluate, evaluates
from .evaluator import Evaluator
from .frames import Frame
from .iteration import consume, element_of, runs_at_least_once
from .values import UNKNOWN, Thing, Value, callees_of


@evaluates(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
def _comprehension(
    ev: Evaluator, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
) -> Value:
    first = node.generators[0]
    iterable = evaluate(ev, first.iter)
    consume(ev, iterable)
    outer = ev.frame
    frame = Frame(
        outer.scopes[node], outer.scopes, {}, outer.around(), outer.through, outer.function, first=outer.first
    )
    found: list[Value] = []
    dropped = ev.dropped is node

    def body() -> None:
        _generate(ev, node, 0, iterable, found, dropped)

    inner: list[Value] = []
    if runs_at_least_once(iterable.fact) and not any(generator.ifs for generator in node.generators):
        ev.inside(frame, body)
    else:
        ev.perhaps(lambda: ev.inside(frame, body))
    inner += found
    element = inner[0] if inner else UNKNOWN
    if isinstance(node, ast.GeneratorExp):
        made = frozenset({ev.sharing.new()})
        return Value(Thing("generator", held=callees_of(element.fact)), made, elements=element.reach)
    kind = {ast.ListComp: "list", ast.SetComp: "set", ast.DictComp: "dict"}[type(node)]
    held = callees_of(element.fact)
    if element.fact is not None and element.fact.fixed:
        return Value(Thing(kind))
    return Value(Thing(kind, held=held), elements=element.reach)


def _generate(
    ev: Evaluator, node: ast.AST, index: int, iterable: Value | None, found: list[Value], dropped: bool
) -> None:
    assert isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp)
    if index == len(node.generators):
        if isinstance(node, ast.DictComp):
            evaluate(ev, node.key)
            found.append(evaluate(ev, node.value))
        else:
            ev.dropped = node.elt if dropped else None
            found.append(evaluate(ev, node.elt))
        return
    generator = node.generators[index]
    if iterable is None:
        iterable = evaluate(ev, generator.iter)
        consume(ev, iterable)
    assign(ev, generator.target, element_of(ev, iterable), None)
    for condition in generator.ifs:
        evaluate(ev, condition)
    if index and not runs_at_least_once(iterable.fact):
        ev.perhaps(lambda: _generate(ev, node, index + 1, None, found, dropped))
    else:
        _generate(ev, node, index + 1, None, found, dropped)
