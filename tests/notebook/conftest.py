"""Makes notebooks for tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CellLike = Any


def as_cell(item: CellLike, index: int) -> dict[str, Any]:
    """The JSON of a cell given as ``"source"``, ``("source", "tag", …)``, ``("source", {metadata})``; ``"md:text"`` is
    markdown."""
    if isinstance(item, dict):
        return item
    source, *rest = (item,) if isinstance(item, str) else item
    if source.startswith("md:"):
        return {"cell_type": "markdown", "id": f"c{index}", "metadata": {}, "source": source[3:]}
    tags = [tag for tag in rest if isinstance(tag, str)]
    metadata: dict[str, Any] = {"tags": tags} if tags else {}
    for extra in rest:
        if isinstance(extra, dict):
            metadata.update(extra)
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"c{index}",
        "metadata": metadata,
        "outputs": [],
        "source": source,
    }


def as_notebook(*cells: CellLike, **metadata: Any) -> dict[str, Any]:
    """A notebook's JSON; keyword arguments become its metadata."""
    return {
        "cells": [as_cell(item, index) for index, item in enumerate(cells)],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.fixture
def notebook() -> Callable[..., bytes]:
    """A function that makes a notebook's bytes, as nbformat writes them."""

    def make(*cells: CellLike, **metadata: Any) -> bytes:
        return (json.dumps(as_notebook(*cells, **metadata), indent=1, ensure_ascii=False) + "\n").encode()

    return make


@pytest.fixture
def notebook_file(tmp_path: Path, notebook: Callable[..., bytes]) -> Callable[..., Path]:
    """A function that writes a notebook to ``nb.ipynb`` in a new folder and gives its path."""

    def make(*cells: CellLike, **metadata: Any) -> Path:
        path = tmp_path / "nb.ipynb"
        path.write_bytes(notebook(*cells, **metadata))
        return path

    return make
