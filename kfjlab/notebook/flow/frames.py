"""Activations of functions, class bodies and comprehensions, and snapshots of the state."""

from __future__ import annotations

from dataclasses import dataclass, field

from .scopes import Scope, ScopeMap
from .values import UNKNOWN, FunctionFact, Objects, Value

Variables = dict[str, Value]


@dataclass(eq=False)
class Frame:
    """One activation of a function, class body or comprehension, or the module itself. ``outer``: variables of the enclosing functions,
    innermost first. ``through``: when these were captured in another evaluation, the objects by which they are reached."""

    scope: Scope
    scopes: ScopeMap
    variables: Variables = field(default_factory=dict)
    outer: tuple[tuple[Scope, Variables], ...] = ()
    through: Objects | None = None
    function: FunctionFact | None = None
    returned: list[Value] = field(default_factory=list)
    exits: list[Snapshot] = field(default_factory=list)
    first: Value = UNKNOWN

    def around(self) -> tuple[tuple[Scope, Variables], ...]:
        """What a function defined here can see of enclosing variables."""
        return ((self.scope, self.variables), *self.outer) if self.scope.kind != "module" else self.outer


@dataclass(frozen=True)
class Snapshot:
    """The state at one point of the execution."""

    globals: Variables
    definite: set[str]
    variables: Variables


@dataclass
class Loop:
    """The innermost loop: states at its ``break`` and ``continue`` statements."""

    breaks: list[Snapshot] = field(default_factory=list)
    continues: list[Snapshot] = field(default_factory=list)
