"""Whole notebooks: our examples as they are tagged, and notebooks by other people with every cell as a step."""

from __future__ import annotations

import json
import random
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from kfjlab.notebook.analyze import analyze

from .conftest import SOAK
from .oracle import (
    DUMP_STEP,
    Program,
    Schedule,
    as_pipeline,
    compare,
    disagreements,
    dump_source,
    from_top_to_bottom,
    prepare,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
OFFLINE: dict[str, tuple[tuple[str, ...], str]] = {
    "ml/tools_numpy.ipynb": ((), ""),
    "ml/extra_gradient_descent_comparison.ipynb": ((), ""),
    "ml/06_decision_trees.ipynb": (("graphviz", "Source.from"), ""),
    "ml/07_ensemble_learning_and_random_forests.ipynb": ((), "urllib"),
    "kale/iris_sklearn_iris.ipynb": ((), ""),
    "elyra/pipelines_visualize_output_in_kubeflow_pipelines_ui_metrics.ipynb": ((), ""),
}
"""Notebooks, or their first cells, that need no network and no library that the tests do not have: the words of cells that are
left out, and the word of the first cell that ends it. The others of the collection need tensorflow, torch, xgboost, seaborn or a download first."""

SHORTER = {
    "ml/06_decision_trees.ipynb": ("list(range(2, 100))", "list(range(2, 100, 20))"),
    "ml/07_ensemble_learning_and_random_forests.ipynb": ("n_estimators=500", "n_estimators=50"),
    "ml/extra_gradient_descent_comparison.ipynb": ("frames=n_iter // 3", "frames=n_iter // 40"),
}
"""What is put in place of a text, but for a soak, so that the notebooks do the same less often: 270 fits instead of 5,292, forests of 50
trees, a film of 6 pictures instead of 83."""

REFUSED = {"ml/tools_numpy.ipynb": "my_arrays"}
"""Notebooks of the above with a variable that holds an open file, and its name. The step that wants it from another step is told so."""

SEED = "import random, numpy\nrandom.seed(1)\nnumpy.random.seed(1)"
"""These notebooks draw without a seed, so that no two runs agree; with this first cell they do."""


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def _with_dump(path: Path, folder: Path, dump: Path) -> Path:
    """A copy of a notebook with one more step that describes all variables."""
    folder.mkdir()
    notebook = _read(path)
    notebook["cells"].append(
        {
            "cell_type": "code",
            "id": "dump",
            "metadata": {"tags": [f"step:{DUMP_STEP}"]},
            "source": dump_source(dump),
            "outputs": [],
            "execution_count": None,
        }
    )
    copy = folder / "notebook.ipynb"
    copy.write_text(json.dumps(notebook), "utf-8")
    return copy


def _older_pandas() -> bool:
    return int(version("pandas").partition(".")[0]) < 3


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_examples(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if name == "forecast.ipynb" and _older_pandas():
        request.applymarker(pytest.mark.xfail(reason="two models share a pandas index's array", strict=True))
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    reference = from_top_to_bottom(_with_dump(EXAMPLES / name, tmp_path / "a", one), one)
    notebook = _with_dump(EXAMPLES / name, tmp_path / "b", other)
    assert [p.message for p in analyze(notebook).problems if p.severity.value == "error"] == []
    result = as_pipeline(notebook, other)
    assert disagreements(reference, result.outcome) == []
    assert result.run.metrics, "an example shows metrics"


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_examples_are_stored_without_outputs(name: str) -> None:
    for cell in _read(EXAMPLES / name)["cells"]:
        assert cell["cell_type"] != "code" or (cell["outputs"] == [] and cell["execution_count"] is None)


def _program(folder: Path, name: str) -> Program:
    (without, until), (long, short) = OFFLINE[name], ("", "") if SOAK else SHORTER.get(name, ("", ""))
    path, cells = folder / name, [SEED]
    for cell in _read(path)["cells"]:
        source = "".join(cell["source"])
        if until and until in source:
            break
        if cell["cell_type"] == "code" and source.strip() and not any(word in source for word in without):
            cells.append(source.replace(long, short))
    return Program(tuple(cells))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", [name for name in OFFLINE if name not in REFUSED])
def test_notebooks_of_others(name: str, shared_notebooks: Path, tmp_path: Path, rng: random.Random) -> None:
    program = _program(shared_notebooks, name)
    assert len(program.cells) > 1
    assert compare(program, Schedule.random_groups(len(program.cells), rng), tmp_path) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_travel_is_refused(
    name: str, shared_notebooks: Path, tmp_path: Path, rng: random.Random
) -> None:
    program = _program(shared_notebooks, name)
    schedule = Schedule.every_cell(len(program.cells), rng)
    run = as_pipeline(prepare(program, schedule, tmp_path, tmp_path / "dump.json")).run
    assert run.error is not None and run.error["kind"] == "CannotTravel", run.error
    assert REFUSED[name] in run.error["message"]


@pytest.mark.skipif(not SOAK, reason="only with KFJLAB_SOAK=1")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [name for name in OFFLINE if name not in REFUSED])
def test_notebooks_of_others_every_cell(
    name: str, shared_notebooks: Path, tmp_path: Path, rng: random.Random
) -> None:
    program = _program(shared_notebooks, name)
    assert compare(program, Schedule.every_cell(len(program.cells), rng), tmp_path) == []
    shutil.rmtree(tmp_path, ignore_errors=True)
