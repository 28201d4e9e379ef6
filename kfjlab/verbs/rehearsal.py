"""Edits tried on a copy: what they would change."""

from __future__ import annotations

import difflib
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfjlab.notebook.document import read_document
from kfjlab.notebook.jsontext import same
from kfjlab.notebook.problems import cell_word

from .wording import printable


@dataclass(frozen=True)
class Rehearsal:
    """``path`` is a copy of ``original``, to be edited."""

    original: Path
    path: Path

    def changes(self) -> list[str]:
        """What has changed in the metadata of cells and notebook, as unified diffs. Nothing else can have."""
        return metadata_diff(self.original, self.path)

    def cells(self) -> list[int]:
        """The indices of the cells that have changed."""
        before, after = read_document(self.original), read_document(self.path)
        return [
            one.index
            for one, other in zip(before.cells, after.cells, strict=True)
            if not same(one.metadata, other.metadata)
        ]


@contextmanager
def rehearse(notebook: Path) -> Iterator[Rehearsal]:
    """A copy of a notebook that lives as long as the ``with`` block. Raises :class:`~kfjlab.notebook.problems.NotebookError` when it
    is none."""
    read_document(notebook)
    with tempfile.TemporaryDirectory(prefix="kfjlab-") as folder:
        copy = Path(folder) / notebook.name
        shutil.copyfile(notebook, copy)
        yield Rehearsal(notebook, copy)


def metadata_diff(old: Path, new: Path) -> list[str]:
    """The differences between the metadata of two versions of a notebook, cell by cell."""
    before, after = read_document(old), read_document(new)
    lines = _diff("notebook", before.metadata, after.metadata)
    for one, other in zip(before.cells, after.cells, strict=True):
        if not same(one.metadata, other.metadata):
            lines += _diff(cell_word(one.index), one.metadata, other.metadata)
    return lines


def _diff(what: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    texts = [json.dumps(data, indent=1, ensure_ascii=False).splitlines() for data in (before, after)]
    found = difflib.unified_diff(texts[0], texts[1], f"{what} (now)", f"{what} (then)", lineterm="", n=1)
    return [printable(line) for line in found]
