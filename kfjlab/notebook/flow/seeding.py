"""Steps that give a shared generator a state before anything else can have drawn from it.

What such a step draws does not depend on what was drawn before it, although the generator's state differs afterwards. That must be certain,
because nobody can see it when the step runs; so only statements that cannot draw may stand before the seed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable

from .draws import generators_seeded_by
from .values import Dotted, Fact

_QUIET = frozenset(
    sys.stdlib_module_names
    | {"numpy", "torch", "pandas", "scipy", "sklearn", "matplotlib", "seaborn", "polars"}
)
"""Modules whose import draws no numbers."""


def seeded_first(statements: Iterable[ast.stmt], given: Callable[[str], Fact | None]) -> frozenset[str]:
    """The generators that a step's statements seed first of all. ``given``: what is known about a name before the step."""
    found: set[str] = set()
    names: dict[str, str | None] = {}

    def path_of(node: ast.expr) -> str | None:
        if isinstance(node, ast.Attribute):
            owner = path_of(node.value)
            return None if owner is None else f"{owner}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        if node.id in names:
            return names[node.id]
        fact = given(node.id)
        return fact.path if isinstance(fact, Dotted) else None

    for statement in statements:
        match statement:
            case ast.Expr(ast.Constant()) | ast.Pass():
                continue
            case ast.Import(aliases) if all(alias.name.partition(".")[0] in _QUIET for alias in aliases):
                for alias in aliases:
                    top = alias.name.partition(".")[0]
                    names[alias.asname or top] = alias.name if alias.asname else top
            case ast.ImportFrom(str(module), aliases, 0) if module.partition(".")[0] in _QUIET:
                for alias in aliases:
                    names[alias.asname or alias.name] = f"{module}.{alias.name}"
            case ast.Assign([ast.Name(name)], ast.Constant()):
                names[name] = None
            case ast.Expr(ast.Call(function, arguments, [])) if all(_is_plain(a) for a in arguments):
                seeded = generators_seeded_by(path_of(function) or "")
                if not seeded:
                    break
                found.update(seeded)
            case _:
                break
    return frozenset(found)


def _is_plain(argument: ast.expr) -> bool:
    """Whether evaluating an argument runs no code of anybody."""
    return isinstance(argument, ast.Constant | ast.Name)
