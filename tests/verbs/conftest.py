"""A folder and a store for each module of tests, with the real target."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.targets.base import RefusedError, find_target


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module's folder."""
    try:
        find_target("local")
    except RefusedError:
        pytest.skip("kfjlab is not installed here, so it has no targets (make env installs it)")
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def data(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is in the module's folder."""
    monkeypatch.setenv("KFJLAB_DATA", str(home / "data"))
