"""Markdown headings of a notebook, and the sections that they make."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

from .document import Document

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*\Z")
_HTML = re.compile(r"[ \t]*<h([1-6])\b[^>]*>(.*?)</h\1>", re.IGNORECASE)
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*\Z")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_NUMBERING = re.compile(
    r"\A(?:(?:step|part|section|chapter|exercise)\s+)?(?:\d+(?:\.\d+)*|[ivx]+)[.):]?\s+(?=\S)", re.IGNORECASE
)


@dataclass(frozen=True)
class Heading:
    """A heading: ``level`` 1 to 6, ``text`` without markup and numbering, ``cell`` the index of its cell."""

    level: int
    text: str
    cell: int


def headings(document: Document) -> list[Heading]:
    """The headings of all markdown cells, in order (CommonMark's ATX and setext headings, and ``<h2>``),
    outside code blocks.
    """
    return [
        Heading(level, text, cell.index)
        for cell in document.cells
        if cell.kind == "markdown"
        for level, text in _of_text(cell.source)
    ]


def _of_text(source: str) -> Iterable[tuple[int, str]]:
    fence: str | None = None
    before = ""
    for line in source.splitlines():
        mark = _FENCE.match(line)
        if fence is not None:
            if mark is not None and mark.group(1).startswith(fence):
                fence = None
            continue
        if mark is not None:
            fence = mark.group(1)
            continue
        atx, tag = _ATX.match(line), _HTML.match(line)
        if atx is not None:
            yield len(atx.group(1)), _plain(atx.group(2))
        elif tag is not None:
            yield int(tag.group(1)), _plain(tag.group(2))
        elif before.strip() and _UNDERLINE.match(line):
            yield (1 if "=" in line else 2), _plain(before)
        before = "" if atx is not None or line.lstrip().startswith(("|", "-", "*", ">")) else line


def _plain(text: str) -> str:
    """A heading without links, images, emphasis, tags and numbering."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = html.unescape(re.sub(r"<[^>]+>|[*_`~]{1,3}(?=\S)|(?<=\S)[*_`~]{1,3}", " ", text))
    text = " ".join(text.split())
    return _NUMBERING.sub("", text, count=1) or text


@dataclass(frozen=True)
class Section:
    """Cells (indices) under one heading; ``title`` is empty for what stands before the first."""

    title: str
    cells: tuple[int, ...]


def sections(document: Document, cells: Iterable[int], most: int) -> list[Section]:
    """The given code cells, split at headings: the largest section first, deeper as long as no more than
    ``most`` sections come of it. A first split is made whatever it gives.
    """
    found = headings(document)
    chosen = [Section("", tuple(cells))]
    blocked: set[Section] = set()
    while open_ones := [s for s in chosen if s not in blocked and len(s.cells) > 1]:
        largest = max(open_ones, key=lambda section: len(section.cells))
        parts = _split(largest, found)
        place = chosen.index(largest)
        if len(parts) > 1 and (len(chosen) == 1 or len(chosen) + len(parts) - 1 <= most):
            chosen[place : place + 1] = parts
        else:
            blocked.add(largest)
    return [section for section in chosen if section.cells]


def _split(section: Section, found: list[Heading]) -> list[Section]:
    """A section at the highest level of heading that splits it."""
    for level in range(1, 7):
        usable = [h for h in found if h.level <= level]
        groups: dict[int, tuple[str, list[int]]] = {}
        for index in section.cells:
            above = next((h for h in reversed(usable) if h.cell < index), None)
            key, title = (above.cell, above.text) if above else (-1, section.title)
            groups.setdefault(key, (title, []))[1].append(index)
        if len(groups) > 1:
            return [Section(title, tuple(group)) for title, group in groups.values()]
    return [section]
