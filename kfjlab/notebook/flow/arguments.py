"""The arguments of a call."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from .values import Const, Fact, Items, Objects, Thing, Value, callees_of, text_of


@dataclass(frozen=True)
class Arguments:
    """What a call passes. ``rest``: what ``*args`` and ``**kwargs`` may contain. ``dropped``: nobody takes the result;
    ``shown``: it becomes the output of the cell. ``node``: the call,
    where there is one in the code."""

    positional: list[Value] = field(default_factory=list)
    keywords: dict[str, Value] = field(default_factory=dict)
    rest: Value | None = None
    dropped: bool = False
    shown: bool = False
    node: ast.Call | None = None

    def get(self, position: int, *names: str) -> Value | None:
        """The argument at a position or under one of some names."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return next((self.keywords[name] for name in names if name in self.keywords), None)

    def fact(self, position: int, *names: str) -> Fact | None:
        """What is known about that argument."""
        value = self.get(position, *names)
        return None if value is None else value.fact

    def text(self, position: int, *names: str) -> str | None:
        """That argument, if it is a known text or path."""
        return text_of(self.fact(position, *names))

    def is_true(self, name: str) -> bool:
        """Whether a keyword is given as something true, or as something unknown."""
        value = self.keywords.get(name)
        return value is not None and not (isinstance(value.fact, Const) and not value.fact.value)

    def given(self, name: str) -> bool:
        """Whether a keyword is given as something else than ``None`` (or may be, by ``**kwargs``)."""
        value = self.keywords.get(name)
        if value is None:
            return False
        return not (isinstance(value.fact, Const) and value.fact.value is None)

    def values(self) -> Iterator[Value]:
        """All arguments."""
        yield from self.positional
        yield from self.keywords.values()
        if self.rest is not None:
            yield self.rest

    def objects(self) -> Objects:
        """What all arguments share, functions and modules left out."""
        return frozenset(
            o for v in self.values() if not (v.fact is not None and v.fact.named) for o in v.reach
        )

    def functions(self) -> list[Value]:
        """The arguments that are, or contain, functions or classes of the notebook."""
        return [value for value in self.values() if callees_of(value.fact)]

    def draws(self) -> frozenset[str]:
        """The generators that methods of the arguments draw from."""
        return frozenset(g for value in self.values() for g in draws_of(value.fact))


def draws_of(fact: Fact | None, depth: int = 3) -> frozenset[str]:
    """The generators that methods of a value draw from."""
    if isinstance(fact, Thing):
        return fact.draws
    if isinstance(fact, Items) and depth:
        return frozenset(g for item in fact.items for g in draws_of(item, depth - 1))
    return frozenset()
