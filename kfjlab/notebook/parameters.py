"""Typed parameters from the parameters cells, and their values checked at the edge.

A parameter is a name that a parameters cell assigns a constant: a literal (numbers, text, ``True``, lists,
dicts, ``None``) or arithmetic on literals (``60 * 60``). Its type comes from the annotation, else from
papermill's ``# type: …`` comment, else from the value; its description from the comment behind it, else from
the comment lines above it. Whatever else the cell does, it does; those names are variables, not parameters.
"""

from __future__ import annotations

import ast
import io
import json
import math
import operator
import re
import tokenize
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .names import did_you_mean
from .pipeline import Cell, Parameter
from .problems import Fix, Problem, Severity

TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
    "any": (),
}
"""The types of parameters and the Python types of their values. ``any`` is what ``name = None`` without
annotation has.
"""

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
_ARTICLE = {"int": "an int", "any": "a JSON value"}
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_TYPE_COMMENT = re.compile(r"type:\s*([\w.]+(?:\[[^#]*?\])?)\s*(.*)")
_TOOL_COMMENT = re.compile(
    r"(noqa|pylint|pyright|ruff|mypy|fmt|isort|type:\s*ignore|pragma)\b", re.IGNORECASE
)
_MAGIC_LINE = re.compile(r"^[ \t]*[%!].*$", re.MULTILINE)
_LONGEST = 100_000


class ParameterError(ValueError):
    """A value that a parameter cannot have; the message says why."""


# ---- reading the cells


def read_parameters(cells: Iterable[Cell], problems: list[Problem]) -> tuple[Parameter, ...]:
    """The parameters of the parameters cells, in the order of their first assignment. What only looks like
    one is reported.
    """
    found: dict[str, Parameter] = {}
    others: dict[str, tuple[Cell, int, str]] = {}
    for cell in cells:
        parsed = _parsed(cell.source)
        if parsed is None:
            continue  # the dataflow reports syntax errors
        tree, text = parsed
        comments = _comments(text)
        for statement in tree.body:
            for name, annotation, value in _assignments(statement):
                others.pop(name, None)
                kept = found.get(name)
                fault = _not_json(value) if isinstance(value, _Constant) else "is computed"
                if isinstance(value, _Constant) and fault is None:
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


def constants_only(source: str) -> bool:
    """Whether a cell does nothing but assign constants (and so can be a parameters cell, and can run at any
    time).
    """
    parsed = _parsed(source)
    if parsed is None or parsed[1] is not source or not parsed[0].body:
        return False
    for statement in parsed[0].body:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue
        assigned = _assignments(statement) if isinstance(statement, (ast.Assign, ast.AnnAssign)) else []
        if not assigned or not all(isinstance(value, _Constant) for _, _, value in assigned):
            return False
    return True


class _Constant:
    """The value of a constant expression."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _parsed(source: str) -> tuple[ast.Module, str] | None:
    """The cell as Python, its magic lines blanked if they have to be, and that text; ``None`` when that is no
    Python.
    """
    for text in (source, _MAGIC_LINE.sub("", source)):
        try:
            return ast.parse(text), text
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _assignments(statement: ast.stmt) -> list[tuple[str, ast.expr | None, _Constant | ast.AST]]:
    """``(name, annotation, value)`` of each name the statement binds; the value is a :class:`_Constant` where
    it can be.
    """
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        if statement.value is None:
            return []
        return [(statement.target.id, statement.annotation, _constant(statement.value))]
    if isinstance(statement, ast.Assign):
        bound: list[tuple[str, ast.expr | None, _Constant | ast.AST]] = []
        for target in statement.targets:
            bound += [(name, None, value) for name, value in _unpacked(target, statement.value)]
        return bound
    if isinstance(
        statement, (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    ):
        return []  # nobody takes these for parameters
    return [(name, None, statement) for name in sorted(_bound_names(statement))]


def _unpacked(target: ast.expr, value: ast.expr) -> list[tuple[str, _Constant | ast.AST]]:
    if isinstance(target, ast.Name):
        return [(target.id, _constant(value))]
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
    kind = kind or (_annotated_text(hint) if hint else None) or _kind_of(value)
    if value is not None and not _is(kind, value):
        said, real = _article(kind), _article(_kind_of(value))
        message = f"{name} is said to be {said}, but its value is {real}: {_short(value)}."
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
        kind = _kind_of(value)
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


def _kind_of(value: Any) -> str:
    return "any" if value is None else type(value).__name__


def _is(kind: str, value: Any) -> bool:
    if kind == "any":
        return True
    return isinstance(value, TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))


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
            kinds = {_kind_of(i.value) for i in inner if isinstance(i, ast.Constant)}
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


# ---- constants

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.BitXor: operator.xor,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Invert: operator.invert,
    ast.Not: operator.not_,
}


def _constant(node: ast.expr) -> _Constant | ast.AST:
    try:
        return _Constant(_evaluated(node))
    except (ValueError, TypeError, ArithmeticError, RecursionError, MemoryError):
        return node


def _evaluated(node: ast.expr) -> Any:
    """The value of a constant expression; :class:`ValueError` when it is none or would be far too large."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_evaluated(node.operand))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _evaluated(node.left), _evaluated(node.right)
        _check_size(node.op, left, right)
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.List):
        return [_evaluated(e) for e in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_evaluated(e) for e in node.elts)
    if isinstance(node, ast.Set):
        return {_evaluated(e) for e in node.elts}
    if isinstance(node, ast.Dict):
        if None in node.keys:
            raise ValueError("unpacking")
        return {
            _evaluated(k): _evaluated(v) for k, v in zip(node.keys, node.values, strict=True) if k is not None
        }
    if isinstance(node, ast.JoinedStr) and all(isinstance(part, ast.Constant) for part in node.values):
        return "".join(str(_evaluated(part)) for part in node.values)
    raise ValueError("not a constant")


