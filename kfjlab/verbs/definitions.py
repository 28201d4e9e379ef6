"""What the imports and functions cells of a run make and nobody stores (modules, functions, classes), made again in a live kernel."""

from __future__ import annotations
import __future__

import ast
import linecache
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kfjlab.notebook.dataflow import cell_summary
from kfjlab.notebook.parameters import constants_only
from kfjlab.notebook.pipeline import Cell, Prelude
from kfjlab.notebook.problems import cell_word
from kfjlab.notebook.source import parse_cell

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of a prelude cell. ``binds``: names that it binds (not those of a star import); ``now``: names that executing it
    looks up, ``mentions``: these, and those that what it defines looks up when it is called."""

    cell: Cell
    node: ast.stmt
    binds: frozenset[str]
    now: frozenset[str]
    mentions: frozenset[str]
    flags: int

    @property
    def star(self) -> bool:
        """Whether it imports all names of a module."""
        return isinstance(self.node, ast.ImportFrom) and self.node.names[0].name == "*"


class Definitions:
    """The statements of a prelude that can be executed anywhere: imports, functions, classes and constants."""

    def __init__(self, prelude: Prelude) -> None:
        self.statements = tuple(_statements(prelude.cells))
        self._data = prelude.data

    def makers(self, name: str) -> list[Statement] | None:
        """The statements that make a name; ``None`` when one of them does more than import or define."""
        found = [statement for statement in self.statements if name in statement.binds]
        if not found or not all(name not in self._data or _is_plain(s.node) for s in found):
            return None
        return found

    def cells_of(self, name: str) -> list[int]:
        """The indices of the cells that make a name."""
        return list(dict.fromkeys(s.cell.index for s in self.statements if name in s.binds))

    def execute(
        self,
        chosen: Collection[Statement],
        namespace: dict[str, Any],
        run_id: str,
        provide: Callable[[Collection[str]], None],
    ) -> dict[str, str]:
        """Execute statements in the order of the notebook; name → why it could not be made.

        Names that ``namespace`` has already stay what they are. ``provide`` is called before each statement with the names that it
        looks up, to load those that are data.
        """
        kept = dict(namespace)
        failed: dict[str, str] = {}
        for statement in self.statements:
            if statement not in chosen:
                continue
            provide(statement.now)
            target = dict(namespace) if statement.star else namespace
            try:
                exec(_compiled(statement, run_id), target)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported with the names that are missing
                why = f"{cell_word(statement.cell.index)} fails here: {type(error).__name__}: {error}"
                failed.update(dict.fromkeys(statement.binds - namespace.keys(), why))
                continue
            if statement.star:
                namespace.update({name: target[name] for name in target if name not in namespace})
            namespace.update({name: kept[name] for name in statement.binds if name in kept})
        return {name: why for name, why in failed.items() if name not in namespace}


def _statements(cells: Sequence[Cell]) -> Iterator[Statement]:
    flags = 0
    for cell in cells:
        for node in parse_cell(cell.source).body:
            if isinstance(node, ast.ImportFrom) and node.module == "__future__":
                flags |= _future(node)
                continue
            names = frozenset(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            binds = cell_summary(ast.unparse(node)).binds
            yield Statement(cell, node, binds, frozenset(_looked_up(node)), names, flags)


def _future(node: ast.ImportFrom) -> int:
    flags = 0
    for alias in node.names:  # stays on for the cells that follow, as in IPython
        flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def _looked_up(node: ast.AST) -> Iterator[str]:
    """The names in a statement outside the bodies of functions."""
    if isinstance(node, ast.Name):
        yield node.id
    inner = list(ast.iter_child_nodes(node))
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        inner = [child for child in inner if child not in node.body]
    elif isinstance(node, ast.Lambda):
        inner = [node.args]
    for child in inner:
        yield from _looked_up(child)


def _is_plain(node: ast.stmt) -> bool:
    """Whether a statement only imports, defines, or assigns constants, perhaps the one or the other (``try: import …``)."""
    if isinstance(node, (*_IMPORTS, *_DEFINITIONS, ast.Pass)):
        return True
    if isinstance(node, ast.Try):
        handled = [statement for handler in node.handlers for statement in handler.body]
        return all(_is_plain(s) for s in (*node.body, *handled, *node.orelse, *node.finalbody))
    if isinstance(node, ast.If):
        return all(_is_plain(s) for s in (*node.body, *node.orelse))
    return constants_only(ast.unparse(node))


def _compiled(statement: Statement, run_id: str) -> Any:
    """The code of a statement, which :mod:`inspect` and tracebacks can show."""
    name = f"<run {run_id}, {cell_word(statement.cell.index)}>"
    source = statement.cell.source
    linecache.cache[name] = (len(source), None, [f"{line}\n" for line in source.splitlines()], name)
    return compile(ast.Module([statement.node], []), name, "exec", flags=statement.flags, dont_inherit=True)
