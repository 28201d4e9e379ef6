"""``graph``, ``check``, ``tags`` and ``suggest``: the verbs that need a notebook and no run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command, write_notebook

# ---- graph


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json"])
def test_every_format_names_every_step(kfjlab: Command, notebook: Path, form: str) -> None:
    answer = kfjlab("graph", notebook, "--format", form)
    assert answer.code == 0
    for step in ("load", "double", "total", "pipeline-metrics"):
        assert step in answer.out


def test_json_says_what_travels(kfjlab: Command, notebook: Path) -> None:
    answer = kfjlab("graph", notebook, "--json")
    assert answer.json["parameters"][0] == {
        "name": "rate",
        "type": "float",
        "default": 0.5,
        "description": "how fast",
    }
    edges = {(e["source"], e["target"]): e["resources"] for e in answer.json["edges"]}
    assert edges["load", "double"] == ["var:data"]


def test_a_notebook_with_errors_is_drawn_all_the_same(kfjlab: Command, work: Path) -> None:
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = 1"), ("step:b & prev:aa", "y = 1"))
    answer = kfjlab("graph", path)
    assert answer.code == 0
    assert "│ b" in answer.out
    assert "unknown-step" in answer.err


def test_what_is_no_notebook_is_refused(kfjlab: Command, work: Path) -> None:
    (work / "x.ipynb").write_text("{", "utf-8")
    for verb in ("graph", "check", "tags", "suggest"):
        answer = kfjlab(verb, "x.ipynb")
        assert answer.code == 2, verb
        assert "x.ipynb is not complete" in answer.err + answer.out


# ---- check


def test_a_sound_notebook(kfjlab: Command, notebook: Path) -> None:
    answer = kfjlab("check", notebook, "--json")
    assert (answer.code, answer.json["ok"]) == (0, True)


def test_errors_have_place_severity_and_fix(kfjlab: Command, work: Path) -> None:
    path = write_notebook(
        work / "nb.ipynb", ("markdown", "#"), ("step:load", "x = 1"), ("step:b & prev:laod", "y = x")
    )
    answer = kfjlab("check", path)
    assert answer.code == 2
    assert "error: cell 3: " in answer.out
    assert "fix: Write 'load'" in answer.out
    assert f"kfjlab check {path} --fix" in answer.out


def test_fixes_are_applied(kfjlab: Command, work: Path) -> None:
    path = write_notebook(
        work / "nb.ipynb", ("step:load", "x = 1"), ("step:b & prev:laod", "y = x"), ("Step:c", "z = y")
    )
    before = path.read_bytes()
    answer = kfjlab("check", path, "--fix", "--dry-run")
    assert "would fix: Write 'load'" in answer.out
    assert '+  "prev:load"' in answer.out
    assert answer.code == 2  # as the file is now
    assert "sound" not in answer.out
    assert "Nothing was written (--dry-run): the notebook still has 2 problems" in answer.out
    assert f"kfjlab check {path} --fix would leave none" in answer.out
    data = kfjlab("check", path, "--fix", "--dry-run", "--json").json
    assert (data["ok"], data["fixed"]) == (False, [])
    assert [p["code"] for p in data["problems"]] == ["unknown-step", "misspelt-tag"]
    assert [p["code"] for p in data["would_fix"]] == ["unknown-step", "misspelt-tag"]
    assert path.read_bytes() == before
    answer = kfjlab("check", path, "--fix", "--json")
    assert answer.code == 0
    assert "unknown-step" in [problem["code"] for problem in answer.json["fixed"]]
    tags = [cell["metadata"]["tags"] for cell in json.loads(path.read_text("utf-8"))["cells"]]
    assert tags == [["step:load"], ["step:b", "prev:load"], ["step:c"]]
    assert kfjlab("check", path, "--fix", "--json").json["fixed"] == []


@pytest.mark.parametrize(
    ("between", "code", "word"),
    [("y = x", 2, "error"), ("y = 1", 0, "warning")],
)
def test_a_step_that_comes_again_is_refused_where_it_matters_and_mended(
    kfjlab: Command, work: Path, between: str, code: int, word: str
) -> None:
    """As docs/tags.md says."""
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = 1"), ("step:b", between), ("step:a", "z = 2"))
    answer = kfjlab("check", path)
    assert answer.code == code
    assert f"{word}: cell 3: Step a goes on here after other steps" in answer.out
    assert "fix: Make it step a_2" in answer.out
    assert kfjlab("check", path, "--fix").code == 0
    assert [row["step"] for row in kfjlab("tags", path, "--json").json["cells"]] == ["a", "b", "a_2"]
    assert "sound" in kfjlab("check", path).out


def test_advice_cannot_be_applied(kfjlab: Command, work: Path) -> None:
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = ("))
    before = path.read_bytes()
    answer = kfjlab("check", path, "--fix")
    assert answer.code == 2
    assert path.read_bytes() == before


def test_a_dry_run_without_fixes_promises_nothing(kfjlab: Command, work: Path) -> None:
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = ("))
    answer = kfjlab("check", path, "--fix", "--dry-run")
    assert answer.code == 2
    assert answer.out.endswith("still has 1 problem, and no fix can be applied.\n")


def test_the_files_beside_the_notebook_count_in_a_dry_run(kfjlab: Command, work: Path) -> None:
    (work / "mine.py").write_text("one = 1\n", "utf-8")
    path = write_notebook(work / "nb.ipynb", ("imports", "from mine import *"), ("Step:a", "x = two"))
    assert (
        "error: cell 2, line 1: two is not defined anywhere"
        in kfjlab("check", path, "--fix", "--dry-run").out
    )
    path.write_text(path.read_text("utf-8").replace("two", "one"), "utf-8")
    edited = kfjlab("tags", path, "set", "--cell", "2", "--step", "b", "--json").json
    assert (edited["written"], edited["problems"]) == (True, [])


def test_a_kernel_that_is_not_installed_is_found(kfjlab: Command, work: Path) -> None:
    kernel = {"kernelspec": {"name": "not-here", "display_name": "Not here", "language": "python"}}
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = 1"), metadata=kernel)
    answer = kfjlab("check", path)
    assert answer.code == 2
    assert "error: The notebook wants the kernel 'not-here', which is not installed here." in answer.out
    (problem,) = kfjlab("run", path, "--json").json["problems"]
    assert problem == kfjlab("check", path, "--json").json["problems"][0]
    assert problem["code"] == "no-kernel"


def test_dry_run_alone_is_wrong_usage(kfjlab: Command, notebook: Path) -> None:
    assert kfjlab("check", notebook, "--dry-run").code == 2


# ---- tags


def test_tags_are_listed(kfjlab: Command, notebook: Path) -> None:
    answer = kfjlab("tags", notebook)
    assert answer.code == 0
    lines = {line.split()[0]: line.split() for line in answer.out.splitlines()[1:]}
    assert lines["5"][1:4] == ["c4", "double", "step:double"]
    assert lines["6"][1:4] == ["c5", "double", "doubled"]
    assert "2" not in lines  # markdown
    rows = {row["cell"]: row for row in kfjlab("tags", notebook, "--json").json["cells"]}
    assert rows[0]["role"] == "imports"
    assert rows[5] == {"cell": 5, "id": "c5", "tags": [], "step": "double", "role": None, "source": "doubled"}


def test_tags_are_set_renamed_and_cleared(kfjlab: Command, notebook: Path) -> None:
    def tags(cell: int) -> list[str]:
        metadata = json.loads(notebook.read_text("utf-8"))["cells"][cell]["metadata"]
        return list(metadata.get("tags", []))

    assert kfjlab("tags", notebook, "set", "--cell", "6", "--step", "show", "--after", "total").code == 0
    assert tags(5) == ["step:show", "prev:total"]
    assert kfjlab("tags", notebook, "set", "--cell", "c5", "--not-after", "total").code == 0
    assert tags(5) == ["step:show"]
    assert kfjlab("tags", notebook, "rename", "show", "display").code == 0
    assert tags(5) == ["step:display"]
    assert kfjlab("tags", notebook, "set", "--cell", "6", "--role", "skip").code == 0
    assert "skip" in tags(5)
    assert kfjlab("tags", notebook, "set", "--cell", "6", "--role", "none", "--no-step").code == 0
    assert tags(5) == []
    assert kfjlab("tags", notebook, "clear", "--cell", "5").code == 0
    assert tags(4) == []
    assert tags(3) == ["step:load"]
    assert kfjlab("tags", notebook, "clear").code == 0
    assert tags(3) == []


def test_what_was_written_is_said(kfjlab: Command, notebook: Path) -> None:
    args = ("tags", notebook, "set", "--cell", "4", "--cell", "5", "--step", "both")
    assert f"It would be: {notebook}, cells 4, 5\n" in kfjlab(*args, "--dry-run").out
    answer = kfjlab(*args)
    assert answer.out.endswith(f"written: {notebook}, cells 4, 5\n")
    assert kfjlab(*args).out == f"Nothing to change in {notebook}: it is like that already.\n"
    renamed = kfjlab("tags", notebook, "rename", "both", "one", "--json").json
    assert (renamed["cells"], renamed["written"]) == ([3, 4], True)
    assert kfjlab("tags", notebook, "clear", "--cell", "7").out.endswith(f"written: {notebook}, cell 7\n")


def test_what_a_change_makes_wrong_is_said(kfjlab: Command, notebook: Path) -> None:
    answer = kfjlab("tags", notebook, "set", "--cell", "4", "--after", "total")
    assert answer.code == 0
    assert "error: cell 4: Step load is to run after total, which comes later" in answer.err
    data = kfjlab("tags", notebook, "set", "--cell", "4", "--step", "read", "--json").json
    assert [problem["code"] for problem in data["problems"]] == ["prev-forward"]
    assert (
        kfjlab("tags", notebook, "set", "--cell", "4", "--not-after", "total", "--json").json["problems"]
        == []
    )


def test_steps_without_a_tag_or_skipped_can_be_waited_for(kfjlab: Command, work: Path) -> None:
    path = write_notebook(
        work / "nb.ipynb",
        ("", "x = abs(1)"),
        ("skip & step:gone", "y = 1"),
        ("pipeline-metrics", "m = x"),
        ("step:b", "z = x"),
    )
    for name in ("start", "gone", "pipeline-metrics"):
        answer = kfjlab("tags", path, "set", "--cell", "4", "--after", name)
        assert (answer.code, answer.err) == (0, ""), name


def test_only_tags_change(kfjlab: Command, notebook: Path) -> None:
    before = notebook.read_text("utf-8")
    kfjlab("tags", notebook, "set", "--cell", "4", "--step", "read")
    assert notebook.read_text("utf-8") == before.replace('"step:load"', '"step:read"')


def test_a_dry_run_shows_the_change_and_makes_none(kfjlab: Command, notebook: Path) -> None:
    before = notebook.read_bytes()
    answer = kfjlab("tags", notebook, "set", "--cell", "4", "--step", "read", "--dry-run")
    assert answer.code == 0
    assert '-  "step:load"' in answer.out
    assert '+  "step:read"' in answer.out
    data = kfjlab("tags", notebook, "set", "--cell", "4", "--step", "read", "--dry-run", "--json").json
    assert (data["changed"], data["written"]) == (True, False)
    assert notebook.read_bytes() == before


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("set", "--cell", "100", "--step", "a"), "no cell 100"),
        (("set", "--cell", "nope", "--step", "a"), "'nope'"),
        (("set", "--cell", "2", "--step", "a"), "not a code cell"),
        (("set", "--cell", "4", "--step", "../../x"), "cannot be a step's name"),
        (("set", "--cell", "4", "--step", "a", "--role", "skip"), "a step or a role"),
        (("set", "--cell", "4"), "Say what"),
        (("rename", "nope", "a"), "no step 'nope'"),
        (("set", "--cell", "7", "--after", "laod"), "no step 'laod' to run after. Did you mean 'load'?"),
        (("set", "--cell", "7", "--after", "x"), "Known: double, load, pipeline-metrics, total."),
        (("rename", "load", "total"), "a step 'total' already"),
    ],
)
def test_edits_that_make_no_sense_are_refused(
    kfjlab: Command, notebook: Path, args: tuple[str, ...], expected: str
) -> None:
    before = notebook.read_bytes()
    answer = kfjlab("tags", notebook, *args)
    assert answer.code == 2
    assert expected in answer.err
    assert notebook.read_bytes() == before


def test_an_id_of_digits_is_found(kfjlab: Command, work: Path) -> None:
    path = write_notebook(work / "nb.ipynb", ("step:a", "x = 1"))
    path.write_text(path.read_text("utf-8").replace('"id": "c0"', '"id": "12345678"'), "utf-8")
    assert kfjlab("tags", path, "set", "--cell", "12345678", "--step", "b").code == 0
    assert kfjlab("tags", path, "--json").json["cells"][0]["step"] == "b"


# ---- suggest


@pytest.fixture
def untagged(work: Path) -> Path:
    return write_notebook(
        work / "plain.ipynb",
        ("", "import math"),
        ("markdown", "## Load the data"),
        ("", "rows = [1, 2, 3]\nrows.append(4)"),
        ("markdown", "## Compute"),
        ("", "total = sum(rows)"),
    )


def test_suggest_changes_nothing_until_asked(kfjlab: Command, untagged: Path) -> None:
    before = untagged.read_bytes()
    answer = kfjlab("suggest", untagged)
    assert answer.code == 0
    assert "--apply" in answer.out
    assert kfjlab("suggest", untagged, "--json").json["applied"] is False
    assert untagged.read_bytes() == before


def test_a_suggestion_is_applied(kfjlab: Command, untagged: Path) -> None:
    answer = kfjlab("suggest", untagged, "--apply", "--json")
    steps = [proposal["step"] for proposal in answer.json["proposals"] if proposal["step"]]
    assert steps == ["load_the_data", "compute"]
    rows = kfjlab("tags", untagged, "--json").json["cells"]
    assert [row["step"] for row in rows] == [None, "load_the_data", "compute"]
    assert "steps already" in kfjlab("suggest", untagged).out


# ---- export


def test_a_script_is_written_and_does_what_the_notebook_does(kfjlab: Command, work: Path) -> None:
    path = write_notebook(work / "nb.ipynb", ("pipeline-parameters", "n = 3"), ("step:a", "print(n ** 2)"))
    assert kfjlab("export", path, "-o", "nb.py").code == 0
    done = subprocess.run([sys.executable, work / "nb.py"], capture_output=True, text=True, timeout=60)
    assert done.stdout == "9\n"
    assert kfjlab("export", path).out == (work / "nb.py").read_text("utf-8")


def test_a_file_that_is_there_is_replaced_only_when_asked_for(kfjlab: Command, notebook: Path) -> None:
    other = notebook.with_name("other.mmd")
    other.write_text("mine", "utf-8")
    answer = kfjlab("export", notebook, "--format", "mermaid", "-o", other)
    assert (answer.code, other.read_text("utf-8")) == (2, "mine")
    assert "--force" in answer.err
    assert kfjlab("export", notebook, "--format", "mermaid", "-o", other, "--force").code == 0
    assert other.read_text("utf-8").startswith("flowchart TD\n")
    before = notebook.read_bytes()
    assert kfjlab("export", notebook, "-o", notebook, "--force").code == 2
    assert notebook.read_bytes() == before


@pytest.mark.parametrize(("place", "said"), [("", "is a folder"), ("no/such.py", "no folder")])
def test_where_a_script_cannot_be_written(kfjlab: Command, notebook: Path, place: str, said: str) -> None:
    for force in ((), ("--force",)):
        answer = kfjlab("export", notebook, "-o", notebook.parent / place, *force)
        assert answer.code == 2
        assert said in answer.err
