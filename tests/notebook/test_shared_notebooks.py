"""Real notebooks by other people: all are read, Kale's give the graph of their tags, untagged ones get good proposals."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.edit import edited
from kfjlab.notebook.pipeline import Role
from kfjlab.notebook.problems import NotebookError, Severity
from kfjlab.notebook.retag import with_step
from kfjlab.notebook.suggest import suggest


def notebooks(folder: Path) -> Iterator[Path]:
    found = sorted(folder.glob("*/*.ipynb"))
    assert len(found) > 40
    yield from found


def raw_cells(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_bytes())["cells"]
    return cells


def test_each_gives_a_pipeline_or_a_clear_error(shared_notebooks: Path) -> None:
    refused = {}
    for path in notebooks(shared_notebooks):
        before = path.stat().st_mtime_ns
        try:
            pipeline = analyze(path)
        except NotebookError as error:
            refused[path.name] = {p.code for p in error.problems if len(p.message) > 20}
            continue
        assert path.stat().st_mtime_ns == before
        assert pipeline.steps
        placed = [c.index for s in pipeline.steps for c in s.cells] + [
            c.index for c in pipeline.prelude.cells
        ]
        assert len(placed) == len(set(placed)), "each cell has one place"
        numbers = [c.number for s in pipeline.steps for c in s.cells]
        assert numbers == sorted(numbers), "steps are in the notebook's order"
        assert all(p.message and "\n" not in p.message for p in pipeline.problems)
    assert refused == {
        "composition_main.ipynb": {"sub-pipeline"},
        "extra_ann_architectures.ipynb": {"empty-notebook"},
        "index.ipynb": {"empty-notebook"},
    }


def said_by_tags(path: Path) -> dict[str, set[str]]:
    """Step → prev, read from the tags in the simplest way."""
    steps: dict[str, set[str]] = {}
    for cell in raw_cells(path):
        tags = cell["metadata"].get("tags") or []
        names = [t.split(":", 1)[1] for t in tags if t.startswith(("step:", "block:")) and t.split(":", 1)[1]]
        if cell["cell_type"] == "code" and names and "skip" not in tags:
            steps.setdefault(names[0], set()).update(
                t.split(":", 1)[1] for t in tags if t.startswith("prev:")
            )
    return steps


def test_kales_notebooks_give_the_steps_and_order_of_their_tags(shared_notebooks: Path) -> None:
    compared = 0
    for path in sorted((shared_notebooks / "kale").glob("*.ipynb")):
        wanted = said_by_tags(path)
        if not wanted:
            continue
        pipeline = analyze(path)
        got = {s.name: set(s.after) for s in pipeline.steps if s.role is Role.STEP}
        assert list(got.items()) == list(wanted.items()), path.name
        edges = {(e.source, e.target) for e in pipeline.edges}
        assert {(p, n) for n, before in wanted.items() for p in before} <= edges, path.name
        tag_faults = [
            p
            for p in pipeline.errors
            if p.code in ("bad-tag", "unknown-step", "bad-step-name", "contradiction")
        ]
        assert tag_faults == [], path.name
        compared += 1
    assert compared >= 15


def test_names_and_settings_of_kales_notebooks(shared_notebooks: Path) -> None:
    kale = shared_notebooks / "kale"
    assert analyze(kale / "base_candies_sharing.ipynb").name == "candies-sharing"
    assert [p.name for p in analyze(kale / "base_candies_sharing.ipynb").parameters] == ["CANDIES"]
    dogs = analyze(kale / "dog-breed-classification_dog-breed-v2.ipynb")
    assert dogs.step("detect_dogs").settings.resources.gpus == 1
    assert dogs.step("detect_dogs").settings.resources.gpu_kind == "nvidia.com/gpu"
    rag = analyze(kale / "rag_portable_rag_langchain.ipynb")
    assert [s.settings.cache for s in rag.steps] == [False, True, True]
    assert analyze(kale / "iris_sklearn_iris.ipynb").step("train_model").settings.cache is False
    assert analyze(kale / "composition_notebook_a.ipynb").steps[0].settings.image == "kale-runtime:2.1.0"


def is_python(path: Path) -> bool:
    """Whether each code cell is plain Python, IPython's own lines left out."""
    for cell in raw_cells(path):
        if cell["cell_type"] == "code":
            lines = "".join(cell["source"]).split("\n")
            text = "\n".join("pass" if line.startswith(("%", "!")) else line for line in lines)
            try:
                ast.parse(text)
            except SyntaxError:
                return False
    return True


def test_proposals_make_no_errors(shared_notebooks: Path) -> None:
    proposed = 0
    for path in notebooks(shared_notebooks):
        try:
            before = analyze(path)
        except NotebookError:
            continue
        found = suggest(path)
        old = {(p.code, p.cell, p.line) for p in before.errors}
        assert {(p.code, p.cell, p.line) for p in found.pipeline.errors} <= old, path.name
        if path.parent.name == "ml" and is_python(path):
            assert [p.message for p in found.pipeline.problems if p.severity is Severity.ERROR] == [], (
                path.name
            )
            assert len(found.pipeline.steps) >= 2, path.name
            proposed += 1
        serial = [c.index for s in found.pipeline.steps for c in s.cells]
        assert serial == sorted(serial), "steps stay in the notebook's order"
    assert proposed >= 5


def test_one_tag_changes_one_place_of_a_real_notebook(shared_notebooks: Path) -> None:
    for path in notebooks(shared_notebooks):
        data = path.read_bytes()
        index = next((i for i, c in enumerate(raw_cells(path)) if c["cell_type"] == "code"), None)
        if index is None:
            continue
        result = edited(data, {index: lambda metadata: with_step(metadata, "some_new_name")})
        head = next(i for i, (a, b) in enumerate(zip(data, result, strict=False)) if a != b)
        tail = next(
            i for i, (a, b) in enumerate(zip(reversed(data), reversed(result), strict=False)) if a != b
        )
        assert len(data) - head - tail < 200, "old bytes replaced"
        assert len(result) - head - tail < 200, "new bytes in their place"
        assert json.loads(result)["cells"][index]["metadata"]["tags"].count("step:some_new_name") == 1
