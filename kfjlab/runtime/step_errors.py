"""Exceptions of cells as errors that say where, what and what to do."""

from __future__ import annotations

import errno
import re
import traceback
from types import TracebackType
from typing import List, Optional

from .cell_files import cell_file, is_cell_file
from .protocol import CellSource, StepError

_FIXES = {
    "ModuleNotFoundError": "Install the package into the kernel's environment (%pip install NAME), then run again.",
    "FileNotFoundError": "Check the path; steps start in the notebook's folder.",
    "StdinNotImplementedError": "A step has nobody to ask: make the value a parameter.",
    "UsageError": "Load the extension that defines the magic (%load_ext NAME) in this step or in an imports cell.",
}
_OUTPUT_OF_CELL = re.compile(r"_i?\d+|_{1,3}|_i{1,3}|Out|In")
_TIMED = ("<timed exec>", "<timed eval>")


def explain(error: BaseException, cell: CellSource) -> StepError:
    """The error of a step whose ``cell`` raised ``error``."""
    line = error_line(error, cell)
    if isinstance(error, KeyboardInterrupt):
        return StepError("Cancelled", "The cell was interrupted.", cell.index, line, traceback=plain(error))
    if isinstance(error, SystemExit):
        text = f"The cell ended with SystemExit ({error.code})."
        fix = "In a notebook, sys.exit() is an error like any other; to stop early without one, make the rest of the cell conditional."
        return StepError("SystemExit", text, cell.index, line, fix, plain(error))
    kind = type(error).__name__
    if (
        isinstance(error, SyntaxError) and kind == "_IncompleteInputError"
    ):  # Python 3.13's name of its own for it
        kind = "SyntaxError"
    message = f"{kind}: {error}" if str(error) else kind
    fix = _FIXES.get(kind, "")
    if isinstance(error, MemoryError):
        kind, fix = "OutOfMemory", "Let the step work on less data at a time, or give it more memory."
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        kind, fix = "DiskFull", "Make room (kfjlab gc frees what old runs keep), then kfjlab resume."
    elif isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        fix = _fix_of_name(missing_name(error))
    elif (
        isinstance(error, (KeyError, IndexError))
        and line is not None
        and re.search(r"\b(Out|In)\[", _source_line(cell, line))
    ):
        fix = "Out and In hold the cells of this step only: give the value a name in the cell that makes it."
    return StepError(kind, message, cell.index, line, fix, plain(error))


def exit_error(cell: CellSource) -> StepError:
    """The error of a cell that called ``exit()`` or ``quit()``: a kernel would shut down, and the cells after it would not run."""
    return StepError(
        "SystemExit",
        "The cell called exit() or quit(), which shuts a notebook's kernel down, so that the cells after it do not run.",
        cell.index,
        fix="Remove the call; to stop the pipeline on a condition, raise an exception that says why.",
    )


def missing_name(error: Optional[BaseException]) -> Optional[str]:
    """The global name that a :class:`NameError` did not find; None for every other exception."""
    if not isinstance(error, NameError) or isinstance(error, UnboundLocalError):
        return None
    name = getattr(error, "name", None)
    if name is None:  # Python 3.9, or pandas: what ``df.query("a > @x")`` does not find is a local variable
        match = re.match(r"(?:name|local variable) '(\w+)' is not defined", str(error))
        name = match.group(1) if match else None
    return name


def error_line(error: BaseException, cell: CellSource) -> Optional[int]:
    """The 1-based line of ``cell`` where ``error`` came up: the innermost frame of the traceback that is code of the cell."""
    if isinstance(error, SyntaxError) and error.filename in (
        None,
        cell_file(cell.source),
        "<unknown>",
        "<string>",
    ):
        return error.lineno
    line = None
    for entry in _entries(error.__traceback__):
        name = entry.tb_frame.f_code.co_filename
        if name == cell_file(cell.source):
            line = entry.tb_lineno
        elif name in _TIMED:
            line = entry.tb_lineno + _lines_before_body(cell.source)
    return line


def plain(error: BaseException) -> str:
    """The traceback as plain text, from the cell's own frame on (all of it if no cell is in it)."""
    entries = _entries(error.__traceback__)
    of_cell = [entry for entry in entries if _is_users(entry.tb_frame.f_code.co_filename)]
    first = of_cell[0] if of_cell else error.__traceback__
    return "".join(traceback.format_exception(type(error), error, first))


def _is_users(filename: str) -> bool:
    return is_cell_file(filename) or filename in _TIMED


def _fix_of_name(name: Optional[str]) -> str:
    if name is None:
        return ""
    if _OUTPUT_OF_CELL.fullmatch(name):
        return f"{name} holds outputs of this step's cells only: give the value a name in the cell that makes it."
    return f"Bind {name!r} in this step or in one before it, or import it in an imports cell."


def _lines_before_body(source: str) -> int:
    """Lines before the body of a cell with a cell magic (``%%time``)."""
    for number, text in enumerate(source.splitlines(), 1):
        if text.lstrip().startswith("%%"):
            return number
    return 0


def _source_line(cell: CellSource, line: int) -> str:
    lines = cell.source.splitlines()
    return lines[line - 1] if 0 < line <= len(lines) else ""


def _entries(entry: Optional[TracebackType]) -> List[TracebackType]:
    found = []
    while entry is not None:
        found.append(entry)
        entry = entry.tb_next
    return found
