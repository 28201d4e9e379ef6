"""Writes tags and metadata into a notebook file: only those, byte for byte otherwise.

The file is replaced as a whole (written beside it, flushed, renamed), so that a reader or a crash sees the
old or the new one. A symbolic link stays one, the mode stays, and a file that changed meanwhile is not
overwritten. Hard links are cut.
"""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import retag
from .document import Document, decode, read_bytes, read_document
from .jsontext import element_starts, layout_of, member, rewrite, same, skip
from .names import METRICS_STEP, did_you_mean, name_fault
from .pipeline import Role
from .problems import Fix
from .retag import Metadata
from .tags import KALE, OURS, ROLES, STEP_PREFIXES, shown

Change = Mapping[int | None, Callable[[Metadata], Metadata]]
"""Cell index (``None``: the notebook itself) → what its metadata becomes."""

Cells = int | str | Sequence[int | str]
"""A cell by its 0-based index among all cells or by its id, or several."""


class EditError(Exception):
    """An edit that was not made; the file is as it was."""


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
    new = {index: _new_metadata(document, index, function) for index, function in change.items()}
    new = {index: metadata for index, metadata in new.items() if metadata is not None}
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


def _new_metadata(
    document: Document, index: int | None, function: Callable[[Metadata], Metadata]
) -> dict[str, Any] | None:
    """The changed metadata of a cell or the notebook, ``None`` when it stays the same."""
    old = document.metadata if index is None else document.cells[_checked(document, index)].metadata
    new = dict(function(old))
    return None if same(old, new) else new


def _checked(document: Document, index: int) -> int:
    if not 0 <= index < len(document.cells):
        raise EditError(
            f"There is no cell {index}: the notebook has {len(document.cells)} cells, counted from 0."
        )
    if document.cells[index].kind != "code":
        raise EditError(f"Cell {index}, counted from 0, is not a code cell.")
    return index


def _edit(path: str | os.PathLike[str], plan: Callable[[Document], Change]) -> bool:
    """Carries out a plan on the file; whether it changed. The plan sees what is in the file now."""
    target = Path(os.path.realpath(path))
    data = read_bytes(target)
    before = target.stat()
    document = read_document(data)
    new = _edited(data, document, plan(document))
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


# ---- the verbs


def find_cell(document: Document, cell: int | str) -> int:
    """The index of a code cell given by its index or its id. Raises :class:`EditError`."""
    if isinstance(cell, str):
        found = [c.index for c in document.cells if c.id == cell]
        if not found:
            raise EditError(f"There is no cell with the id {shown(cell)}.")
        return found[0]
    return _checked(document, cell)


def _one(path: str | os.PathLike[str], cell: Cells, change: Callable[[Metadata], Metadata]) -> bool:
    cells = [cell] if isinstance(cell, (int, str)) else cell
    return _edit(path, lambda document: {find_cell(document, one): change for one in cells})


def checked_step_name(name: str) -> str:
    """``name``, if a step can have it; raises :class:`EditError` otherwise."""
    fault = name_fault(name)
    if fault is not None:
        raise EditError(f"{shown(name)} cannot be a step's name: it {fault}.")
    return name


def set_step(path: str | os.PathLike[str], cell: Cells, name: str | None) -> bool:
    """Make the cell part of step ``name`` by a tag (``None``: take its step tag away). Returns whether the
    file changed.
    """
    if name is not None:
        checked_step_name(name)
    return _one(path, cell, lambda metadata: retag.with_step(metadata, name))


def set_role(path: str | os.PathLike[str], cell: Cells, role: str | Role | None) -> bool:
    """Give the cell a role: ``imports``, ``functions``, ``pipeline-parameters``, ``pipeline-metrics``,
    ``skip``, or ``None``.
    """
    word = role.value if isinstance(role, Role) else role
    if word is not None and word not in ROLES:
        raise EditError(f"{shown(word)} is not a role.{did_you_mean(word, ROLES)}")
    chosen = None if word is None else ROLES[word]
    return _one(path, cell, lambda metadata: retag.with_role(metadata, chosen))


def add_after(path: str | os.PathLike[str], cell: Cells, name: str) -> bool:
    """Make the cell's step run after step ``name``."""
    if name != METRICS_STEP:
        checked_step_name(name)
    return _one(path, cell, lambda metadata: retag.with_after(metadata, name))


