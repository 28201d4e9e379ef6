"""Functions that remember their results (``functools.lru_cache``). What they remember stays in the process of a step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .arguments import Arguments
from .evaluator import Evaluator
from .values import UNKNOWN, Bound, Const, Dotted, Fact, FunctionFact, Value

_DECORATORS = frozenset({"functools.lru_cache", "functools.cache"})
_STATISTICS = ("cache_info", "cache_clear")


def is_cache(fact: Fact | None) -> bool:
    """Whether a decorator makes functions remember."""
    return isinstance(fact, Dotted) and fact.path in _DECORATORS


def _remembering(ev: Evaluator, arguments: Arguments) -> Value | None:
    """``lru_cache(function)``; with options instead, it is a decorator."""
    first = arguments.positional[0] if arguments.positional else None
    if first is None or isinstance(first.fact, Const):
        return Value(Dotted("functools.cache"))
    return (
        first.same(replace(first.fact, remembers=True)) if isinstance(first.fact, FunctionFact) else UNKNOWN
    )


def found_use_of_cache(ev: Evaluator, fact: Fact | None, attribute: str | None = None) -> None:
    """Note that a function was called, or asked for what it remembers, if it is one that remembers."""
    if isinstance(fact, Bound):
        fact = fact.function
    if isinstance(fact, FunctionFact) and fact.remembers and (attribute is None or attribute in _STATISTICS):
        ev.cached_calls.setdefault(fact.name, ev.line)


CACHE_CALLS: dict[str, Callable[[Evaluator, Arguments], Value | None]] = dict.fromkeys(
    _DECORATORS, _remembering
)
