"""Modules beside the notebook: which of them each step executes when it imports them, and whether that can be told.

A session executes a module once. Of steps that import it, each does so in a process of its own, unless a cell of the prelude has
imported it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from ..pipeline import Cell
from ..problems import Fix, Problem, Severity
from ..source import parse_cell
from .words import words

_MAKE_CONSTANTS = words(
    "getLogger compile Path TypeVar NewType namedtuple NamedTuple frozenset tuple join dirname abspath resolve expanduser getenv get "
    "timedelta dtype Decimal Fraction field"
)
"""Functions whose results a module keeps as constants, by the last part of their names."""
_LARGEST = 1_000_000
"""Bytes of a module above which it is not looked into."""

Imports = dict[str, int]
"""Dotted names of modules, and the lines that import them."""


def executed_again(
    prelude: Sequence[Cell], steps: Sequence[tuple[str, Sequence[Cell]]], workspace: Path | None
) -> Iterator[Problem]:
    """A problem for each module beside the notebook that several steps execute, and that does or keeps something when it is executed."""
    if workspace is None:
        return
    done = {
        module for cell in prelude for module in _executed(_imports(parse_cell(cell.source).body), workspace)
    }
    users: dict[str, list[tuple[str, Cell, int]]] = {}
    for name, cells in steps:
        mine: set[str] = set()
        for cell in cells:
            for module, line in _executed(_imports(parse_cell(cell.source).body), workspace).items():
                if module not in done | mine:
                    mine.add(module)
                    users.setdefault(module, []).append((name, cell, line))
    for module, places in users.items():
        known = _module(module, workspace)
        if len(places) > 1 and known is not None and known.telling:
            first, (second, cell, line) = places[0][0], places[1]
            message = (
                f"Steps {first} and {second} each execute the module {module} when they import it: what it does or keeps "
                f"(line {known.telling}) is there once in a session, and here once for each of them."
            )
            fix = Fix(f"Import {module} in a cell tagged imports")
            yield Problem("module-of-a-step", Severity.WARNING, message, cell.index, line, second, fix)


def _executed(imports: Imports, workspace: Path) -> Imports:
    """The modules beside the notebook that imports execute, directly or through others."""
    found: Imports = {}
    waiting = list(imports.items())
    while waiting:
        name, line = waiting.pop()
        known = _module(name, workspace) if name not in found else None
        if known is not None:
            found[name] = line
            waiting += [(other, line) for other in known.imports]
    return found


class _Module:
    """What a module's text says. ``telling``: the first line that does or keeps something (0: none)."""

    def __init__(self, name: str, body: Sequence[ast.stmt], is_package: bool) -> None:
        package = name if is_package else name.rpartition(".")[0]
        self.imports = _imports(body, package)
        self.telling = next((line for statement in body if (line := _telling(statement))), 0)


def _module(name: str, workspace: Path) -> _Module | None:
    base = workspace.joinpath(*name.split("."))
    for file in (base.with_suffix(".py"), base / "__init__.py"):
        try:
            status = file.stat()
        except OSError:
            continue  # there is no such file, or none that we may see
        return _read(name, str(file), status.st_mtime_ns, status.st_size)
    return None


@lru_cache(maxsize=256)
def _read(name: str, file: str, changed: int, size: int) -> _Module | None:
    try:
        return (
            _Module(name, ast.parse(Path(file).read_bytes()).body, file.endswith("__init__.py"))
            if size <= _LARGEST
            else None
        )
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None  # importing it says what is wrong with it


def _imports(body: Sequence[ast.stmt], package: str = "") -> Imports:
    """What is imported when statements are executed (not what functions in them import when they are called)."""
    found: Imports = {}
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*filter(None, above), *([node.module] if node.module else [])])
            names = [module, *(f"{module}.{alias.name}".lstrip(".") for alias in node.names)]
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.expr):
            waiting += ast.iter_child_nodes(node)
        for name in filter(None, names):
            parts = name.split(".")
            for end in range(1, len(parts) + 1):
                found.setdefault(".".join(parts[:end]), node.lineno)  # type: ignore[attr-defined]
    return found


def _telling(node: ast.stmt) -> int:
    """The line in a statement of a module that does something, or makes what can be changed later; 0: there is none."""
    if isinstance(node, ast.Import | ast.ImportFrom | ast.Pass):
        return 0
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return next((inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.Global)), 0)
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr):
        return 0 if node.value is None or _is_constant(node.value) else node.lineno
    if isinstance(node, ast.If) and any(
        isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test)
    ):
        return 0  # if __name__ == "__main__"
    if isinstance(node, ast.ClassDef | ast.If | ast.Try):
        inside = [*node.body, *getattr(node, "orelse", ()), *getattr(node, "finalbody", ())]
        inside += [statement for handler in getattr(node, "handlers", ()) for statement in handler.body]
        return next((line for statement in inside if (line := _telling(statement))), 0)
    return node.lineno


def _is_constant(value: ast.expr) -> bool:
    """Whether a value is made without doing anything, and nobody would make it in order to change it (as an empty list)."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called not in _MAKE_CONSTANTS:
                return False
        elif isinstance(node, ast.List | ast.Dict) and not (
            node.elts if isinstance(node, ast.List) else node.values
        ):
            return False
    return True
