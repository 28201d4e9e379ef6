"""The tags of a notebook's cells, listed and changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfjlab.notebook import edit, edits
from kfjlab.notebook.analyze import analyze_document
from kfjlab.notebook.document import Document, read_document
from kfjlab.notebook.names import did_you_mean
from kfjlab.notebook.problems import NotebookError, Problem
from kfjlab.notebook.tags import read_cell, shown

_CODE_SHOWN = 60


@dataclass(frozen=True)
class CellRow:
    """A code cell: its tags, and where it belongs (``belongs``: a step's name, ``(imports)`` or another role, or nothing)."""

    index: int
    id: str
    tags: tuple[str, ...]
    belongs: str
    first_line: str

    def to_json(self) -> dict[str, Any]:
        """The JSON form of ``tags --json``."""
        role = self.belongs[1:-1] if self.belongs.startswith("(") else None
        return {
            "cell": self.index,
            "id": self.id,
            "tags": list(self.tags),
            "step": self.belongs if self.belongs and role is None else None,
            "role": role,
            "source": self.first_line,
        }


@dataclass(frozen=True)
class Tagging:
    """What cells shall be. ``role``: as in tags, or ``none``."""

    step: str | None = None
    no_step: bool = False
    role: str | None = None
    after: tuple[str, ...] = ()
    not_after: tuple[str, ...] = ()


def list_cells(notebook: Path) -> list[CellRow]:
    """The code cells of a notebook. Raises :class:`NotebookError` when it is none."""
    document = read_document(notebook)
    belongs = _belongs(document)
    rows = []
    for cell in document.cells:
        if cell.kind != "code":
            continue
        tags = cell.metadata.get("tags")
        shown = tuple(str(tag) for tag in tags) if isinstance(tags, list) else ()
        first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
        rows.append(CellRow(cell.index, cell.id, shown, belongs.get(cell.index, ""), first[:_CODE_SHOWN]))
    return rows


def _belongs(document: Document) -> dict[int, str]:
    try:
        pipeline = analyze_document(document)
    except NotebookError:
        return {}  # tags can be listed, and mended, all the same
    found = {cell.index: f"({cell.role.value})" for cell in pipeline.prelude.cells}
    found.update({cell.index: step.name for step in pipeline.steps for cell in step.cells})
    return found


def set_cells(notebook: Path, cells: Sequence[str], tagging: Tagging) -> bool:
    """Change the tags of cells, given by number (from 1) or id; whether the file changed. Raises
    :class:`~kfjlab.notebook.edits.EditError`, also for a step to run after that no cell is tagged with."""
    document = read_document(notebook)
    chosen = resolve_cells(document, cells)
    _check_after(tagging, document)
    changed = False
    if tagging.step is not None or tagging.no_step:
        changed |= edit.set_step(notebook, chosen, tagging.step)
    if tagging.role is not None:
        changed |= edit.set_role(notebook, chosen, None if tagging.role == "none" else tagging.role)
    for name in tagging.after:
        changed |= edit.add_after(notebook, chosen, name)
    for name in tagging.not_after:
        changed |= edit.remove_after(notebook, chosen, name)
    return changed


def _check_after(tagging: Tagging, document: Document) -> None:
    """Refuse a step to run after that there is not: most likely its name is misspelt."""
    ignored: list[Problem] = []
    read = [read_cell(c.index, c.metadata, ignored) for c in document.cells if c.kind == "code"]
    known = {tags.step for tags in read if tags.step is not None} | set(_belongs(document).values())
    known = {name for name in known if not name.startswith("(")}
    for name in tagging.after:
        if name not in known and name != tagging.step:
            raise edits.EditError(
                f"There is no step {shown(name)} to run after.{did_you_mean(name, known)} Nothing was written."
            )


def clear_cells(notebook: Path, cells: Sequence[str]) -> bool:
    """Remove what the tags of cells (default: of all) say about the pipeline; whether the file changed."""
    if not cells:
        return edit.clear(notebook)
    chosen = resolve_cells(read_document(notebook), cells)
    changed = [edit.clear(notebook, cell) for cell in chosen]
    return any(changed)


def resolve_cells(document: Document, cells: Sequence[str]) -> list[int]:
    """Indices of code cells that are given by number, counted from 1, or by id. A number is one, unless there is no such cell but one with
    that id. Raises :class:`~kfjlab.notebook.edits.EditError`."""
    ids = {cell.id for cell in document.cells}
    found = []
    for text in cells:
        is_number = text.isdecimal() and (0 < int(text) <= len(document.cells) or text not in ids)
        found.append(edits.find_cell(document, int(text) - 1 if is_number else text))
    return list(dict.fromkeys(found))
