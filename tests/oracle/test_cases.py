"""Small notebooks, cut into steps in different ways: as a pipeline they give what they give from top to bottom."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .cases import CASES
from .conftest import SOAK
from .oracle import Schedule, compare


@pytest.mark.parametrize("name", CASES)
def test_every_cell_a_step(name: str, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    assert compare(program, Schedule.every_cell(len(program.cells), rng), tmp_path, again=True) == []


@pytest.mark.skipif(not SOAK, reason="only with KFJLAB_SOAK=1")
@pytest.mark.parametrize("repetition", range(5))
@pytest.mark.parametrize("name", CASES)
def test_random_groups(name: str, repetition: int, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    assert compare(program, Schedule.random_groups(len(program.cells), rng), tmp_path) == []
