"""Parameters from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.targets.base import RefusedError
from kfjlab.verbs.parameter_files import read_parameters


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8"))
    return path


def test_yaml_has_the_types_of_its_version_1_2(tmp_path: Path) -> None:
    text = """
    whole: 10
    octal: 0o17
    zeros: 007
    small: 1e-3
    ratio: .5
    yes_or_no: no
    truth: true
    day: 2024-01-01
    time: 12:30
    nothing: ~
    nested: {a: [1, x]}
    text: "1"
    """
    assert read_parameters(written(tmp_path, "p.yml", text)) == {
        "whole": 10,
        "octal": 15,
        "zeros": 7,
        "small": 0.001,
        "ratio": 0.5,
        "yes_or_no": "no",
        "truth": True,
        "day": "2024-01-01",
        "time": "12:30",
        "nothing": None,
        "nested": {"a": [1, "x"]},
        "text": "1",
    }


def test_json_and_empty_files(tmp_path: Path) -> None:
    assert read_parameters(written(tmp_path, "p.json", '\ufeff{"a": [1, null]}')) == {"a": [1, None]}
    assert read_parameters(written(tmp_path, "p.yaml", "# nothing\n")) == {}


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p.yaml", "a: [1", "not valid YAML.*line"),
        ("p.yaml", "- 1", "not a list"),
        ("p.yaml", "just text", "not text"),
        ("p.yaml", "a: 1\nb: 2\na: 3", "'a' twice.*line 3"),
        ("p.yaml", "1: a", "1 is not a parameter's name"),
        ("p.yaml", "a: !!python/object/apply:os.system ['true']", "not valid YAML"),
        ("p.json", '{"a": 1, "a": 2}', "'a' twice"),
        ("p.json", "{", "not valid JSON.*line 1"),
        ("p.json", "3", "single value"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, text: str, expected: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(RefusedError, match=expected) as caught:
        read_parameters(path)
    assert str(path) in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9")
    with pytest.raises(RefusedError, match="not UTF-8"):
        read_parameters(tmp_path / "latin.yaml")
    with pytest.raises(RefusedError, match="no file"):
        read_parameters(tmp_path / "none.yaml")
    with pytest.raises(RefusedError, match="cannot be read"):
        read_parameters(tmp_path)
