"""Executing statements: control flow and binding."""

from __future__ import annotations

import ast
import sys
from typing import Any

from .assignment import assign, delete
from .definitions import define_class, define_function, type_parameters
from .dispatch import evaluate, executes
from .evaluator import Evaluator
from .imports import import_from, import_modules
from .operators import operate_in_place
from .values import UNKNOWN, Const, Dotted, Thing, Value


@executes(ast.Expr)
def _expression(ev: Evaluator, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):
        ev.plain = ev.plain and ev.depth > 0
    ev.dropped = node.value
    evaluate(ev, node.value)
    ev.dropped = None


@executes(ast.Assign)
def _assign(ev: Evaluator, node: ast.Assign) -> None:
    if ev.frame.scope.kind == "module":
        ev.plain = False
    value = evaluate(ev, node.value)
    if len(node.targets) > 1:
        value = ev.owned(value)
    for target in node.targets:
        assign(ev, target, value, node.value)


@executes(ast.AnnAssign)
def _annotated(ev: Evaluator, node: ast.AnnAssign) -> None:
    if ev.frame.scope.kind != "function":
        annotation(ev, node.annotation)
    if node.value is not None:
        if ev.frame.scope.kind == "module":
            ev.plain = False
        assign(ev, node.target, evaluate(ev, node.value), node.value)
    elif not isinstance(node.target, ast.Name):
        evaluate(ev, node.target)


def annotation(ev: Evaluator, node: ast.expr) -> None:
    """Evaluate an annotation, unless ``from __future__ import annotations`` is in force."""
    if ev.peek("annotations").fact != Dotted("__future__.annotations"):
        evaluate(ev, node)


@executes(ast.AugAssign)
def _augmented(ev: Evaluator, node: ast.AugAssign) -> None:
    ev.plain = ev.plain and ev.frame.scope.kind != "module"
    load = ast.copy_location(_loaded(node.target), node.target)
    old = evaluate(ev, load)
    operand = evaluate(ev, node.value)
    assign(ev, node.target, operate_in_place(ev, node.op, old, operand), None)


def _loaded(target: ast.expr) -> ast.expr:
    if isinstance(target, ast.Name):
        return ast.Name(target.id, ast.Load())
    if isinstance(target, ast.Attribute):
        return ast.Attribute(target.value, target.attr, ast.Load())
    assert isinstance(target, ast.Subscript)
    return ast.Subscript(target.value, target.slice, ast.Load())


@executes(ast.Delete)
def _delete(ev: Evaluator, node: ast.Delete) -> None:
    ev.plain = ev.plain and ev.frame.scope.kind != "module"
    for target in node.targets:
        delete(ev, target)


@executes(ast.FunctionDef, ast.AsyncFunctionDef)
def _function(ev: Evaluator, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    with type_parameters(ev, node):
        for argument in [*ast.walk(node.args)]:
            if isinstance(argument, ast.arg) and argument.annotation is not None:
                annotation(ev, argument.annotation)
        if node.returns is not None:
            annotation(ev, node.returns)
        value = define_function(ev, node)
    ev.bind(node.name, value)


@executes(ast.ClassDef)
def _class(ev: Evaluator, node: ast.ClassDef) -> None:
    with type_parameters(ev, node):
        value = define_class(ev, node)
    ev.bind(node.name, value)


@executes(ast.Import)
def _import(ev: Evaluator, node: ast.Import) -> None:
    import_modules(ev, node)


@executes(ast.ImportFrom)
def _import_from(ev: Evaluator, node: ast.ImportFrom) -> None:
    import_from(ev, node)


def _type_alias(ev: Evaluator, node: Any) -> None:
    ev.bind(node.name.id, Value(Thing("typing.TypeAliasType")))  # its value is evaluated when it is asked for


if sys.version_info >= (3, 12):
    executes(ast.TypeAlias)(_type_alias)


# ---- leaving


@executes(ast.Return)
def _return(ev: Evaluator, node: ast.Return) -> None:
    value = UNKNOWN if node.value is None else evaluate(ev, node.value)
    ev.frame.returned.append(value if node.value is not None else Value(Const(None, "NoneType")))
    ev.frame.exits.append(ev.snapshot())
    ev.left = True


@executes(ast.Raise)
def _raise(ev: Evaluator, node: ast.Raise) -> None:
    ev.plain = ev.plain and ev.depth > 0
    for part in (node.exc, node.cause):
        if part is not None:
            evaluate(ev, part)
    ev.left = True


@executes(ast.Break)
def _break(ev: Evaluator, node: ast.Break) -> None:
    if ev.loop is not None:
        ev.loop.breaks.append(ev.snapshot())
    ev.left = True


@executes(ast.Continue)
def _continue(ev: Evaluator, node: ast.Continue) -> None:
    if ev.loop is not None:
        ev.loop.continues.append(ev.snapshot())
    ev.left = True


@executes(ast.Assert)
def _assert(ev: Evaluator, node: ast.Assert) -> None:
    ev.plain = ev.plain and ev.depth > 0
    evaluate(ev, node.test)
    message = node.msg
    if message is not None:
        ev.perhaps(lambda: _evaluate_only(ev, message))


def _evaluate_only(ev: Evaluator, node: ast.expr) -> None:
    evaluate(ev, node)
