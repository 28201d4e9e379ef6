"""From the file to the graph: kfjlab's analysis against Kale's compile of the same notebook."""

from __future__ import annotations

import itertools
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from .answering import Tool, answering
from .harness import ProcessFailed, Sample, Summary, interleaved, scratch, seconds
from .notebooks import write_notebook
from .peers import KALE
from .report import Aim, Row, compare, failures_of, times

SIZES = (10, 100, 1000)
CELLS_IN_STEP = 5
WARM_AIM = Aim("≤ 0.1 s", 0.1, seconds)
KALE_AIM = Aim("≥ 20× faster", 20.0, at_least=True)

KINDS = (
    "data{n} = pd.DataFrame({{'a': np.arange(100), 'b': np.arange(100) % 7}})\ndata{n}['c'] = data{n}['a'] * {n}",
    "def clean{n}(table, limit=3):\n"
    "    kept = table[table['b'] > limit].copy()\n    kept['d'] = [x + limit for x in kept['c']]\n    return kept",
    "rows{n} = clean{n}(data{n})\nfor column in ('a', 'c'):\n    rows{n}[column] = rows{n}[column].fillna(0)\nprint(len(rows{n}))",
    "means{n} = rows{n}.groupby('b').agg({{'a': 'mean', 'c': 'sum'}})\nbest{n} = max(means{n}['a'], default=0)",
    "fig, ax = plt.subplots()\nax.plot(means{n}['a'])\nax.set_title(f'part {n}: {{best{n}:.1f}}')",
)
"""Cells as people write them: loading, cleaning, functions, models, plots."""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    rows: list[Row] = []
    for size in SIZES:
        rows += _made(size, repetitions)
    return [*rows, *_examples(repetitions)]


def _made(size: int, repetitions: int) -> list[Row]:
    """Of a notebook of so many cells."""
    what = f"{size:,} cells"
    with scratch() as folder, ExitStack() as stack:
        notebook = write_notebook(
            folder / "made.ipynb",
            _cells(size),
            {"kubeflow_notebook": {"pipeline_name": "bench", "experiment_name": "bench"}},
        )
        ours = stack.enter_context(answering(sys.executable, "kfjlab"))
        again = stack.enter_context(answering(sys.executable, "kfjlab"))
        kale = _Late(stack)
        found = interleaved(
            {
                "kfjlab": _asking(ours.ask, [notebook], folder / "kfjlab", all_new),
                "kfjlab, one cell": _asking(again.ask, [notebook], folder / "again", one_new),
                "Kale": _asking(kale.ask, [notebook], folder / "kale", all_new),
            },
            repetitions,
        )
    every, one, theirs = found["kfjlab"], found["kfjlab, one cell"], found["Kale"]
    aim = WARM_AIM if size == SIZES[-1] else None
    rows = [
        compare(f"{what}, all of them new", every, "Kale's compile", theirs),
        compare(f"{what}, one changed since the last time", one, "Kale's compile", theirs),
    ]
    if aim:
        rows = [
            replace(row, aim=aim.verdict(None if its.failure else its.median))
            for row, its in zip(rows, (every, one), strict=True)
        ]
    return [*rows, _memory(f"{what}, peak memory", every, theirs)]


def _memory(what: str, ours: Summary, theirs: Summary) -> Row:
    failures = failures_of(kfjlab=ours, **{"Kale's compile": theirs})
    if failures:
        return Row(what, str(ours), "Kale's compile", str(theirs), failures=failures)
    mine, other = ours.memory, theirs.memory
    return Row(what, f"{mine >> 20} MiB", "Kale's compile", f"{other >> 20} MiB", times(mine / other))


