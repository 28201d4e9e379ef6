"""Which names a step can have, and what stands for them elsewhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfjlab.notebook.names import did_you_mean, name_fault, nearest, safe_name, slug, unused

KALE = re.compile(r"[_a-z][_a-z0-9]*")
DNS_LABEL = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")


@pytest.mark.parametrize(
    "name",
    [
        "train",
        "_x",
        "load_data",
        "Train-2",
        "load data",
        "données",
        "загрузка",
        "数据",
        "2nd",
        "x" * 63,
        "हिंदी",
    ],
)
def test_good_names(name: Any) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "../../x",
        "$(rm -rf /)",
        "a/b",
        "a\\b",
        "a.b",
        "a\nb",
        "a\x1b[31m",
        "🚀",
        "x" * 64,
        "x" * 300,
        "<b>",
        " a",
        "a ",
        "a  b",
        "-a",
        "a;b",
        "a'b",
        "a\u202eb",
        "a\u200bb",
        "pipeline-metrics",
        "\u0301a",
    ],
)
def test_hostile_names(name: Any) -> None:
    assert name_fault(name)


def test_faults_do_not_print_control_characters() -> None:
    assert "\x1b" not in (name_fault("a\x1b[31m") or "")
    assert "U+001B" in (name_fault("a\x1b[31m") or "")


@given(st.text(max_size=400))
def test_safe_names_are_good_for_kale_and_for_us(text: Any) -> None:
    name = safe_name(text)
    assert KALE.fullmatch(name)
    assert name_fault(name) is None


def test_safe_names() -> None:
    assert safe_name("Load the Data") == "load_the_data"
    assert safe_name("Données d'été") == "donnees_d_ete"
    assert safe_name("🚀") == "step"
    assert safe_name("2 things") == "step_2_things"
    assert safe_name("Training a model for the") == "training_a_model"
    assert safe_name("a", ["a", "a_2"]) == "a_3"


def test_unused() -> None:
    assert unused("a", []) == "a"
    assert unused("a", ["a"]) == "a_2"


@given(st.lists(st.text(min_size=1, max_size=80), unique=True, max_size=20))
def test_slugs_are_dns_labels_and_unique(names: Any) -> None:
    slugs = [slug(name) for name in names]
    assert all(DNS_LABEL.fullmatch(s) for s in slugs)
    assert len(set(slugs)) == len(names)


def test_slugs_that_could_clash_do_not() -> None:
    names = [
        "load_data",
        "load-data",
        "Load_data",
        "load data",
        "load__data",
        "_load_data",
        "数据",
        "🚀",
        "🚁",
    ]
    assert len({slug(name) for name in names}) == len(names)
    assert slug("load_data") == "load-data"
    taken = slug("load-data")
    assert slug(taken) != taken
    assert slug(taken.replace("-", "_")) != taken


def test_hints() -> None:
    assert nearest("trian", ["train", "test"]) == "train"
    assert nearest("zzz", ["train"]) is None
    assert did_you_mean("trian", ["train"]) == " Did you mean 'train'?"
    assert did_you_mean("zzz", ["train", "test"]) == " Known: test, train."
    assert did_you_mean("zzz", []) == ""
