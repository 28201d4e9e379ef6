"""Attributes of classes in modules, and objects that a module shares with a variable."""

from __future__ import annotations

import pytest

from kfjlab.runtime.protocol import StepRecord
from tests.runtime.harness import Bench, cells

SETTINGS = """
class Config:
    rate = 1
    options = {}
    class Inner:
        depth = 1
    def show(self):
        return "as written"
cache = []
limit = 1
def add(item):
    cache.append(item)
def rate():
    return Config.rate
"""


@pytest.fixture
def lab(bench: Bench) -> Bench:
    (bench.workspace / "settings.py").write_text(SETTINGS)
    bench.prelude(*cells("import settings\nfrom settings import Config, cache, add", role="imports"))
    return bench


@pytest.mark.parametrize(
    ("change", "look", "shown"),
    [
        ("Config.rate = 5", "settings.rate()", "5"),
        ("settings.Config.options['a'] = 1", "Config.options", "{'a': 1}"),
        ("Config.Inner.depth = 2", "settings.Config.Inner.depth", "2"),
        ("Config.more = [1]", "Config.more", "[1]"),
        ("del Config.rate", "hasattr(Config, 'rate')", "False"),
        ("Config.show = lambda self: 'changed'", "Config().show()", "changed"),
        ("Config.make = staticmethod(lambda: 3)", "Config.make()", "3"),
        ("setattr(Config, ''.join(['ra', 'te']), 7)", "Config.rate", "7"),
        ("settings.limit = 4", "settings.limit", "4"),
    ],
)
def test_changes_of_the_classes_of_a_module_travel(lab: Bench, change: str, look: str, shown: str) -> None:
    first = lab.run(change)
    assert "ambient:module:settings" in first.writes
    second = lab.follow(first, "x = 1")
    assert not any(name.startswith("ambient:module") for name in second.writes)
    third = lab.follow(first, f"print({look})")
    assert lab.last.text() == shown + "\n"
    assert third.reads["ambient:module:settings"] == first.writes["ambient:module:settings"]


@pytest.mark.parametrize("source", ["settings.rate()", "Config().show()", "Config.options.get('a')"])
def test_looking_is_no_change(lab: Bench, source: str) -> None:
    assert not any(name.startswith("ambient:module") for name in lab.run(source).writes)


def test_an_attribute_of_a_librarys_class(bench: Bench) -> None:
    change = "from json import JSONDecoder\nfrom fractions import Fraction\nFraction.half = lambda self: self / 2\nJSONDecoder.mark = 3"
    first = bench.run(change)
    bench.follow(first, "import fractions, json\nprint(fractions.Fraction(1).half(), json.JSONDecoder.mark)")
    assert bench.last.text() == "1/2 3\n"


def shared(record: StepRecord) -> list[str]:
    return [w["message"] for w in record.warnings if w["code"] == "shared-with-module"]


def test_an_object_that_is_a_modules_and_a_variables(lab: Bench) -> None:
    (message,) = shared(lab.run("add(1)"))
    assert "settings.cache" in message and "variable cache" in message
    assert shared(lab.run("x = len(cache)")) == []
    assert shared(lab.run("settings.limit = 4")) == []


NEW_SETTINGS = "limit = 7\ncache = ['new']\ndef rate():\n    return 'new rate', limit\nRATES = [rate]\n"


def test_a_module_that_a_step_reloads_is_reloaded_for_later_steps(lab: Bench) -> None:
    change = lab.run("settings.limit = 4")
    reload = lab.follow(change, "import importlib\nimportlib.reload(settings)\nsettings.cache.append(1)")
    lab.follow(reload, "print(settings.limit, settings.cache, settings.rate(), 'Config' in vars(settings))")
    assert lab.last.text() == "1 [1] 1 True\n"


def test_a_module_that_is_reloaded_from_new_code_has_that_in_later_steps(lab: Bench) -> None:
    change = lab.run("settings.limit = 4")
    (lab.workspace / "settings.py").write_text(NEW_SETTINGS)
    reload = lab.follow(change, "import importlib\nmodule = importlib.reload(settings)")
    (lab.workspace / "settings.py").write_text("raise OSError('never executed')")
    later = lab.follow(
        reload, "settings.limit += 1\nprint(settings.rate(), settings.RATES[0] is settings.rate)"
    )
    assert lab.last.text() == "('new rate', 8) True\n"
    lab.follow(later, "print(settings.limit, settings.cache, settings.rate(), settings.RATES[0]())")
    assert lab.last.text() == "8 ['new'] ('new rate', 8) ('new rate', 8)\n"


@pytest.mark.parametrize(
    "again", ["importlib.reload(settings)", "del sys.modules['settings']\nimport settings"]
)
def test_what_later_steps_import_from_a_module_that_was_executed_again_is_new(lab: Bench, again: str) -> None:
    (lab.workspace / "settings.py").write_text(NEW_SETTINGS)
    first = lab.run(f"import importlib, sys\n{again}\nfrom settings import rate")
    (lab.workspace / "settings.py").write_text("raise OSError('never executed')")
    later = lab.follow(first, "print(rate(), settings.limit, rate is settings.rate)\nsettings.limit = 8")
    assert lab.last.text() == "('new rate', 7) 7 True\n"
    lab.follow(later, "import settings as same\nprint(same.rate())")
    assert lab.last.text() == "('new rate', 8)\n"


def test_a_module_that_is_imported_anew_is_another_than_that_of_the_imports(lab: Bench) -> None:
    change = lab.run("settings.limit = 4")
    anew = lab.follow(
        change, "import sys\ndel sys.modules['settings']\nimport settings as other\nother.limit += 1"
    )
    assert [w["code"] for w in anew.warnings] == ["unseen-change"]
    lab.follow(anew, "print(other.limit, other is settings, other.rate())")
    assert lab.last.text() == "2 False 1\n"


def test_a_module_that_is_imported_and_reloaded_in_one_step_is_as_if_imported(bench: Bench) -> None:
    (bench.workspace / "settings.py").write_text(SETTINGS)
    record = bench.run("import importlib, settings\nmodule = importlib.reload(settings)")
    assert not any(name.startswith("ambient:module") for name in record.writes)
