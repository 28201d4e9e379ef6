"""Notebooks as the browser has them: nothing of this is saved."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import Ask


def notebook(*cells: tuple[str, str], path: str = "nb.ipynb") -> dict[str, Any]:
    """Code cells as ``(tags, source)``; their ids are ``c0``, ``c1`` …"""
    return {
        "path": path,
        "cells": [
            {"id": f"c{i}", "cell_type": "code", "source": source, "metadata": {"tags": tags.split()}}
            for i, (tags, source) in enumerate(cells)
        ],
    }


TAGGED = notebook(
    ("imports", "import math"),
    ("pipeline-parameters", "n = 3  # how many"),
    ("step:load", "rows = list(range(n))"),
    ("", "more = rows[:]"),
    ("step:train prev:load", "print(sum(rows), nobody)"),
)


async def test_what_the_cells_are(ask: Ask) -> None:
    view = await ask("POST", "notebook/analysis", TAGGED)
    told = [(cell["id"], cell["role"], cell["step"], cell["tagged"], cell["after"]) for cell in view["cells"]]
    assert told == [
        ("c0", "imports", None, True, []),
        ("c1", "pipeline-parameters", None, True, []),
        ("c2", "step", "load", True, []),
        ("c3", "step", "load", False, []),
        ("c4", "step", "train", True, ["load"]),
    ]
    assert [(step["name"], step["cells"]) for step in view["steps"]] == [
        ("load", ["c2", "c3"]),
        ("train", ["c4"]),
    ]
    (edge,) = view["edges"]
    assert (edge["source"], edge["target"], edge["resources"]) == ("load", "train", ["var:rows"])
    (parameter,) = view["parameters"]
    assert (parameter["name"], parameter["type"], parameter["default"]) == ("n", "int", 3)
    problem = next(p for p in view["problems"] if p["code"] == "undefined-name")
    assert (problem["cell"], problem["line"], view["runnable"], view["untagged"]) == (4, 1, False, False)


async def test_a_notebook_that_is_none_says_why(ask: Ask) -> None:
    other = {**notebook(("", "x <- 1")), "metadata": {"kernelspec": {"name": "ir", "language": "R"}}}
    view = await ask("POST", "notebook/analysis", other)
    assert (view["steps"], view["runnable"], view["problems"][0]["code"]) == ([], False, "not-python")


async def test_edits_are_made_one_after_the_other_and_nothing_is_saved(ask: Ask, jp_root_dir: Path) -> None:
    edits = [
        {"action": "set-step", "arguments": {"cell": "c3", "name": "copy"}},
        {"action": "rename-step", "arguments": {"old": "copy", "new": "duplicate"}},
        {"action": "set-metadata", "arguments": {"cell": "c4", "patch": {"retries": 2}}},
        {"action": "set-role", "arguments": {"cell": "c0", "role": "imports"}},
    ]
    answer = await ask("POST", "notebook/edits", {"notebook": TAGGED, "edits": edits})
    assert {change["cell"]: change["metadata"] for change in answer["changes"]} == {
        "c3": {"tags": ["step:duplicate"]},
        "c4": {"tags": ["step:train", "prev:load"], "kfjlab": {"retries": 2}},
    }
    steps = {step["name"]: step for step in answer["pipeline"]["steps"]}
    assert list(steps) == ["load", "duplicate", "train"]
    assert steps["train"]["settings"]["retries"] == 2
    assert os.listdir(jp_root_dir) == []


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"action": "set-step", "arguments": {"cell": "c0", "name": "../x"}}, "cannot be a step's name"),
        ({"action": "set-step", "arguments": {"cell": "c9", "name": "x"}}, "no cell with the id 'c9'"),
        ({"action": "set-step", "arguments": {"cell": "c0"}}, "wrong arguments"),
        ({"action": "rename-step", "arguments": {"old": "load", "new": "train"}}, "a step 'train' already"),
        ({"action": "__class__", "arguments": {}}, "does not know the fix"),
    ],
)
async def test_an_edit_that_cannot_be_made_is_refused_in_words(
    ask: Ask, edit: dict[str, Any], words: str
) -> None:
    status, answer = await ask("POST", "notebook/edits", {"notebook": TAGGED, "edits": [edit]})
    assert status == 422
    assert words in answer["message"]


async def test_steps_are_suggested(ask: Ask) -> None:
    cells = [
        {"id": "m", "cell_type": "markdown", "source": "# Load data"},
        {"id": "a", "cell_type": "code", "source": "rows = list(range(9))"},
        {"id": "n", "cell_type": "markdown", "source": "# Train model"},
        {"id": "b", "cell_type": "code", "source": "model = sum(rows)"},
    ]
    answer = await ask("POST", "notebook/suggestion", {"path": "nb.ipynb", "cells": cells})
    proposed = {proposal["cell"]: proposal["step"] for proposal in answer["proposals"]}
    assert proposed == {"a": "load_data", "b": "train_model"}
    assert [step["name"] for step in answer["pipeline"]["steps"]] == ["load_data", "train_model"]
    assert [cell["tagged"] for cell in answer["pipeline"]["cells"]] == [True, True]
    again = await ask("POST", "notebook/suggestion", TAGGED)
    assert (again["proposals"], "has steps already" in again["note"]) == ([], True)


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("mermaid", "nb.mmd", "flowchart"),
        ("dot", "nb.dot", "digraph"),
        ("json", "nb.json", '"load"'),
        ("python", "nb.py", "rows = list(range(n))"),
    ],
)
async def test_a_pipeline_is_exported(ask: Ask, kind: str, name: str, text: str) -> None:
    sound = notebook(("", "n = 3"), ("step:load", "rows = list(range(n))"), ("step:sum", "print(sum(rows))"))
    answer = await ask("POST", "notebook/export", {"notebook": sound, "format": kind})
    assert answer["file_name"] == name
    assert text in answer["text"]
