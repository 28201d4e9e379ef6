"""Pipelines of other tools made into notebooks."""

from __future__ import annotations

from pathlib import Path

from kfjlab.interchange.elyra import Imported, import_elyra

from .made_files import write_made


def import_pipeline(
    file: Path,
    target: Path | None = None,
    *,
    replace: bool = False,
    root: Path | None = None,
    instead: str = "",
) -> Imported:
    """Make a notebook of an Elyra pipeline, and write it. ``target``, ``root``: as for
    :func:`~kfjlab.interchange.elyra.import_elyra`; ``replace``: a file that is there already, but none that the notebook is made of.

    Raises :class:`~kfjlab.notebook.problems.NotebookError` when it cannot be imported, :class:`~kfjlab.targets.base.RefusedError` when the
    notebook cannot be written.
    """
    made = import_elyra(file, target, root=root)
    write_made(made.path, made.content, replace=replace, sources=made.sources, instead=instead)
    return made
