"""Pipeline files: of every version, broken, and hostile."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfjlab.interchange.elyra import import_elyra
from kfjlab.notebook.problems import NotebookError
from tests.interchange.conftest import flow, imported, node, notebook, pipeline_of, write


def old_node(name: str, version: int, *after: str) -> dict[str, Any]:
    """A node as versions 0 to 3 have it: its properties are ``app_data`` itself."""
    made = node(name, f"{name}.ipynb", *after)
    properties = {"env_vars": ["A=1"], "runtime_image": "org/image", "dependencies": [f"{name}.ipynb"]}
    file = f"work/{name}.ipynb" if version < 2 else f"{name}.ipynb"
    if version == 0:
        made["type"], made["op"] = "pipeline_node", "anything"
        properties = {"vars": ["A=1"], "image": "org/image", "file_dependencies": [f"{name}.ipynb"]}
    made["app_data"] = {
        ("artifact" if version == 0 else "filename"): file,
        **properties,
        "ui_data": {"label": f"{name}.ipynb", "x_pos": 1},
    }
    return made


@pytest.mark.parametrize("version", range(9))
def test_every_version(version: int, tmp_path: Path) -> None:
    for name in ("one", "two"):
        notebook(tmp_path / f"{name}.ipynb", "1")
    if version < 4:
        nodes = [old_node("one", version), old_node("two", version, "one")]
    else:
        env: Any = [{"env_var": "A", "value": "1"}] if version == 8 else ["A=1"]
        properties = {"env_vars": env, "runtime_image": "org/image", "dependencies": ["one.ipynb"]}
        nodes = [node("one", "one.ipynb", **properties), node("two", "two.ipynb", "one", **properties)]
    content = flow(*nodes, version=version)
    data = content["pipelines"][0]["app_data"]
    if version == 0:
        del data["version"], data["properties"], content["primary_pipeline"]
        data["title"] = "named"
    elif version < 5:
        data["name"] = "named"
    else:
        data["properties"]["name"] = "named"
    made = imported(tmp_path, content)
    found = pipeline_of(made)
    assert [(step.name, step.after) for step in found.steps] == [("one", ()), ("two", ("one",))]
    assert all(step.settings.image == "org/image" and step.settings.env == {"A": "1"} for step in found.steps)
    assert found.name == "named"
    assert not made.notes


def test_old_paths_are_those_of_the_workspace(tmp_path: Path) -> None:
    notebook(tmp_path / "root" / "work" / "one.ipynb", "1")
    notebook(tmp_path / "two.ipynb", "1")
    folder = tmp_path / "root" / "pipelines" / "old"
    folder.mkdir(parents=True)
    made = imported(folder, flow(old_node("one", 1), version=1))
    assert made.sources[1] == tmp_path / "root" / "work" / "one.ipynb"
    content = flow(
        old_node("one", 1), {**old_node("two", 1), "app_data": {"filename": "two.ipynb"}}, version=1
    )
    path = write(folder / "x.pipeline", content)
    assert import_elyra(path).steps == ("one", "two")
    assert import_elyra(path, root=tmp_path / "root").steps == ("one",)


def test_old_paths_are_not_looked_for_outside_of_the_root(tmp_path: Path) -> None:
    """Also where the pipeline lies in the root itself."""
    notebook(tmp_path / "work" / "one.ipynb", "1")
    notebook(tmp_path / "root" / "one.ipynb", "1")
    path = write(tmp_path / "root" / "x.pipeline", flow(old_node("one", 1), version=1))
    made = import_elyra(path, root=tmp_path / "root")
    assert made.sources[1] == tmp_path / "root" / "one.ipynb"


@pytest.mark.parametrize("version", [1, 8])
def test_a_path_that_cannot_be_looked_at_is_told(version: int, tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    (tmp_path / "loop").symlink_to("loop")
    nodes = [node("a", "a.ipynb", dependencies=["y" * 300])]
    nodes += [node(f"n{i}", name) for i, name in enumerate(("x" * 300 + ".ipynb", "loop/a.ipynb"))]
    made = imported(tmp_path, flow(*nodes, version=version))
    assert made.steps == ("a",)
    whys = [note.why for note in made.notes if note.kind == "left-out"]
    assert ["too long" in whys[0], "too many symbolic links" in whys[1]] == [True, True], whys


@pytest.mark.parametrize("relative", ["x.pipeline", "old/x.pipeline"])
def test_a_relative_path_is_the_same_folder(
    relative: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files of the workspace are found by their absolute paths."""
    notebook(tmp_path / "work" / "one.ipynb", "1")
    (tmp_path / "work" / "old").mkdir()
    write(tmp_path / "work" / relative, flow(old_node("one", 1), version=1))
    monkeypatch.chdir(tmp_path / "work")
    made = import_elyra(Path(relative), Path("made.ipynb"))
    assert "chdir" not in made.content.decode()


