"""Lines of a log that have a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.verbs import log_search
from kfjlab.verbs.log_search import search_log


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "step.log"


def test_lines_are_counted_and_placed_in_bytes(log: Path) -> None:
    log.write_bytes("äöü\nan Error\n\nerror again\r\nnothing".encode())
    found = search_log(log, "ERROR")
    assert [(m.line, m.offset, m.text) for m in found.matches] == [(2, 7, "an Error"), (4, 17, "error again")]
    assert (found.next, found.next_line) == (None, None)
    assert log.read_bytes()[17:22] == b"error"


def test_colours_are_no_part_of_a_line_and_patterns_are_texts(log: Path) -> None:
    log.write_text("\x1b[31mer\x1b[0mror\n(a+)+$\n" + "a" * 100_000 + "\n")
    assert [m.text for m in search_log(log, "error").matches] == ["error"]
    assert [m.line for m in search_log(log, "(a+)+$").matches] == [2]


def test_a_search_goes_on_where_another_ended(log: Path) -> None:
    log.write_text("".join(f"line {number} {'x' if number % 3 else 'hit'}\n" for number in range(1, 101)))
    lines: list[int] = []
    place: tuple[int | None, int | None] = (0, 1)
    while place[0] is not None and place[1] is not None:
        found = search_log(log, "hit", after=place[0], line=place[1], limit=7)
        lines += [match.line for match in found.matches]
        place = found.next, found.next_line
    assert lines == list(range(3, 101, 3))


def test_a_log_that_is_too_long_for_one_search_is_searched_by_several(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "BLOCK", 64)
    monkeypatch.setattr(log_search, "MOST_READ", 1000)
    log.write_text("".join(f"{number:09}\n" for number in range(500)))
    place: tuple[int | None, int | None] = (0, 1)
    matches, searches = [], 0
    while place[0] is not None and place[1] is not None:
        found = search_log(log, "000000499", after=place[0], line=place[1])
        matches += [(match.line, match.offset) for match in found.matches]
        place, searches = (found.next, found.next_line), searches + 1
    assert matches == [(500, 4990)]
    assert searches == 5


def test_of_a_long_line_what_is_around_the_match_is_shown(log: Path) -> None:
    log.write_text("a" * 500_000 + "needle" + "b" * 500_000 + "\nneedle\r100%\rdone\n")
    first, second = search_log(log, "needle").matches
    assert "needle" in first.text and first.text[0] == first.text[-1] == "…" and len(first.text) < 400
    assert (second.line, second.text) == (2, "needle\r100%\rdone")


def test_where_there_is_no_log_nothing_is_found(log: Path) -> None:
    assert search_log(log, "x").matches == ()
    log.write_bytes(b"x\xff\xfe\x00x")
    assert search_log(log, "x", after=1000).matches == ()
    assert [m.line for m in search_log(log, "\0").matches] == [1]
