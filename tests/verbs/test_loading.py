"""What the imports and functions cells of a run define, in a live kernel that has not executed them."""

from __future__ import annotations

import inspect
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import kfjlab
from kfjlab.verbs.result import RunResult
from tests.cli.conftest import write_notebook

IMPORTS = """
from __future__ import annotations
import math as m
import local_one
from string import *
from dataclasses import dataclass
try:
    import not_installed_at_all
except ImportError:
    not_installed_at_all = None
print('imports are executed')
"""
FUNCTIONS = """
made = open('count.txt').read()

@dataclass
class Point:
    x: m.there_is_no_such_type
    def doubled(self): return 2 * self.x

ORIGIN = Point(m.floor(0.5))

def area(p=ORIGIN, factor=m.pi):
    return factor * p.x * LIMIT

LIMIT = 10
"""

pytestmark = pytest.mark.usefixtures("data")


@pytest.fixture(scope="module")
def results(home: Path) -> list[RunResult]:
    """The first run, and one that takes all from the cache."""
    (home / "local_one.py").write_text("value = 1\n", "utf-8")
    (home / "count.txt").write_text("many", "utf-8")
    path = write_notebook(
        home / "nb.ipynb",
        ("imports", IMPORTS),
        ("functions", FUNCTIONS),
        ("step:one", "here = Point(3)\nsize = area(here)\nname = made + digits + str(local_one.value)"),
        ("step:two", "again = here.doubled()"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KFJLAB_DATA", str(home / "data"))
        made = [kfjlab.run(path, progress=False, check=True) for _ in range(2)]
    assert [step.cached for step in made[1].steps] == [True, True]
    return made


@pytest.mark.parametrize("which", [0, 1])
def test_a_steps_code_can_be_executed(
    results: list[RunResult],
    home: Path,
    which: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(str(home))
    there: dict[str, Any] = {}
    loaded = kfjlab.load(results[which], "one", "before", into=there)
    assert capsys.readouterr().out == ""  # what the cells do besides is not done
    assert (loaded.missing, there["made"], there["capwords"]("x")) == ({}, "many", "X")
    exec("here = Point(3)\nsize = area(here)\nname = made + digits + str(local_one.value)", there)
    assert there["size"] == pytest.approx(94.2477796)
    assert there["name"] == "many01234567891"
    assert isinstance(there["ORIGIN"], there["Point"])
    assert there["area"].__defaults__[0] is there["ORIGIN"]
    assert "factor * p.x * LIMIT" in inspect.getsource(there["area"])
    assert there["Point"].__module__ == "__main__"


def test_instances_and_classes_match(
    results: list[RunResult], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(home))
    there: dict[str, Any] = {}
    kfjlab.load(results[0], "two", into=there)
    assert type(there["here"]) is there["Point"]
    assert there["again"] == 6


def test_what_cannot_be_made_here_is_said(results: list[RunResult], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "local_one", raising=False)
    loaded = kfjlab.load(results[0], "one", "before", into={})
    assert set(loaded.missing) == {"local_one"}
    assert (
        "not loaded: local_one (cell 0 fails here: ModuleNotFoundError: No module named 'local_one')"
        in repr(loaded)
    )
    assert kfjlab.load(results[0], "two", "before", into={}).missing == {}  # it does not need it


def test_what_is_there_stays(results: list[RunResult]) -> None:
    mine = types.ModuleType("mine")
    there: dict[str, Any] = {"m": mine, "capwords": "mine", "area": len}
    loaded = kfjlab.load(results[0], "two", "before", into=there)
    assert (there["m"], there["capwords"], there["area"]) == (mine, "mine", len)
    assert not {"m", "capwords", "area"} & set(loaded.defined)
    assert isinstance(there["here"], there["Point"])


def test_what_is_replaced_is_not_lost(results: list[RunResult]) -> None:
    mine = object()
    there: dict[str, Any] = {"here": mine, "other": 1}
    loaded = kfjlab.load(results[0], "two", "before", into=there)
    assert loaded.replaced == {"here": mine} and there["here"] is not mine
    assert "replaced: here (what they were is in .replaced)" in repr(loaded)
    again = kfjlab.load(results[0], "two", "before", into=there)
    assert again.replaced == {}  # it was loaded, and is here again


def test_only_what_was_asked_for_and_what_it_needs(results: list[RunResult]) -> None:
    there: dict[str, Any] = {}
    loaded = kfjlab.load(results[0], "two", "before", ["area"], into=there)
    assert set(loaded) == {"area", "ORIGIN", "LIMIT", "Point", "m", "dataclass"}
    kfjlab.load(results[0], "two", "before", ["not_installed_at_all"], into=there)
    assert there["not_installed_at_all"] is None
    assert there["area"](there["Point"](1)) == pytest.approx(31.4159265)


def test_data_that_was_not_stored_is_named(home: Path) -> None:
    path = write_notebook(
        home / "other.ipynb",
        ("functions", "import io\nstream = open(__import__('os').devnull)"),
        ("step:a", "x = 1\nstream"),
    )
    result = kfjlab.run(path, progress=False)
    loaded = kfjlab.load(result, "a", "before", into={})
    assert "run cell 0 of the notebook" in loaded.missing["stream"]
    assert "io" in loaded.defined