@pytest.mark.parametrize("tags", [5, "parameters", {"a": 1}, [["skip"], 5, None]])
def test_tags_that_are_none_are_told(tags: Any, tmp_path: Path) -> None:
    path = notebook(tmp_path / "a.ipynb", "1")
    content = json.loads(path.read_text())
    content["cells"][0]["metadata"]["tags"] = tags
    path.write_text(json.dumps(content))
    made = imported(tmp_path, flow(node("a", "a.ipynb")))
    assert [note.what.partition(" (")[0] for note in made.notes] == ["Tags of its cells"]
    assert not pipeline_of(made).problems


def test_a_newer_version_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    made = imported(tmp_path, flow(node("a", "a.ipynb"), version=11))
    assert [note.what for note in made.notes] == ["Version 11 of the file"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "has no pipelines"),
        (b'{"pipelines": {}}', "has no pipelines"),
        (b'{"pipelines": [1, null]}', "has no pipelines"),
        (b'{"pipelines": [{}]}', "has no nodes"),
        (b'{"pipelines": [{"nodes": 5}]}', "has no nodes"),
        (b'{"pipelines": [{"app_data": {"version": "x"}}]}', "does not say its version"),
        (b'{"cells": [], "nbformat": 4}', "is a notebook"),
    ],
)
def test_what_is_no_pipeline_is_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.pipeline"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=said):
        import_elyra(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, said in (
        (tmp_path, "a folder"),
        (tmp_path / "gone", "no file"),
        (tmp_path / "fifo", "regular"),
    ):
        with pytest.raises(NotebookError, match=said):
            import_elyra(path)


def test_a_circle_is_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        notebook(tmp_path / f"{name}.ipynb", "1")
    path = write(tmp_path / "x.pipeline", flow(node("a", "a.ipynb", "b"), node("b", "b.ipynb", "a")))
    with pytest.raises(NotebookError, match="circle: “a” → “b” → “a”"):
        import_elyra(path)
    write(path, flow(node("a", "a.ipynb", "a")))
    with pytest.raises(NotebookError, match="circle"):
        import_elyra(path)


def test_groups_that_contain_themselves_and_links_to_nowhere_are_told(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    groups = [
        {"id": f"g{n}", "type": "super_node", "app_data": {}, "subflow_ref": {"pipeline_id_ref": pipeline}}
        for n, pipeline in enumerate(("primary", "gone"))
    ]
    content = flow(
        node("a", "a.ipynb", "gone"), node("a", "a.ipynb"), {"id": "m", "type": "model_node"}, *groups
    )
    made = imported(tmp_path, content)
    assert made.steps == ("a",)
    assert [(note.node, note.what) for note in made.notes] == [
        ("g0", "The node"),
        ("g1", "The node"),
        ("m", "The node"),
        ("a", "The node"),
        ("a", "A link"),
    ]


def test_a_long_chain_is_no_recursion(tmp_path: Path) -> None:
    notebook(tmp_path / "a.ipynb", "1")
    last = [node(f"n{i}", "gone.ipynb", *([f"n{i + 1}"] if i < 3000 else ["first"])) for i in range(3001)]
    made = imported(
        tmp_path, flow(node("end", "a.ipynb", "n0", label="end"), *last, node("first", "a.ipynb"))
    )
    assert pipeline_of(made).step("end").after == ("a",)


@pytest.mark.parametrize("name", ["../out.ipynb", "/etc/out.ipynb", "a/../../out.ipynb"])
def test_nothing_outside_of_the_root_is_read(name: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    notebook(tmp_path / "out.ipynb", "1")
    path = write(root / "x.pipeline", flow(node("a", name)))
    with pytest.raises(NotebookError, match="outside of the folder"):
        import_elyra(path, root=root)
    if not name.startswith("/"):
        assert import_elyra(path).steps == ("out",)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a JSON value."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(one for key, item in inner for one in places(item, (*path, key)))]


WHOLE = flow(
    node(
        "a",
        "a.ipynb",
        env_vars=[{"env_var": "A", "value": "1"}],
        mounted_volumes=[{"path": "/a", "pvc_name": "b"}],
        outputs=["x"],
        dependencies=["y"],
        pipeline_parameters=["p"],
        cpu=1,
    ),
    node("b", "b.py", "a"),
    name="n",
    description="d",
    pipeline_parameters=[{"name": "p", "default_value": {"type": "Integer", "value": 1}}],
    pipeline_defaults={"runtime_image": "i"},
)
PLACES = places(WHOLE)


@given(st.sampled_from(PLACES), JSON)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
def test_whatever_stands_somewhere_is_read_or_refused(
    tmp_path: Path, place: tuple[Any, ...], value: Any
) -> None:
    if not (tmp_path / "a.ipynb").exists():
        notebook(tmp_path / "a.ipynb", "1")
        (tmp_path / "b.py").write_text("2")
    content = json.loads(json.dumps({"": WHOLE}))
    holder = content
    for key in ("", *place)[:-1]:
        holder = holder[key]
    holder[("", *place)[-1]] = value
    try:
        made = import_elyra(write(tmp_path / "x.pipeline", content[""]))
    except NotebookError:
        return
    made.path.write_bytes(made.content)
    pipeline_of(made)
