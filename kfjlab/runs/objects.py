"""The folder of content-addressed objects as garbage collection sees it: which files are there, and what
objects refer to.

An object's path below the folder, with the separators left out, is its sha256 in hexadecimal; everything else
there is work in progress (or was left by a process that was killed).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST_HEADER = 8 * 1024 * 1024
"""Bytes of a value object's first line that are read: room for 100,000 buffers."""


@dataclass(frozen=True)
class ObjectFile:
    """A file below the folder. ``digest`` is None for what is not an object."""

    path: str
    digest: str | None
    size: int
    mtime: float


def object_files(folder: Path) -> Iterator[ObjectFile]:
    """All files below ``folder``; those that vanish meanwhile are left out."""
    for where, _, names in os.walk(folder):
        prefix = "".join(Path(where).relative_to(folder).parts)
        for name in names:
            path = os.path.join(where, name)
            try:
                status = os.stat(path, follow_symlinks=False)
            except FileNotFoundError:
                continue
            digest = prefix + name
            yield ObjectFile(
                path, digest if DIGEST.fullmatch(digest) else None, status.st_size, status.st_mtime
            )


def digests_in(text: str) -> set[str]:
    """Everything in a JSON text that could be a digest. Asking no more of it keeps whatever a record may refer
    to, in whichever field and from whichever version."""
    return set(DIGEST.findall(text))


def referred_to(path: str) -> set[str]:
    """The digests in the first line of a value object, a JSON object that lists its ``buffers``; empty for what
    does not begin like one."""
    try:
        with open(path, "rb") as file:
            if file.read(1) != b"{":
                return set()
            line = file.readline(_LONGEST_HEADER)
    except FileNotFoundError:
        return set()
    return digests_in(line.decode("ascii", "replace"))


def remove_unless_touched(path: str, mtime_before: float) -> bool:
    """Delete an object unless its time says that somebody has used it since; whether it was deleted.

    Who finds an object that it wants to store already there sets the object's time. It may do so between our
    look and the removal; so the file is first taken out of sight, where only who had found it before can still
    touch it, and put back if that happened.
    """
    aside = f"{path}.gc"
    try:
        if os.stat(path).st_mtime >= mtime_before:
            return False
        os.rename(path, aside)
        if os.stat(aside).st_mtime >= mtime_before:
            os.rename(aside, path)
            return False
        os.unlink(aside)
    except FileNotFoundError:
        return False
    return True
