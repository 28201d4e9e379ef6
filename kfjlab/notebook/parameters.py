"""Typed parameters from the parameters cells, and their values checked at the edge.

A parameter is a name that a parameters cell assigns a constant: a literal (numbers, text, ``True``, lists,
dicts, ``None``) or arithmetic on literals (``60 * 60``). Its type comes from the annotation, else from
papermill's ``# type: …`` comment, else from the value; its description from the comment behind it, else from
the comment lines above it. Whatever else the cell does, it does; those names are variables, not parameters.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .constants import Constant, constant, json_fault, parsed, short
from .pipeline import Cell, Parameter
from .problems import Fix, Problem, Severity
from .values import (
    TYPES,
    ParameterError,
    article,
    check_value,
    find_parameter,
    is_of,
    kind_of,
    parse_value,
    resolve,
)

__all__ = [
    "ParameterError",
    "check_value",
    "constants_only",
    "find_parameter",
    "parse_value",
    "read_parameters",
    "resolve",
]

_ALIASES = {
    "List": "list",
    "Sequence": "list",
    "Iterable": "list",
    "Dict": "dict",
    "Mapping": "dict",
    "MutableMapping": "dict",
    "Text": "str",
    "string": "str",
    "integer": "int",
    "boolean": "bool",
    "Any": "any",
    "object": "any",
}
_TYPE_COMMENT = re.compile(r"type:\s*([\w.]+(?:\[[^#]*?\])?)\s*(.*)")
_TOOL_COMMENT = re.compile(
    r"(noqa|pylint|pyright|ruff|mypy|fmt|isort|type:\s*ignore|pragma)\b", re.IGNORECASE
)
_MAGIC_LINE = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)


# ---- reading the cells


def read_parameters(cells: Iterable[Cell], problems: list[Problem]) -> tuple[Parameter, ...]:
    """The parameters of the parameters cells, in the order of their first assignment. What only looks like
    one is reported.
    """
    found: dict[str, Parameter] = {}
    others: dict[str, tuple[Cell, int, str]] = {}
    for cell in cells:
        code = _parsed(cell.source)
        if code is None:
            continue  # the dataflow reports syntax errors
        tree, text = code
        comments = _comments(text)
        for statement in tree.body:
            for name, annotation, value in _assignments(statement):
                others.pop(name, None)
                kept = found.get(name)
                fault = json_fault(value.value) if isinstance(value, Constant) else "is computed"
                if isinstance(value, Constant) and fault is None:
                    made = _parameter(name, annotation, value.value, statement, comments, cell, problems)
                    if kept is not None:
                        made = _with_description_of(made, kept)
                    found[name] = made
                else:
                    found.pop(name, None)
                    others[name] = (cell, statement.lineno, fault or "")
                    derived = _names(value) & set(found) if isinstance(value, ast.expr) else set()
                    if derived:
                        problems.append(_derived(name, sorted(derived), cell, statement.lineno))
                        del others[name]
    for name, (cell, line, fault) in others.items():
        message = (
            f"{name} is no parameter: its value {fault}. It is an ordinary variable that every step can use."
        )
        problems.append(Problem("not-a-parameter", Severity.INFO, message, cell=cell.index, line=line))
    return tuple(found.values())


def constants_only(source: str, *, imports: bool = False) -> bool:
    """Whether a cell does nothing but assign constants (and so can be a parameters cell, and can run at any
    time). ``imports``: it may import modules, too.
    """
    code = _parsed(source)
    if code is None or code[1] is not source or not code[0].body:
        return False
    for statement in code[0].body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        if imports and isinstance(statement, (ast.Import, ast.ImportFrom)):
            continue
        assigned = _assignments(statement) if isinstance(statement, (ast.Assign, ast.AnnAssign)) else []
        if not assigned or not all(isinstance(value, Constant) for _, _, value in assigned):
            return False
    return True


def _parsed(source: str) -> tuple[ast.Module, str] | None:
    """The cell as Python, its magic lines blanked if they have to be, and that text; ``None`` when that is no
    Python.
    """
    for text in (source, _MAGIC_LINE.sub("", source)):
        try:
            return parsed(text), text
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr | None, Constant | ast.AST]]:
    """``(name, annotation, value)`` of each name the statement binds; the value is a :class:`Constant` where
    it can be.
    """
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        if statement.value is None:
            return []
        return [(statement.target.id, statement.annotation, constant(statement.value))]
    if isinstance(statement, ast.Assign):
        bound: list[tuple[str, ast.expr | None, Constant | ast.AST]] = []
        for target in statement.targets:
            bound += [(name, None, value) for name, value in _unpacked(target, statement.value)]
        return bound
    if isinstance(
        statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    ):
        return []  # nobody takes these for parameters
    return [(name, None, statement) for name in sorted(_bound_names(statement))]


def _unpacked(target: ast.expr, value: ast.expr) -> list[tuple[str, Constant | ast.AST]]:
    if isinstance(target, ast.Name):
        return [(target.id, constant(value))]
    if (
        isinstance(target, (ast.Tuple, ast.List))
        and isinstance(value, (ast.Tuple, ast.List))
        and len(target.elts) == len(value.elts)
        and not any(isinstance(e, ast.Starred) for e in [*target.elts, *value.elts])
    ):
        return [
            pair for one, other in zip(target.elts, value.elts, strict=True) for pair in _unpacked(one, other)
        ]
    return [(name, value) for name in sorted(_bound_names(target))]


def _bound_names(node: ast.AST) -> set[str]:
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, (ast.Store, ast.Del))
    }


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _parameter(
    name: str,
    annotation: ast.expr | None,
    value: Any,
    statement: ast.stmt,
    comments: Mapping[int, tuple[str, bool]],
    cell: Cell,
    problems: list[Problem],
) -> Parameter:
    hint, description = _described(statement, comments)
    kind = _annotated(annotation) if annotation is not None else None
    kind = kind or (_annotated_text(hint) if hint else None) or kind_of(value)
    if value is not None and not is_of(kind, value):
        said, real = article(kind), article(kind_of(value))
        message = f"{name} is said to be {said}, but its value is {real}: {short(value)}."
        problems.append(
            Problem(
                "parameter-type",
                Severity.WARNING,
                message,
                cell.index,
                statement.lineno,
                fix=Fix("Correct one of the two"),
            )
        )
        kind = kind_of(value)
    return Parameter(name, kind, value, description, cell.index, statement.lineno)


def _with_description_of(made: Parameter, earlier: Parameter) -> Parameter:
    if made.description or not earlier.description:
        return made
    return Parameter(made.name, made.type, made.default, earlier.description, made.cell, made.line)


def _derived(name: str, sources: Sequence[str], cell: Cell, line: int) -> Problem:
    listed = ", ".join(sources)
    message = (
        f"{name} is computed from {listed} in the parameters cell. A run's own values are set after it, "
        f"as papermill does, so {name} would not follow them."
    )
    fix = Fix(f"Move the line that computes {name} to a later cell")
    return Problem("derived-parameter", Severity.WARNING, message, cell.index, line, fix=fix)


# ---- types


def _annotated(node: ast.expr) -> str | None:
    """The type that an annotation means, ``None`` when it is none of ours."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _annotated_text(node.value)
    if isinstance(node, ast.Name):
        name = _ALIASES.get(node.id, node.id)
        return name if name in TYPES and node.id != "any" else None
    if isinstance(node, ast.Attribute):
        return _annotated(ast.Name(node.attr, ast.Load()))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([node.left, node.right])
    if isinstance(node, ast.Subscript):
        outer = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if outer in ("Optional", "Union"):
            return _union(inner)
        if outer in ("Annotated", "Final"):
            return _annotated(inner[0])
        if outer == "Literal":
            kinds = {kind_of(i.value) for i in inner if isinstance(i, ast.Constant)}
            return kinds.pop() if len(kinds) == 1 and kinds <= set(TYPES) else None
        return _annotated(node.value)
    return None


