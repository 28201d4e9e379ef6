"""Values of parameters, checked at the edge: of a command line, of YAML or JSON, of the API."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .constants import json_fault, short
from .names import did_you_mean
from .pipeline import Parameter
from .problems import Problem, Severity

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

_ARTICLE = {"int": "an int", "any": "a JSON value"}
_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class ParameterError(ValueError):
    """A value that a parameter cannot have; the message says why."""


def kind_of(value: Any) -> str:
    return "any" if value is None else type(value).__name__


def is_of(kind: str, value: Any) -> bool:
    if kind == "any":
        return True
    return isinstance(value, TYPES[kind]) and (kind == "bool" or not isinstance(value, bool))


def article(kind: str) -> str:
    return _ARTICLE.get(kind, f"a {kind}")


def _refusal(parameter: Parameter, value: Any, hint: str = "") -> ParameterError:
    return ParameterError(f"{parameter.name} must be {article(parameter.type)}, got {short(value)}{hint}")


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
    if value is None or not is_of(parameter.type, value):
        raise _refusal(parameter, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{parameter.name} must be a finite number, got {value!r}")
    fault = json_fault(value)
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
        raise ParameterError(f"There is no parameter {short(name)}.{hint}")
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
