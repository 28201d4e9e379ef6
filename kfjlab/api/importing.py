"""Pipelines of other tools, made into notebooks where the browser can open them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kfjlab.interchange.elyra import import_elyra as read_elyra
from kfjlab.verbs.made_files import write_made

from . import models
from .context import Context
from .failures import RequestFailure

_MOST_COPIES = 1000


def import_elyra(context: Context, body: models.ImportRequest) -> models.ImportAnswer:
    """Make a notebook of an Elyra pipeline; no file outside of the server's root is read or written."""
    made = read_elyra(context.file(body.path), root=context.root)
    if body.existing == "rename":
        made = replace(made, path=_free(made.path))
    written = body.existing != "keep" or not made.path.exists()
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
    """A path beside it that nothing has."""
    for number in range(2, _MOST_COPIES):
        if not path.exists():
            return path
        path = path.with_name(f"{path.stem.removesuffix(f'-{number - 1}')}-{number}.ipynb")
    raise RequestFailure(
        422, f"There are {_MOST_COPIES} notebooks like {path.name} already.", "Delete some of them."
    )
