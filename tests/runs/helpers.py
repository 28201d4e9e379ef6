"""What tests of the store share."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kfjlab.runs.model import Run, RunState
from kfjlab.runs.store import RunStore

ROOT = Path(__file__).parents[2]


def new_run(store: RunStore, **fields: Any) -> Run:
    """A run with whatever ``fields`` do not say."""
    given: dict[str, Any] = {"name": "iris", "notebook": "/notebooks/iris.ipynb", "target": "local", **fields}
    return store.create_run(**given)


def finish(
    store: RunStore, run: Run, state: RunState = RunState.SUCCEEDED, ended: float | None = None
) -> None:
    """End a run, with its event."""
    with store.transaction():
        store.set_run_state(run.id, state, ended=ended)
        store.append(run.id, "run", data={"state": state.value})


def start_python(code: str, *arguments: object, **options: Any) -> subprocess.Popen[str]:
    """Another process that executes ``code`` with ``arguments`` in ``sys.argv[1:]``."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run_python(code: str, *arguments: object, timeout: float = 30) -> str:
    """What another process that executes ``code`` prints; it must succeed."""
    process = start_python(code, *arguments)
    out, err = process.communicate(timeout=timeout)
    assert process.returncode == 0, err
    return out


@contextmanager
def running_python(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """Another process, ready (it has printed a line), and killed at the end."""
    process = start_python(code, *arguments)
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        assert line.strip() == "ready", process.communicate(timeout=10)[1]
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)
