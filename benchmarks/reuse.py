"""A second run of a pipeline in which nothing has changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .harness import ProcessFailed, Row, Sample, interleaved, process, scratch, times
from .notebooks import chain, tagged
from .overhead import NBCLIENT, STEPS


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    with scratch() as folder:
        notebook = tagged(chain(STEPS), folder / "bench.ipynb")
        command = [sys.executable, "-m", "kfjlab", "run", str(notebook), "--json"]
        process(command, folder)
        results = interleaved(
            {
                "kfjlab": lambda: _reused(command, folder),
                "nbclient": lambda: process(
                    [sys.executable, "-c", NBCLIENT, str(notebook), "out.ipynb"], folder
                ),
            },
            repetitions,
        )
    ours, theirs = results["kfjlab"], results["nbclient"]
    what = f"unchanged pipeline of {STEPS} steps, again"
    return [Row(what, str(ours), "nbclient", str(theirs), times(ours.median / theirs.median), "≤ 0.3 s")]


def _reused(command: list[str], folder: Path) -> Sample:
    sample = process(command, folder)
    answer = json.loads(sample.output)
    if not all(step["cached"] for step in answer["steps"]):
        raise ProcessFailed(f"a step was executed again: {answer['steps']}")
    return sample
