"""Kubeflow without leaving the notebook: a notebook whose cells carry tags is a pipeline."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if (
    TYPE_CHECKING
):  # what type checkers and editors see; at run time __getattr__ below imports what is asked for
    from .verbs import (
        analyze,
        cancel,
        check,
        diff,
        gc,
        graph,
        load,
        logs,
        resume,
        run,
        runs,
        show,
        suggest,
        tags,
        wait,
    )
    from .verbs.result import RunFailedError, RunResult
    from .version import __version__

__all__ = [
    "RunFailedError",
    "RunResult",
    "__version__",
    "analyze",
    "cancel",
    "check",
    "diff",
    "gc",
    "graph",
    "load",
    "logs",
    "resume",
    "run",
    "runs",
    "show",
    "suggest",
    "tags",
    "wait",
]

_VERBS = (
    "analyze", "cancel", "check", "diff", "gc", "graph", "load", "logs", "resume", "run", "show", "suggest", "tags", "wait"
)  # fmt: skip
"""The verbs of :mod:`kfjlab.verbs`. One more, ``runs``, is the room of that name, which can be called."""

_PUBLIC: dict[str, str] = {
    "__version__": "kfjlab.version",
    "RunFailedError": "kfjlab.verbs.result",
    "RunResult": "kfjlab.verbs.result",
    **dict.fromkeys(_VERBS, "kfjlab.verbs"),
}
"""Public name → the module that defines it. Each is imported when it is first asked for, so that ``import kfjlab`` costs nothing."""


def __getattr__(name: str) -> Any:
    if name == "runs":
        return import_module("kfjlab.runs")
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_PUBLIC[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC, "runs"})


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext kfjlab``: adds the magic ``%kfjlab``."""
    from .magics import register

    register(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Called by JupyterLab's tools: where the built front end is."""
    return [{"src": "labextension", "dest": "kfjlab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Called by Jupyter Server, which then links and loads the application."""
    from .extension import KfjlabApp

    return [{"module": "kfjlab.extension", "app": KfjlabApp}]
