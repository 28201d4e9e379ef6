"""Every kind of bad file has an error of its own; good ones are read without being touched."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kfjlab.notebook.document import read_document
from kfjlab.notebook.problems import NotebookError, Severity


def code_of(source: Any) -> tuple[str, str]:
    with pytest.raises(NotebookError) as caught:
        read_document(source)
    first = caught.value.problems[0]
    assert first.severity is Severity.ERROR
    return first.code, first.message


def changed(data: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(data), **fields}).encode()


def test_reads_cells_kernel_and_metadata(notebook: Callable[..., bytes]) -> None:
    data = notebook("x = 1", "md:# Title", kernelspec={"name": "py-ml", "language": "python"}, other=1)
    document = read_document(data)
    assert [(c.index, c.kind, c.id, c.source) for c in document.cells] == [
        (0, "code", "c0", "x = 1"),
        (1, "markdown", "c1", "# Title"),
    ]
    assert document.kernel == "py-ml"
    assert document.metadata["other"] == 1
    assert document.problems == ()


def test_source_as_list_of_lines(notebook: Callable[..., bytes]) -> None:
    data = notebook({"cell_type": "code", "source": ["a = 1\n", "b = 2"], "metadata": {}, "outputs": []})
    assert read_document(data).cells[0].source == "a = 1\nb = 2"


def test_kernel_defaults_to_python3(notebook: Callable[..., bytes]) -> None:
    assert read_document(notebook("x = 1")).kernel == "python3"


def test_reading_leaves_the_file_alone(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("x = 1")
    os.utime(path, (1, 1))
    before = path.read_bytes()
    read_document(path)
    assert (path.read_bytes(), path.stat().st_mtime) == (before, 1)


def test_symbolic_link(notebook_file: Callable[..., Path], tmp_path: Path) -> None:
    path = notebook_file("x = 1")
    link = tmp_path / "link.ipynb"
    link.symlink_to(path)
    assert read_document(link).cells[0].source == "x = 1"


def test_no_such_file_names_the_nearest(notebook_file: Callable[..., Path], tmp_path: Path) -> None:
    notebook_file("x = 1")
    with pytest.raises(NotebookError) as caught:
        read_document(tmp_path / "nb2.ipynb")
    problem = caught.value.problems[0]
    assert problem.code == "no-such-file"
    assert problem.fix is not None and "nb.ipynb" in problem.fix.title


def test_another_notebook_is_not_like_a_missing_one_for_its_ending(
    notebook_file: Callable[..., Path], tmp_path: Path
) -> None:
    notebook_file("x = 1", name="xy.ipynb")
    with pytest.raises(NotebookError) as caught:
        read_document(tmp_path / "ab.ipynb")
    assert caught.value.problems[0].fix is None


def test_no_such_folder(tmp_path: Path) -> None:
    assert code_of(tmp_path / "no" / "nb.ipynb")[0] == "no-such-file"


def test_directory(tmp_path: Path) -> None:
    assert code_of(tmp_path)[0] == "is-a-directory"


def test_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    assert code_of(tmp_path / "pipe.ipynb")[0] == "not-a-file"


def test_link_to_itself(tmp_path: Path) -> None:
    loop = tmp_path / "loop.ipynb"
    loop.symlink_to(loop)
    assert code_of(loop) == ("unreadable", f"{str(loop)!r} cannot be read: too many symbolic links.")


def test_path_with_nul() -> None:
    assert code_of("a\0b.ipynb")[0] == "unreadable"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_file(notebook_file: Callable[..., Path]) -> None:
    path = notebook_file("x = 1")
    path.chmod(0)
    assert code_of(path)[0] == "unreadable"


@pytest.mark.parametrize("data", [b"", b"  \n\n"])
def test_empty_file(data: Any) -> None:
    assert code_of(data)[0] == "empty-file"


def test_byte_order_mark_is_fine(notebook: Callable[..., bytes]) -> None:
    assert read_document(b"\xef\xbb\xbf" + notebook("x = 1")).cells[0].source == "x = 1"


def test_not_utf8_names_line_and_byte(notebook: Callable[..., bytes]) -> None:
    code, message = code_of(notebook("x = 'é'").replace("é".encode(), b"\xe9"))
    assert code == "not-utf8"
    assert "0xe9" in message and "line 9" in message


def test_utf16(notebook: Callable[..., bytes]) -> None:
    assert code_of(notebook("x").decode().encode("utf-16"))[0] == "not-utf8"


def test_html_is_not_json() -> None:
    assert code_of(b"<!DOCTYPE html><p>Sign in</p>")[0] == "not-json"


def test_truncated_says_in_which_cell(notebook: Callable[..., bytes]) -> None:
    data = notebook("a = 1", "b = 2", "c = 3")
    cut = data.index(b"c = 3") + 2
    code, message = code_of(data[:cut])
    assert code == "truncated"
    assert "inside cell 3" in message and "line " in message and "column" in message


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_truncated_anywhere(notebook: Callable[..., bytes], share: Any) -> None:
    data = notebook("a = 1", ("b = 2", "step:b"), "c = 3")
    assert code_of(data[: int(len(data) * share)])[0] == "truncated"


def test_broken_json_says_where(notebook: Callable[..., bytes]) -> None:
    code, message = code_of(notebook("a = 1", "b = 2").replace(b'"id": "c1",', b'"id": "c1"'))
    assert code == "not-json"
    assert "inside cell 2" in message and "line 15" in message


def test_merge_conflict(notebook: Callable[..., bytes]) -> None:
    data = notebook("a = 1").replace(
        b' "metadata": {},\n "nb', b'<<<<<<< HEAD\n "metadata": {},\n=======\n "nb'
    )
    code, message = code_of(data)
    assert code == "merge-conflict"
    assert "(line 1" in message


def test_nested_too_deeply() -> None:
    assert code_of(b'{"cells": ' + b"[" * 200_000)[0] in ("not-json", "truncated")


@pytest.mark.parametrize("data", [b"[]", b"3", b'"text"', b"null"])
def test_json_that_is_no_object(data: Any) -> None:
    assert code_of(data)[0] == "not-a-notebook"


def test_json_without_cells() -> None:
    assert code_of(b'{"name": "package"}')[0] == "not-a-notebook"


def test_cells_are_no_list(notebook: Callable[..., bytes]) -> None:
    assert code_of(changed(notebook("x"), cells={}))[0] == "not-a-notebook"


@pytest.mark.parametrize("version", [None, "4", True, 4.5])
def test_format_is_no_number(notebook: Callable[..., bytes], version: Any) -> None:
    assert code_of(changed(notebook("x"), nbformat=version))[0] == "not-a-notebook"


def test_format_3_says_how_to_convert() -> None:
    data = json.dumps(
        {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": []}]}
    ).encode()
    with pytest.raises(NotebookError) as caught:
        read_document(data)
    problem = caught.value.problems[0]
    assert problem.code == "old-format"
    assert problem.fix is not None and "jupyter nbconvert --to notebook --nbformat 4" in problem.fix.title


def test_format_5_is_too_new(notebook: Callable[..., bytes]) -> None:
    assert code_of(changed(notebook("x"), nbformat=5))[0] == "new-format"


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"language_info": {"name": "julia"}},
        {"kernelspec": {"name": "python2", "language": "python"}},
    ],
)
def test_not_python(notebook: Callable[..., bytes], metadata: Any) -> None:
    assert code_of(notebook("x <- 1", **metadata))[0] == "not-python"


def test_metadata_of_odd_kinds_is_ignored(notebook: Callable[..., bytes]) -> None:
    assert read_document(notebook("x = 1", kernelspec=[], language_info=None)).kernel == "python3"


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (3, "not an object"),
        ({"source": ""}, "no cell_type"),
        ({"cell_type": "code"}, "source is missing"),
        ({"cell_type": "code", "source": {"a": 1}}, "not text or a list"),
        ({"cell_type": "code", "source": ["a", 1]}, "not text or a list"),
        ({"cell_type": "code", "source": "", "metadata": []}, "metadata is not an object"),
        ({"cell_type": "code", "source": "\ud800"}, "surrogate"),
    ],
)
def test_malformed_cell(notebook: Callable[..., bytes], cell: Any, said: Any) -> None:
    data = changed(notebook("x = 1"), cells=[{"cell_type": "code", "source": "", "metadata": {}}, cell])
    with pytest.raises(NotebookError) as caught:
        read_document(data)
    problem = caught.value.problems[0]
    assert (problem.code, problem.cell) == ("bad-cell", 1)
    assert said in problem.message and "Cell 2" in problem.message


def test_all_malformed_cells_are_reported(notebook: Callable[..., bytes]) -> None:
    with pytest.raises(NotebookError) as caught:
        read_document(changed(notebook("x = 1"), cells=[1, 2]))
    assert [p.cell for p in caught.value.problems] == [0, 1]


def test_missing_and_repeated_ids_become_unique(notebook: Callable[..., bytes]) -> None:
    cells = [
        {"cell_type": "code", "source": "a", "metadata": {}, "id": given}
        for given in ("same", "same", "cell-3")
    ] + [{"cell_type": "code", "source": "a", "metadata": {}}, {"cell_type": "code", "source": "b", "id": 7}]
    document = read_document(notebook(*cells))
    assert len({c.id for c in document.cells}) == 5
    assert [(p.code, p.cell) for p in document.problems] == [("duplicate-cell-id", 1)]


def test_unknown_cell_kinds_are_kept(notebook: Callable[..., bytes]) -> None:
    document = read_document(notebook({"cell_type": "heading", "source": "x"}, "y = 1"))
    assert [c.kind for c in document.cells] == ["heading", "code"]


def test_outputs_are_not_looked_at_and_cost_little(notebook: Callable[..., bytes], tmp_path: Path) -> None:
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}, "outputs": ["?" * 5_000_000] * 4}
    path = Path(tmp_path / "big.ipynb")
    path.write_bytes(notebook(cell, "y = 2"))
    start = time.perf_counter()
    assert len(read_document(path).cells) == 2
    assert time.perf_counter() - start < 5
