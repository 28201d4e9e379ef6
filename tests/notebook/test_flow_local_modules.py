"""Modules beside the notebook that several steps execute."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfjlab.notebook.problems import Problem

from .flowing import flow_of


def found(folder: Path, *steps: str, prelude: tuple[str, ...] = ()) -> list[Problem]:
    problems = flow_of(*steps, prelude=prelude, workspace=folder).problems
    return [problem for problem in problems if problem.code == "module-of-a-step"]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("cache = []", 1),
        ("LIMIT = 3\nregistry = {}", 2),
        ("import uuid\nTOKEN = uuid.uuid4().hex", 2),
        ("print('hello')", 1),
        ("count = 0\ndef add():\n    global count\n    count += 1", 3),
        ("class Config:\n    options = {}", 2),
        ("for i in range(3):\n    pass", 1),
        ("try:\n    import fast\nexcept ImportError:\n    print('slow')", 4),
    ],
)
def test_a_module_that_does_or_keeps_something(tmp_path: Path, source: str, line: int) -> None:
    (tmp_path / "helper.py").write_text(source)
    (problem,) = found(tmp_path, "import helper", "x = 1", "import os\nfrom helper import y")
    assert (problem.step, problem.cell, problem.line) == ("c", 2, 2)
    assert f"(line {line})" in problem.message and "Steps a and c" in problem.message
    assert found(tmp_path, "import helper", "x = 1") == []
    assert found(tmp_path, "import helper", "import helper", prelude=("from helper import y",)) == []
    assert found(tmp_path, "import helper", "import helper", prelude=("def f():\n    import helper",)) != []


@pytest.mark.parametrize(
    "source",
    [
        '"""Text."""\nimport logging\nfrom pathlib import Path\nlogger = logging.getLogger(__name__)\nHERE = Path(__file__).parent',
        "COLUMNS = ['a', 'b']\nSIZES = {'a': 1}\nTOTAL = 3 * 4",
        "from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 1\n    def go(self):\n        return []",
        "def main():\n    print(1)\nif __name__ == '__main__':\n    main()",
        "def broken(:",
    ],
)
def test_a_module_of_which_nobody_can_tell(tmp_path: Path, source: str) -> None:
    (tmp_path / "helper.py").write_text(source)
    assert found(tmp_path, "import helper", "import helper") == []


def test_modules_that_modules_import(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "__init__.py").write_text("from .state import items")
    (tmp_path / "tools" / "state.py").write_text("items = []")
    (tmp_path / "train.py").write_text("from tools import state\ndef run(): pass")
    (problem,) = found(tmp_path, "import train", "import tools")
    assert "tools.state" in problem.message and problem.line == 1
    assert found(tmp_path, "import train", "import tools", prelude=("import train",)) == []
    assert found(tmp_path, "import numpy", "import numpy") == []