def _examples(repetitions: int) -> list[Row]:
    """Of Kale's own examples, those together that Kale can compile."""
    what = "Kale's examples"
    with scratch() as folder, ExitStack() as stack:
        ours = stack.enter_context(answering(sys.executable, "kfjlab"))
        kale = _Late(stack)
        try:
            examples, refused = _usable(kale, _kale_examples(), folder)
        except ProcessFailed as failure:
            return [Row(what, "", "Kale's compile", "**failed**", failures=(("Kale", str(failure)),))]
        if not examples:
            why = "none of its examples are there, or it compiles none of them"
            return [
                Row(
                    what,
                    "",
                    "Kale's compile",
                    "**failed**",
                    "",
                    KALE_AIM.verdict(None),
                    (("Kale", why), *refused),
                )
            ]
        found = interleaved(
            {
                "kfjlab": _asking(ours.ask, examples, folder / "kfjlab", all_new),
                "Kale": _asking(kale.ask, examples, folder / "kale", all_new),
            },
            repetitions,
        )
    mine, theirs = found["kfjlab"], found["Kale"]
    what = f"{len(examples)} of {what}, all cells new, sum"
    row = compare(what, mine, "Kale's compile", theirs)
    faster = None if row.failures else theirs.median / mine.median
    return [
        replace(row, aim=KALE_AIM.verdict(faster), failures=(*row.failures, *refused)),
        compare(what, mine, "Kale's graph alone, no code from it", theirs.part("graph")),
    ]


class _Late:
    """Kale, whose environment is made and which is started when it is asked for the first time."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._tool: Tool | None = None

    def ask(self, notebook: Path) -> Sample:
        """See :meth:`Tool.ask`."""
        if self._tool is None:
            self._tool = self._stack.enter_context(answering(KALE.python(), "kale"))
        return self._tool.ask(notebook)


def _usable(
    kale: _Late, examples: Sequence[Path], folder: Path
) -> tuple[list[Path], tuple[tuple[str, str], ...]]:
    """Those that Kale compiles, and why it does not compile the others."""
    usable, refused = [], []
    for example in examples:
        copy = folder / example.name
        copy.write_bytes(example.read_bytes())
        try:
            kale.ask(copy)
        except ProcessFailed as failure:
            refused.append(("Kale", str(failure)))
        else:
            usable.append(example)
    return usable, tuple(refused)


Change = Callable[[dict[str, Any], int], None]


def all_new(notebook: dict[str, Any], number: int) -> None:
    """A comment at the end of every code cell, so that nothing that was kept from the last time helps. Not of those with metrics,
    where Kale takes ``print`` and nothing else."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code" and "pipeline-metrics" not in cell["metadata"].get("tags", ()):
            cell["source"] = f"{''.join(cell['source'])}\n# {number}"


def one_new(notebook: dict[str, Any], number: int) -> None:
    """A comment at the end of the cell in the middle."""
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    all_new({"cells": [cells[len(cells) // 2]]}, number)


def _asking(
    ask: Callable[[Path], Sample], notebooks: Sequence[Path], folder: Path, change: Change
) -> Callable[[], Sample]:
    """A contender that sums up what the notebooks take, each round with changed copies (made before it starts)."""
    rounds = itertools.count()
    folder.mkdir()

    def run() -> Sample:
        number = next(rounds)
        samples = []
        for notebook in notebooks:
            content = json.loads(notebook.read_bytes())
            change(content, number)
            copy = folder / notebook.name
            copy.write_text(json.dumps(content), "utf-8")
            samples.append(ask(copy))
        parts = {part: sum(sample.parts[part] for sample in samples) for part in samples[0].parts}
        return Sample(
            sum(sample.seconds for sample in samples), max(sample.memory for sample in samples), parts=parts
        )

    return run


def _cells(count: int) -> list[tuple[str, list[str]]]:
    cells = [("import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt", ["imports"])]
    for position in range(count - 1):
        number = position // CELLS_IN_STEP
        source = KINDS[position % CELLS_IN_STEP].format(n=number)
        if number and position % CELLS_IN_STEP == 0:
            source += f"\ndata{number}['before'] = best{number - 1}"
        cells.append((source, [f"step:s{number}"]))
    return cells


def _kale_examples() -> list[Path]:
    """Kale's examples where the shared notebooks are beside the project, else those that its wheel ships. Without its compositions,
    which are several notebooks."""
    shared = (
        Path(os.environ.get("KFJLAB_SHARED", Path(__file__).parents[2] / "shared")) / "notebooks" / "kale"
    )
    if shared.is_dir():
        return sorted(p for p in shared.glob("*.ipynb") if "composition_main" not in p.name)
    installed = Path(KALE.python()).parents[1]
    return sorted(installed.glob("lib/python*/site-packages/kale/tests/assets/notebooks/*.ipynb"))
