"""A store of its own for each test, and the shared notebooks if they are there."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leftovers import end_runs

SOAK = os.environ.get("KFJLAB_SOAK") == "1"
"""Whether to take the time for many more schedules and programs."""


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Runs of this test go into a folder of its own."""
    folder = tmp_path / "store"
    monkeypatch.setenv("KFJLAB_DATA", str(folder))
    yield folder
    end_runs(folder)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """Random schedules: the same in every run of the same test, unless ``KFJLAB_SEED`` says otherwise."""
    return random.Random(f"{os.environ.get('KFJLAB_SEED', '')}{request.node.name}")
