"""Files of parameters for ``-p @file``: YAML or JSON, one mapping of names to values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kfjlab.targets.base import RefusedError


def read_parameters(path: Path) -> dict[str, Any]:
    """The mapping in a file; JSON when it is named ``*.json``, else YAML.

    YAML is read by the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema) as far as types go: ``no`` and
    ``2024-01-01`` are text, ``1e-3`` is a number. Raises :class:`~kfjlab.targets.base.RefusedError`.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise RefusedError(f"There is no file {path} to read parameters from.") from None
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    except OSError as error:
        raise RefusedError(f"{path} cannot be read: {error.strerror or error}.") from None
    data = _json(text, path) if path.suffix.lower() == ".json" else _yaml(text, path)
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise RefusedError(f"{path} must hold one mapping of parameter names to values, not {_kind(data)}.")
    for name in data:
        if not isinstance(name, str):
            raise RefusedError(f"{path}: {name!r} is not a parameter's name; write names as text.")
    return data


def _kind(data: Any) -> str:
    return "a list" if isinstance(data, list) else "text" if isinstance(data, str) else "a single value"


def _json(text: str, path: Path) -> Any:
    import json

    try:
        return json.loads(text, object_pairs_hook=lambda pairs: _unique(pairs, path))
    except json.JSONDecodeError as error:
        raise RefusedError(
            f"{path} is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except (RecursionError, ValueError) as error:
        raise RefusedError(f"{path} cannot be read as JSON: {error}.") from None


def _unique(pairs: list[tuple[str, Any]], path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise RefusedError(f"{path} has {name!r} twice; keep one.")
        found[name] = value
    return found


def _yaml(text: str, path: Path) -> Any:
    import re

    import yaml

    class Loader(yaml.SafeLoader):
        """PyYAML knows YAML 1.1 only, where ``no`` is false and ``1e-3`` is text."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in seen:
                        line = key.start_mark.line + 1
                        raise RefusedError(f"{path} has {key.value!r} twice (line {line}); keep one.")
                    seen.add(key.value)
            return dict(super().construct_mapping(node, deep))

    Loader.yaml_implicit_resolvers = {}
    patterns = {
        "bool": r"true|True|TRUE|false|False|FALSE",
        "int": r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+",
        "float": r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?(\.inf|\.Inf|\.INF)|\.nan|\.NaN|\.NAN",
        "null": r"~|null|Null|NULL|",
    }
    for kind, pattern in patterns.items():
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{kind}", re.compile(f"^(?:{pattern})$"), None)
    Loader.add_constructor("tag:yaml.org,2002:int", _yaml_int)
    try:
        return yaml.load(text, Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise RefusedError(f"{path} is not valid YAML: {error.problem}{where}.") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RefusedError(f"{path} cannot be read as YAML: {error}.") from None


def _yaml_int(loader: Any, node: Any) -> int:
    """YAML 1.2: a leading zero means nothing, octal is ``0o17``."""
    text = loader.construct_scalar(node)
    return int(text, 10) if text[:2] not in ("0o", "0x") else int(text, 0)
