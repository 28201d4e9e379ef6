"""The program as a whole: help, start-up time, usage errors, unexpected errors, broken pipes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kfjlab.cli import main as program
from tests.cli.conftest import Command


def modules_after(*args: str) -> set[str]:
    """What a new interpreter has imported after a command."""
    code = (
        "import sys; from kfjlab.cli.main import execute; "
        f"execute({list(args)!r}); print('|', *sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stderr.rpartition("|")[2].split())


def test_help_names_every_verb_and_imports_none_of_the_rooms() -> None:
    loaded = modules_after("--help")
    ours = {name for name in loaded if name.startswith("kfjlab")}
    assert ours == {"kfjlab", "kfjlab.cli", "kfjlab.cli.exits", "kfjlab.cli.main"}
    assert not loaded & {"rich", "yaml", "sqlite3", "nbformat", "IPython", "jupyter_core", "numpy"}


def test_a_verbs_help_needs_neither_yaml_nor_sqlite() -> None:
    assert not modules_after("run", "--help") & {"yaml", "sqlite3", "rich.live", "IPython", "nbformat"}


def test_without_arguments_it_says_how_it_is_used(kfjlab: Command) -> None:
    answer = kfjlab()
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Usage: kfjlab [OPTIONS] COMMAND [ARGS]...\n")
    assert "  run " in answer.err
    assert "\\n" not in answer.err


def test_load_is_for_notebooks(kfjlab: Command) -> None:
    answer = kfjlab("load", "last", "train")
    assert answer.code == 2
    assert "%load_ext kfjlab, then %kfjlab load RUN STEP" in answer.err


def test_every_verb_has_help_and_json(kfjlab: Command) -> None:
    listed = kfjlab("--help").out
    for verb, summary in program.VERBS.items():
        assert f"{verb} " in listed
        assert summary in listed
        answer = kfjlab(verb, "--help")
        assert answer.code == 0
        assert "--json" in answer.out, verb


def test_run_help_documents_the_exit_codes(kfjlab: Command) -> None:
    text = kfjlab("run", "--help").out
    for code in ("  0 ", "  1 ", "  2 ", "  130 "):
        assert code in text


@pytest.mark.parametrize("module", [["-m", "kfjlab"], ["-c", "from kfjlab.cli.main import main; main()"]])
def test_version_both_ways(module: list[str]) -> None:
    done = subprocess.run([sys.executable, *module, "--version"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith("kfjlab ")


def test_an_unknown_verb_names_the_nearest(kfjlab: Command) -> None:
    answer = kfjlab("grpah", "x.ipynb")
    assert answer.code == 2
    assert "'graph'" in answer.err
    assert answer.out == ""


def test_a_notebook_instead_of_a_verb_is_understood(kfjlab: Command) -> None:
    answer = kfjlab("nb.ipynb")
    assert answer.code == 2
    assert "kfjlab run nb.ipynb" in answer.err


def test_wrong_usage_with_json_answers_in_json(kfjlab: Command) -> None:
    answer = kfjlab("run", "nb.ipynb", "--max-parallel", "zero", "--json")
    assert answer.code == 2
    assert answer.json["run"] is None
    assert answer.json["steps"] == []
    assert "--max-parallel" in answer.json["error"]


def test_an_unexpected_error_is_a_short_report_with_its_details_in_a_file(
    kfjlab: Command, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the engine room is on fire")

    monkeypatch.setattr("kfjlab.verbs.runs", broken)
    answer = kfjlab("runs")
    assert answer.code == 70
    assert "the engine room is on fire" in answer.err
    assert "Traceback" not in answer.err
    [details] = (data / "errors").iterdir()
    assert str(details) in answer.err
    assert "ZeroDivisionError" in details.read_text("utf-8")
    monkeypatch.setenv("KFJLAB_DEBUG", "1")
    assert "Traceback" in kfjlab("runs").err


def test_a_reader_that_goes_away_is_no_error(data: Path, notebook: Path) -> None:
    code = f"exec {sys.executable} -m kfjlab tags {notebook} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert done.stdout.strip() in ("0", "141")


def test_names_that_the_locale_cannot_show_are_escaped(work: Path, data: Path) -> None:
    from tests.cli.conftest import write_notebook

    path = write_notebook(work / "nb.ipynb", ("step:größe", "x = 1"))
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "kfjlab", "graph", str(path), "--format", "dot"]
    done = subprocess.run(command, capture_output=True, env=env, timeout=60)
    assert done.returncode == 0
    assert b"gr\\xf6" in done.stdout


def test_the_json_of_every_verb_is_ascii(kfjlab: Command, work: Path) -> None:
    from tests.cli.conftest import write_notebook

    path = write_notebook(work / "nb.ipynb", ("step:größe", "x = 1"))
    answer = kfjlab("tags", path, "--json")
    assert answer.out.isascii()
    assert json.loads(answer.out)["cells"][0]["step"] == "größe"
