"""Errors, for people and for ``--json``: what happened, what to do, and the exit code; never a traceback."""

from __future__ import annotations

import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kfjlab.notebook.problems import NotebookError, Problem
from kfjlab.targets.base import RefusedError

from . import exits
from .output import Out, emit_json

if TYPE_CHECKING:
    from kfjlab.runs.model import Run

_RUNS = ("run", "resume")


def report(error: BaseException, args: list[str]) -> int:
    """Report an error of a command and return the exit code."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else exits.FAILED
    try:
        if isinstance(error, BrokenPipeError):
            return exits.BROKEN_PIPE
        return _report(error, args)
    except BrokenPipeError:
        return exits.BROKEN_PIPE


def _report(error: BaseException, args: list[str]) -> int:
    code, message, problems = explain(error)
    if os.environ.get("KFJLAB_DEBUG", "") not in ("", "0"):
        traceback.print_exception(error)
    out = Out(sys.stderr)
    if problems:
        out.problems(problems)
        if message not in {problem.message for problem in problems}:
            out.error(message)
    elif message:
        out.error(message)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        out.line(f"'{error.ctx.command_path} --help' shows how it is used.")
    if "--json" in args:
        emit_json(answer(message, problems, args, getattr(error, "run", None)))
    return code


def explain(error: BaseException) -> tuple[int, str, tuple[Problem, ...]]:
    """Exit code, message and problems of an error."""
    if isinstance(error, (click.exceptions.Abort, KeyboardInterrupt)):
        return exits.CANCELLED, "Interrupted.", ()
    if isinstance(error, click.ClickException):
        return exits.REFUSED, error.format_message(), ()
    if isinstance(error, RefusedError):
        return exits.REFUSED, str(error), error.problems
    if isinstance(error, NotebookError):
        return exits.REFUSED, error.problems[0].message, tuple(error.problems)
    if "kfjlab.cli.watching" in sys.modules:
        from .watching import LostError

        if isinstance(error, LostError):
            return exits.FAILED, str(error), ()
    if _is_expected(error):
        return exits.REFUSED, str(error), ()
    return exits.INTERNAL, _internal(error), ()


def _is_expected(error: BaseException) -> bool:
    """Whether it is an error whose text is meant for people. Their modules are imported if one was raised."""
    expected = {
        "kfjlab.notebook.edits": "EditError",
        "kfjlab.notebook.values": "ParameterError",
        "kfjlab.runs.errors": "StoreError",
        "kfjlab.verbs.executed": "OutputError",
        "kfjlab.verbs.loading": "LoadError",
    }
    found = [getattr(sys.modules[module], name) for module, name in expected.items() if module in sys.modules]
    return isinstance(error, tuple(found))


def answer(message: str, problems: tuple[Problem, ...], args: list[str], run: Run | None) -> dict[str, Any]:
    """The JSON object of a command that failed. ``run``: what was started all the same."""
    verb = next((arg for arg in args if not arg.startswith("-")), "")
    if verb in _RUNS:
        from kfjlab.verbs.result import summary

        return summary(run, (), problems, message)
    return {"problems": [problem.to_json() for problem in problems], "error": message}


def _internal(error: BaseException) -> str:
    kind = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"kfjlab itself failed ({kind}). {_keep_details(error)}"


def _keep_details(error: BaseException) -> str:
    """Write the traceback to a file, and say where."""
    details = "".join(traceback.format_exception(error))
    try:
        from kfjlab.runs.location import default_location

        folder = default_location() / "errors"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = Path(folder, f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt")
        path.write_text(
            f"kfjlab {' '.join(sys.argv[1:2])}\nPython {sys.version}\n\n{details}",
            "utf-8",
            "backslashreplace",
        )
    except OSError as trouble:
        return f"The details could not be written ({trouble}); KFJLAB_DEBUG=1 shows them."
    return f"Please report it with {path}; KFJLAB_DEBUG=1 shows the details here."
