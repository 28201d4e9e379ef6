"""The numbers that the cells of a metrics step are about."""

from __future__ import annotations

import ast
import math
import numbers
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Set, Tuple

from .kinds import module_of
from .protocol import CellSource

_SHOWING = frozenset({"print", "display"})


def metrics_of(
    cells: Iterable[CellSource], transform: Callable[[str], str], namespace: Mapping[str, Any]
) -> Tuple[Dict[str, float], Dict[str, str]]:
    """The metrics: names that the cells bind at their top level, print or show, and whose value is a real number.

    ``transform`` turns IPython's syntax into Python's. Returns the numbers, and for those that are none (NaN, infinite, too
    large), what they are.
    """
    names: Set[str] = set()
    for cell in cells:
        try:
            tree = ast.parse(transform(cell.source))
        except SyntaxError:
            continue  # it did not run either, and its error is the step's
        for statement in tree.body:
            names |= _names(statement)
    found: Dict[str, float] = {}
    unusable: Dict[str, str] = {}
    for name in sorted(names):
        try:
            number = _number(namespace[name]) if name in namespace else None
        except OverflowError:
            unusable[name] = "too large for a float"
            continue
        if number is not None and math.isfinite(number):
            found[name] = number
        elif number is not None:
            unusable[name] = repr(number)
    return found, unusable


def _names(statement: ast.stmt) -> Set[str]:
    found: Set[str] = set()
    if isinstance(statement, ast.Expr):
        value = statement.value
        if isinstance(value, ast.Name):
            found.add(value.id)
        elif isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in _SHOWING:
            found |= {
                node.id
                for argument in value.args
                for node in ast.walk(argument)
                if isinstance(node, ast.Name) and _is_read(node)
            }
        elif isinstance(value, (ast.Tuple, ast.List)):
            found |= {node.id for node in value.elts if isinstance(node, ast.Name)}
    elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return found
    else:
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.stmt):
                found |= _names(child)
    for node in ast.walk(statement):
        if (
            isinstance(node, ast.Name)
            and isinstance(node.ctx, ast.Store)
            and not _is_loop_target(statement, node)
        ):
            found.add(node.id)
    return found


def _is_read(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)


def _is_loop_target(statement: ast.stmt, name: ast.Name) -> bool:
    return isinstance(statement, (ast.For, ast.AsyncFor)) and any(
        node is name for node in ast.walk(statement.target)
    )


def _number(value: Any) -> Optional[float]:
    """``value`` as a float when it is one real number: Python's, numpy's, or an array or tensor with no dimension. Raises
    :class:`OverflowError` for integers and fractions that no float can be."""
    kind = module_of(type(value)).partition(".")[0]
    try:
        if isinstance(value, numbers.Real):
            return float(value)
        if (
            kind in ("numpy", "torch", "tensorflow", "jax", "jaxlib", "cupy", "decimal")
            and getattr(value, "ndim", 0) == 0
        ):
            item = value.item() if hasattr(value, "item") else value
            return float(item) if isinstance(item, numbers.Real) or kind == "decimal" else None
    except (TypeError, ValueError, RuntimeError):
        pass  # a date, a string, a tensor without a value, a number that cannot say which
    return None
