"""Cells that an import makes itself. They get their ids when all cells are together, so that the same file gives the same notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell


def code(source: str, metadata: Mapping[str, Any] | None = None) -> NotebookNode:
    """A code cell without an id."""
    cell: NotebookNode = new_code_cell(source, metadata=dict(metadata or {}))
    cell["id"] = ""
    return cell


def markdown(source: str) -> NotebookNode:
    """A markdown cell without an id."""
    cell: NotebookNode = new_markdown_cell(source)
    cell["id"] = ""
    return cell
