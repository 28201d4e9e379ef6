"""What a step costs beside its own work: ten in a chain, and ten side by side."""

from __future__ import annotations

import json
import math
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .harness import ProcessFailed, Sample, Summary, interleaved, process, scratch, seconds
from .notebooks import WORK, Task, chain, fan_out, for_elyra, for_kfp, tagged
from .peers import ELYRA, KALE
from .report import Aim, Row, compare

STEPS = 10
NBCLIENT = """
import sys, nbformat, nbclient
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=600).execute()
nbformat.write(notebook, sys.argv[2])
"""
CHAIN_AIM = Aim("≤ 1.1× nbclient", 1.1)
FAN_OUT_AIM = Aim("faster than nbclient", 1.0)
OVERHEAD_AIM = Aim("≥ 10× less overhead a step", 10.0, at_least=True)


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return [
        *_rows(f"{STEPS} steps in a chain", chain(STEPS), STEPS, repetitions, CHAIN_AIM),
        *_rows(
            f"1 step, then {STEPS} side by side",
            fan_out(STEPS),
            1 + math.ceil(STEPS / cores),
            repetitions,
            FAN_OUT_AIM,
        ),
    ]


def _rows(what: str, tasks: list[Task], turns: int, repetitions: int, aim: Aim) -> list[Row]:
    """``turns``: how many steps' time the work takes when as many as possible are done at the same time."""
    with scratch() as folder:
        # A folder for each: kfjlab looks at the files that are beside its notebook.
        ours, elyras, kfps = (folder / name for name in ("notebook", "elyra", "kfp"))
        for place in (ours, elyras, kfps):
            place.mkdir()
        notebook = tagged(tasks, ours / "bench.ipynb")
        pipeline, program = for_elyra(tasks, elyras), for_kfp(tasks, kfps / "tasks.py")
        found = interleaved(
            {
                "kfjlab": lambda: _kfjlab(notebook, len(tasks)),
                "nbclient": lambda: nbclient(notebook),
                "Elyra": lambda: _elyra(pipeline, tasks),
                "kfp.local": lambda: _kfp(program, tasks),
            },
            repetitions,
            slow=("Elyra", "kfp.local"),
        )
    kfjlab = found["kfjlab"]
    return [
        compare(what, kfjlab, "nbclient", found["nbclient"], aim),
        *(
            _overhead(what, kfjlab, turns, name, found[name], len(tasks), its_aim)
            for name, its_aim in (("Elyra", OVERHEAD_AIM), ("kfp.local", None))
        ),
    ]


def _overhead(
    what: str, ours: Summary, turns: int, name: str, theirs: Summary, steps: int, aim: Aim | None
) -> Row:
    """A row about overheads. Ours counts from the best that could be done with the cores, theirs from one step after the other: they
    do no more at a time, which is not held against them."""
    row = compare(what, ours, name, theirs)
    if row.failures:
        return replace(row, aim=aim.verdict(None) if aim else "")
    own = (ours.median - WORK * turns) / steps
    other = (theirs.median - WORK * steps) / steps
    less = other / own if own > 0 else math.inf
    ratio = f"{row.ratio}; overhead a step {seconds(own)} against {seconds(other)}"
    return replace(row, ratio=ratio, aim=aim.verdict(less) if aim else "")


def _kfjlab(notebook: Path, steps: int) -> Sample:
    command = [sys.executable, "-m", "kfjlab", "run", str(notebook), "--no-cache", "--json"]
    sample = process(command, notebook.parent)
    found = json.loads(sample.output)["steps"]
    if len(found) != steps or any(step["cached"] for step in found):
        raise ProcessFailed(f"not all steps were executed: {found}")
    return sample


def nbclient(notebook: Path) -> Sample:
    """The notebook from top to bottom in one kernel, and what came of it written to a file beside it. Raises :class:`ProcessFailed`."""
    result = notebook.with_name("out.ipynb")
    result.unlink(missing_ok=True)
    sample = process([sys.executable, "-c", NBCLIENT, str(notebook), str(result)], notebook.parent)
    _made([result])
    return sample


def _elyra(pipeline: Path, tasks: Sequence[Task]) -> Sample:
    tables = [pipeline.with_name(f"t{task.number}.pkl") for task in tasks]
    for table in tables:
        table.unlink(missing_ok=True)
    program = Path(ELYRA.python()).with_name("elyra-pipeline")
    sample = process([program, "run", pipeline.name], pipeline.parent)
    _made(tables)
    return sample


def _kfp(program: Path, tasks: Sequence[Task]) -> Sample:
    folder = program.parent / "artifacts"
    shutil.rmtree(folder, ignore_errors=True)
    sample = process([KALE.python(), str(program)], program.parent)
    if len(list(folder.rglob("table"))) != len(tasks):
        raise ProcessFailed(f"not every step made its table: {sample.output[-2000:]}")
    return sample


def _made(files: Sequence[Path]) -> None:
    missing = [file.name for file in files if not file.exists()]
    if missing:
        raise ProcessFailed(f"it ended well, but did not make {', '.join(missing)}")
