"""Bytes of an ``.ipynb`` → checked cells. Every kind of bad input is named here.

Only what kfjlab uses is checked (kinds, sources and metadata of cells, kernel, format version); outputs are
never looked at, so a notebook of 100 MB costs one JSON parse. The format is that of nbformat 4
(https://nbformat.readthedocs.io); nbformat itself is not used because its JSON Schema validation costs more
than the whole analysis.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .jsontext import locate
from .problems import Fix, NotebookError, Problem, Severity, cell_word

CONVERT = "jupyter nbconvert --to notebook --nbformat 4"
_GIVE = "Give the path of an .ipynb file"
_PYTHON = {"python", "ipython", "python3"}


@dataclass(frozen=True)
class RawCell:
    """A cell as it stands in the file. ``kind`` is ``code``, ``markdown``, ``raw`` or what else the file
    says.
    """

    index: int
    kind: str
    id: str
    source: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Document:
    """A notebook whose structure is sound. ``path`` as given (empty for bytes); ``raw`` is the whole JSON,
    outputs included.
    """

    path: str
    cells: tuple[RawCell, ...]
    metadata: Mapping[str, Any]
    kernel: str
    raw: Mapping[str, Any]
    problems: tuple[Problem, ...] = ()


def failure(code: str, message: str, fix: str | None = None, cell: int | None = None) -> NotebookError:
    """A :class:`NotebookError` with one problem."""
    advice = Fix(fix) if fix else None
    return NotebookError([Problem(code, Severity.ERROR, message, cell=cell, fix=advice)])


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a notebook file. Raises :class:`NotebookError` for everything that is not a readable
    regular file.
    """
    shown = str(path)
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise failure("is-a-directory", f"{shown} is a folder, not a notebook.", _GIVE)
        if not stat.S_ISREG(mode):
            raise failure("not-a-file", f"{shown} is not a regular file.", _GIVE)
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise failure("no-such-file", f"There is no file {shown}.", _similar(shown)) from None
    except PermissionError:
        raise failure(
            "unreadable", f"{shown} cannot be read: no permission.", f"chmod u+r {Path(shown).name}"
        ) from None
    except (OSError, ValueError) as error:
        reason = "too many symbolic links" if getattr(error, "errno", 0) == errno.ELOOP else str(error)
        raise failure("unreadable", f"{shown!r} cannot be read: {reason}.") from None


def _similar(path: str) -> str | None:
    """What else could have been meant by a path that does not exist."""
    folder = Path(path).parent
    try:
        names = {p.stem: p.name for p in folder.iterdir() if p.suffix == ".ipynb"}
    except OSError:
        return f"There is no folder {folder} either"
    from .names import nearest

    near = nearest(Path(path).stem, names)  # without the endings, which would make all names alike
    return f"Did you mean {folder / names[near]}?" if near else None


def read_document(source: str | os.PathLike[str] | bytes) -> Document:
    """The notebook at a path, or in ``source`` when that is bytes. Never changes the file.

    Raises :class:`NotebookError` when it is not a sound Python notebook of nbformat 4. It may be empty.
    """
    if isinstance(source, bytes):
        return _document(source, "", "The notebook")
    return _document(read_bytes(source), str(source), Path(source).name)


def decode(data: bytes, shown: str) -> str:
    """The text of a notebook's bytes without its byte order mark; raises :class:`NotebookError` when it is
    not UTF-8.
    """
    if not data.strip():
        raise failure("empty-file", f"{shown} is an empty file.", "Save the notebook again")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise failure("not-utf8", f"{shown} is UTF-16; notebooks are UTF-8.", "Save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise failure(
            "not-utf8",
            f"{shown} is not UTF-8: line {line} has byte 0x{data[error.start]:02x} (offset {error.start}).",
            "Save it as UTF-8",
        ) from None


