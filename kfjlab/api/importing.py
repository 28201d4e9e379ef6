"""Pipelines of other tools, made into notebooks where the browser can open them."""

from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

from kfjlab.interchange.elyra import import_elyra as read_elyra
from kfjlab.verbs.made_files import write_made

from . import models
from .context import Context


def import_elyra(context: Context, body: models.ImportRequest) -> models.ImportAnswer:
    """Make a notebook of an Elyra pipeline.

    No path outside of the server's root is read or written, and none that it hides; links lead where they lead for the file browser.
    """
    made = read_elyra(context.file(body.path), root=context.root, hidden=context.hidden)
    if body.existing == "rename":
        made = replace(made, path=_free(made.path))
    written = body.existing != "keep" or not os.path.exists(made.path)
    if written:
        write_made(made.path, made.content, replace=body.existing == "replace", sources=made.sources)
    return models.ImportAnswer(
        path=context.contents_path(str(made.path)),
        name=made.name,
        written=written,
        steps=list(made.steps),
        notes=list(made.notes),
    )


def _free(path: Path) -> Path:
    """A path beside it that nothing has; the name gets a number as Jupyter gives them."""
    names = (f"{path.stem}{number or ''}{path.suffix}" for number in itertools.count())
    return next(path.with_name(name) for name in names if not os.path.exists(path.with_name(name)))
