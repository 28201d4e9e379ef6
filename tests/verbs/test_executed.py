"""One copy of the notebook with the outputs of a run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.document import read_document
from kfjlab.runs.model import Run, RunState, StepRun, StepState
from kfjlab.runtime.notebook_output import ExecutedNotebook
from kfjlab.runtime.protocol import CellSource
from kfjlab.verbs.executed import OutputError, executed_notebook, write_executed
from tests.cli.conftest import write_notebook


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(
        tmp_path / "nb.ipynb",
        ("imports", "import math"),
        ("markdown", "# Text"),
        ("step:a", "x = 1"),
        ("", "x"),
        ("skip", "1 / 0"),
        ("step:b", "print(x)"),
        ("step:c", "y = 1"),
    )


def run_of(notebook: Path, folder: Path) -> Run:
    pipeline = analyze(notebook).to_json()
    return Run(
        "r1",
        "nb",
        str(notebook),
        "local",
        RunState.FAILED,
        0.0,
        str(folder),
        pipeline=pipeline,
        parameters={"p": 1},
    )


def executed(path: Path, *cells: tuple[int, list[dict[str, Any]]], first_index: int = 0) -> str:
    """A step's executed notebook; ``cells`` are execution counts (0: not executed) and outputs."""
    made = [
        {
            "cell_type": "code",
            "execution_count": count or None,
            "outputs": outputs,
            "source": "",
            "metadata": {"kfjlab": {"cell": first_index + i}, "execution": {"t": "now"}},
        }
        for i, (count, outputs) in enumerate(cells)
    ]
    path.write_text(json.dumps({"cells": made}), "utf-8")
    return str(path)


RESULT = {
    "output_type": "execute_result",
    "execution_count": 7,
    "data": {"text/plain": ["1"]},
    "metadata": {},
}
STREAM = {"output_type": "stream", "name": "stdout", "text": ["1\n"]}


def test_outputs_stand_where_their_cells_stand(notebook: Path, tmp_path: Path) -> None:
    executed(tmp_path / "prelude.ipynb", (1, [STREAM]))
    steps = [
        # Reused from a time when the notebook had other cells before it.
        StepRun("r1", "a", 0, StepState.SUCCEEDED, cached=True, notebook=executed(tmp_path / "a.ipynb", (6, []), (7, [RESULT]), first_index=40)),
        StepRun("r1", "b", 1, StepState.FAILED, notebook=executed(tmp_path / "b.ipynb", (4, [STREAM]))),
        StepRun("r1", "c", 2, StepState.SKIPPED),
    ]  # fmt: skip
    before = notebook.read_bytes()
    made = executed_notebook(read_document(notebook), run_of(notebook, tmp_path), steps)
    assert notebook.read_bytes() == before
    cells = made["cells"]
    assert [cell["source"] for cell in cells] == [cell["source"] for cell in json.loads(before)["cells"]]
    assert cells[1] == json.loads(before)["cells"][1]
    assert [(c["execution_count"], c["outputs"]) for c in cells if c["cell_type"] == "code"] == [
        (1, [STREAM]),
        (2, []),
        (3, [{**RESULT, "execution_count": 3}]),
        (None, []),
        (4, [STREAM]),
        (None, []),
    ]
    assert cells[2]["metadata"] == {"tags": ["step:a"], "execution": {"t": "now"}}
    assert made["metadata"]["kfjlab_run"] == {"id": "r1", "state": "failed", "parameters": {"p": 1}}
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)


def test_a_cell_that_was_edited_since_has_no_outputs(notebook: Path, tmp_path: Path) -> None:
    run = run_of(notebook, tmp_path)
    steps = [
        StepRun("r1", "b", 1, StepState.SUCCEEDED, notebook=executed(tmp_path / "b.ipynb", (4, [STREAM])))
    ]
    assert executed_notebook(read_document(notebook), run, steps)["cells"][5]["outputs"] == [STREAM]
    notebook.write_text(notebook.read_text("utf-8").replace("print(x)", "print(x + 1)"), "utf-8")
    assert executed_notebook(read_document(notebook), run, steps)["cells"][5]["outputs"] == []


def displayed(path: Path, *cells: list[tuple[str, str, bool]]) -> str:
    """A step's executed notebook whose cells display texts: the text, the id, and whether it is an update."""
    notebook = ExecutedNotebook([CellSource(i, f"c{i}", i + 1, "") for i in range(len(cells))], {})
    for position, shown in enumerate(cells):
        notebook.begin(position)
        for text, name, update in shown:
            if text == "clear":
                notebook.clear(wait=False)
            else:
                notebook.display({"text/plain": text}, {}, {"display_id": name}, update)
        notebook.end()
    notebook.write(str(path))
    return str(path)


def test_a_display_has_what_later_steps_made_of_it(notebook: Path, tmp_path: Path) -> None:
    displayed(tmp_path / "prelude.ipynb", [("one", "x", False), ("other", "y", False), ("own", "", False)])
    first = [("two", "x", False), ("unknown", "z", True)]
    steps = [
        StepRun("r1", "a", 0, StepState.SUCCEEDED, notebook=displayed(tmp_path / "a.ipynb", first, [("three\nlines", "x", True)])),
        StepRun("r1", "b", 1, StepState.SUCCEEDED, notebook=displayed(tmp_path / "b.ipynb", [("four", "y", False), ("clear", "", False)])),
        StepRun("r1", "c", 2, StepState.SUCCEEDED, notebook=displayed(tmp_path / "c.ipynb", [("five", "z", False), ("six", "x", True)])),
    ]  # fmt: skip
    cells = executed_notebook(read_document(notebook), run_of(notebook, tmp_path), steps)["cells"]
    shown = [["".join(o["data"]["text/plain"]) for o in cell.get("outputs", ())] for cell in cells]
    assert shown == [["six", "four", "own"], [], ["six"], [], [], [], ["five"]]


def test_cells_behind_the_failed_one_were_not_executed(notebook: Path, tmp_path: Path) -> None:
    steps = [
        StepRun(
            "r1", "a", 0, StepState.FAILED, notebook=executed(tmp_path / "a.ipynb", (2, [STREAM]), (0, []))
        )
    ]
    cells = executed_notebook(read_document(notebook), run_of(notebook, tmp_path), steps)["cells"]
    assert cells[2]["execution_count"] == 2
    assert cells[3]["execution_count"] is None


def test_the_file_is_written_whole_and_with_usual_permissions(notebook: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.ipynb"
    mask = os.umask(0o022)
    try:
        write_executed(output, notebook, {"cells": ["é\ud800"]})
    finally:
        os.umask(mask)
    assert json.loads(output.read_text("utf-8")) == {"cells": ["é?"]}
    assert output.stat().st_mode & 0o777 == 0o644
    output.chmod(0o600)
    write_executed(output, notebook, {"cells": []})
    assert output.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nb.ipynb", "out.ipynb"]


def test_an_output_that_became_the_source_meanwhile_is_not_written(notebook: Path, tmp_path: Path) -> None:
    before = notebook.read_bytes()
    (tmp_path / "out.ipynb").symlink_to(notebook)
    with pytest.raises(OutputError, match="itself"):
        write_executed(tmp_path / "out.ipynb", notebook, {"cells": []})
    with pytest.raises(OutputError, match="could not be written"):
        write_executed(tmp_path / "gone" / "out.ipynb", notebook, {"cells": []})
    assert notebook.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["nb.ipynb", "out.ipynb"]
