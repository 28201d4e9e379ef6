"""Small notebooks, cut into steps in different ways: as a pipeline they give what they give from top to bottom."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kfjlab.notebook.analyze import analyze

from .cases import CASES
from .conftest import SOAK
from .oracle import Schedule, compare, prepare

REPORTED = {"cached functions": "cache-of-a-step"}
"""Cases that cannot hold, and the code of the problem that says so."""


def _cases(strict: bool) -> list[object]:
    """``strict`` where the cells are always cut in the same way. Other groups of cells may keep apart what does not hold."""
    return [
        pytest.param(name, marks=pytest.mark.xfail(reason=f"reported as {REPORTED[name]}", strict=strict))
        if name in REPORTED
        else name
        for name in CASES
    ]


@pytest.mark.parametrize("name", _cases(strict=True))
def test_every_cell_a_step(name: str, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    assert compare(program, Schedule.every_cell(len(program.cells), rng), tmp_path, again=True) == []


@pytest.mark.skipif(not SOAK, reason="only with KFJLAB_SOAK=1")
@pytest.mark.parametrize("repetition", range(5))
@pytest.mark.parametrize("name", _cases(strict=False))
def test_random_groups(name: str, repetition: int, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    assert compare(program, Schedule.random_groups(len(program.cells), rng), tmp_path) == []


@pytest.mark.parametrize("name", REPORTED)
def test_what_cannot_hold_is_reported(name: str, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    notebook = prepare(
        program, Schedule.every_cell(len(program.cells), rng), tmp_path, tmp_path / "dump.json"
    )
    assert REPORTED[name] in {problem.code for problem in analyze(notebook).problems}
