"""Steps in another Python than kfjlab's own, as users' kernels are: ``KFJLAB_TEST_PYTHON`` names it (``make test-versions`` does)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

import kfjlab
from kfjlab.verbs.loading import LoadError

from .conftest import Lab

PYTHON = os.environ.get("KFJLAB_TEST_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="KFJLAB_TEST_PYTHON names no other Python")


@pytest.fixture(autouse=True)
def other_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notebooks' kernel is the other Python."""
    folder = tmp_path / "jupyter" / "kernels" / "python3"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(
        json.dumps({"argv": [PYTHON, "-m", "ipykernel_launcher"], "language": "python"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))


@pytest.fixture
def version() -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, timeout=60).stdout.strip()


CELLS = (
    ("imports", "import asyncio, dataclasses, enum, sys\nimport numpy as np"),
    ("functions", "def scaled(x):\n    return [i * SCALE for i in x]\nSCALE = 3"),
    (
        "step:make",
        "class Color(enum.Enum):\n    RED = 1\n@dataclasses.dataclass(order=True)\nclass Point:\n    x: int\n    color: Color = Color.RED\n"
        "p, data = Point(2), np.arange(100_000)\nwhere = '%d.%d' % sys.version_info[:2]",
    ),
    ("step:change", "p.x += 1\ndata[0] = 7\n%timeit -n1 -r1 p.x\nvalues = await asyncio.gather(asyncio.sleep(0, 1))"),
    ("step:file", "with open('t.txt', 'w') as file: _ = file.write('here')"),
    (
        "step:use",
        "assert p == Point(3) and p.color is Color.RED and isinstance(p, Point)\nassert scaled([p.x, data[0]]) == [9, 21]\n"
        "with open('t.txt') as file: print(file.read(), values)",
    ),
)  # fmt: skip


def test_steps_run_in_the_kernels_python(lab: Lab, version: str) -> None:
    first = lab.run(*CELLS)
    assert first.state == "succeeded", first.run.error
    assert first.value("where") == version
    assert "here [1]" in first.outputs("use")
    again = lab.run()
    assert again.state == "succeeded" and not again.executed()


def test_syntax_that_is_too_new_for_the_kernel_fails_the_step(lab: Lab, version: str) -> None:
    if version != "3.9":
        pytest.skip("only Python 3.9 knows less syntax than every Python that kfjlab itself runs in")
    outcome = lab.run(("step:a", "x = 1"), ("step:b", "match x:\n    case 1: y = 2"), ("step:c", "print(y)"))
    assert outcome.states() == {"a": "succeeded", "b": "failed", "c": "skipped"}
    error = outcome.steps["b"].error
    assert error is not None and (error["kind"], error["cell"], error["line"]) == ("SyntaxError", 1, 1)


def test_what_was_made_is_loaded_as_far_as_it_can_be(lab: Lab) -> None:
    outcome = lab.run(*CELLS)
    assert kfjlab.load(outcome.run.id, "change", "after", ["data"], into={})["data"][0] == 7
    with pytest.raises(LoadError, match=r"compiled by \w+ 3\.\d+.*Load in a kernel with the Python"):
        kfjlab.load(outcome.run.id, "change", "after", ["p"], into={})
