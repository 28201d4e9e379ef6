"""What steps made, shown by the run's interpreter."""

from __future__ import annotations

import base64
import os
import time
from pathlib import Path

import pytest

import kfjlab
from kfjlab.runs.store import UnknownRunError
from kfjlab.verbs import previewing
from kfjlab.verbs.previewing import PreviewError, preview
from kfjlab.verbs.result import RunResult
from tests.cli.conftest import write_notebook

pytestmark = pytest.mark.usefixtures("data")

IMPORTS = """
import os, time
import numpy as np
import pandas as pd
import polars as pl
import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt
"""
MAKE = """
frame = pd.DataFrame({'number': range(1000), 'text': ['<img onerror=alert(1)>' + 'x' * 1000] * 1000})
wide = pd.DataFrame(np.zeros((3, 500)))
other = pl.DataFrame({'a': [1, 2], 'b': [None, 'ü']})
array = np.arange(10_000_000)
figure, axes = plt.subplots()
axes.plot([1, 2, 3])
class Evil:
    def __init__(self): self.parent = os.getpid()
    def __repr__(self):
        import os
        open('touched', 'a').write(str(os.getppid()))
        return 'evil ' + str(self.parent == os.getpid())
class Slow:
    def __repr__(self):
        import os, time
        os.system('sleep 1000 &')
        time.sleep(1000)
class Big:
    def __repr__(self): return str(len(bytearray(3_000_000_000)))
class Noisy:
    def __repr__(self):
        import os
        print('printed')
        os.write(1, b'written')
        return 'quiet'
class Broken:
    def __repr__(self): raise ValueError('no')
evil, slow, big, noisy, broken = Evil(), Slow(), Big(), Noisy(), Broken()
answer = 42
"""


@pytest.fixture(scope="module")
def run(home: Path) -> RunResult:
    path = write_notebook(
        home / "nb.ipynb", ("imports", IMPORTS), ("step:make", MAKE), ("step:fail", "x = 1\n1 / 0")
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KFJLAB_DATA", str(home / "data"))
        return kfjlab.run(path, progress=False)


def test_of_a_table_the_head(run: RunResult) -> None:
    shown = preview(run.id, "make", "frame")
    assert (shown.columns, len(shown.rows), shown.index[:2]) == (("number", "text"), 50, ("0", "1"))
    assert (
        shown.rows[1][0] == "1"
        and shown.rows[1][1].startswith("<img onerror")
        and len(shown.rows[1][1]) == 200
    )
    assert shown.summary == "DataFrame 1,000 × 2"
    assert len(preview(run.id, "make", "wide").columns) == 50
    assert preview(run.id, "make", "other").rows == (("1", "None"), ("2", "ü"))


def test_of_a_figure_a_picture_and_of_the_rest_a_text(run: RunResult) -> None:
    assert base64.b64decode(preview(run.id, "make", "figure").png).startswith(b"\x89PNG")
    assert "9999999" in preview(run.id, "make", "array").text
    assert preview(run.id, "make", "answer").text == "42"


def test_its_code_is_executed_elsewhere_and_cannot_disturb_the_answer(run: RunResult, home: Path) -> None:
    assert preview(run.id, "make", "evil").text == "evil False"
    assert (home / "touched").read_text() == str(os.getpid())
    assert preview(run.id, "make", "noisy").text == "quiet"
    with pytest.raises(PreviewError, match="ValueError: no"):
        preview(run.id, "make", "broken")


def test_what_never_ends_or_takes_all_memory_is_stopped(
    run: RunResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PreviewError, match="too large"):
        preview(run.id, "make", "big")
    monkeypatch.setattr(previewing, "SECONDS", 3.0)
    start = time.monotonic()
    with pytest.raises(PreviewError, match="longer than"):
        preview(run.id, "make", "slow")
    assert time.monotonic() - start < 60


def test_it_is_loaded_once(run: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    first = preview(run.id, "make", "answer")
    monkeypatch.setattr(previewing, "_ask", None)
    assert preview(run.id, "make", "answer") == first


@pytest.mark.parametrize(
    ("step", "name"), [("make", "nothing"), ("fail", "x"), ("no step", "x"), ("make", "../x\0")]
)
def test_what_was_not_stored_cannot_be_shown(run: RunResult, step: str, name: str) -> None:
    with pytest.raises(PreviewError) as refused:
        preview(run.id, step, name)
    assert refused.value.missing


def test_a_run_must_be_there(run: RunResult) -> None:
    with pytest.raises(UnknownRunError):
        preview("../../x", "make", "frame")
