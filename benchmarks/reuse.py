"""A second run of a pipeline in which nothing has changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .harness import ProcessFailed, Sample, interleaved, process, scratch, seconds
from .notebooks import chain, tagged
from .overhead import STEPS, nbclient
from .report import Aim, Row, compare

AIM = Aim("≤ 0.3 s", 0.3, seconds)


def measure(repetitions: int) -> list[Row]:
    """Rows of the table. Raises :class:`ProcessFailed` when not even the first run works."""
    with scratch() as folder:
        (folder / "notebook").mkdir()
        notebook = tagged(chain(STEPS), folder / "notebook" / "bench.ipynb")
        command = [sys.executable, "-m", "kfjlab", "run", str(notebook), "--json"]
        process(command, notebook.parent)
        found = interleaved(
            {"kfjlab": lambda: _again(command, notebook.parent), "nbclient": lambda: nbclient(notebook)},
            repetitions,
            slow=("nbclient",),
        )
    ours, theirs = found["kfjlab"], found["nbclient"]
    row = compare(f"{STEPS} unchanged steps in a chain, again", ours, "nbclient", theirs)
    return [replace(row, aim=AIM.verdict(None if ours.failure else ours.median))]


def _again(command: Sequence[str], folder: Path) -> Sample:
    sample = process(command, folder)
    steps = json.loads(sample.output)["steps"]
    executed = [step["name"] for step in steps if not step["cached"]]
    if executed or len(steps) != STEPS:
        raise ProcessFailed(f"of {len(steps)} steps these were executed again: {executed}")
    return sample