def parse(text: str, shown: str) -> Any:
    """The JSON of a notebook's text; raises :class:`NotebookError` that says where it ends or breaks."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _broken(text, shown, error) from None
    except RecursionError:
        raise failure("not-json", f"{shown} is nested too deeply to be a notebook.") from None
    except ValueError as error:  # an integer with more digits than Python converts
        raise failure("not-json", f"{shown} cannot be read as JSON: {error}.") from None


def _broken(text: str, shown: str, error: json.JSONDecodeError) -> NotebookError:
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            return failure(
                "merge-conflict",
                f"{shown} holds an unresolved merge conflict (line {number}).",
                "Resolve it, for example with nbdime",
            )
    if text.lstrip()[:1] not in ("{", "["):
        return failure("not-json", f"{shown} is not a notebook: it is not JSON.", _GIVE)
    cell = locate(text)
    inside = "" if cell is None else f" inside {cell_word(cell)}"
    where = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
        return failure(
            "truncated",
            f"{shown} is not complete: the file ends{inside} ({where}).",
            "Restore it, for example from .ipynb_checkpoints or version control",
            cell,
        )
    return failure("not-json", f"{shown} is not valid JSON{inside}: {error.msg} ({where}).", None, cell)


def _document(data: bytes, path: str, shown: str) -> Document:
    raw = parse(decode(data, shown), shown)
    _check_format(raw, shown)
    metadata = raw.get("metadata", {})
    if not isinstance(metadata, dict):
        raise failure("not-a-notebook", f"{shown} is not a notebook: its metadata is not an object.")
    kernel = _check_language(metadata, shown)
    problems: list[Problem] = []
    cells = _read_cells(raw["cells"], problems, tuple_version(raw) >= (4, 5))
    if any(p.severity is Severity.ERROR for p in problems):
        raise NotebookError(problems)
    return Document(path, tuple(cells), metadata, kernel, raw, tuple(problems))


def tuple_version(raw: Mapping[str, Any]) -> tuple[int, int]:
    """``(nbformat, nbformat_minor)``; a minor that is not a number counts as 0."""
    minor = raw.get("nbformat_minor", 0)
    return raw["nbformat"], minor if isinstance(minor, int) else 0


def _check_format(raw: Any, shown: str) -> None:
    if not isinstance(raw, dict):
        kind = (
            "a list" if isinstance(raw, list) else "text" if isinstance(raw, str) else "a number or constant"
        )
        raise failure(
            "not-a-notebook", f"{shown} is not a notebook: its JSON is {kind}, not an object.", _GIVE
        )
    version = raw.get("nbformat")
    if version is None and "cells" not in raw and "worksheets" not in raw:
        raise failure("not-a-notebook", f"{shown} is JSON, but not a notebook: it has no cells.", _GIVE)
    if isinstance(version, bool) or not isinstance(version, int):
        raise failure(
            "not-a-notebook", f"{shown} does not say its format: nbformat is {version!r}, not a number."
        )
    if version < 4:
        raise failure(
            "old-format",
            f"{shown} is in the old notebook format {version}; kfjlab reads format 4.",
            f"Convert it: {CONVERT} --inplace {shown}",
        )
    if version > 4:
        raise failure(
            "new-format",
            f"{shown} is in notebook format {version}; this kfjlab knows format 4.",
            "Update kfjlab",
        )
    if not isinstance(raw.get("cells"), list):
        raise failure("not-a-notebook", f"{shown} is not a notebook: it has no list of cells.")


def _check_language(metadata: Mapping[str, Any], shown: str) -> str:
    """The kernelspec's name; refuses what is not Python."""
    spec, info = metadata.get("kernelspec"), metadata.get("language_info")
    spec = spec if isinstance(spec, dict) else {}
    info = info if isinstance(info, dict) else {}
    kernel = spec.get("name")
    language = spec.get("language") or info.get("name")
    if isinstance(language, str) and language.lower() not in _PYTHON:
        raise failure(
            "not-python",
            f"{shown} is a notebook in {language[:40]!r}; kfjlab runs Python notebooks.",
            "Choose a Python kernel for it",
        )
    if kernel == "python2":
        raise failure(
            "not-python",
            f"{shown} is a Python 2 notebook; kfjlab runs Python 3.",
            "Choose a Python 3 kernel for it",
        )
    return kernel if isinstance(kernel, str) and kernel else "python3"


def _read_cells(items: Sequence[Any], problems: list[Problem], has_ids: bool) -> list[RawCell]:
    cells: list[RawCell] = []
    seen: set[str] = set()
    for index, item in enumerate(items):
        try:
            kind, source, metadata = _checked_cell(item)
        except ValueError as fault:
            message = f"{cell_word(index).capitalize()} is malformed: {fault}."
            problems.append(Problem("bad-cell", Severity.ERROR, message, cell=index))
            continue
        cells.append(
            RawCell(index, kind, _cell_id(item.get("id"), index, seen, problems, has_ids), source, metadata)
        )
    return cells


def _checked_cell(item: Any) -> tuple[str, str, Mapping[str, Any]]:
    """Kind, source and metadata of a cell's JSON; raises :class:`ValueError` that says what is malformed."""
    if not isinstance(item, dict):
        raise ValueError(f"it is {type(item).__name__}, not an object")
    kind, source, metadata = item.get("cell_type"), item.get("source"), item.get("metadata", {})
    if type(source) is list and all(type(line) is str for line in source):
        source = "".join(source)
    if not isinstance(kind, str):
        raise ValueError("it has no cell_type")
    if not isinstance(source, str):
        raise ValueError(
            "its source is missing" if source is None else "its source is not text or a list of lines"
        )
    if not isinstance(metadata, dict):
        raise ValueError("its metadata is not an object")
    if not source.isascii() and any("\ud800" <= c <= "\udfff" for c in source):
        raise ValueError("its source holds half of a surrogate pair, which is no character")
    return kind, source, metadata


def _cell_id(given: Any, index: int, seen: set[str], problems: list[Problem], has_ids: bool) -> str:
    """A unique id: the cell's own, or one made of its position (format 4.4 and older has none)."""
    own = given if isinstance(given, str) and given else None
    if own is not None and own not in seen:
        seen.add(own)
        return own
    if own is not None and has_ids:
        message = f"{cell_word(index).capitalize()} has the same id as an earlier one ({own[:64]!r})."
        problems.append(
            Problem(
                "duplicate-cell-id",
                Severity.WARNING,
                message,
                cell=index,
                fix=Fix("Save the notebook in JupyterLab"),
            )
        )
    made = f"cell-{index}"
    while made in seen:
        made += "-x"
    seen.add(made)
    return made
