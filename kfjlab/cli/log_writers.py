"""Pieces of logs, written as text or as lines of JSON."""

from __future__ import annotations

import json
from typing import Protocol, TextIO

from kfjlab.verbs.log_pieces import LogPiece
from kfjlab.verbs.wording import coloured, printable, without_unfinished


class Writer(Protocol):
    """Writes pieces as they come."""

    def write(self, piece: LogPiece) -> None:
        """Write one."""

    def close(self) -> None:
        """Nothing more comes."""


class Lines:
    """Text as it was printed; with ``prefixes`` whole lines, each behind the name of its step. On a terminal without what would change more
    of it than the colours of the text, and behind a name the line as it looked last."""

    def __init__(self, stream: TextIO, *, prefixes: bool) -> None:
        self._stream = stream
        self._prefixes = prefixes
        self._terminal = stream.isatty()
        self._rest = ""
        self._open: dict[str, str] = {}

    def write(self, piece: LogPiece) -> None:
        """Write a piece; of a line that is not complete yet its end is waited for."""
        if not self._prefixes:
            text = piece.text
            if self._terminal:
                text, self._rest = without_unfinished(self._rest + text)
                text = coloured(text)
            self._stream.write(text)
        else:
            *lines, rest = (self._open.pop(piece.step, "") + piece.text).split("\n")
            for line in lines:
                self._line(piece.step, line)
            if rest:
                self._open[piece.step] = rest
        self._stream.flush()

    def close(self) -> None:
        """Write the lines that did not end."""
        for step, line in self._open.items():
            self._line(step, line)
        self._stream.flush()

    def _line(self, step: str, line: str) -> None:
        if self._terminal:
            line = coloured(line.rstrip("\r").rpartition("\r")[2])
        self._stream.write(f"{printable(step)} | {line}\n")


class JsonLines:
    """A JSON object for each piece, on a line of its own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, piece: LogPiece) -> None:
        """Write a piece."""
        self._stream.write(json.dumps(piece.to_json()) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Everything is written already."""
