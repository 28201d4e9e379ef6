"""Names that ``from module import *`` binds. Nothing of the user's is imported to find out."""

from __future__ import annotations

import ast
import importlib
import sys
from functools import lru_cache
from pathlib import Path

_NOT_ASKED = frozenset(
    {"this", "antigravity", "idlelib", "turtledemo", "test", "tkinter", "turtle", "lib2to3", "__main__"}
)
"""Modules of the standard library that do something when they are imported."""


@lru_cache(maxsize=256)
def names_of_standard_module(module: str) -> frozenset[str] | None:
    """The names that a star import of a module of the standard library binds; ``None`` for all other modules."""
    top = module.partition(".")[0]
    if top not in sys.stdlib_module_names or top in _NOT_ASKED:
        return None
    try:
        loaded = importlib.import_module(module)
    except ImportError:
        return None
    return frozenset(
        getattr(loaded, "__all__", None) or [name for name in dir(loaded) if not name.startswith("_")]
    )


def names_of_local_module(module: str, workspace: Path | None) -> frozenset[str] | None:
    """The names that a star import of a module beside the notebook binds, as far as its text says; ``None`` when there is no such
    module or its names cannot be told."""
    if workspace is None or not module.strip("."):
        return None
    base = workspace.joinpath(*module.lstrip(".").split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        try:
            status = file.stat()
            if status.st_size > 1_000_000:
                return None
            return _names_in(str(file), status.st_mtime_ns, status.st_size)
        except OSError:
            continue
    return None


@lru_cache(maxsize=256)
def _names_in(file: str, changed: int, size: int) -> frozenset[str] | None:
    try:
        body = ast.parse(Path(file).read_bytes()).body
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None
    names: set[str] = set()
    for statement in body:
        for node in ast.walk(statement) if not isinstance(statement, _DEFINITIONS) else [statement]:
            if isinstance(node, _DEFINITIONS):
                names.add(node.name)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                names.add(node.id)
            elif isinstance(node, ast.Import):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                if node.names[0].name == "*":
                    return None
                names |= {alias.asname or alias.name for alias in node.names}
        if isinstance(statement, ast.Assign) and [ast.unparse(t) for t in statement.targets] == ["__all__"]:
            try:
                return frozenset(map(str, ast.literal_eval(statement.value)))
            except (ValueError, TypeError):
                return None
    return frozenset(name for name in names if not name.startswith("_"))


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
