"""Elyra's own example pipelines: all are read, those that need no network give what their notebooks give."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kfjlab.interchange.elyra import Imported, import_elyra
from kfjlab.notebook.problems import NotebookError
from kfjlab.verbs import run
from tests.interchange.conftest import pipeline_of
from tests.interchange.test_elyra import alone

STEPS = {
    "dax_noaa_weather_data_analyze_NOAA_weather_data": ["load_data"],
    "run-generic-pipelines-on-apache-airflow_hello-generic-world": ["Load weather data"],
    "run-generic-pipelines-on-kubeflow-pipelines_hello-generic-world": ["Load weather data"],
    "setup_validation_validate_python": ["python_notebook"],
    "visualize_output_in_kubeflow_pipelines_ui_visualize_metrics": ["metrics"],
}
"""The pipelines of notebooks, with those of their nodes whose files are there; all others are of components."""
OFFLINE = {
    "setup_validation_validate_python": [],
    "visualize_output_in_kubeflow_pipelines_ui_visualize_metrics": [
        "mlpipeline-metrics.json",
        "mlpipeline-ui-metadata.json",
    ],
}
"""Those that need no network, with the files that they make."""


def laid_out(shared: Path, name: str, folder: Path) -> Path:
    """A pipeline with its notebooks under the names that it has for them; the test data has all in one folder."""
    folder.mkdir()
    prefixes = [name[:end] for end, sign in enumerate(name) if sign == "_"]
    for prefix in prefixes:
        for found in (shared / "elyra").glob(f"pipelines_{prefix}_*.ipynb"):
            shutil.copyfile(found, folder / found.name.removeprefix(f"pipelines_{prefix}_"))
    return Path(shutil.copyfile(shared / "elyra" / f"pipelines_{name}.pipeline", folder / "it.pipeline"))


def written(path: Path) -> Imported:
    made = import_elyra(path)
    made.path.write_bytes(made.content)
    return made


def test_all_are_imported_or_say_why_not(shared_notebooks: Path, tmp_path: Path) -> None:
    names = [path.stem.removeprefix("pipelines_") for path in (shared_notebooks / "elyra").glob("*.pipeline")]
    assert len(names) == 13
    assert set(STEPS) <= set(names)
    for name in names:
        path = laid_out(shared_notebooks, name, tmp_path / name)
        if name not in STEPS:
            with pytest.raises(NotebookError, match="Nothing of the pipeline can be a step") as refused:
                written(path)
            assert len(refused.value.problems) > 1, name
            assert all("component" in problem.message for problem in refused.value.problems[1:]), name
            continue
        made = written(path)
        assert list(made.steps) == STEPS[name], name
        assert pipeline_of(made).steps[0].settings.image
        missing = [note for note in made.notes if note.kind == "left-out"]
        assert all(note.why.startswith("There is no file ") for note in missing), missing


@pytest.mark.parametrize("name", OFFLINE)
def test_a_run_gives_what_the_notebooks_give(name: str, shared_notebooks: Path, tmp_path: Path) -> None:
    there = laid_out(shared_notebooks, name, tmp_path / "there")
    made = written(laid_out(shared_notebooks, name, tmp_path / "here"))
    expected = [alone(there.with_name(path.name)) for path in made.sources[1:]]
    result = run(made.path, progress=False, check=True)
    assert [result.log(step) for step in made.steps] == expected
    for file in OFFLINE[name]:
        assert made.path.with_name(file).read_bytes() == there.with_name(file).read_bytes()
