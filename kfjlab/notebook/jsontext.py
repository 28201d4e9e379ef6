"""Changing values inside JSON text while every other byte stays as it is.

:mod:`json` reads values but forgets how they were written; the known libraries that keep layout (``json5``,
``ruamel``) read whole documents in pure Python, some hundred times slower. Here the C scanner of :mod:`json`
skips over whatever is not being changed, and only the containers on the way to a change are taken apart.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # the C function behind json, public but not in typeshed
from typing import Any, cast

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODE = json.JSONDecoder().raw_decode


@dataclass(frozen=True)
class Item:
    """A member of an object or an element of an array. ``lead`` is the white space before it, ``body`` its
    text (key included); ``start`` and ``end`` delimit the value alone.
    """

    key: str
    lead: str
    body: str
    start: int
    end: int
    value: Any


@dataclass(frozen=True)
class Layout:
    """How a document is laid out. ``unit`` is one level of indentation, ``None`` when all is on one line."""

    newline: str
    unit: str | None
    colon: str
    gap: str


def skip(text: str, at: int) -> int:
    """The position of the first character from ``at`` on that is not white space."""
    match = _SPACE.match(text, at)
    return match.end() if match else at


def items(text: str, start: int) -> tuple[list[Item], str, int]:
    """The items of the object or array whose bracket is at ``start``, the white space before the closing
    bracket and the position after it. The text must be valid JSON.
    """
    is_object, closer = text[start] == "{", {"{": "}", "[": "]"}[text[start]]
    found: list[Item] = []
    at = start + 1
    while True:
        begin = skip(text, at)
        if text[begin] == closer and not found:
            return found, text[at:begin], begin + 1
        lead, key, value_start = text[at:begin], "", begin
        if is_object:
            key, after = scanstring(text, begin + 1, True)
            value_start = skip(text, skip(text, after) + 1)
        value, end = _DECODE(text, value_start)
        found.append(Item(key, lead, text[begin:end], value_start, end, value))
        at = skip(text, end)
        if text[at] == closer:
            return found, text[end:at], at + 1
        at += 1


def member(text: str, start: int, key: str) -> int | None:
    """Where the value of ``key`` starts in the object at ``start`` (the last one if it is there twice, as
    :mod:`json` reads it).
    """
    found, _, _ = items(text, start)
    return next((item.start for item in reversed(found) if item.key == key), None)


def element_starts(text: str, start: int) -> list[int]:
    """Where each element of the array at ``start`` starts."""
    starts: list[int] = []
    at = skip(text, start + 1)
    while text[at] != "]":
        starts.append(at)
        at = skip(text, _DECODE(text, at)[1])
        if text[at] == ",":
            at = skip(text, at + 1)
    return starts


def locate(text: str) -> int | None:
    """The 0-based index of the cell in which a notebook's broken JSON text breaks off, or ``None`` when it is
    not inside a cell.
    """
    at = text.find("{")
    try:
        while True:
            at = skip(text, at + 1)
            key, at = scanstring(text, at + 1, True)
            at = skip(text, skip(text, at) + 1)
            if key == "cells" and text[at] == "[":
                break
            at = skip(text, _DECODE(text, at)[1])
        index = 0
        while True:
            at = skip(text, at + 1)
            if text[at : at + 1] == "]":
                return None
            try:
                at = skip(text, _DECODE(text, at)[1])
            except (ValueError, StopIteration, RecursionError):
                return index if text[at : at + 1] == "{" else None
            if text[at : at + 1] != ",":
                return index if at < len(text) else None
            index += 1
    except (ValueError, IndexError, StopIteration, RecursionError):
        return None


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, telling ``true``, ``1`` and ``1.0`` apart."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return cast(bool, one == other or (one != one and other != other))


def layout_of(text: str) -> Layout:
    """The layout of the document whose text is an object; that of nbformat for an empty one."""
    start = skip(text, 0)
    key = skip(text, start + 1)
    if text[key] == "}":
        return Layout("\n", " ", ": ", " ")
    lead = text[start + 1 : key]
    _, after = scanstring(text, key + 1, True)
    colon = text[after : skip(text, skip(text, after) + 1)]
    unit = lead.rpartition("\n")[2] if "\n" in lead else None
    return Layout("\r\n" if "\r\n" in lead else "\n", unit, colon, " " if colon.endswith(" ") else "")


def _indent_at(text: str, at: int) -> str:
    """The indentation of the line that ``at`` is in."""
    line = text.rfind("\n", 0, at) + 1
    return text[line : skip(text, line)] if skip(text, line) <= at else ""


def dump(value: Any, layout: Layout, indent: str, inline: bool) -> str:
    """``value`` as JSON text, its lines indented by ``indent``; non-ASCII characters are kept, as nbformat
    does.
    """
    lone_surrogate = re.search("[\ud800-\udfff]", json.dumps(value, ensure_ascii=False)) is not None
    if inline or layout.unit is None:
        return json.dumps(value, ensure_ascii=lone_surrogate, separators=("," + layout.gap, layout.colon))
    text = json.dumps(value, ensure_ascii=lone_surrogate, indent=layout.unit, separators=(",", layout.colon))
    return text.replace("\n", layout.newline + indent)


def rewrite(text: str, start: int, new: Any, layout: Layout) -> tuple[int, int, str]:
    """``(start, end, replacement)`` that makes the value at ``start`` be ``new``; what is the same in both
    keeps its bytes.
    """
    return start, _DECODE(text, start)[1], _rewritten(text, start, new, layout)


def _rewritten(text: str, start: int, new: Any, layout: Layout) -> str:
    old, end = _DECODE(text, start)
    if same(old, new):
        return text[start:end]
    if isinstance(old, dict) and isinstance(new, dict):
        return _Container(text, start, layout).with_members(new)
    if isinstance(old, list) and isinstance(new, list):
        return _Container(text, start, layout).with_elements(new)
    return dump(new, layout, _indent_at(text, start), inline=_on_bracket_line(text, start))


def _on_bracket_line(text: str, at: int) -> bool:
    """Whether a bracket stands before ``at`` in its line, so that what follows is laid out on one line."""
    line = text.rfind("\n", 0, at) + 1
    return text.find("{", line, at) >= 0 or text.find("[", line, at) >= 0


class _Container:
    """An object or array that is being rewritten: its items, and the white space that new items get."""

    def __init__(self, text: str, start: int, layout: Layout) -> None:
        self.text, self.layout = text, layout
        self.items, self.closing, end = items(text, start)
        self.brackets = text[start] + text[end - 1]
        outer = _indent_at(text, start)
        if self.items:
            self.first = self.items[0].lead
            self.multiline = "\n" in self.first
            between = self.items[1].lead if len(self.items) > 1 else layout.gap
            self.other = self.first if self.multiline else between
        else:
            self.multiline = layout.unit is not None and not _on_bracket_line(text, start)
            self.first = layout.newline + outer + (layout.unit or "") if self.multiline else ""
            self.other = self.first if self.multiline else layout.gap
            self.closing = layout.newline + outer if self.multiline else ""
        self.indent = self.first.rpartition("\n")[2] if self.multiline else ""

    def with_members(self, new: Mapping[str, Any]) -> str:
        """The object's text when its value is to be ``new``. New keys come in order if the others do, else at
        the end.
        """
        last = {item.key: item for item in self.items}
        parts: list[tuple[str, str, str]] = []
        for item in self.items:
            if item.key not in new:
                continue
            body = item.body
            if last[item.key] is item and not same(item.value, new[item.key]):
                head = body[: len(body) - (item.end - item.start)]
                body = head + _rewritten(self.text, item.start, new[item.key], self.layout)
            parts.append((item.key, item.lead, body))
        keys = [key for key, _, _ in parts]
        in_order = keys == sorted(keys)
        for key in new:
            if key not in last:
                body = dump(key, self.layout, "", True) + self._colon() + self._dump(new[key])
                place = sum(1 for k, _, _ in parts if k < key) if in_order else len(parts)
                parts.insert(place, (key, self.other, body))
        return self._joined([(lead, body) for _, lead, body in parts])

    def with_elements(self, new: Sequence[Any]) -> str:
        """The array's text when its value is to be ``new``. Elements that were there keep their text."""
        unused = list(self.items)
        parts: list[tuple[str, str]] = []
        for value in new:
            match = next((item for item in unused if same(item.value, value)), None)
            if match is None:
                parts.append((self.other, self._dump(value)))
            else:
                unused.remove(match)
                parts.append((match.lead, match.body))
        return self._joined(parts)

    def _dump(self, value: Any) -> str:
        return dump(value, self.layout, self.indent, inline=not self.multiline)

    def _colon(self) -> str:
        if not self.items:
            return self.layout.colon
        item = self.items[0]
        _, after = scanstring(self.text, item.end - len(item.body) + 1, True)
        return self.text[after : item.start]

    def _joined(self, parts: Sequence[tuple[str, str]]) -> str:
        """The first item has the white space of the first one, whichever it is now."""
        if not parts:
            return self.brackets
        texts = [self.first + parts[0][1]]
        for lead, body in parts[1:]:
            moved = self.items and lead == self.items[0].lead and not self.multiline
            texts.append((self.other if moved else lead) + body)
        return self.brackets[0] + ",".join(texts) + self.closing + self.brackets[1]
