"""Kubernetes quantities and durations."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from kfjlab.notebook.quantities import parse_bytes, parse_cores, parse_count, parse_quantity, parse_seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("2", 2),
        ("500m", Fraction(1, 2)),
        ("1.5", Fraction(3, 2)),
        (".5", Fraction(1, 2)),
        ("2.", 2),
        ("4Gi", 4 * 2**30),
        ("1Ki", 1024),
        ("1k", 1000),
        ("1E", 10**18),
        ("1E3", 1000),
        ("1e3", 1000),
        ("1e-3", Fraction(1, 1000)),
        ("12E6", 12_000_000),
        ("100n", Fraction(1, 10**7)),
        ("+1", 1),
        ("-1", -1),
        ("1.5Gi", 3 * 2**29),
        (3, 3),
        (0.1, Fraction(1, 10)),
    ],
)
def test_quantities_are_exact(text: Any, value: Any) -> None:
    assert parse_quantity(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4GB",
        "4 Gi",
        "1K",
        "Gi",
        "1e",
        "e3",
        "1_000",
        "٣",
        "1e999",
        "0x10",
        "1,5",
        None,
        True,
        [],
        "1" * 65,
    ],
)
def test_bad_quantities(text: Any) -> None:
    with pytest.raises(ValueError, match=r"not a quantity|out of range"):
        parse_quantity(text)


def test_bytes_are_rounded_up_and_positive() -> None:
    assert parse_bytes("1.0001k") == 1001
    assert parse_bytes("4Gi") == 4294967296
    for bad in ("0", "-1"):
        with pytest.raises(ValueError, match="not above zero"):
            parse_bytes(bad)


def test_cores_and_counts() -> None:
    assert parse_cores("250m") == 0.25
    assert parse_count("2") == 2
    assert parse_count("0") == 0
    for bad in ("0.5", "-1"):
        with pytest.raises(ValueError, match="not a whole number of devices"):
            parse_count(bad)
    with pytest.raises(ValueError, match="not above zero"):
        parse_cores("0")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (5, 5),
        (0.5, 0.5),
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1h30m", 5400),
        ("2d", 172800),
        ("500ms", 0.5),
        ("1h 5s", 3605),
    ],
)
def test_durations(text: Any, seconds: Any) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10 minutes", "m", "-5", -5, float("nan"), float("inf"), True, None, "1h30"]
)
def test_bad_durations(text: Any) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_seconds(text)