def remove_after(path: str | os.PathLike[str], cell: Cells, name: str) -> bool:
    """Take back what :func:`add_after` or a ``prev:`` tag says."""
    return _one(path, cell, lambda metadata: retag.without_after(metadata, name))


def replace_after(path: str | os.PathLike[str], cell: Cells, old: str, new: str) -> bool:
    """Make the cell's step run after step ``new`` instead of ``old``."""
    checked_step_name(new)
    return _one(path, cell, lambda metadata: retag.with_after(retag.without_after(metadata, old), new))


def set_metadata(
    path: str | os.PathLike[str], cell: int | str | None, patch: Mapping[str, Any], key: str = OURS
) -> bool:
    """Change ``metadata.kfjlab`` of a cell, or of the notebook (``cell=None``), by a JSON merge patch
    (``None`` removes a field).
    """
    if key not in (OURS, KALE):
        raise EditError(f"Only {OURS} and {KALE} can be changed, not {shown(key)}.")

    def change(metadata: Metadata) -> Metadata:
        return retag.patched(metadata, patch, key)

    return _edit(path, lambda document: {None if cell is None else find_cell(document, cell): change})


def replace_tag(path: str | os.PathLike[str], cell: Cells, old: str, new: str | None) -> bool:
    """Write tag ``new`` for tag ``old`` (``None``: remove it)."""
    return _one(path, cell, lambda metadata: retag.with_tag_replaced(metadata, old, new))


def rename_step(path: str | os.PathLike[str], old: str, new: str) -> bool:
    """Rename a step everywhere: in the tags of its cells and in the ``prev:`` tags of others."""
    checked_step_name(new)

    def plan(document: Document) -> Change:
        metadata = [cell.metadata for cell in document.cells if cell.kind == "code"]
        if old != new and any(_names_step(m, new) for m in metadata):
            raise EditError(f"There is a step {shown(new)} already.")
        if not any(retag.renamed(m, old, new) != m for m in metadata) and old != new:
            raise EditError(f"There is no step {shown(old)}.")
        return {c.index: lambda m: retag.renamed(m, old, new) for c in document.cells if c.kind == "code"}

    return _edit(path, plan)


def _names_step(metadata: Metadata, name: str) -> bool:
    own = metadata.get(OURS)
    tags = metadata.get("tags")
    return (isinstance(own, dict) and own.get("step") == name) or (
        isinstance(tags, list) and any(f"{prefix}:{name}" in tags for prefix in STEP_PREFIXES)
    )


def clear(path: str | os.PathLike[str], cell: int | str | None = None) -> bool:
    """Remove everything about the pipeline from one cell, or (``None``) from all cells. Other tools' tags
    stay.
    """

    def plan(document: Document) -> Change:
        if cell is not None:
            return {find_cell(document, cell): retag.cleared}
        return {c.index: retag.cleared for c in document.cells if c.kind == "code"}

    return _edit(path, plan)


def retag_cells(path: str | os.PathLike[str], choices: Mapping[int, tuple[Role, str | None]]) -> bool:
    """Give many cells their role or step in one write: index → ``(role, step name)``."""

    def change_of(role: Role, name: str | None) -> Callable[[Metadata], Metadata]:
        if role is Role.STEP:
            return lambda metadata: retag.with_step(metadata, name)
        return lambda metadata: retag.with_role(metadata, role)

    for _, name in choices.values():
        if name is not None:
            checked_step_name(name)
    return _edit(path, lambda _: {index: change_of(*choice) for index, choice in choices.items()})


_VERBS: dict[str, Callable[..., bool]] = {
    "set-step": set_step,
    "set-role": set_role,
    "add-after": add_after,
    "remove-after": remove_after,
    "replace-after": replace_after,
    "set-metadata": set_metadata,
    "replace-tag": replace_tag,
    "rename-step": rename_step,
    "clear": clear,
}


def apply_fix(path: str | os.PathLike[str], fix: Fix) -> bool:
    """Carry out a problem's fix; whether the file changed. Raises :class:`EditError` when the fix is advice
    only or does not apply.
    """
    if fix.action is None:
        raise EditError(f"This is for you to do: {fix.title}.")
    if fix.action not in _VERBS:
        raise EditError(f"This kfjlab does not know the fix {shown(fix.action)}.")
    import inspect

    verb = _VERBS[fix.action]
    try:
        inspect.signature(verb).bind(path, **fix.arguments)
    except TypeError as error:
        raise EditError(f"The fix {fix.action!r} has wrong arguments: {error}.") from error
    return verb(path, **fix.arguments)
