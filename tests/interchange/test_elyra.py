"""An Elyra pipeline becomes one notebook that does what the pipeline did, or says what it does not."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kfjlab.interchange.elyra import Imported, import_elyra
from kfjlab.notebook.pipeline import Role
from kfjlab.notebook.problems import NotebookError
from kfjlab.verbs import run
from kfjlab.verbs.script import as_script
from tests.interchange.conftest import flow, imported, node, notebook, pipeline_of, sources, told, write


def printed(made: Imported, output: Path) -> dict[str, str]:
    """What each step prints in a run."""
    result = run(made.path, progress=False, output=output, check=True)
    return {step.name: result.log(step.name) for step in result.steps}


# ---- steps


def test_notebooks_and_scripts_become_steps_in_order(tmp_path: Path) -> None:
    notebook(tmp_path / "load.ipynb", "md:Read *it*", "x = 1", "print(x)")
    (tmp_path / "report.py").write_text("#!/usr/bin/env python\nif __name__ == '__main__':\n    print('r')\n")
    content = flow(
        node("c", "report.py", "b", label="Tell all/everybody"),
        node("b", "load.ipynb", "a", label="Load it again"),
        node("a", "load.ipynb"),
        name="Two loads",
        description="Loads\ntwice",
    )
    comments = [
        {"content": "All of it", "associated_id_refs": []},
        {"content": "Tells\nit", "associated_id_refs": [{"node_ref": "c"}]},
    ]
    content["pipelines"][0]["app_data"]["ui_data"]["comments"] = comments
    made = imported(tmp_path, content)
    assert made.steps == ("load", "Load it again", "tell_all_everybody")
    assert made.path == tmp_path / "made.ipynb"
    found = pipeline_of(made)
    assert [(step.name, step.after) for step in found.steps] == [
        ("load", ()),
        ("Load it again", ("load",)),
        ("tell_all_everybody", ("Load it again",)),
    ]
    assert (found.name, found.description) == ("Two loads", "Loads\ntwice")
    assert sources(made)[:3] == ["# Two loads\n\nLoads\ntwice\n\nAll of it", "## load", "Read *it*"]
    assert "## Tell all/everybody\n\nTells\nit" in sources(made)
    assert not made.notes
    cells = nbformat.reads(made.content.decode(), as_version=4).cells
    assert not any(cell.get("outputs") for cell in cells)
    assert len({cell.id for cell in cells}) == len(cells)
    assert import_elyra(tmp_path / "made.pipeline").content == made.content
    assert printed(made, tmp_path / "out.ipynb") == {
        "load": "1\n",
        "Load it again": "1\n",
        "tell_all_everybody": "r\n",
    }


def test_what_cannot_be_a_step_is_told_and_order_goes_round_it(tmp_path: Path) -> None:
    for name in ("a", "z"):
        notebook(tmp_path / f"{name}.ipynb", f"{name} = 1")
    notebook(tmp_path / "words.ipynb", "md:only words")
    notebook(
        tmp_path / "julia.ipynb", "x", kernelspec={"name": "julia", "language": "julia", "display_name": "J"}
    )
    (tmp_path / "broken.ipynb").write_text("{")
    (tmp_path / "model.r").write_text("x <- 1")
    others = [
        "model.r",
        "catalog:Train",
        "words.ipynb",
        "julia.ipynb",
        "broken.ipynb",
        "gone.ipynb",
        "gone.py",
    ]
    chain = [node("a", "a.ipynb")]
    for number, file in enumerate(others):
        chain.append(node(f"n{number}", file, chain[-1]["id"]))
    made = imported(tmp_path, flow(*chain, node("z", "z.ipynb", chain[-1]["id"])))
    assert made.steps == ("a", "z")
    assert pipeline_of(made).step("z").after == ("a",)
    assert [note.kind for note in made.notes] == ["left-out"] * len(others)
    for file, note in zip(others, made.notes, strict=True):
        assert file in note.what and len(note.why) > 15, note
        assert note.node == Path(file).stem


def test_nothing_to_import_says_why_for_each_node(tmp_path: Path) -> None:
    path = write(tmp_path / "x.pipeline", flow(node("a", "bash"), node("b", "gone.ipynb")))
    with pytest.raises(NotebookError) as refused:
        import_elyra(path)
    codes = [problem.code for problem in refused.value.problems]
    assert codes == ["nothing-to-import", "left-out", "left-out"]
    assert "gone.ipynb" in refused.value.problems[2].message


def test_super_nodes_are_flattened(tmp_path: Path) -> None:
    """As common-canvas writes them: the links go through ports and binding nodes."""
    for name in ("a", "b", "c", "d"):
        notebook(tmp_path / f"{name}.ipynb", f"{name} = 1")

    def link(source: str, port: str) -> dict[str, str]:
        return {"id": "l", "node_id_ref": source, "port_id_ref": port}

    last = node("d", "d.ipynb")
    last["inputs"][0]["links"] = [link("super", "c_outPort")]
    first_inside = node("b", "b.ipynb")
    first_inside["inputs"][0]["links"] = [link("in", "output_b_inPort")]
    content = flow(
        last,
        {
            "id": "super",
            "type": "super_node",
            "subflow_ref": {"pipeline_id_ref": "inner"},
            "app_data": {"ui_data": {"label": "Group"}},
            "inputs": [{"id": "b_inPort", "subflow_node_ref": "in", "links": [link("a", "outPort")]}],
            "outputs": [{"id": "c_outPort", "subflow_node_ref": "out"}],
        },
        node("a", "a.ipynb"),
    )
    inner: list[dict[str, Any]] = [
        node("c", "c.ipynb", "b"),
        first_inside,
        {"id": "in", "type": "binding", "outputs": [{"id": "output_b_inPort"}]},
        {"id": "out", "type": "binding", "inputs": [{"id": "i", "links": [link("c", "outPort")]}]},
    ]
    content["pipelines"].append({"id": "inner", "nodes": inner, "app_data": {"ui_data": {}}})
    made = imported(tmp_path, content)
    assert [(step.name, step.after) for step in pipeline_of(made).steps] == [
        ("a", ()),
        ("b", ("a",)),
        ("c", ("b",)),
        ("d", ("c",)),
    ]
    assert not made.notes


# ---- kernels of their own


def test_names_of_one_notebook_are_not_seen_by_another(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "sum = 3\nrows = [1]\nprint(sum)")
    notebook(
        tmp_path / "b.ipynb",
        "print(sum([1, 2]))",
        "try:\n    rows\nexcept NameError:\n    rows = []\nprint(rows)",
    )
    made = imported(tmp_path, flow(node("a", "a.ipynb"), node("b", "b.ipynb", "a")))
    assert told(made) == {("kept", "a", "A cell at its end deletes rows, sum")}
    assert "“b”" in made.notes[0].why
    assert not any(edge.kind == "data" for edge in pipeline_of(made).edges)
    assert printed(made, tmp_path / "out.ipynb") == {"a": "3\n", "b": "3\n[]\n"}


def test_a_name_bound_by_several_is_deleted_where_it_is_bound(tmp_path: Path) -> None:
    for name in ("a", "b"):
        notebook(tmp_path / f"{name}.ipynb", "len = 1")
    notebook(tmp_path / "c.ipynb", "print(len('abc'))")
    made = imported(
        tmp_path, flow(node("a", "a.ipynb"), node("b", "b.ipynb", "a"), node("c", "c.ipynb", "b"))
    )
    assert printed(made, tmp_path / "out.ipynb")["c"] == "3\n"


def test_each_runs_in_the_folder_of_its_file(tmp_path: Path) -> None:
    notebook(tmp_path / "one" / "a.ipynb", "open('made.txt', 'w').write('by a')")
    (tmp_path / "one" / "helper.py").write_text("word = 'helped'")
    notebook(tmp_path / "one" / "b.ipynb", "from helper import word", "print(open('made.txt').read(), word)")
    notebook(tmp_path / "c.ipynb", "print(open('one/made.txt').read())")
    content = flow(
        node("a", "one/a.ipynb"), node("b", "one/b.ipynb", "a"), node("c", "c.ipynb", "b", label="last")
    )
    made = imported(tmp_path, content)
    assert made.path == tmp_path / "made.ipynb"
    assert printed(made, tmp_path / "out.ipynb") == {"a": "", "b": "by a helped\n", "last": "by a\n"}
    del content["pipelines"][0]["nodes"][2]
    assert imported(tmp_path, content).path == tmp_path / "one" / "made.ipynb", "beside those that it is of"


def test_state_that_only_a_kernel_of_its_own_keeps_away_is_told(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "import random\nrandom.seed(1)")
    notebook(tmp_path / "b.ipynb", "import random\nrandom.random()")
    made = imported(tmp_path, flow(node("a", "a.ipynb"), node("b", "b.ipynb", "a")))
    assert told(made) == {("differs", "a", "The state of random")}


def test_what_a_script_or_notebook_finds_only_in_elyra_is_told(tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import sys, argparse\nprint(__file__)\nsys.exit()")
    notebook(
        tmp_path / "n.ipynb",
        ("import os\nos.getenv('ELYRA_RUN_NAME')", "parameters"),
        "open('mlpipeline-metrics.json', 'w')",
        kernelspec={"name": "other", "language": "python", "display_name": "O"},
    )
    notebook(tmp_path / "m.ipynb", "1")
    content = flow(
        node("m", "m.ipynb", outputs=["x.csv", "y.csv"], dependencies=["m.ipynb", "gone.csv", "*.txt"]),
        node("n", "n.ipynb", outputs=["x.csv"]),
        node("s", "s.py"),
    )
    made = imported(tmp_path, content)
    assert told(made) == {
        ("differs", "", "The file “x.csv”"),
        ("differs", "m", "The file “gone.csv”"),
        ("differs", "n", "ELYRA_… variables"),
        ("differs", "n", "The file mlpipeline-metrics.json"),
        ("differs", "n", "The kernel “other”"),
        ("left-out", "n", "Tags of its cells (“parameters”)"),
        ("kept", "s", "A cell that sets __file__"),
        ("differs", "s", "Arguments of the command line"),
        ("differs", "s", "exit()"),
    }
    assert "## m\n\nNeeds `m.ipynb`, `gone.csv`, `*.txt`\n\nMakes `x.csv`, `y.csv`" in sources(made)
    assert not pipeline_of(made).parameters


# ---- parameters


def test_parameters_reach_code_and_environment(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "import os\nprint(os.environ['rate'], os.environ['who'])")
    notebook(tmp_path / "b.ipynb", "import os\nprint(os.environ.get('rate'))")
    content = flow(
        node("a", "a.ipynb", pipeline_parameters=["rate", "who", "gone"]),
        node("b", "b.ipynb", "a"),
        pipeline_parameters=[
            {"name": "rate", "description": "how\nfast", "default_value": {"type": "Float", "value": 0.5}},
            {"name": "who", "default_value": {"type": "String", "value": "x"}, "value": {"value": "me"}},
            {"name": "count", "default_value": {"type": "Integer", "value": "3"}},
            {"name": "fast", "default_value": {"type": "Bool", "value": True}},
            {"name": "must", "default_value": {"type": "Integer"}, "required": True},
            {"name": "not a name", "default_value": {"type": "Integer", "value": 1}},
            {"name": "bad", "default_value": {"type": "Integer", "value": "many"}},
            "nonsense",
        ],
    )
    made = imported(tmp_path, content)
    found = pipeline_of(made)
    assert {p.name: (p.type, p.default, p.description) for p in found.parameters} == {
        "rate": ("float", 0.5, "how fast"),
        "who": ("str", "me", ""),
        "count": ("int", 3, ""),
        "fast": ("bool", True, ""),
        "must": ("int", 0, ""),
        "bad": ("str", "many", ""),
    }
    assert told(made) == {
        ("left-out", "a", "The parameter “gone”"),
        ("left-out", "", "The parameter “not a name”"),
        ("left-out", "", "The parameter “nonsense”"),
        ("differs", "", "The parameter “must”"),
        ("differs", "", "The parameter “bad”"),
    }
    result = run(made.path, {"rate": 0.7}, progress=False, check=True)
    assert [result.log(step) for step in made.steps] == ["0.7 me\n", "None\n"]


def test_a_variable_named_after_its_parameter_is_no_matter(tmp_path: Path) -> None:
    """The natural use; and a step that is not given the parameter but has such a variable."""
    line = "import os\nlr = float(os.environ['lr']) * 2\nprint(lr)"
    notebook(tmp_path / "a.ipynb", line)
    notebook(tmp_path / "b.ipynb", "lr = 5\nelyra_parameters = 1\nprint(lr)")
    notebook(tmp_path / "c.ipynb", line)
    content = flow(
        node("a", "a.ipynb", pipeline_parameters=["lr"]),
        node("b", "b.ipynb", "a"),
        node("c", "c.ipynb", "b", pipeline_parameters=["lr"]),
        pipeline_parameters=[{"name": "lr", "default_value": {"type": "Float", "value": 0.5}}],
    )
    made = imported(tmp_path, content)
    assert not told(made)
    assert not pipeline_of(made).problems
    assert printed(made, tmp_path / "out.ipynb") == {"a": "1.0\n", "b": "5\n", "c": "1.0\n"}
    result = run(made.path, {"lr": 0.7}, progress=False, check=True)
    assert [result.log(step) for step in made.steps] == ["1.4\n", "5\n", "1.4\n"]
    script = made.path.with_suffix(".py")
    script.write_text(as_script(pipeline_of(made)))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "1.0\n5\n1.0\n", done.stderr


def test_parameters_that_cannot_be_written_down_as_they_are(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "import os\nprint(os.environ['rate'])")
    kinds = {
        "rate": ("Float", "nan"),
        "most": ("Float", float("inf")),
        "count": ("Integer", 1.9),
        "flag": ("Integer", True),
        "whole": ("Integer", 3.0),
    }
    parameters = [
        {"name": name, "description": "a\0b\x7f\ud800\nc", "default_value": {"type": kind, "value": value}}
        for name, (kind, value) in kinds.items()
    ]
    refused = ["str", "os", "print", "get_ipython", "_", "__file__"]
    parameters += [{"name": name, "default_value": {"type": "String", "value": "v"}} for name in refused]
    content = flow(node("a", "a.ipynb", pipeline_parameters=["rate", "str"]), pipeline_parameters=parameters)
    made = imported(tmp_path, content)
    found = pipeline_of(made)
    assert not found.problems
    assert {p.name: (p.default, p.description) for p in found.parameters} == {
        "rate": ("nan", "a b c"),
        "most": ("inf", "a b c"),
        "count": ("1.9", "a b c"),
        "flag": ("True", "a b c"),
        "whole": (3, "a b c"),
    }
    assert told(made) == {
        *(("differs", "", f"The parameter “{name}”") for name in ("rate", "most", "count", "flag")),
        *(("left-out", "", f"The parameter “{name}”") for name in refused),
    }
    assert {note.todo for note in made.notes if note.kind == "left-out"} == {"Rename it in Elyra"}
    assert printed(made, tmp_path / "out.ipynb") == {"a": "nan\n"}


# ---- the same as one by one


def test_a_run_gives_what_the_notebooks_give_one_by_one(tmp_path: Path) -> None:
    """Each alone in a kernel, in topological order, as Elyra's local runner does; and the exported script, too."""
    there, here, plain = tmp_path / "there", tmp_path / "here", tmp_path / "plain"
    notebook(there / "load.ipynb", "rows = list(range(5))", "open('rows.txt', 'w').write(repr(rows))")
    notebook(
        there / "square.ipynb",
        "import ast\nrows = ast.literal_eval(open('rows.txt').read())",
        "def f(n):\n    return n * n",
        "print([f(n) for n in rows])\nopen('squares.txt', 'w').write(repr(sum(map(f, rows))))",
    )
    notebook(there / "add.ipynb", "rows = eval(open('rows.txt').read())\nsum = sum(rows)\nprint(sum)")
    notebook(
        there / "tell.ipynb",
        "print(open('squares.txt').read(), sum([1, 1]))",
        "'f' in dir(), 'rows' in dir()",
    )
    names = ["load", "square", "add", "tell"]
    content = flow(
        *(
            node("tell", "tell.ipynb", "square", "add"),
            node("add", "add.ipynb", "load"),
            node("square", "square.ipynb", "load"),
            node("load", "load.ipynb"),
        )
    )
    for copy in (here, plain):
        shutil.copytree(there, copy)
    expected = {name: alone(there / f"{name}.ipynb") for name in names}
    made = imported(here, content)
    assert printed(made, tmp_path / "out.ipynb") == expected
    assert (here / "squares.txt").read_bytes() == (there / "squares.txt").read_bytes()
    script = imported(plain, content).path.with_suffix(".py")
    script.write_text(as_script(pipeline_of(made)))
    done = subprocess.run([sys.executable, script], cwd=plain, capture_output=True, text=True, timeout=60)
    assert done.stdout == "".join(expected[name] for name in made.steps), done.stderr


def alone(path: Path) -> str:
    """What a notebook prints when it is run by itself."""
    from nbclient import NotebookClient

    content = nbformat.read(path, as_version=4)
    NotebookClient(content, timeout=60, resources={"metadata": {"path": str(path.parent)}}).execute()
    outputs = [output for cell in content.cells for output in cell.get("outputs", ())]
    return "".join(output.text for output in outputs if output.output_type == "stream")


def test_parameters_cell_is_one(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    made = imported(
        tmp_path,
        flow(node("a", "a.ipynb"), pipeline_parameters=[{"name": "p", "default_value": {"value": "v"}}]),
    )
    assert [cell.role for cell in pipeline_of(made).prelude.cells] == [Role.PARAMETERS]
