"""A pipeline as a script, which does what the notebook does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.verbs.script import as_script
from tests.cli.conftest import write_notebook

EXAMPLES = Path(__file__).parents[2] / "examples"


def execute(script: str, folder: Path, *program: str) -> str:
    path = folder / "script.py"
    path.write_text(script, "utf-8")
    done = subprocess.run(
        [*(program or (sys.executable,)), str(path)], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_prints_what_the_notebook_prints(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "nb.ipynb",
        ("imports", "import math\nfrom __future__ import annotations"),
        ("pipeline-parameters", "n = 3"),
        ("step:square", "s = '''two\n  lines'''\nfrom __future__ import division; y = n ** 2"),
        ("skip", "print('skipped')"),
        ("step:show me\n#", "print(y, repr(s))"),
        ("", "def f(a: not_there): return a\nprint(f(math.pi))"),
    )
    script = as_script(analyze(path))
    assert execute(script, tmp_path) == "9 'two\\n  lines'\n3.141592653589793\n"
    assert "# %% step: square\n" in script and "# from square: s, y\n" in script


def test_magics_are_executed_by_ipython(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "nb.ipynb", ("step:a", "%precision 3\nx = !echo hello\nprint(x[0])\ndisplay(1)")
    )
    script = as_script(analyze(path))
    assert "hello\n" in execute(script, tmp_path, sys.executable, "-m", "IPython")


def test_a_cell_that_may_fail_does_not_end_it(tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "nb.ipynb", ("step:a & raises-exception", "x = 1\n1 / 0"), ("step:b", "print(x)")
    )
    assert execute(as_script(analyze(path)), tmp_path) == "ZeroDivisionError: division by zero\n1\n"


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.ipynb")), ids=lambda path: path.stem)
def test_examples_become_python(example: Path) -> None:
    pipeline = analyze(example)
    script = as_script(pipeline)
    compile(script, "script", "exec")
    places = [script.index(cell.source.splitlines()[0]) for step in pipeline.steps for cell in step.cells]
    assert places == sorted(places)
