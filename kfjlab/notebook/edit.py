"""Writes tags and metadata into a notebook file: only those, byte for byte otherwise.

The file is replaced as a whole (written beside it, flushed, renamed), so that a reader or a crash sees the
old or the new one. A symbolic link stays one, the mode stays, and a file that changed meanwhile is not
overwritten. Hard links are cut.
"""

from __future__ import annotations

import codecs
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, ParamSpec

from . import edits
from .document import Document, decode, read_bytes, read_document
from .edits import Change, Edit, EditError, new_metadata
from .jsontext import element_starts, layout_of, member, rewrite, skip

_P = ParamSpec("_P")


class ConflictError(EditError):
    """The file changed while it was being edited."""


def edited(data: bytes, change: Change) -> bytes:
    """The bytes of a notebook with the metadata of some cells changed; the very same object when nothing
    changes.

    Raises :class:`~kfjlab.notebook.problems.NotebookError` when ``data`` is no notebook, :class:`EditError`
    when there is no such cell.
    """
    return _edited(data, read_document(data), change)


def _edited(data: bytes, document: Document, change: Change) -> bytes:
    new = new_metadata(document, change)
    if not new:
        return data
    text = decode(data, "The notebook")
    layout, top = layout_of(text), skip(text, 0)
    starts: list[int] = []
    if any(index is not None for index in new):
        cells = member(text, top, "cells")
        assert cells is not None, "the document was read from this text"
        starts = element_starts(text, cells)
    parts: list[tuple[int, int, str]] = []
    for index, metadata in new.items():
        holder = top if index is None else starts[index]
        place = member(text, holder, "metadata")
        if place is None:
            whole = document.raw if index is None else document.raw["cells"][index]
            parts.append(rewrite(text, holder, {**whole, "metadata": metadata}, layout))
        else:
            parts.append(rewrite(text, place, metadata, layout))
    pieces, at = [], 0
    for start, end, replacement in sorted(parts):
        pieces += [text[at:start], replacement]
        at = end
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    return mark + "".join([*pieces, text[at:]]).encode("utf-8")


def edit_file(path: str | os.PathLike[str], edit: Edit) -> bool:
    """Carry out an edit on a file; whether the file changed. The edit sees what is in the file now. Raises :class:`EditError`, and
    :class:`~kfjlab.notebook.problems.NotebookError` when it is no notebook."""
    target = Path(os.path.realpath(path))
    data = read_bytes(target)
    before = target.stat()
    document = read_document(data)
    new = _edited(data, document, edit(document))
    if new is data:
        return False
    _replace(target, data, new, before)
    return True


def _replace(target: Path, old: bytes, new: bytes, before: os.stat_result) -> None:
    if not os.access(target, os.W_OK):
        raise EditError(f"{target.name} is write-protected.")
    name = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(new)
            file.flush()
            shutil.copymode(target, name)
            with suppress(
                PermissionError
            ):  # only root may give a file away; for others the owner is the same or must change
                os.chown(name, before.st_uid, before.st_gid)
            os.fsync(file.fileno())
        now = target.stat()
        if (now.st_mtime_ns, now.st_size, now.st_ino) != (
            before.st_mtime_ns,
            before.st_size,
            before.st_ino,
        ) or (target.read_bytes() != old):
            raise ConflictError(
                f"{target.name} was changed by something else meanwhile; it is left as it is. Try again."
            )
        Path(name).replace(target)
        name = None
    except OSError as error:
        raise EditError(
            f"{target.name} could not be written: {error.strerror or error}. It is as it was."
        ) from error
    finally:
        if name is not None:
            with suppress(FileNotFoundError):
                Path(name).unlink()


def _on_file(make: Callable[_P, Edit]) -> Callable[Concatenate[str | os.PathLike[str], _P], bool]:
    """An edit of :mod:`kfjlab.notebook.edits` carried out on a file, whose path comes first."""

    @functools.wraps(make)
    def verb(path: str | os.PathLike[str], /, *args: _P.args, **kwargs: _P.kwargs) -> bool:
        return edit_file(path, make(*args, **kwargs))

    return verb


set_step = _on_file(edits.set_step)
set_role = _on_file(edits.set_role)
add_after = _on_file(edits.add_after)
remove_after = _on_file(edits.remove_after)
replace_after = _on_file(edits.replace_after)
set_metadata = _on_file(edits.set_metadata)
replace_tag = _on_file(edits.replace_tag)
rename_step = _on_file(edits.rename_step)
clear = _on_file(edits.clear)
apply_fix = _on_file(edits.edit_of)
