"""``kfjlab import``."""

from __future__ import annotations

from pathlib import Path

import nbformat

from tests.cli.conftest import Command, write_notebook
from tests.interchange.conftest import flow, node, write


def test_a_pipeline_becomes_a_notebook_and_what_is_left_out_is_listed(kfjlab: Command, work: Path) -> None:
    write_notebook(work / "a.ipynb", ("", "x = 1"))
    path = write(
        work / "p.pipeline",
        flow(node("a", "a.ipynb", cpu=1, cpu_limit=2), node("m", "m.r", "a", label="m\x1b[31m")),
    )
    answer = kfjlab("import", path)
    assert answer.code == 0
    assert f"{work / 'p.ipynb'} is there: 1 step (a)." in answer.out
    assert "Left out:\n- a: The limit of cpu (“2”). " in answer.out
    assert "- m\\x1b[31m: The node (m.r). It runs an R script; kfjlab runs Python.\n  to do: " in answer.out
    assert f"Next: kfjlab run {work / 'p.ipynb'}" in answer.out
    assert "\x1b" not in answer.out
    assert kfjlab("graph", work / "p.ipynb").code == 0


def test_a_notebook_that_is_there_is_replaced_only_when_asked_for(kfjlab: Command, work: Path) -> None:
    source = write_notebook(work / "a.ipynb", ("", "x = 1"))
    path = write(work / "p.pipeline", flow(node("a", "a.ipynb")))
    other = write_notebook(work / "p.ipynb", ("", "mine"))
    before = (source.read_bytes(), other.read_bytes())
    answer = kfjlab("import", path)
    assert answer.code == 2
    assert "p.ipynb already. Give --force" in answer.err
    assert kfjlab("import", path, "-o", source, "--force").code == 2
    assert (source.read_bytes(), other.read_bytes()) == before
    answer = kfjlab("import", path, "--force", "--json")
    assert answer.json["steps"] == ["a"]
    assert [cell.source for cell in nbformat.read(other, as_version=4).cells][-1] == "x = 1"
    assert kfjlab("import", path, "-o", "new.ipynb").code == 0
    assert Path("new.ipynb").exists()


def test_what_is_no_pipeline_is_refused(kfjlab: Command, notebook: Path, work: Path) -> None:
    answer = kfjlab("import", notebook, "--json")
    assert answer.code == 2
    assert answer.json["problems"][0]["code"] == "not-a-pipeline"
    assert "notebooks tagged for Kale need no import" in answer.json["problems"][0]["fix"]["title"]
    answer = kfjlab("import", "gone.pipeline")
    assert (answer.code, "There is no file gone.pipeline" in answer.err) == (2, True)
