"""One gigabyte from one step to the next: kfjlab against a copy of a file, pickle and dill."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kfjlab.runs.store import RunStore

from .harness import Row, Sample, interleaved, process, scratch, times
from .notebooks import write_notebook
from .peers import KALE

MAKE = {
    "array": "value = numpy.arange(125_000_000, dtype='float64')",
    "table": "value = pandas.DataFrame({f'c{i}': numpy.arange(12_500_000, dtype='float64') + i for i in range(10)})",
}
HALVES = """
import sys, time, json, numpy, pandas, {library}
{make}
start = time.perf_counter()
with open(sys.argv[1], "wb") as file:
    {library}.dump(value, file, protocol=5)
print(json.dumps({{"seconds": time.perf_counter() - start}}))
"""
OTHER_HALF = """
import sys, time, json, numpy, pandas, {library}
start = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    value = {library}.load(file)
print(json.dumps({{"seconds": time.perf_counter() - start}}))
"""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    rows = []
    for kind, make in MAKE.items():
        with scratch() as folder:
            source = folder / "plain.bin"
            process(
                [
                    sys.executable,
                    "-c",
                    f"import numpy; numpy.arange(125_000_000, dtype='float64').tofile({str(source)!r})",
                ]
            )
            results = interleaved(
                {
                    "kfjlab": _kfjlab(folder, make),
                    "copy of a file": lambda source=source: _copy(source),  # type: ignore[misc]
                    "pickle": _pickled(folder, make, "pickle", sys.executable),
                    "dill": _pickled(folder, make, "dill", KALE.python()),
                },
                repetitions,
            )
        ours = results.pop("kfjlab")
        for name, theirs in results.items():
            aim = "≤ 1.5×" if name == "copy of a file" else ""
            rows.append(
                Row(
                    f"1 GB {kind} to the next step",
                    str(ours),
                    name,
                    str(theirs),
                    times(ours.median / theirs.median),
                    aim,
                )
            )
    return rows


def _kfjlab(folder: Path, make: str) -> Callable[[], Sample]:
    """From the end of the cell that makes the value to the start of the next step's cell, with everything that is between."""
    folder = folder / "work"
    folder.mkdir()
    notebook = write_notebook(
        folder / "handover.ipynb",
        [("import numpy, pandas", ["imports"]), (make, ["step:make"]), ("value.shape", ["step:use"])],
    )

    def run() -> Sample:
        command = [sys.executable, "-m", "kfjlab", "run", str(notebook), "--no-cache", "--json"]
        answer = json.loads(process(command, folder).output)
        run_id = answer["run"]["id"]
        with RunStore() as store:
            events = store.events(run_id, limit=10_000)
            made = next(
                e.time for e in events if e.step == "make" and e.kind == "cell" and e.data["state"] == "done"
            )
            used = next(
                e.time
                for e in events
                if e.step == "use" and e.kind == "cell" and e.data["state"] == "running"
            )
            store.delete_run(run_id)
        shutil.rmtree(store.objects)  # the same value would be found there
        store.objects.mkdir()
        return Sample(used - made)

    return run


def _copy(source: Path) -> Sample:
    """A plain copy by read and write through the page cache (``copyfile`` may share blocks or use sendfile; both are what a user gets)."""
    target = source.with_suffix(".copy")
    start = time.perf_counter()
    shutil.copyfile(source, target)
    elapsed = time.perf_counter() - start
    target.unlink()
    return Sample(elapsed)


def _pickled(folder: Path, make: str, library: str, python: str) -> Callable[[], Sample]:
    """Dumped to a file by one process and loaded by another; the processes' start is not counted."""
    target = folder / f"value.{library}"

    def run() -> Sample:
        first = process([python, "-c", HALVES.format(library=library, make=make), str(target)])
        second = process([python, "-c", OTHER_HALF.format(library=library), str(target)])
        target.unlink()
        return Sample(sum(json.loads(part.output)["seconds"] for part in (first, second)))

    return run
