"""Finds lines in a log, however large it is, and however long its lines are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .wording import without_controls

BLOCK = 1024 * 1024
"""Bytes that are looked at at once. A match that goes over the end of a longer line's block is not found."""
MOST_READ = 256 * 1024 * 1024
"""Bytes that one search looks at; another goes on from there."""
WIDTH = 300
"""Characters that are shown of a line, around the match."""


@dataclass(frozen=True)
class Match:
    """A line, counted from 1, that has the text; ``offset``: of its first byte."""

    line: int
    offset: int
    text: str


@dataclass(frozen=True)
class Found:
    """``next`` and ``next_line``: where to go on; None when the log was looked through to its end."""

    matches: tuple[Match, ...]
    next: int | None
    next_line: int | None


def search_log(path: Path, text: str, *, after: int = 0, line: int = 1, limit: int = 100) -> Found:
    """The lines of a file that have a text, capitals or not, from byte ``after`` on, which is the beginning of line ``line``. Control
    sequences (colours) are no part of a line."""
    wanted = text.casefold()
    matches: list[Match] = []
    try:
        file = open(path, "rb")  # noqa: SIM115
    except FileNotFoundError:
        return Found((), None, None)
    with file:
        file.seek(after)
        offset, end = after, after + MOST_READ
        while offset < end and (block := file.read(BLOCK) + file.readline(BLOCK)):
            if wanted not in without_controls(block.decode("utf-8", "replace")).casefold():
                offset += len(block)
                line += block.count(b"\n")
                continue
            for raw in _lines(block):
                shown = without_controls(raw.decode("utf-8", "replace")).rstrip("\r\n")
                place = shown.casefold().find(wanted)
                if place >= 0:
                    matches.append(Match(line, offset, _around(shown, place, len(text))))
                offset += len(raw)
                line += raw.endswith(b"\n")
                if len(matches) == limit:
                    return Found(tuple(matches), offset, line)
        over = not file.read(1)
    return Found(tuple(matches), None if over else offset, None if over else line)


def _lines(block: bytes) -> list[bytes]:
    """Lines that end with a newline; a carriage return, with which progress bars overwrite themselves, ends none."""
    parts = block.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _around(line: str, place: int, length: int) -> str:
    """A line, or where it is long, the part of it that is around the match."""
    if len(line) <= WIDTH:
        return line
    start = max(0, min(place - (WIDTH - length) // 2, len(line) - WIDTH))
    end = start + max(WIDTH, length)
    return ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
