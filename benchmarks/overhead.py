"""What a step costs beside its own work: ten in a chain, and ten side by side."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from .harness import ProcessFailed, Row, Sample, Summary, interleaved, process, scratch, seconds, times
from .notebooks import WORK, Task, chain, fan_out, for_elyra, for_kfp, tagged
from .peers import ELYRA, KALE

STEPS = 10
NBCLIENT = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=600).execute()
nbformat.write(notebook, sys.argv[2])
"""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    return [
        *_rows("10 steps in a chain", chain(STEPS), repetitions, "≤ 1.1× nbclient; ≤ 0.1× Elyra's overhead"),
        *_rows("1 step, then 10 side by side", fan_out(STEPS), repetitions, "< 1× nbclient"),
    ]


def _rows(what: str, tasks: list[Task], repetitions: int, aim: str) -> list[Row]:
    with scratch() as folder:
        notebook = tagged(tasks, folder / "bench.ipynb")
        (folder / "elyra").mkdir()
        elyra, kfp = for_elyra(tasks, folder / "elyra"), for_kfp(tasks, folder / "kfp_tasks.py")
        elyra_cli = str(Path(ELYRA.python()).with_name("elyra-pipeline"))
        results = interleaved(
            {
                "kfjlab": lambda: process(
                    [sys.executable, "-m", "kfjlab", "run", str(notebook), "--no-cache"], folder
                ),
                "nbclient": lambda: process(
                    [sys.executable, "-c", NBCLIENT, str(notebook), "out.ipynb"], folder
                ),
                "Elyra": lambda: process(
                    [elyra_cli, "run", elyra.name], elyra.parent, _path_of(ELYRA.python())
                ),
                "kfp.local": lambda: _kfp(kfp),
            },
            repetitions,
        )
    return [
        _row(what, results["kfjlab"], name, results[name], len(tasks), aim)
        for name in results
        if name != "kfjlab"
    ]


def _kfp(program: Path) -> Sample:
    shutil.rmtree(program.parent / "kfp", ignore_errors=True)
    sample = process([KALE.python(), str(program)], program.parent, _path_of(KALE.python()))
    if "FAILURE" in sample.output:
        raise ProcessFailed(sample.output[-2000:])
    return sample


def _path_of(python: str) -> dict[str, str]:
    import os

    return {"PATH": f"{Path(python).parent}:{os.environ['PATH']}"}


def _row(what: str, ours: Summary, name: str, theirs: Summary, steps: int, aim: str) -> Row:
    """Wall times of whole commands; in brackets the overhead of a step: (wall − work) / steps, where work is that of one core."""
    own, other = ((s.median - WORK * steps) / steps for s in (ours, theirs))
    ratio = times(ours.median / theirs.median)
    if other > 0:
        ratio += f" (overhead {seconds(own)} against {seconds(other)} a step)"
    return Row(what, str(ours), name, str(theirs), ratio, aim if name in ("nbclient", "Elyra") else "")