def _annotated_text(text: str) -> str | None:
    try:
        return _annotated(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _union(members: Sequence[ast.expr]) -> str | None:
    kinds = {_annotated(m) for m in members if not (isinstance(m, ast.Constant) and m.value is None)}
    if kinds == {"int", "float"}:
        return "float"
    return kinds.pop() if len(kinds) == 1 else None


# ---- comments


def _comments(source: str) -> dict[int, tuple[str, bool]]:
    """Line → its comment and whether the line holds nothing else."""
    found: dict[int, tuple[str, bool]] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                alone = not token.line[: token.start[1]].strip()
                found[token.start[0]] = (token.string.lstrip("#:! \t").rstrip(), alone)
    except (tokenize.TokenError, SyntaxError):
        return found  # what was read so far is good; the parser reports the rest
    return found


def _described(statement: ast.stmt, comments: Mapping[int, tuple[str, bool]]) -> tuple[str | None, str]:
    """``(type hint of a comment, description)`` of a statement."""
    for line in dict.fromkeys((statement.end_lineno or statement.lineno, statement.lineno)):
        text, alone = comments.get(line, ("", True))
        if text and not alone:
            if _TOOL_COMMENT.match(text):
                continue
            typed = _TYPE_COMMENT.fullmatch(text)
            if typed is None:
                return None, text
            if typed.group(2):
                return typed.group(1), typed.group(2)
            return typed.group(1), _above(statement.lineno, comments)
    return None, _above(statement.lineno, comments)


def _above(line: int, comments: Mapping[int, tuple[str, bool]]) -> str:
    lines: list[str] = []
    while (entry := comments.get(line - 1)) is not None and entry[1]:
        line -= 1
        if not _TOOL_COMMENT.match(entry[0]):
            lines.append(entry[0])
    return " ".join(reversed([text for text in lines if text.strip("-=#* ")]))
