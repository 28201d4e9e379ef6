"""A warm process of a tool, which is asked about one notebook after the other."""

from __future__ import annotations

import json
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .harness import ProcessFailed, Sample, environment

LIMIT = 120.0
"""Seconds for one notebook; those of the process's start are in the first."""


class Tool:
    """A running ``tool_*.py``."""

    def __init__(self, child: subprocess.Popen[str], complaints: IO[str]) -> None:
        self._child = child
        self._complaints = complaints

    def ask(self, notebook: Path) -> Sample:
        """What it takes for a notebook (``steps``, a count, and Kale's ``graph`` are parts). Raises :class:`ProcessFailed` when the
        tool cannot do it, or not in time, after which it is gone."""
        assert self._child.stdin and self._child.stdout
        try:
            self._child.stdin.write(f"{notebook}\n")
            self._child.stdin.flush()
        except BrokenPipeError:
            raise ProcessFailed(f"{notebook.name}: {self._end()}") from None
        if not select.select([self._child.stdout], [], [], LIMIT)[0]:
            self._child.kill()
            raise ProcessFailed(f"{notebook.name}: no answer in {LIMIT:.0f} s")
        line = self._child.stdout.readline()
        if not line:
            raise ProcessFailed(f"{notebook.name}: {self._end()}")
        found = json.loads(line)
        if "error" in found:
            raise ProcessFailed(f"{notebook.name}: {found['error']}")
        memory = int(found.pop("memory")) * (1 if sys.platform == "darwin" else 1024)
        return Sample(found.pop("seconds"), memory, parts=found)

    def _end(self) -> str:
        status = self._child.wait(LIMIT)
        self._complaints.seek(0)
        return f"the tool ended with {status}: {self._complaints.read()[-2000:]}"


@contextmanager
def answering(python: str, name: str) -> Iterator[Tool]:
    """``tool_<name>.py``, running with that interpreter until the end of the block."""
    program = Path(__file__).with_name(f"tool_{name}.py")
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        child = subprocess.Popen(
            [python, str(program)],
            env=environment(python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        )
        try:
            yield Tool(child, complaints)
        finally:
            child.kill()
            child.communicate()
