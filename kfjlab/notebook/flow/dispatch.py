"""Which function evaluates which kind of syntax node. The modules that evaluate register here, so that they need not import each other."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from .values import UNKNOWN, Value

if TYPE_CHECKING:
    from .arguments import Arguments
    from .evaluator import Evaluator

_EXPRESSIONS: dict[type[ast.AST], Callable[[Any, Any], Value]] = {}
_STATEMENTS: dict[type[ast.AST], Callable[[Any, Any], None]] = {}
_E = TypeVar("_E", bound=Callable[[Any, Any], Value])
_S = TypeVar("_S", bound=Callable[[Any, Any], None])


def evaluates(*kinds: type[ast.AST]) -> Callable[[_E], _E]:
    """The decorated function evaluates expressions of these kinds."""

    def register(function: _E) -> _E:
        _EXPRESSIONS.update(dict.fromkeys(kinds, function))
        return function

    return register


def executes(*kinds: type[ast.AST]) -> Callable[[_S], _S]:
    """The decorated function executes statements of these kinds."""

    def register(function: _S) -> _S:
        _STATEMENTS.update(dict.fromkeys(kinds, function))
        return function

    return register


def evaluate(ev: Evaluator, node: ast.AST) -> Value:
    """The abstract value of an expression."""
    function = _EXPRESSIONS.get(type(node))
    if function is not None:
        return function(ev, node)
    for child in ast.iter_child_nodes(node):
        evaluate(ev, child)
    return UNKNOWN


def execute_block(ev: Evaluator, statements: Iterable[ast.stmt]) -> None:
    """Execute statements until control leaves the block."""
    for statement in statements:
        if ev.left:
            return
        ev.at(statement.lineno)
        function = _STATEMENTS.get(type(statement))
        if function is not None:
            function(ev, statement)


# ---- calls

Caller = Callable[["Evaluator", Value, "Arguments"], Value]
MethodCaller = Callable[["Evaluator", Value, str, "Arguments"], Value]
_CALLERS: list[tuple[Caller, MethodCaller]] = []


def calls_with(caller: Caller, method_caller: MethodCaller) -> None:
    """Register what :func:`call` and :func:`call_method` do."""
    _CALLERS[:] = [(caller, method_caller)]


def call(ev: Evaluator, function: Value, arguments: Arguments) -> Value:
    """Call a value."""
    return _CALLERS[0][0](ev, function, arguments)


def call_method(ev: Evaluator, owner: Value, name: str, arguments: Arguments) -> Value:
    """Call a method of an object of a class of the notebook, if the class has it; else what a base class of a library may do."""
    return _CALLERS[0][1](ev, owner, name, arguments)
