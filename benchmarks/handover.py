"""One gigabyte from one step to the next: kfjlab against a copy of a file, pickle and dill."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from kfjlab.runs.model import RunEvent
from kfjlab.runs.store import RunStore

from .harness import ProcessFailed, Sample, interleaved, process, scratch
from .notebooks import write_notebook
from .peers import KALE
from .report import Aim, Row, compare

BYTES = 1_000_000_000
MAKE = {
    "array": ("value = numpy.arange(125_000_000, dtype='float64')", "value.sum()"),
    "table": (
        "value = pandas.DataFrame({f'c{i}': numpy.arange(12_500_000, dtype='float64') + i for i in range(10)})",
        "value.to_numpy().sum()",
    ),
}
"""How a value is made, and an expression that reads the whole of it."""
AIM = Aim("≤ 1.5× a copy", 1.5)
DUMP = """
import sys, time, json, numpy, pandas, {library}
{make}
start = time.perf_counter()
with open(sys.argv[1], "wb") as file:
    {library}.dump(value, file, protocol=5)
print(json.dumps(time.perf_counter() - start))
"""
LOAD = """
import sys, time, json, numpy, pandas, {library}
start = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    value = {library}.load(file)
{use}
print(json.dumps(time.perf_counter() - start))
"""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    rows = []
    for kind, (make, use) in MAKE.items():
        with scratch() as folder:
            source = folder / "plain.bin"
            source.write_bytes(bytes(BYTES))
            found = interleaved(
                {
                    "kfjlab": _kfjlab(folder / "work", make, use),
                    "a copy of a file": lambda source=source: _copy(source),  # type: ignore[misc]
                    "sha256 alone": _hash,
                    "pickle": _pickled(folder, make, use, "pickle", lambda: sys.executable),
                    "dill": _pickled(folder, make, use, "dill", KALE.python),
                },
                repetitions,
                slow=("dill",),
            )
        ours = found["kfjlab"]
        what = f"1 GB {kind} to the next step"
        rows += [
            compare(what, ours, "a copy of a file", found["a copy of a file"], AIM),
            compare(what, ours, "sha256 of 1 GB alone", found["sha256 alone"]),
            compare(f"{what}, and read there", ours.part("read"), "pickle", found["pickle"]),
            compare(f"{what}, and read there", ours.part("read"), "dill", found["dill"]),
        ]
    return rows


def _kfjlab(folder: Path, make: str, use: str) -> Callable[[], Sample]:
    """From the end of the cell that makes the value to the start of the next step's cell, with everything that is between; the part
    ``read`` ends when that cell has read the value."""
    folder.mkdir()
    notebook = write_notebook(
        folder / "handover.ipynb",
        [("import numpy, pandas", ["imports"]), (make, ["step:make"]), (use, ["step:use"])],
    )

    def run() -> Sample:
        _settle()
        command = [sys.executable, "-m", "kfjlab", "run", str(notebook), "--no-cache", "--json"]
        run_id = json.loads(process(command, folder).output)["run"]["id"]
        with RunStore() as store:
            events = store.events(run_id, limit=10_000)
            made = _time(events, "make", "done")
            sample = Sample(
                _time(events, "use", "running") - made, parts={"read": _time(events, "use", "done") - made}
            )
            store.delete_run(run_id)
        shutil.rmtree(store.objects)  # the same value would be found there
        store.objects.mkdir()
        return sample

    return run


def _time(events: list[RunEvent], step: str, state: str) -> float:
    found = [e.time for e in events if e.step == step and e.kind == "cell" and e.data["state"] == state]
    if len(found) != 1:
        raise ProcessFailed(f"step {step} has {len(found)} events of a cell that is {state}, not one")
    return found[0]


def _copy(source: Path) -> Sample:
    """By the system's fastest way that a user gets (``sendfile`` on Linux), from the page cache into it."""
    target = source.with_suffix(".copy")
    _settle()
    start = time.perf_counter()
    shutil.copyfile(source, target)
    elapsed = time.perf_counter() - start
    target.unlink()
    return Sample(elapsed)


def _hash() -> Sample:
    """What finding a value's name in the store takes at least; it is done while the value is written."""
    piece = bytes(BYTES // 250)
    digest = hashlib.sha256()
    start = time.perf_counter()
    for _ in range(250):
        digest.update(piece)
    return Sample(time.perf_counter() - start)


def _pickled(
    folder: Path, make: str, use: str, library: str, python: Callable[[], str]
) -> Callable[[], Sample]:
    """Dumped to a file by one process, and loaded and read by another; the start of these processes is not counted."""
    target = folder / f"value.{library}"

    def run() -> Sample:
        program = python()
        _settle()
        dump = process([program, "-c", DUMP.format(library=library, make=make), str(target)])
        load = process([program, "-c", LOAD.format(library=library, use=use), str(target)])
        target.unlink()
        return Sample(json.loads(dump.output) + json.loads(load.output))

    return run


def _settle() -> None:
    """Nothing is left to be written to the disk: who comes after a big write would wait for it."""
    os.sync()
