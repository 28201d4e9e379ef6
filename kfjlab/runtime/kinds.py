"""What a value is, in words: its kind, its type and a line for people. Nothing is imported to find out."""

from __future__ import annotations

import numbers
import types
from typing import Any, Tuple

LONGEST = 80
"""Characters of a summary."""


def module_of(kind: Any) -> str:
    """The name of a type's module; empty where there is none (compiled functions of Cython have a descriptor there, before Python 3.11)."""
    name = kind.__module__
    return name if isinstance(name, str) else ""


def type_name(value: Any) -> str:
    """The dotted name of a value's type."""
    kind = type(value)
    module = module_of(kind)
    return kind.__qualname__ if module in ("", "builtins") else f"{module}.{kind.__qualname__}"


def describe(value: Any) -> Tuple[str, str]:
    """The kind of a value, as in :class:`~kfjlab.runtime.protocol.Value`, and a summary.

    Properties of foreign objects can fail in any way; then the summary is the type's name.
    """
    try:
        kind, summary = _describe(value)
    except Exception:
        kind, summary = "object", type_name(value)
    return kind, summary if len(summary) <= LONGEST else summary[: LONGEST - 1] + "…"


def _describe(value: Any) -> Tuple[str, str]:
    cls = type(value)
    name = cls.__name__
    if isinstance(value, types.ModuleType):
        return "module", f"module {value.__name__}"
    if isinstance(value, type):
        return "class", f"class {value.__name__}"
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        return "function", f"function {value.__name__}"
    if isinstance(value, (str, bytes)):
        return "text", f"{name} of {len(value)}: {value[:40]!r}"
    if value is None or isinstance(value, (bool, numbers.Number)):
        return "scalar", f"{name} {value!r}"
    libraries = {module_of(base).partition(".")[0] for base in cls.__mro__}
    if "pandas" in libraries or "polars" in libraries or "pyarrow" in libraries:
        if len(getattr(value, "shape", ())) == 2:
            rows, columns = value.shape
            return "table", f"{name} {rows:,} × {columns:,}"
        if hasattr(value, "__len__"):
            return "array", f"{name} of {len(value):,}"
    if _is_array(value, libraries):
        shape = " × ".join(f"{size:,}" for size in value.shape) or "0-d"
        return "array", f"{name} {shape} {value.dtype}"
    if "matplotlib" in libraries and name in ("Figure", "Axes", "SubFigure"):
        return "figure", name
    if _is_model(value, libraries):
        return "model", name
    if isinstance(value, (list, tuple, set, frozenset, dict)):
        return "collection", f"{name} of {len(value):,}"
    return "object", name


def _is_array(value: Any, libraries: Any) -> bool:
    return (
        bool(libraries & {"numpy", "torch", "scipy", "tensorflow", "jax", "jaxlib"})
        and hasattr(value, "shape")
        and hasattr(value, "dtype")
    )


def _is_model(value: Any, libraries: Any) -> bool:
    if "sklearn" in libraries:
        return hasattr(value, "fit") and (hasattr(value, "predict") or hasattr(value, "transform"))
    if libraries & {"xgboost", "lightgbm", "catboost"}:
        return hasattr(value, "predict")
    if "torch" in libraries or "keras" in libraries or "tensorflow" in libraries:
        return (hasattr(value, "state_dict") and hasattr(value, "forward")) or hasattr(value, "predict")
    return False
