"""Stores on a local disk and, as far as the database is concerned, on a network file system."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kfjlab.runs.model import Run
from kfjlab.runs.store import RunStore
from tests.runs.helpers import new_run


@pytest.fixture(params=["local", "network"])
def network(request: pytest.FixtureRequest) -> bool:
    """Both ways of using the database."""
    return bool(request.param == "network")


@pytest.fixture
def location(tmp_path: Path, network: bool) -> Path:
    """The folder of a store that is used in one of the ways by every process."""
    folder = tmp_path / "data"
    RunStore(folder, network=network).close()
    return folder


@pytest.fixture
def either(location: Path) -> Iterator[RunStore]:
    """A store of each kind."""
    with RunStore(location) as store:
        yield store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    """A store on the local disk."""
    with RunStore(tmp_path / "data", network=False) as made:
        yield made


@pytest.fixture
def run(store: RunStore) -> Run:
    """A run in :func:`store` that this process supervises."""
    made = new_run(store)
    assert store.claim(made.id)
    return made
