"""The examples come along and can be copied."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.targets.base import RefusedError
from kfjlab.verbs.examples import copy_example, list_examples


def test_each_says_what_it_shows() -> None:
    found = list_examples()
    assert found[0].name == "first-tour"
    assert len(found) >= 3
    assert all(example.title and len(example.description) > 20 for example in found)
    assert len({example.description for example in found}) == len(found)


def test_a_copy_never_replaces_another(tmp_path: Path) -> None:
    first = copy_example("forecast", tmp_path)
    first.write_text("mine")
    second = copy_example("forecast", tmp_path)
    assert (first.name, first.read_text()) == ("forecast.ipynb", "mine")
    assert second.name == "forecast-1.ipynb"
    assert second.read_bytes() == next(e for e in list_examples() if e.name == "forecast").path.read_bytes()


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="Did you mean 'forecast'"):
        copy_example("forcast", tmp_path)
    with pytest.raises(RefusedError, match="Make it first"):
        copy_example("forecast", tmp_path / "no such folder")
