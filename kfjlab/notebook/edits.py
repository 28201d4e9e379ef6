"""Changes of tags and metadata, as values: what each does to which cells of a document. Files are :mod:`kfjlab.notebook.edit`'s."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import retag
from .document import Document
from .jsontext import same
from .names import METRICS_STEP, did_you_mean, name_fault
from .pipeline import Role
from .problems import Fix, cell_word
from .retag import Metadata
from .tags import KALE, OURS, ROLES, STEP_PREFIXES, shown

Change = Mapping[int | None, Callable[[Metadata], Metadata]]
"""Cell index (``None``: the notebook itself) → what its metadata becomes."""

Edit = Callable[[Document], Change]
"""What is to be changed in a document; raises :class:`EditError` when it does not fit it."""

Cells = int | str | Sequence[int | str]
"""A cell by its 0-based index among all cells or by its id, or several."""


class EditError(Exception):
    """An edit that was not made; the notebook is as it was."""


def new_metadata(document: Document, change: Change) -> dict[int | None, dict[str, Any]]:
    """The metadata that a change makes different, whole. Raises :class:`EditError` when there is no such cell."""
    found = {}
    for index, function in change.items():
        old = document.metadata if index is None else document.cells[checked_index(document, index)].metadata
        new = dict(function(old))
        if not same(old, new):
            found[index] = new
    return found


def carry_out(document: Document, edits: Iterable[Edit]) -> tuple[Document, dict[int | None, dict[str, Any]]]:
    """The document after edits, made one after the other, and the metadata that is different from before. ``raw`` stays as it
    was."""
    first = document
    touched: set[int | None] = set()
    for edit in edits:
        new = new_metadata(document, edit(document))
        touched |= set(new)
        cells = tuple(replace(c, metadata=new[c.index]) if c.index in new else c for c in document.cells)
        document = replace(document, cells=cells, metadata=new.get(None, document.metadata))
    final = {index: dict(_metadata(document, index)) for index in touched}
    return document, {i: new for i, new in final.items() if not same(_metadata(first, i), new)}


def _metadata(document: Document, index: int | None) -> Metadata:
    return document.metadata if index is None else document.cells[index].metadata


def checked_index(document: Document, index: int) -> int:
    if not 0 <= index < len(document.cells):
        raise EditError(
            f"There is no {cell_word(index)}: the notebook has {len(document.cells)} cells, counted from 1."
        )
    if document.cells[index].kind != "code":
        raise EditError(f"{cell_word(index).capitalize()}, counted from 1, is not a code cell.")
    return index


def find_cell(document: Document, cell: int | str) -> int:
    """The index of a code cell given by its index or its id. Raises :class:`EditError`."""
    if isinstance(cell, str):
        found = [c.index for c in document.cells if c.id == cell]
        if not found:
            raise EditError(f"There is no cell with the id {shown(cell)}.")
        return found[0]
    return checked_index(document, cell)


def _cells(cell: Cells, change: Callable[[Metadata], Metadata]) -> Edit:
    cells = [cell] if isinstance(cell, (int, str)) else cell
    return lambda document: {find_cell(document, one): change for one in cells}


def checked_step_name(name: str) -> str:
    """``name``, if a step can have it; raises :class:`EditError` otherwise."""
    fault = name_fault(name)
    if fault is not None:
        raise EditError(f"{shown(name)} cannot be a step's name: it {fault}.")
    return name


def set_step(cell: Cells, name: str | None) -> Edit:
    """Make the cell part of step ``name`` by a tag (``None``: take its step tag away)."""
    if name is not None:
        checked_step_name(name)
    return _cells(cell, lambda metadata: retag.with_step(metadata, name))


def set_role(cell: Cells, role: str | Role | None) -> Edit:
    """Give the cell a role: ``imports``, ``functions``, ``pipeline-parameters``, ``pipeline-metrics``,
    ``skip``, or ``None``.
    """
    word = role.value if isinstance(role, Role) else role
    if word is not None and word not in ROLES:
        raise EditError(f"{shown(word)} is not a role.{did_you_mean(word, ROLES)}")
    chosen = None if word is None else ROLES[word]
    return _cells(cell, lambda metadata: retag.with_role(metadata, chosen))


def add_after(cell: Cells, name: str) -> Edit:
    """Make the cell's step run after step ``name``."""
    if name != METRICS_STEP:
        checked_step_name(name)
    return _cells(cell, lambda metadata: retag.with_after(metadata, name))


