"""What the imports and functions cells of a run define, in a live kernel that has not executed them."""

from __future__ import annotations

import inspect
import sys
import types
from pathlib import Path
from typing import Any

import pytest

import kfjlab
from kfjlab.verbs.loading import LoadError
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
        "not loaded: local_one (cell 1 fails here: ModuleNotFoundError: No module named 'local_one')"
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
    assert "replaced: here (what was there is in kfjlab_replaced)" in repr(loaded)
    assert there["kfjlab_replaced"] == {"here": [mine]}
    # What was loaded may be somebody's work by now, and the first load's is still there.
    there["here"].x = changed = object()
    again = kfjlab.load(results[0], "two", "before", into=there)
    assert again.replaced["here"].x is changed
    assert there["kfjlab_replaced"]["here"] == [mine, again.replaced["here"]]
    # Nor is what has taken the place of something loaded, whatever place in memory it has.
    there["here"] = [1, 2, 3]
    there["here"] = later = [4, 5, 6]
    kfjlab.load(results[0], "two", "before", into=there)
    assert there["kfjlab_replaced"]["here"][-1] is later


def test_what_was_the_same_is_not_replaced(results: list[RunResult]) -> None:
    there: dict[str, Any] = {}
    kfjlab.load(results[0], "one", into=there, names=["size"])
    loaded = kfjlab.load(results[0], "one", into=there, names=["size"])
    assert loaded.replaced == {} and "kfjlab_replaced" not in there
    there["size"] = True
    assert kfjlab.load(results[0], "one", into=there, names=["size"]).replaced == {"size": True}


def test_a_variable_of_the_name_of_what_keeps_them_is_kept_too(results: list[RunResult]) -> None:
    there: dict[str, Any] = {"here": 1, "kfjlab_replaced": {"here": "mine"}}
    kfjlab.load(results[0], "two", "before", into=there)
    assert there["kfjlab_replaced"] == {"here": [1], "kfjlab_replaced": [{"here": "mine"}]}


def test_when_loading_fails_all_is_as_it_was(home: Path) -> None:
    (home / "gone_here.py").write_text("class Thing: pass\n", "utf-8")
    path = write_notebook(
        home / "failing.ipynb",
        ("pipeline-parameters", "rate = 0.5"),
        ("functions", "def half(): return rate / 2"),
        ("step:a", "import gone_here\nearly = [half()]\nthing = gone_here.Thing()"),
    )
    result = kfjlab.run(path, progress=False, check=True)
    there: dict[str, Any] = {"rate": "mine", "early": "mine", "thing": "mine"}
    with pytest.raises(LoadError, match="gone_here"):
        kfjlab.load(result, "a", into=there)
    assert there == {"rate": "mine", "early": "mine", "thing": "mine"}


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
