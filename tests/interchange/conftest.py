"""Elyra pipelines, written for a test as Elyra writes them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kfjlab.interchange.elyra import Imported, import_elyra
from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.pipeline import Pipeline
from tests.leftovers import end_runs

OPS = {".ipynb": "execute-notebook-node", ".py": "execute-python-node", ".r": "execute-r-node"}


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Runs of this test go into a folder of its own."""
    folder = tmp_path / "store"
    monkeypatch.setenv("KFJLAB_DATA", str(folder))
    yield folder
    end_runs(folder)


def node(name: str, file: str, *after: str, label: str | None = None, **properties: Any) -> dict[str, Any]:
    """A node, of version 4 or newer; ``after``: names of the nodes that it is linked to."""
    links = [{"id": f"{one}-{name}", "node_id_ref": one, "port_id_ref": "outPort"} for one in after]
    return {
        "id": name,
        "type": "execution_node",
        "op": OPS.get(Path(file).suffix, file),
        "app_data": {
            "component_parameters": {"filename": file, "runtime_image": "", **properties},
            "label": label or "",
            "ui_data": {"label": label or Path(file).name, "x_pos": 1, "y_pos": 2},
        },
        "inputs": [{"id": "inPort", "app_data": {}, "links": links}],
        "outputs": [{"id": "outPort", "app_data": {}}],
    }


def flow(*nodes: dict[str, Any], version: int = 8, **properties: Any) -> dict[str, Any]:
    """A pipeline's JSON; ``properties`` are those of the pipeline."""
    return {
        "doc_type": "pipeline",
        "version": "3.0",
        "primary_pipeline": "primary",
        "pipelines": [
            {
                "id": "primary",
                "nodes": list(nodes),
                "app_data": {"ui_data": {"comments": []}, "version": version, "properties": properties},
            }
        ],
    }


def write(path: Path, content: Any) -> Path:
    """Write a pipeline's JSON."""
    path.write_text(json.dumps(content), "utf-8")
    return path


def notebook(path: Path, *cells: str | tuple[str, str], **metadata: Any) -> Path:
    """Write a notebook; ``"md:text"`` is markdown, a pair is code and a tag."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = []
    for cell in cells:
        source, tags = (cell, []) if isinstance(cell, str) else (cell[0], [cell[1]])
        if source.startswith("md:"):
            made.append(nbformat.v4.new_markdown_cell(source[3:]))
        else:
            outputs = [nbformat.v4.new_output("stream", text="of an earlier session\n")]
            made.append(
                nbformat.v4.new_code_cell(source, metadata={"tags": tags} if tags else {}, outputs=outputs)
            )
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=made, metadata={**kernel, **metadata}), path)
    return path


def imported(folder: Path, content: Mapping[str, Any], name: str = "made.pipeline") -> Imported:
    """Import a pipeline that is written into ``folder``, and write the notebook."""
    made = import_elyra(write(folder / name, content))
    made.path.write_bytes(made.content)
    return made


def pipeline_of(made: Imported) -> Pipeline:
    """The pipeline that the written notebook is; without errors."""
    found = analyze(made.path)
    assert not found.errors, found.errors
    return found


def sources(made: Imported) -> list[str]:
    """The sources of the cells."""
    read: Sequence[Any] = nbformat.reads(made.content.decode(), as_version=4).cells
    return [cell.source for cell in read]


def told(made: Imported) -> set[tuple[str, str, str]]:
    """Of each note what kind it is, of which node, and what."""
    return {(note.kind, note.node, note.what) for note in made.notes}
