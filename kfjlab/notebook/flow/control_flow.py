"""Executing ``if``, loops, ``with``, ``try`` and ``match``."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Sequence

from .ambient import RESTORED_BY
from .arguments import Arguments
from .assignment import assign
from .calls import called_path
from .dispatch import call_method, evaluate, execute_block, executes
from .evaluator import Evaluator
from .frames import Loop
from .iteration import consume, element_of, runs_at_least_once
from .operators import truth
from .scopes import catches_name_error
from .values import UNKNOWN, Instance, Thing, Value, filled_from, is_deep

_SUPPRESS = frozenset({"contextlib.suppress", "pytest.raises", "builtins.suppress"})


@executes(ast.If)
def _if(ev: Evaluator, node: ast.If) -> None:
    chosen = truth(evaluate(ev, node.test).fact)
    if chosen is not None:
        execute_block(ev, node.body if chosen else node.orelse)
    else:
        ev.branches([lambda: execute_block(ev, node.body), lambda: execute_block(ev, node.orelse)])


@executes(ast.For, ast.AsyncFor)
def _for(ev: Evaluator, node: ast.For | ast.AsyncFor) -> None:
    ev.plain = ev.plain and ev.depth > 0
    iterable = evaluate(ev, node.iter)
    consume(ev, iterable)

    def body() -> None:
        ev.at(node.lineno)
        assign(ev, node.target, element_of(ev, iterable), None)
        execute_block(ev, node.body)

    _loop(ev, body, node.orelse, at_least_once=runs_at_least_once(iterable.fact), ends=True)


@executes(ast.While)
def _while(ev: Evaluator, node: ast.While) -> None:
    ev.plain = ev.plain and ev.depth > 0
    first = truth(evaluate(ev, node.test).fact)
    if first is False:
        execute_block(ev, node.orelse)
        return

    def body() -> None:
        execute_block(ev, node.body)
        if not ev.left:
            evaluate(ev, node.test)

    _loop(
        ev,
        body,
        node.orelse,
        at_least_once=bool(first),
        ends=not (first and isinstance(node.test, ast.Constant)),
    )


def _loop(
    ev: Evaluator, body: Callable[[], None], orelse: Sequence[ast.stmt], at_least_once: bool, ends: bool
) -> None:
    """``ends``: the loop can end other than by ``break``. The body is executed once more when it changed what it starts on."""
    start = ev.snapshot()
    outer, ev.loop = ev.loop, Loop()
    loop = ev.loop
    ev.conditional += 0 if at_least_once else 1
    for _ in range(2):
        begin = ev.snapshot()
        body()
        rounds = [*loop.continues, *([] if ev.left else [ev.snapshot()])]
        loop.continues = []
        ev.left = False
        if not rounds:
            ends = ends and not at_least_once
            rounds_end = None
            break
        rounds_end = ev.merged(rounds)
        if not _starts_differently(ev, begin.globals, rounds_end.globals) and not _starts_differently(
            ev, begin.variables, rounds_end.variables
        ):
            break
        ev.restore(ev.merged([begin, rounds_end]))
        ev.definite = set(start.definite)
    ev.conditional -= 0 if at_least_once else 1
    ev.loop = outer
    normal = [state for state in (None if at_least_once else start, rounds_end) if state is not None]
    states = list(loop.breaks)
    if ends and normal:
        ev.restore(ev.merged(normal))
        execute_block(ev, orelse)
        if not ev.left:
            states.append(ev.snapshot())
    ev.left = not states
    if states:
        ev.restore(ev.merged(states))


def _starts_differently(ev: Evaluator, before: dict[str, Value], after: dict[str, Value]) -> bool:
    """Whether a second round finds other objects or functions under the names that the first round started with."""
    for name, old in before.items():
        new = after.get(name)
        if new is not None and new is not old and (not new.reach <= old.reach or new.fact != old.fact):
            return True
    return False


@executes(ast.With, ast.AsyncWith)
def _with(ev: Evaluator, node: ast.With | ast.AsyncWith) -> None:
    ev.plain = ev.plain and ev.depth > 0
    restored, suppresses = set(ev.restored), False
    outer, managers = ev.restored, []
    for item in node.items:
        path = called_path(ev, item.context_expr)
        manager = evaluate(ev, item.context_expr)
        suppresses = suppresses or path in _SUPPRESS
        restored.update(RESTORED_BY.get(path or "", ()))
        entered = manager
        if isinstance(manager.fact, Instance):
            entered = call_method(ev, manager, "__enter__", Arguments())
            managers.append(manager)
        if item.optional_vars is not None:
            assign(ev, item.optional_vars, entered, None)
            _closed(ev, item.optional_vars)
    ev.restored = restored
    if suppresses:
        ev.guarded += 1
        ev.perhaps(lambda: execute_block(ev, node.body))
        ev.guarded -= 1
    else:
        execute_block(ev, node.body)
    ev.restored = outer
    for manager in managers:
        call_method(ev, manager, "__exit__", Arguments())


def _closed(ev: Evaluator, target: ast.expr) -> None:
    """What ``with`` closes again is nothing that could be left open."""
    if isinstance(target, ast.Name):
        ev.strays.pop(target.id, None)


@executes(ast.Try)
def _try(ev: Evaluator, node: ast.Try) -> None:
    start = ev.snapshot()
    catches = any(catches_name_error(handler.type) for handler in node.handlers)
    ev.guarded += catches
    execute_block(ev, node.body)
    ev.guarded -= catches
    ends = []
    body_end = ev.snapshot()
    if not ev.left:
        execute_block(ev, node.orelse)
        if not ev.left:
            ends.append(ev.snapshot())
    broken = ev.merged([start, body_end])
    ev.conditional += 1
    for handler in node.handlers:
        ev.restore(broken)
        ev.left = False
        _handle(ev, handler)
        if not ev.left:
            ends.append(ev.snapshot())
    ev.conditional -= 1
    ev.left = not ends
    ev.restore(ev.merged(ends) if ends else broken)
    left, ev.left = ev.left, False
    execute_block(ev, node.finalbody)
    ev.left = ev.left or left


if sys.version_info >= (3, 11):
    executes(ast.TryStar)(_try)


def _handle(ev: Evaluator, handler: ast.ExceptHandler) -> None:
    if handler.type is not None:
        evaluate(ev, handler.type)
    if handler.name is None:
        execute_block(ev, handler.body)
        return
    ev.bind(handler.name, UNKNOWN)
    execute_block(ev, handler.body)
    if not ev.left:
        ev.delete(handler.name)


# ---- match


@executes(ast.Match)
def _match(ev: Evaluator, node: ast.Match) -> None:
    ev.plain = ev.plain and ev.depth > 0
    subject = evaluate(ev, node.subject)

    def run(case: ast.match_case) -> Callable[[], None]:
        def body() -> None:
            _bind_pattern(ev, case.pattern, subject)
            if case.guard is not None:
                evaluate(ev, case.guard)
            execute_block(ev, case.body)

        return body

    alternatives = [run(case) for case in node.cases]
    if not any(case.guard is None and _irrefutable(case.pattern) for case in node.cases):
        alternatives.append(lambda: None)
    ev.branches(alternatives)


def _irrefutable(pattern: ast.pattern) -> bool:
    if isinstance(pattern, ast.MatchAs):
        return pattern.pattern is None or _irrefutable(pattern.pattern)
    return isinstance(pattern, ast.MatchOr) and any(map(_irrefutable, pattern.patterns))


def _bind_pattern(ev: Evaluator, pattern: ast.pattern, subject: Value) -> None:
    inner = Value(None, subject.reach, loose=not is_deep(subject.fact))
    for node in ast.walk(pattern):
        if isinstance(node, ast.MatchAs) and node.name:
            ev.bind(node.name, subject if node is pattern else inner)
        elif isinstance(node, ast.MatchStar) and node.name:
            ev.bind(node.name, filled_from(subject, Thing("list")))
        elif isinstance(node, ast.MatchMapping) and node.rest:
            ev.bind(node.rest, filled_from(subject, Thing("dict")))
        elif isinstance(node, ast.MatchValue):
            evaluate(ev, node.value)
        elif isinstance(node, ast.MatchClass):
            evaluate(ev, node.cls)
        elif isinstance(node, ast.MatchMapping):
            for key in node.keys:
                evaluate(ev, key)
