"""Notebooks and runs for the command line; most tests need no process and no engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kfjlab.cli.main import execute
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RefusedError, find_target
from tests.cli.fake_target import FakeTarget

Cells = tuple[str, str]
"""Tags (or ``markdown``) and source."""


def write_notebook(path: Path, *cells: Cells, metadata: Mapping[str, Any] | None = None) -> Path:
    """A notebook whose code cells have an output of an earlier session."""
    made: list[dict[str, Any]] = []
    for index, (tags, source) in enumerate(cells):
        if tags == "markdown":
            made.append({"cell_type": "markdown", "id": f"c{index}", "metadata": {}, "source": source})
            continue
        old = [{"output_type": "stream", "name": "stdout", "text": ["from an earlier session\n"]}]
        made.append(
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {"tags": tags.split(" & ")} if tags else {},
                "source": source,
                "outputs": old,
                "execution_count": 99,
            }
        )
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel, **(metadata or {})},
        "cells": made,
    }
    path.write_text(json.dumps(document, indent=1), "utf-8")
    return path


@dataclass
class Answer:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value."""
        return json.loads(self.out)


Command = Callable[..., Answer]
Program = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the runs."""
    folder = tmp_path / "data"
    monkeypatch.setenv("KFJLAB_DATA", str(folder))
    for name in ("NO_COLOR", "FORCE_COLOR", "KFJLAB_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def kfjlab(data: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """The program, in this process."""

    def command(*args: str | Path) -> Answer:
        capsys.readouterr()
        code = execute([str(arg) for arg in args])
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return command


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for notebooks, where the program is called."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def notebook(work: Path) -> Path:
    """Two branches, parameters, metrics, and a cell that is skipped."""
    return write_notebook(
        work / "nb.ipynb",
        ("imports", "import math\n\nprint('imported')"),
        ("markdown", "# Load"),
        ("pipeline-parameters", "rate = 0.5  # how fast\ncount = 3\nname = 'x'"),
        ("step:load", "data = list(range(count))\nprint('loaded', count)"),
        ("step:double", "doubled = [2 * x for x in data]"),
        ("", "doubled"),
        ("step:total", "total = sum(data) * rate\nprint('total', total)"),
        ("skip", "1 / 0"),
        ("pipeline-metrics", "score = total + doubled[-1]"),
    )


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeTarget:
    """A target that writes what a run is told to have done, in place of every real one."""
    target = FakeTarget()
    for module in (
        "kfjlab.verbs.preparing",
        "kfjlab.verbs.resuming",
        "kfjlab.cli.watching",
        "kfjlab.targets.base",
    ):
        monkeypatch.setattr(f"{module}.find_target", lambda _: target)
    return target


@pytest.fixture
def store(data: Path) -> Iterator[RunStore]:
    """The store that the program uses."""
    with RunStore() as made:
        yield made


@pytest.fixture
def program(data: Path) -> Iterator[Program]:
    """The program as a process of its own. Skips where the package is not installed, since targets are found by entry point."""
    try:
        find_target("local")
    except RefusedError:
        pytest.skip("kfjlab is not installed here, so it has no targets (make env installs it)")
    started: list[subprocess.Popen[str]] = []

    def start(*args: str | Path, **options: Any) -> subprocess.Popen[str]:
        settings: dict[str, Any] = {
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "text": True,
            **options,
        }
        command = [sys.executable, "-m", "kfjlab", *map(str, args)]
        started.append(subprocess.Popen(command, env={**os.environ, "PYTHONUNBUFFERED": "1"}, **settings))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        with process:  # closes its pipes
            process.wait(10)


@pytest.fixture
def finished(program: Program) -> Command:
    """The program as a process, waited for."""

    def command(*args: str | Path) -> Answer:
        process = program(*args)
        out, err = process.communicate(timeout=60)
        return Answer(process.returncode, out, err)

    return command