def _check_size(op: ast.operator, left: Any, right: Any) -> None:
    """Refuses what takes long to compute: ``9 ** 9 ** 9``, ``'x' * 10 ** 9``."""
    if isinstance(op, (ast.Pow, ast.LShift)) and isinstance(left, int) and isinstance(right, int):
        bits = (
            left.bit_length() * max(right, 1)
            if isinstance(op, ast.Pow)
            else left.bit_length() + max(right, 0)
        )
        if bits > 4096:
            raise ValueError("too large")
    if isinstance(op, ast.Mult):
        for one, other in ((left, right), (right, left)):
            if (
                isinstance(one, (str, bytes, list, tuple))
                and isinstance(other, int)
                and len(one) * other > _LONGEST
            ):
                raise ValueError("too large")
    if isinstance(op, ast.Mod) and not isinstance(left, (int, float)):
        raise ValueError("text formatting")


def _not_json(constant: _Constant) -> str | None:
    """Why a constant cannot be a parameter: what would not come back from JSON as it was."""
    value = constant.value
    if isinstance(value, (tuple, set)):
        return f"is a {type(value).__name__}, which JSON does not have (a list can be a parameter)"
    try:
        back = json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return f"{_short(value)} cannot be written as JSON"
    return None if repr(back) == repr(value) else f"{_short(value)} is not the same when written as JSON"


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


# ---- values


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _article(kind: str) -> str:
    return _ARTICLE.get(kind, f"a {kind}")


def _refusal(parameter: Parameter, value: Any, hint: str = "") -> ParameterError:
    return ParameterError(f"{parameter.name} must be {_article(parameter.type)}, got {_short(value)}{hint}")


def parse_value(parameter: Parameter, text: str) -> Any:
    """The value that ``text`` (of a command line) means for the parameter. Raises :class:`ParameterError`.

    Lists and dicts are JSON or Python literals; text is taken as it is; ``true/false``, ``yes/no``,
    ``on/off``, ``1/0`` are bools. A parameter whose default is ``None`` takes ``none`` and ``null`` as that
    (unless it is a str).
    """
    word = text.strip()
    if parameter.default is None and parameter.type != "str" and word.lower() in ("none", "null"):
        return None
    if parameter.type == "str":
        return text
    if parameter.type == "bool":
        if word.lower() not in _TRUE + _FALSE:
            raise _refusal(parameter, text, " (write true or false)")
        return word.lower() in _TRUE
    if parameter.type in ("int", "float"):
        try:
            return check_value(parameter, int(word) if parameter.type == "int" else float(word))
        except ParameterError:
            raise
        except ValueError:
            raise _refusal(parameter, text) from None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        if parameter.type == "any":
            return text
        try:
            value = ast.literal_eval(word)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            raise _refusal(parameter, text, " (write it as JSON)") from None
    return check_value(parameter, value)


def check_value(parameter: Parameter, value: Any) -> Any:
    """``value`` (from Python, JSON or YAML) as the parameter has it: a whole number becomes a float where one
    is wanted.

    Raises :class:`ParameterError` when its type is wrong, when it is infinite or no number, or cannot be
    written as JSON.
    """
    if value is None and parameter.default is None:
        return None
    if value is None or not _is(parameter.type, value):
        raise _refusal(parameter, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{parameter.name} must be a finite number, got {value!r}")
    fault = _not_json(_Constant(value))
    if fault is not None:
        raise ParameterError(f"{parameter.name}: the value {fault}")
    return float(value) if parameter.type == "float" else value


def find_parameter(parameters: Iterable[Parameter], name: str) -> Parameter:
    """The parameter called ``name``; raises :class:`ParameterError` that names the nearest ones."""
    known = {p.name: p for p in parameters}
    if name not in known:
        hint = (
            did_you_mean(name, known) or " The notebook has no parameters: tag a cell as pipeline-parameters."
        )
        raise ParameterError(f"There is no parameter {_short(name)}.{hint}")
    return known[name]


def resolve(
    parameters: Sequence[Parameter], values: Mapping[str, Any], texts: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a run that differ from asking nothing: ``values`` (typed) and then ``texts`` (from a
    command line), checked.

    Returns them with an error problem for each that is unknown or of a wrong type.
    """
    final: dict[str, Any] = {}
    problems: list[Problem] = []
    given: list[tuple[str, Any, Callable[[Parameter, Any], Any]]] = []
    given += [(name, value, check_value) for name, value in values.items()]
    given += [(name, text, parse_value) for name, text in (texts or {}).items()]
    for name, value, read in given:
        try:
            parameter = find_parameter(parameters, name)
        except ParameterError as fault:
            problems.append(Problem("unknown-parameter", Severity.ERROR, str(fault)))
            continue
        try:
            final[name] = read(parameter, value)
        except ParameterError as fault:
            problems.append(
                Problem(
                    "bad-parameter", Severity.ERROR, f"{fault}.", cell=parameter.cell, line=parameter.line
                )
            )
    return final, problems
