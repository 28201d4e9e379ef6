"""Tags are written, and nothing else changes."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfjlab.notebook import edit, edits, retag
from kfjlab.notebook.analyze import analyze
from kfjlab.notebook.edit import ConflictError, apply_fix, edited
from kfjlab.notebook.edits import EditError
from kfjlab.notebook.jsontext import same
from kfjlab.notebook.pipeline import Role
from kfjlab.notebook.problems import Fix, NotebookError


def tags_of(path: Path, cell: int) -> list[str] | None:
    tags: list[str] | None = json.loads(path.read_bytes())["cells"][cell]["metadata"].get("tags")
    return tags


def own_of(path: Path, cell: int | None) -> dict[str, Any] | None:
    whole = json.loads(path.read_bytes())
    own: dict[str, Any] | None = (whole if cell is None else whole["cells"][cell])["metadata"].get("kfjlab")
    return own


# ---- the verbs


def test_set_step(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("x = 1", ("y = 2", "hide", "block:old", "prev:a"))
    assert edit.set_step(path, 0, "a")
    assert edit.set_step(path, 1, "b")
    assert (tags_of(path, 0), tags_of(path, 1)) == (["step:a"], ["hide", "step:b", "prev:a"])


def test_set_step_again_leaves_the_file_untouched(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("x = 1", "step:a"))
    os.utime(path, (1, 1))
    inode = path.stat().st_ino
    assert not edit.set_step(path, 0, "a")
    assert (path.stat().st_mtime, path.stat().st_ino) == (1, inode)


def test_set_step_replaces_a_role_and_our_own_step(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("x = 1", "imports", {"kfjlab": {"step": "old", "retries": 2}}))
    edit.set_step(path, 0, "new")
    assert (tags_of(path, 0), own_of(path, 0)) == (["step:new"], {"retries": 2})


def test_take_a_step_away(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("x = 1", "a", "step:s", "prev:b"), ("y = 1", "step:t"))
    edit.set_step(path, 0, None)
    edit.set_step(path, 1, None)
    assert (tags_of(path, 0), tags_of(path, 1)) == (["a", "prev:b"], None)


@pytest.mark.parametrize("name", ["", "../x", "a/b", "🚀", "x" * 64, "pipeline-metrics"])
def test_bad_names_are_not_written(notebook_file: Callable[..., Path], name: Any) -> None:
    path = notebook_file("x = 1")
    before = path.read_bytes()
    with pytest.raises(EditError, match="cannot be a step's name"):
        edit.set_step(path, 0, name)
    with pytest.raises(EditError, match="cannot be a step's name"):
        edit.rename_step(path, "a", name)
    assert path.read_bytes() == before


def test_set_role(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("x = 1", "step:s", "prev:a", "hide"), ("y = 1", "parameters"))
    edit.set_role(path, 0, "imports")
    assert tags_of(path, 0) == ["imports", "hide"]
    edit.set_role(path, 0, Role.SKIP)
    assert tags_of(path, 0) == ["skip", "hide"]
    edit.set_role(path, 0, None)
    assert tags_of(path, 0) == ["hide"]
    assert not edit.set_role(path, 1, "pipeline-parameters"), "papermill's tag says it already"


def test_skipping_keeps_the_step(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("x = 1", "step:s"))
    edit.set_role(path, 0, "skip")
    assert tags_of(path, 0) == ["step:s", "skip"]
    edit.set_role(path, 0, None)
    assert tags_of(path, 0) == ["step:s"]


@pytest.mark.parametrize("role", ["step", "boss", Role.STEP])
def test_roles_that_are_none(notebook_file: Callable[..., Path], role: Any) -> None:
    with pytest.raises(EditError, match="is not a role"):
        edit.set_role(notebook_file("x = 1"), 0, role)


def test_after(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("x = 1", "step:a"), ("y = 1", "step:b", {"kfjlab": {"after": ["z"]}}))
    assert edit.add_after(path, 1, "a")
    assert not edit.add_after(path, 1, "a")
    assert not edit.add_after(path, 1, "z")
    assert tags_of(path, 1) == ["step:b", "prev:a"]
    assert edit.replace_after(path, 1, "z", "y")
    assert (tags_of(path, 1), own_of(path, 1)) == (["step:b", "prev:a", "prev:y"], None)
    assert edit.remove_after(path, 1, "a")
    assert not edit.remove_after(path, 1, "a")
    assert tags_of(path, 1) == ["step:b", "prev:y"]


def test_set_metadata_is_a_merge_patch(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("x = 1")
    edit.set_metadata(path, 0, {"resources": {"cpu": 2, "memory": "4Gi"}, "retries": 1})
    edit.set_metadata(path, 0, {"resources": {"memory": None}, "retries": None})
    assert own_of(path, 0) == {"resources": {"cpu": 2}}
    edit.set_metadata(path, 0, {"resources": None})
    assert own_of(path, 0) is None
    edit.set_metadata(path, None, {"random": "serial"})
    assert own_of(path, None) == {"random": "serial"}


def test_only_our_metadata_and_kales(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("x = 1")
    edit.set_metadata(path, None, {"pipeline_name": "p"}, key="kubeflow_notebook")
    assert json.loads(path.read_bytes())["metadata"]["kubeflow_notebook"] == {"pipeline_name": "p"}
    with pytest.raises(EditError):
        edit.set_metadata(path, None, {"name": "x"}, key="kernelspec")


def test_rename_everywhere(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(
        ("a = 1", "step:old"),
        ("b = 1", "block:old", "x"),
        ("c = 1", "step:c", "prev:old"),
        ("d = 1", {"kfjlab": {"step": "old", "after": "old"}}),
        ("e = 1", "step:older"),
    )
    assert edit.rename_step(path, "old", "new")
    assert [tags_of(path, i) for i in range(5)] == [
        ["step:new"],
        ["step:new", "x"],
        ["step:c", "prev:new"],
        None,
        ["step:older"],
    ]
    assert own_of(path, 3) == {"step": "new", "after": ["new"]}


def test_rename_refuses_what_makes_no_sense(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("a = 1", "step:a"), ("b = 1", "step:b"))
    with pytest.raises(EditError, match="There is a step 'b' already"):
        edit.rename_step(path, "a", "b")
    with pytest.raises(EditError, match="There is no step 'zz'"):
        edit.rename_step(path, "zz", "y")
    assert not edit.rename_step(path, "a", "a")


def test_clear(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(
        ("a = 1", "step:a", "hide", "limit:cpu:2", {"kfjlab": {"retries": 1}, "collapsed": True}),
        ("n = 1", "parameters", "skip"),
    )
    assert edit.clear(path)
    cells = json.loads(path.read_bytes())["cells"]
    assert [c["metadata"] for c in cells] == [{"collapsed": True, "tags": ["hide"]}, {"tags": ["parameters"]}]
    assert not edit.clear(path)


def test_clear_one_cell(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("a = 1", "step:a"), ("b = 1", "step:b"))
    edit.clear(path, "c1")
    assert (tags_of(path, 0), tags_of(path, 1)) == (["step:a"], None)


def test_cells_by_id_and_several_at_once(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("a = 1", "b = 1", "c = 1")
    edit.set_step(path, ["c0", 2], "s")
    assert [tags_of(path, i) for i in range(3)] == [["step:s"], None, ["step:s"]]


@pytest.mark.parametrize("cell", [7, -1, 1, "nope"])
def test_cells_that_do_not_exist_or_are_no_code(notebook_file: Callable[..., Path], cell: Any) -> None:
    path = notebook_file("a = 1", "md:text")
    with pytest.raises(EditError):
        edit.set_step(path, cell, "s")


def test_replace_tag(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file(("a = 1", "x", "Step:a", "y"))
    edit.replace_tag(path, 0, "Step:a", "step:a")
    assert tags_of(path, 0) == ["x", "step:a", "y"]
    edit.replace_tag(path, 0, "x", None)
    assert tags_of(path, 0) == ["step:a", "y"]
    edit.replace_tag(path, 0, "y", "step:a")
    assert tags_of(path, 0) == ["step:a"]


def test_retag_cells_in_one_write(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("import a", "x = 1", "y = 2")
    edit.edit_file(path, edits.retag_cells({0: (Role.IMPORTS, None), 1: (Role.STEP, "s")}))
    assert [tags_of(path, i) for i in range(3)] == [["imports"], ["step:s"], None]


# ---- fixes


def test_every_fix_with_an_action_mends_its_problem(notebook_file: Callable[..., Path]) -> None:
    cells = [
        ("x = 1", "step:a/b"),
        ("y = 1", "step:c", "step:d"),
        ("z = 1", "step:e", "Imports", "prev:cc", "limit:disk:1Gi"),
        ("w = 1", "step:e2", "imports"),
        ("v = 1", "step:f", {"kfjlab": {"retrys": 2}}),
        ("u = x", "step:g", "prev:qqqqqqq"),
        ("x = u", "step:f"),
        ("t = 1", "imports", "skip"),
    ]
    path = notebook_file("q = 0", *cells)
    seen = set()
    for _ in range(30):
        found = [p for p in analyze(path).problems if p.fix is not None and p.fix.action is not None]
        if not found:
            break
        seen.add(found[0].code)
        assert found[0].fix is not None and apply_fix(path, found[0].fix)
        assert found[0] not in analyze(path).problems
    assert not found
    assert seen >= {
        "bad-step-name",
        "several-steps",
        "misspelt-tag",
        "unknown-step",
        "unknown-limit",
        "conflicting-roles",
        "bad-metadata",
        "reopened-step",
        "implicit-step",
    }


def test_advice_cannot_be_applied(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("x = 1")
    with pytest.raises(EditError, match="for you to do"):
        apply_fix(path, Fix("Think"))
    with pytest.raises(EditError, match="does not know"):
        apply_fix(path, Fix("x", "explode", {}))
    with pytest.raises(EditError, match="wrong arguments"):
        apply_fix(path, Fix("x", "set-step", {"nope": 1}))


# ---- the file


def test_mode_and_symbolic_link_stay(notebook_file: Callable[..., Path], tmp_path: Path) -> None:
    path = notebook_file("x = 1")
    path.chmod(0o640)
    link = tmp_path / "link.ipynb"
    link.symlink_to("nb.ipynb")
    assert edit.set_step(link, 0, "a")
    assert link.is_symlink() and link.readlink() == Path("nb.ipynb")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert tags_of(path, 0) == ["step:a"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.ipynb", "nb.ipynb"]


def test_a_change_by_someone_else_is_not_overwritten(
    notebook_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = notebook_file("x = 1")
    theirs = path.read_bytes().replace(b"x = 1", b"x = 2")
    original = edit._edited

    def slow(*args: Any) -> Any:
        result = original(*args)
        path.write_bytes(theirs)
        return result

    monkeypatch.setattr(edit, "_edited", slow)
    with pytest.raises(ConflictError):
        edit.set_step(path, 0, "a")
    assert path.read_bytes() == theirs
    assert [p.name for p in tmp_path.iterdir()] == ["nb.ipynb"]


def test_a_full_disk_leaves_the_old_file(
    notebook_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = notebook_file("x = 1")
    before = path.read_bytes()

    def full(_: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EditError, match="No space left"):
        edit.set_step(path, 0, "a")
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["nb.ipynb"]


def test_what_is_no_notebook_is_not_edited(tmp_path: Path) -> None:
    path = tmp_path / "nb.ipynb"
    path.write_bytes(b"[]")
    with pytest.raises(NotebookError):
        edit.set_step(path, 0, "a")
    assert path.read_bytes() == b"[]"


def test_an_empty_notebook_can_have_metadata(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file()
    assert edit.set_metadata(path, None, {"name": "x"})


def test_byte_order_mark_crlf_and_missing_metadata(notebook: Callable[..., bytes]) -> None:
    plain = notebook("x = 'é'", {"cell_type": "code", "source": "y = 1"})
    data = b"\xef\xbb\xbf" + plain.replace(b"\n", b"\r\n")
    result = edited(data, {0: lambda m: retag.with_step(m, "a"), 1: lambda m: retag.with_step(m, "b")})
    assert result.startswith(b"\xef\xbb\xbf") and result.endswith(b"}\r\n")
    assert b"\n" not in result.replace(b"\r\n", b"")
    cells = json.loads(result.decode("utf-8-sig"))["cells"]
    assert [c["metadata"]["tags"] for c in cells] == [["step:a"], ["step:b"]]


# ---- property: nothing but the edited metadata changes

TAGS = st.lists(
    st.sampled_from(
        [
            "hide",
            "café",
            "step:a",
            "block:b",
            "prev:a",
            "imports",
            "skip",
            "parameters",
            "limit:cpu:1",
            'x\n"',
            "🚀",
            "\\u",
        ]
    ),
    unique=True,
    max_size=4,
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "tags": TAGS,
        "kfjlab": st.fixed_dictionaries(
            {}, optional={"step": st.just("a"), "after": st.just(["a", "b"]), "retries": st.just(1)}
        ),
        "collapsed": st.booleans(),
        "é": st.floats(allow_nan=False),
        "zz": st.lists(st.integers() | st.text(max_size=3), max_size=3),
    },
)
CELLS = st.fixed_dictionaries(
    {
        "cell_type": st.just("code"),
        "source": st.text(max_size=10, alphabet=st.characters(exclude_categories=["Cs"])),
    },
    optional={
        "metadata": METADATA,
        "outputs": st.lists(st.text(max_size=10) | st.floats(), max_size=2),
        "id": st.text(max_size=5),
    },
)
CHANGES = st.sampled_from(
    [
        lambda m: retag.with_step(m, "new"),
        lambda m: retag.with_step(m, None),
        lambda m: retag.with_role(m, Role.IMPORTS),
        lambda m: retag.with_role(m, Role.SKIP),
        lambda m: retag.with_role(m, None),
        lambda m: retag.with_after(m, "é"),
        lambda m: retag.without_after(m, "a"),
        lambda m: retag.renamed(m, "a", "b"),
        lambda m: retag.patched(m, {"resources": {"cpu": 2}, "retries": None}),
        lambda m: retag.cleared(m),
    ]
)
FORMATS = st.sampled_from(
    [
        {"indent": 1},
        {"indent": 2},
        {"indent": "\t"},
        {},
        {"separators": (",", ":")},
        {"indent": 1, "sort_keys": True},
    ]
)
HOLE = "@@metadata@@"


def holed(data: bytes, cells: list[dict[str, Any]], index: int) -> tuple[str, str]:
    """The text before and after the metadata of a cell, found by writing something unmistakable there."""
    text = data.decode()
    starts = [i for i in range(len(text)) if text.startswith(HOLE, i)]
    assert len(starts) == 1
    return text[: starts[0] - 1], text[starts[0] + len(HOLE) + 1 :]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(CELLS, min_size=1, max_size=4),
    st.data(),
    CHANGES,
    FORMATS,
    st.booleans(),
    st.sampled_from(["", "\n", " \n\n"]),
)
def test_nothing_but_the_edited_metadata_changes(
    cells: Any, data: Any, change: Any, layout: Any, ascii_only: Any, ending: Any
) -> None:
    index = data.draw(st.integers(0, len(cells) - 1))
    whole = {"cells": cells, "metadata": {"é": 1}, "nbformat": 4, "nbformat_minor": 5}

    def dumped(value: dict[str, Any]) -> bytes:
        return f"{json.dumps(value, ensure_ascii=ascii_only, **layout)}{ending}".encode(
            "utf-8", "surrogatepass"
        )

    before = dumped(whole)
    after = edited(before, {index: change})
    old = cells[index].get("metadata", {})
    wanted = dict(change(old))
    result = json.loads(after)
    expected = json.loads(before)
    if not same(old, wanted):
        expected["cells"][index]["metadata"] = wanted
    assert same(result, expected)
    if same(old, wanted):
        assert after is before
    elif "metadata" in cells[index]:
        marked = [{**c, "metadata": HOLE} if i == index else c for i, c in enumerate(cells)]
        head, tail = holed(dumped({**whole, "cells": marked}), cells, index)
        text = after.decode("utf-8", "surrogatepass")
        assert text.startswith(head) and text.endswith(tail)
        for tag in set(map(str, old.get("tags", []))) & set(wanted.get("tags", [])):
            assert json.dumps(tag, ensure_ascii=ascii_only) in text
