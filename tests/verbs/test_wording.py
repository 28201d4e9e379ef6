"""Values in words and in JSON."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfjlab.verbs.wording import (
    duration,
    json_text,
    place,
    plural,
    printable,
    printable_lines,
    size,
    value_text,
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""), (0.0, "0.0 s"), (1.26, "1.3 s"), (9.97, "10 s"), (59.4, "59 s"), (59.7, "1 m 0 s"), (200, "3 m 20 s"),
        (7500, "2 h 5 m"), (270000, "3 d 3 h"),
    ],
)  # fmt: skip
def test_durations(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1500, "1.5 kB"),
        (999_999, "1.0 MB"),
        (2 * 10**9, "2.0 GB"),
        (10**19, "10000.0 PB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text


def test_small_words() -> None:
    assert (plural(1, "fix", "fixes"), plural(2000, "step")) == ("1 fix", "2,000 steps")
    assert (place(4, 2), place(4), place(None, 2)) == ("cell 5, line 2", "cell 5", "")
    assert value_text(0.123456789) == "0.123457"
    assert value_text({"a": "é\x1b"}) == '{"a": "é\\u001b"}'
    assert len(value_text("x" * 1000)) == 60


@given(st.text(alphabet=st.characters()))
def test_nothing_printable_moves_the_cursor(text: str) -> None:
    shown = printable(text)
    shown.encode()
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 or "\u202a" <= c <= "\u202e" for c in shown)


def test_lines_as_they_looked_last() -> None:
    assert printable_lines("a\r\n 10%\r 90%\r100%\n\x1b[1;31mred\x1b[0m\tx\x07") == [
        "a",
        "100%",
        "red    x\\x07",
    ]


def test_json_has_only_what_json_knows() -> None:
    text = json_text({"nan": math.nan, "inf": [math.inf], "é": "日"})
    assert text.isascii()
    assert json.loads(text) == {"nan": None, "inf": [None], "é": "日"}
