"""Code in strings (``eval``, ``exec``, magics) and namespaces as dicts (``globals()``)."""

from __future__ import annotations

import ast

from ..source import parse_snippet
from .arguments import Arguments
from .dispatch import evaluate, execute_block
from .evaluator import Evaluator
from .frames import Frame
from .scopes import scopes_of
from .values import MAIN, UNKNOWN, Const, Value


def call_eval(ev: Evaluator, arguments: Arguments) -> Value:
    text = arguments.text(0)
    body = (
        None
        if text is None or len(arguments.positional) > 1 or arguments.keywords
        else parse_snippet(text.strip(), ev.line)
    )
    if body is None or len(body) != 1 or not isinstance(body[0], ast.Expr):
        if len(arguments.positional) < 2:
            ev.run_wild("eval() of text that is made when it runs")
        return UNKNOWN
    with_scopes(ev, body)
    return evaluate(ev, body[0].value)


def call_exec(ev: Evaluator, arguments: Arguments) -> Value:
    text = arguments.text(0)
    body = (
        None
        if text is None or len(arguments.positional) > 1 or arguments.keywords
        else parse_snippet(text, ev.line)
    )
    if body is None:
        if len(arguments.positional) < 2:
            ev.run_wild("exec() of text that is made when it runs")
        return UNKNOWN
    run_code(ev, body)
    return UNKNOWN


def run_code(ev: Evaluator, body: tuple[ast.stmt, ...]) -> None:
    """Execute statements that are not the cell's own in the present scope."""
    with_scopes(ev, body)
    execute_block(ev, body)


def run_aside(ev: Evaluator, body: tuple[ast.stmt, ...]) -> None:
    """Execute statements as the body of a function of their own (``%timeit``)."""
    function = ast.parse("def inner():\n    pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = list(body) or function.body
    _, scopes = scopes_of([function])
    scope = scopes[function]
    ev.inside(Frame(scope, scopes, {}), lambda: execute_block(ev, body))
    ev.left = False


def with_scopes(ev: Evaluator, body: tuple[ast.stmt, ...]) -> None:
    """Make the scopes inside ``body`` known to the present frame."""
    module, scopes = scopes_of(body)
    for child in module.children:
        child.parent = ev.frame.scope
    ev.frame.scopes.update(scopes)


def call_namespace(ev: Evaluator, arguments: Arguments) -> Value | None:
    """``globals()``, and ``locals()`` and ``vars()`` where they are the same."""
    if arguments.positional:
        if arguments.fact(0) == MAIN:
            ev.run_wild("vars(), which reaches every variable")
        return Value(None, arguments.positional[0].objects)
    if ev.frame.scope.kind != "module" and not _calls_globals(arguments):
        return UNKNOWN
    ev.run_wild("globals() or the like, which reaches every variable")
    return UNKNOWN


def global_name(ev: Evaluator, owner: ast.expr, key: Value) -> str | None:
    """The variable that ``globals()["name"]`` is (``locals()`` and ``vars()`` too, outside of functions)."""
    if not (isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and not owner.args):
        return None
    name = owner.func.id
    if ev.is_known(name) or not (
        name == "globals" or (name in ("locals", "vars") and ev.frame.scope.kind == "module")
    ):
        return None
    text = key.fact.value if isinstance(key.fact, Const) and key.fact.certain else None
    return text if isinstance(text, str) else None


def _calls_globals(arguments: Arguments) -> bool:
    node = arguments.node
    return node is not None and isinstance(node.func, ast.Name) and node.func.id == "globals"
