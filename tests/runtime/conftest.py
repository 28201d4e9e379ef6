"""Benches: workspaces with a zygote."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.harness import PYTHON, Bench
from tests.runtime.values_harness import Steps


@pytest.fixture(scope="session", autouse=True)
def kernel_of_the_steps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What steps are compared with is the kernel of their own Python."""
    if sys.executable == PYTHON:
        yield
        return
    folder = tmp_path_factory.mktemp("jupyter")
    spec = {
        "argv": [PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "the steps' Python",
        "language": "python",
    }
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(folder))
        yield


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


@pytest.fixture
def steps(tmp_path: Path) -> Steps:
    """Steps of a notebook without a prelude."""
    return Steps(tmp_path / "objects")
