"""Whether a cell that comes after steps can run before all of them without anyone being able to tell.

That is asked of ``imports``, ``functions`` and parameters cells in the middle of a notebook. What is not
looked at: side effects of importing a module earlier (a library that changes warning filters when it is
imported, say).
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from .constants import parsed
from .dataflow import cell_summary
from .parameters import constants_only
from .pipeline import Cell, Role
from .problems import cell_word

# What a cell may do that changes what an import gives, or whether it succeeds.
_CHANGES_IMPORTS = re.compile(
    r"\b(pip3?|conda|mamba|uv|apt(-get)?)\b.*\binstall\b|sys\s*\.\s*(path|modules)|environ|putenv|importlib|"
    r"^\s*%(%writefile|%file|cd|env|set_env|run|load_ext|autoreload|%bash|%sh|%script)\b|\bchdir\b|\.py\b|^\s*!",
    re.MULTILINE,
)
# What sees all names that exist, so that one more or less makes a difference.
_LOOKS_AROUND = re.compile(
    r"\b(globals|locals|vars|dir|eval|exec|get_ipython)\s*\(|^\s*%(run|who|whos|who_ls|reset)\b", re.MULTILINE
)
_BUILTINS = frozenset(dir(builtins))


class Before:
    """The cells of steps before a place in the notebook, looked at when first asked."""

    def __init__(self) -> None:
        self._waiting: list[Cell] = []
        self._made: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._changes_imports: int | None = None
        self._looks_around: int | None = None

    def add(self, cell: Cell) -> None:
        """One more cell, the next in the notebook."""
        self._waiting.append(cell)

    def _look(self) -> None:
        for cell in self._waiting:
            summary = cell_summary(cell.source)
            for name in summary.binds | summary.mutates:
                self._made.setdefault(name, cell.index)
            for name in summary.reads:
                self._used.setdefault(name, cell.index)
            if self._changes_imports is None and _CHANGES_IMPORTS.search(cell.source):
                self._changes_imports = cell.index
            if self._looks_around is None and _LOOKS_AROUND.search(cell.source):
                self._looks_around = cell.index
        self._waiting = []

    def makes(self, names: Iterable[str]) -> tuple[str, int] | None:
        """The first of ``names`` that a cell binds or changes, and that cell's index."""
        self._look()
        return min(((name, self._made[name]) for name in names if name in self._made), default=None)

    def touches(self, names: Iterable[str]) -> tuple[str, int] | None:
        """The first of ``names`` that a cell reads, binds or changes, and that cell's index."""
        names = list(names)
        used = min(((name, self._used[name]) for name in names if name in self._used), default=None)
        return self.makes(names) or used

    def changes_imports(self) -> int | None:
        """The index of a cell that may change what an import gives."""
        self._look()
        return self._changes_imports

    def looks_around(self) -> int | None:
        """The index of a cell that may see which names exist."""
        self._look()
        return self._looks_around


def why_not_first(cell: Cell, prelude: Iterable[Cell], before: Before) -> str | None:
    """Why ``cell`` must stay where it is (a clause for a message), or ``None`` when it can run before all
    steps, at the end of the ``prelude`` cells that come before it in the notebook.
    """
    summary = cell_summary(cell.source)
    if summary.syntax_error is not None:
        return "it has a syntax error"
    constant = constants_only(cell.source)
    if not constant and cell.role is Role.PARAMETERS:
        return "it does more than assign constants"
    if not constant and not summary.imports_and_defines_only:
        return "it does more than import and define"
    imports = top_level_imports(cell.source)
    if "*" in imports:
        return "it imports all names of a module"
    known: dict[str, str] = {}
    remade: set[str] = set()
    for earlier in prelude:
        known.update(top_level_imports(earlier.source))
        remade |= cell_summary(earlier.source).binds
    new = {name for name in summary.binds | summary.mutates if known.get(name) != imports.get(name, "")}
    if found := before.makes(summary.reads):
        return f"it uses {found[0]}, which {cell_word(found[1])} makes"
    if found := before.touches(new):
        return f"it makes {found[0]}, which {cell_word(found[1])} uses already"
    if again := new & (remade | _BUILTINS):
        return f"it makes {min(again)} anew"
    if (place := before.looks_around()) is not None and new:
        return f"{cell_word(place)} can see which names there are"
    if imports and (place := before.changes_imports()) is not None:
        return f"{cell_word(place)} may change what it imports"
    return None


@lru_cache(maxsize=4096)
def top_level_imports(source: str) -> Mapping[str, str]:
    """Name → what it is imported from, for names that a cell's top level binds by nothing but one import;
    ``*`` for a star import.
    """
    try:
        body = parsed(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {"*": ""} if re.search(r"import\s*\*", source) else {}
    found: dict[str, str] = {}
    others: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                name, origin = (
                    (alias.asname, alias.name) if alias.asname else (alias.name.partition(".")[0],) * 2
                )
                _add(found, others, name, origin)
        elif isinstance(statement, ast.ImportFrom):
            for alias in statement.names:
                _add(
                    found,
                    others,
                    alias.asname or alias.name,
                    f"{'.' * statement.level}{statement.module}:{alias.name}",
                )
        else:
            for node in ast.walk(statement):
                if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                    found["*"] = ""
                elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                    others.add(node.name)
                elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    others.add(node.id)
    return {name: origin for name, origin in found.items() if name not in others}


def _add(found: dict[str, str], others: set[str], name: str, origin: str) -> None:
    if found.setdefault(name, origin) != origin:
        others.add(name)
