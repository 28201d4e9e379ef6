from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kfjlab.targets.base import RefusedError
from kfjlab.targets.local.interpreter import Interpreter, find_interpreter


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    return tmp_path / "kernels"


def install(kernels: Path, name: str, **spec: object) -> None:
    folder = kernels / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec))


def test_the_kernelspec_decides_which_python(kernels: Path) -> None:
    install(kernels, "mine", argv=[sys.executable, "-m", "ipykernel"], language="python", env={"A": "1"})
    found = find_interpreter("mine")
    assert found.python == sys.executable
    assert found.env == {"A": "1"}


def test_a_bare_python_means_this_environment(kernels: Path) -> None:
    install(kernels, "bare", argv=["python", "-m", "ipykernel"], language="python")
    assert find_interpreter("bare").python == sys.executable


def test_a_missing_kernel_names_those_that_are_there(kernels: Path) -> None:
    install(kernels, "mine", argv=[sys.executable], language="python")
    with pytest.raises(RefusedError, match=r"'gone'.*not installed here.*mine"):
        find_interpreter("gone")


def test_a_kernel_of_another_language_is_refused(kernels: Path) -> None:
    install(kernels, "ir", argv=["R"], language="R")
    with pytest.raises(RefusedError, match=r"is for R"):
        find_interpreter("ir")


def test_a_kernel_whose_python_is_gone_is_refused(kernels: Path) -> None:
    install(kernels, "old", argv=["/nowhere/bin/python3.7"], language="python")
    with pytest.raises(RefusedError, match=r"does not exist"):
        find_interpreter("old")


def test_the_digest_changes_with_what_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = Interpreter("python3", sys.executable)
    before = here.digest()
    assert before == here.digest()
    (tmp_path / "new_package-1.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    assert here.digest() != before
