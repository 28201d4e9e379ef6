"""A file system of 8 MB, for tests of what happens when it is full."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def mount(*arguments: str) -> None:
    """``mount``, for root. Raises :class:`subprocess.CalledProcessError` where it is not allowed."""
    subprocess.run(["mount", *arguments], check=True, capture_output=True, timeout=10)


@contextmanager
def small_disk(folder: Path, *, used_by_others: bool = False) -> Iterator[Path]:
    """An empty file system of 8 MB in ``folder``, which is made; the test is skipped where mounting is not allowed.

    At the end nothing may be open there any more, unless it is ``used_by_others``: processes that may live a little longer.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux can mount a file system")
    folder.mkdir()
    try:
        mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder))
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"mounting is not allowed here: {error}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", *["-l"] * used_by_others, str(folder)], check=True, timeout=10)


def fill(folder: Path) -> Path:
    """Use up all room; the file to remove to get it back."""
    filler = folder / "filler"
    with open(filler, "ab", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler
