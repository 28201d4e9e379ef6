"""Benches: workspaces with a zygote."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.harness import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench of the test's own."""
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A bench without a prelude, shared by the tests of a module: steps start from nothing, but the workspace stays."""
    made = Bench(tmp_path_factory.mktemp("bench"))
    yield made
    made.close()