def remove_after(cell: Cells, name: str) -> Edit:
    """Take back what :func:`add_after` or a ``prev:`` tag says."""
    return _cells(cell, lambda metadata: retag.without_after(metadata, name))


def replace_after(cell: Cells, old: str, new: str) -> Edit:
    """Make the cell's step run after step ``new`` instead of ``old``."""
    checked_step_name(new)
    return _cells(cell, lambda metadata: retag.with_after(retag.without_after(metadata, old), new))


def set_metadata(cell: int | str | None, patch: Mapping[str, Any], key: str = OURS) -> Edit:
    """Change ``metadata.kfjlab`` of a cell, or of the notebook (``cell=None``), by a JSON merge patch
    (``None`` removes a field).
    """
    if key not in (OURS, KALE):
        raise EditError(f"Only {OURS} and {KALE} can be changed, not {shown(key)}.")

    def change(metadata: Metadata) -> Metadata:
        return retag.patched(metadata, patch, key)

    return lambda document: {None if cell is None else find_cell(document, cell): change}


def replace_tag(cell: Cells, old: str, new: str | None) -> Edit:
    """Write tag ``new`` for tag ``old`` (``None``: remove it)."""
    return _cells(cell, lambda metadata: retag.with_tag_replaced(metadata, old, new))


def rename_step(old: str, new: str) -> Edit:
    """Rename a step everywhere: in the tags of its cells and in the ``prev:`` tags of others."""
    checked_step_name(new)

    def plan(document: Document) -> Change:
        metadata = [cell.metadata for cell in document.cells if cell.kind == "code"]
        if old != new and any(_names_step(m, new) for m in metadata):
            raise EditError(f"There is a step {shown(new)} already.")
        if not any(retag.renamed(m, old, new) != m for m in metadata) and old != new:
            raise EditError(f"There is no step {shown(old)}.")
        return {c.index: lambda m: retag.renamed(m, old, new) for c in document.cells if c.kind == "code"}

    return plan


def _names_step(metadata: Metadata, name: str) -> bool:
    own = metadata.get(OURS)
    tags = metadata.get("tags")
    return (isinstance(own, dict) and own.get("step") == name) or (
        isinstance(tags, list) and any(f"{prefix}:{name}" in tags for prefix in STEP_PREFIXES)
    )


def clear(cell: int | str | None = None) -> Edit:
    """Remove everything about the pipeline from one cell, or (``None``) from all cells. Other tools' tags
    stay.
    """

    def plan(document: Document) -> Change:
        if cell is not None:
            return {find_cell(document, cell): retag.cleared}
        return {c.index: retag.cleared for c in document.cells if c.kind == "code"}

    return plan


def retag_cells(choices: Mapping[int, tuple[Role, str | None]]) -> Edit:
    """Give many cells their role or step in one write: index → ``(role, step name)``."""

    def change_of(role: Role, name: str | None) -> Callable[[Metadata], Metadata]:
        if role is Role.STEP:
            return lambda metadata: retag.with_step(metadata, name)
        return lambda metadata: retag.with_role(metadata, role)

    for _, name in choices.values():
        if name is not None:
            checked_step_name(name)
    return lambda _: {index: change_of(*choice) for index, choice in choices.items()}


_EDITS: dict[str, Callable[..., Edit]] = {
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


def edit_of(fix: Fix) -> Edit:
    """The edit that a problem's fix (or anything that names an edit and its arguments) stands for. Raises :class:`EditError` when it
    is advice only or there is no such edit.
    """
    if fix.action is None:
        raise EditError(f"This is for you to do: {fix.title}.")
    if fix.action not in _EDITS:
        raise EditError(f"This kfjlab does not know the fix {shown(fix.action)}.")
    import inspect

    make = _EDITS[fix.action]
    try:
        inspect.signature(make).bind(**fix.arguments)
    except TypeError as error:
        raise EditError(f"The fix {fix.action!r} has wrong arguments: {error}.") from error
    return make(**fix.arguments)
