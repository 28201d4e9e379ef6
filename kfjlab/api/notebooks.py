"""Notebooks as the browser has them: analysed, tagged, proposed steps for, exported."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from kfjlab.notebook.analyze import analyze_document
from kfjlab.notebook.document import Document, read_document
from kfjlab.notebook.edits import carry_out, edit_of
from kfjlab.notebook.problems import Fix, NotebookError
from kfjlab.notebook.suggest import suggest_document, tagging_of
from kfjlab.verbs.graphs import render
from kfjlab.verbs.script import as_script

from . import models
from .context import Context
from .views import no_pipeline, pipeline_view


def analyse(context: Context, body: models.Notebook) -> models.PipelineView:
    """The pipeline that a notebook is, saved or not."""
    try:
        document = _document(context, body)
        return pipeline_view(document, context.rules.judged(analyze_document(document)))
    except NotebookError as error:
        return no_pipeline(error.problems)


def suggest(context: Context, body: models.Notebook) -> models.Suggestion:
    """Steps for a notebook that has none."""
    document = _document(context, body)
    suggestion = suggest_document(document)
    tagged, _ = carry_out(document, [tagging_of(suggestion)])
    return models.Suggestion(
        note=suggestion.note,
        proposals=[
            models.Proposal(
                cell=document.cells[p.cell].id, role=p.role, step=p.step, reason=p.reason, tag=p.tag
            )
            for p in suggestion.proposals
        ],
        pipeline=pipeline_view(tagged, suggestion.pipeline),
    )


def edit(context: Context, body: models.EditRequest) -> models.Edited:
    """What edits of tags and metadata change. Nothing is written: the browser makes the changes in its document."""
    document = _document(context, body.notebook)
    edits = [edit_of(Fix(edit.action, edit.action, edit.arguments)) for edit in body.edits]
    edited, changes = carry_out(document, edits)
    return models.Edited(
        changes=_changes(document, changes),
        pipeline=pipeline_view(edited, context.rules.judged(analyze_document(edited))),
    )


def export(context: Context, body: models.ExportRequest) -> models.Exported:
    """The pipeline as a text."""
    document = _document(context, body.notebook)
    pipeline = analyze_document(document)
    suffix = {"mermaid": "mmd", "dot": "dot", "json": "json", "python": "py"}[body.format]
    text = as_script(pipeline) if body.format == "python" else render(pipeline, body.format)
    return models.Exported(file_name=f"{PurePosixPath(body.notebook.path).stem}.{suffix}", text=text)


def _changes(document: Document, changes: Mapping[int | None, dict[str, Any]]) -> list[models.MetadataChange]:
    return [
        models.MetadataChange(cell=None if index is None else document.cells[index].id, metadata=metadata)
        for index, metadata in changes.items()
    ]


def _document(context: Context, notebook: models.Notebook) -> Document:
    """The notebook as if it were read from its file. Raises :class:`NotebookError`."""
    raw = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": notebook.metadata,
        "cells": [cell.model_dump() for cell in notebook.cells],
    }
    document = read_document(json.dumps(raw).encode())
    return replace(document, path=str(context.file(notebook.path)))
