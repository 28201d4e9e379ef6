"""The table says what was reached, what was missed and what failed."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from benchmarks.harness import Sample, Summary, seconds
from benchmarks.report import Aim, Row, compare, compare_difference, table, times

TWO, FOUR = Summary((Sample(2.0),)), Summary((Sample(4.0),))
FAILED = Summary((), "Traceback | of\nValueError: a | b\nwhat to do")


@pytest.mark.parametrize(
    ("aim", "value", "verdict"),
    [
        (Aim("≤ 1.5×", 1.5), 1.5, "≤ 1.5×: reached"),
        (Aim("≤ 1.5×", 1.5), 3.0, "≤ 1.5×: **missed**, 3.00× is off by 2.00×"),
        (Aim("≥ 20×", 20.0, at_least=True), 20.0, "≥ 20×: reached"),
        (Aim("≥ 20×", 20.0, at_least=True), math.inf, "≥ 20×: reached"),
        (Aim("≥ 20×", 20.0, at_least=True), 10.0, "≥ 20×: **missed**, 10× is off by 2.00×"),
        (Aim("≤ 0.3 s", 0.3, seconds), 0.36, "≤ 0.3 s: **missed**, 360 ms is off by 1.20×"),
        (Aim("≤ 0.3 s", 0.3, seconds), -1.0, "≤ 0.3 s: reached"),
        (Aim("≤ 0.3 s", 0.3, seconds), None, "≤ 0.3 s: **not measured**"),
    ],
)
def test_verdicts(aim: Aim, value: float | None, verdict: str) -> None:
    assert aim.verdict(value) == verdict


def test_ratios_for_people() -> None:
    assert [times(value) for value in (0.0123, 0.5, 1.104, 25.4, math.inf)] == [
        "0.012×",
        "0.50×",
        "1.10×",
        "25×",
        "∞×",
    ]


def test_a_comparison_is_ours_over_theirs() -> None:
    assert compare("what", FOUR, "peer", TWO, Aim("≤ 1×", 1.0)) == Row(
        "what", "4.00 s (once)", "peer", "2.00 s (once)", "2.00×", "≤ 1×: **missed**, 2.00× is off by 2.00×"
    )


@pytest.mark.parametrize(("ours", "theirs", "shown"), [(FOUR, TWO, "+2.00 s"), (TWO, FOUR, "−2.00 s")])
def test_a_difference_has_a_sign(ours: Summary, theirs: Summary, shown: str) -> None:
    assert compare_difference("what", ours, "peer", theirs).ratio == shown


@pytest.mark.parametrize("comparison", [compare, compare_difference])
@pytest.mark.parametrize(("ours", "theirs", "who"), [(FAILED, TWO, "kfjlab"), (TWO, FAILED, "peer")])
def test_a_failure_is_no_reached_aim(
    comparison: Callable[..., Row], ours: Summary, theirs: Summary, who: str
) -> None:
    row = comparison("what", ours, "peer", theirs, Aim("≤ 1×", 1.0))
    assert (row.ratio, row.aim) == ("", "≤ 1×: **not measured**")
    assert row.failures == ((who, FAILED.failure),)
    assert "**failed**" in (row.ours, row.theirs)


def test_the_table_lists_failures_once_below_itself() -> None:
    rows = [compare("first", TWO, "peer", FOUR), compare("second", TWO, "other", FAILED)]
    assert table([*rows, rows[1]]).splitlines() == [
        "|  | kfjlab | against |  | ratio | aim |",
        "| --- | --- | --- | --- | --- | --- |",
        "| first | 2.00 s (once) | peer | 4.00 s (once) | 0.50× |  |",
        "| second | 2.00 s (once) | other | **failed** |  |  |",
        "| second | 2.00 s (once) | other | **failed** |  |  |",
        "",
        r"- second: other failed: ValueError: a \| b",
    ]


def test_a_failure_without_an_error_is_told_by_its_last_line() -> None:
    row = compare("what", TWO, "peer", Summary((), "it took long\nno answer in 120 s\n"))
    assert table([row]).endswith("- what: peer failed: no answer in 120 s")
