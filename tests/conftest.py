"""What holds for all tests."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def signals_are_heard() -> Iterator[None]:
    """``nohup``, and a shell without job control for what it starts in the background, make a program deaf to the end of its terminal or to
    Ctrl-C. What the tests start would inherit that, and some of it they hang up on or interrupt."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hang_up)


@pytest.fixture(scope="session")
def shared_notebooks() -> Path:
    """The folder of notebooks by other people; skips where it is not there."""
    root = os.environ.get("KFJLAB_SHARED") or str(Path(__file__).parents[2] / "shared")
    folder = Path(root) / "notebooks"
    if not folder.is_dir():
        pytest.skip("the shared notebooks are not here (set KFJLAB_SHARED)")
    return folder
