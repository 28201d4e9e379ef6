"""What an import could not take over as it was: each with whom it concerns, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["left-out", "differs", "kept"]
"""``left-out``: it is not in the notebook; ``differs``: it is, but works in another way than there; ``kept``: something was added so
that it works as it did there."""


@dataclass(frozen=True)
class Note:
    """``node``: the label of the node, empty for the pipeline as a whole; ``what``: a thing, in a few words; ``todo``: may be empty."""

    kind: Kind
    node: str
    what: str
    why: str
    todo: str = ""


def left_out(node: str, what: str, why: str, todo: str = "") -> Note:
    """Something that is not in the notebook."""
    return Note("left-out", node, what, why, todo)


def differs(node: str, what: str, why: str, todo: str = "") -> Note:
    """Something that works in another way than it did."""
    return Note("differs", node, what, why, todo)


def kept(node: str, what: str, why: str, todo: str = "") -> Note:
    """Something that was added so that all is as it was."""
    return Note("kept", node, what, why, todo)


def quoted(text: object, most: int = 80) -> str:
    """A name or value for a sentence: on one line, not too long."""
    line = " ".join(str(text).split())
    return f"“{line if len(line) <= most else line[: most - 1] + '…'}”"
