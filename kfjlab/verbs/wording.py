"""How values are put into words and JSON, the same for every verb."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from kfjlab.notebook.problems import cell_word

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-_])")
_COLOUR = re.compile(r"(\x1b\[[0-9;:]*m)")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}|\][^\x07\x1b]{0,1024}\x1b?)?\Z")
_NOT_TEXT = re.compile(f"(?![\\b\t\n\r]){_CONTROL.pattern}")
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def printable(text: str) -> str:
    """Text of a notebook for one line of a terminal: control characters (which could move the cursor or change the
    reading direction) are shown as escapes."""
    return _CONTROL.sub(lambda match: _escape(match.group()), text)


def printable_lines(text: str) -> list[str]:
    """Several lines of output of a notebook for a terminal: without colours and cursor movements, each line as it
    looked last when a progress bar went over it again."""
    lines = []
    for line in _ANSI.sub("", text).replace("\r\n", "\n").split("\n"):
        last = line.rstrip("\r").rpartition("\r")[2]
        lines.append(printable(last.replace("\t", "    ")))
    return lines


def without_controls(text: str) -> str:
    """``text`` less the sequences that colour it or move the cursor."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def coloured(text: str) -> str:
    """Output of a notebook for a terminal, as it is, but of its control sequences only those that set colours (SGR, ECMA-48 8.3.117)."""
    parts = _COLOUR.split(
        _ANSI.sub(lambda match: match.group() if _COLOUR.fullmatch(match.group()) else "", text)
    )
    return "".join(
        part if i % 2 else _NOT_TEXT.sub(lambda m: _escape(m.group()), part) for i, part in enumerate(parts)
    )


def without_unfinished(text: str) -> tuple[str, str]:
    """``text``, and the control sequence at its end that is not complete yet."""
    found = _UNFINISHED.search(text)
    return (text, "") if found is None else (text[: found.start()], found.group())


def _escape(char: str) -> str:
    if char in "\n\t\r":
        return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char]
    code = ord(char)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def place(cell: int | None, line: int | None = None) -> str:
    """``cell 4, line 2``: of the cell with the 0-based index 3; empty for None."""
    if cell is None:
        return ""
    return cell_word(cell) + (f", line {line}" if line is not None else "")


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 m 20 s``, ``2 h 5 m``, ``3 d 4 h``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, smaller, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "m"), (60, "m", 1, "s")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // smaller} {small}"
    return f"{whole} s"


def size(count: int) -> str:
    """Bytes in powers of 1000: ``0 B``, ``1.5 kB``, ``2.0 GB``."""
    value = float(count)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("the last unit ends the loop")


def plural(count: int, thing: str, things: str | None = None) -> str:
    """``1 step``, ``2 steps``."""
    return f"{count:,} {thing if count == 1 else things or thing + 's'}"


def value_text(value: Any, longest: int = 60) -> str:
    """A parameter or metric on one line."""
    if isinstance(value, float):
        text = f"{value:.6g}"
    else:
        text = json.dumps(value, ensure_ascii=False, default=str) if not isinstance(value, str) else value
    text = printable(text)
    return text if len(text) <= longest else text[: longest - 1] + "…"


def plain_json(value: Any) -> Any:
    """``value`` as JSON knows it: numbers that are not finite, which JSON has no word for, become None."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_json(item) for item in value]
    return value


def json_text(data: Any, *, indent: int | None = 2) -> str:
    """ASCII JSON, safe for every terminal and locale."""
    return json.dumps(plain_json(data), indent=indent, allow_nan=False)
