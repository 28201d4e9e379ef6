"""Evaluating one piece of a notebook (a cell, or one statement of the prelude) and remembering the result.

An :class:`~.effects.Effects` depends on the text of the piece and on what was known about the names that the evaluation asked for. Both
are kept with it, and a result is used again when the text and all the answers are the same ("verifying traces", as in Mokhov, Mitchell and
Peyton Jones, *Build Systems à la Carte*, 2018): after one edit, the cells that do not depend on it cost a few look-ups.
"""

from __future__ import annotations

import ast
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..source import CACHED_CELLS, ParsedCell, automagic_call, parse_cell
from . import comprehensions, control_flow, expressions, operations, statements
from .dispatch import execute_block
from .effects import Effects, Held
from .evaluator import Evaluator
from .magics import run_magic
from .scopes import Scope, ScopeMap, scopes_of
from .values import Const, Dotted, Fact, Unbound

__all__ = ["WHOLE", "effects_of"]
EVALUATING = (comprehensions, control_flow, expressions, operations, statements)
"""The modules that register what evaluates which kind of syntax (:mod:`.dispatch`)."""
WHOLE = -1
"""In place of a statement's index: the whole cell."""
_VARIANTS = 4
_MAGICS_WITH_OUTPUT = frozenset({"time", "sx", "pwd", "env", "who_ls", "cd", "lsmagic", "pycat"})


@dataclass(frozen=True, slots=True)
class _Trace:
    asked: tuple[tuple[str, Fact | None], ...]
    effects: Effects


_traces: OrderedDict[tuple[str, int], tuple[_Trace, ...]] = OrderedDict()


def effects_of(source: str, index: int, given: Callable[[str], Fact | None]) -> Effects:
    """What executing a cell (or, with an ``index``, one of its statements) does when ``given`` is known of the names before it. The cell
    must have no syntax error."""
    key = (source, index)
    traces = _traces.get(key, ())
    for trace in traces:
        for name, fact in trace.asked:
            now = given(name)
            if now is not fact and now != fact:
                break
        else:
            return trace.effects
    trace = _evaluated(source, index, given)
    _traces[key] = (trace, *traces[: _VARIANTS - 1])
    _traces.move_to_end(key)
    while len(_traces) > CACHED_CELLS:
        _traces.popitem(last=False)
    return trace.effects


@lru_cache(maxsize=CACHED_CELLS)
def _scopes(source: str) -> tuple[Scope, ScopeMap]:
    return scopes_of(parse_cell(source).body)


def _evaluated(source: str, index: int, given: Callable[[str], Fact | None]) -> _Trace:
    parsed = parse_cell(source)
    module, scopes = _scopes(source)
    ev = Evaluator(given, module, dict(scopes))
    body = parsed.body if index == WHOLE else parsed.body[index : index + 1]
    whole = index == WHOLE or index == len(parsed.body) - 1
    if whole and parsed.shows and isinstance(body[-1], ast.Expr):
        ev.shown = body[-1].value
    if not _automagic(ev, source, parsed):
        execute_block(ev, body)
    effects = _effects(ev, parsed.shows and whole and _has_output(ev.shown))
    return _Trace(tuple(ev.asked.items()), effects)


def _automagic(ev: Evaluator, source: str, parsed: ParsedCell) -> bool:
    """Execute a cell of one line such as ``ls`` or ``cd data`` as the magic that it is when no variable has that name."""
    call = automagic_call(source) if len(parsed.body) == 1 else None
    if call is None or ev.is_known(call[0]) or _explicit(parsed.body[0]):
        return False
    ev.line = parsed.body[0].lineno
    run_magic(ev, call[0], call[1], None)
    return True


def _explicit(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call)


def _has_output(node: ast.AST | None) -> bool:
    """Whether a cell whose last expression is ``node`` may have an output that ``_`` refers to."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return False
    called = node.func if isinstance(node, ast.Call) else None
    if isinstance(called, ast.Attribute) and ast.unparse(called.value) == "get_ipython()":
        assert isinstance(node, ast.Call)
        magic = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
        return called.attr == "getoutput" or magic in _MAGICS_WITH_OUTPUT
    return not (isinstance(called, ast.Name) and called.id in ("print", "display"))


def _untouched(ev: Evaluator, name: str) -> bool:
    """Whether a name is as unbound after the piece as before (``except … as e``)."""
    value = ev.globals.get(name)
    return value is not None and isinstance(value.fact, Unbound) and isinstance(ev.entry(name), Unbound)


def _effects(ev: Evaluator, shows: bool) -> Effects:
    after: dict[str, Held] = {}
    # What only a path bound that leads out of the cell by an exception is in no state that the cell can end in.
    bound = frozenset(name for name in ev.bound if name in ev.globals and not _untouched(ev, name))
    for name, value in ev.globals.items():
        if name in bound:
            objects = ev.sharing.group(value.objects)
            contents = ev.sharing.group(value.contents)
            after[name] = Held(value.fact, objects, value.loose, ev.bound[name], value.elements, contents)
        elif name not in ev.bound and value.fact is not ev.entry(name):
            after[name] = Held(value.fact, value.objects, value.loose, ev.line)
    links = tuple(group for group in ev.sharing.groups() if sum(isinstance(item, str) for item in group) > 1)
    return Effects(
        reads=tuple(ev.reads.values()),
        indirect=frozenset(ev.indirect - ev.reads.keys()),
        definite=frozenset(ev.definite),
        binds=bound,
        starred=frozenset(ev.starred & bound),
        mutated=frozenset(ev.mutated),
        after=after,
        links=links,
        resource_reads=_frozen(ev.resource_reads),
        resource_writes=_frozen(ev.resource_writes),
        draws=_frozen(ev.draws),
        drawn=frozenset(ev.drawn),
        seeds=frozenset(ev.seeds),
        changes_environment=frozenset(ev.environment),
        wild=tuple(ev.wild),
        cached_calls=_frozen(ev.cached_calls),
        history=tuple(ev.history),
        strays={name: stray for name, stray in ev.strays.items() if name in bound},
        findings=tuple(ev.findings),
        builtins=frozenset(ev.builtins),
        late=frozenset(ev.late),
        shows=shows,
        plain=ev.plain,
    )


def _frozen(values: Mapping[str, int]) -> Mapping[str, int]:
    return dict(values)


def is_data(fact: Fact | None) -> bool:
    """Whether a value is neither a module nor a function or class."""
    return not (fact is not None and fact.named) and not isinstance(fact, Dotted | Unbound)


def as_default(fact: Fact | None) -> Fact | None:
    """What is known about a parameter whose default value ``fact`` says."""
    return Const(fact.value, fact.kind, False) if isinstance(fact, Const) else None
