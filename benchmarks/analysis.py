"""From the file to the graph: kfjlab's analysis against Kale's compile of the same notebook."""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path

from .harness import ProcessFailed, Row, Sample, process, scratch, seconds, times
from .notebooks import write_notebook
from .peers import KALE

SIZES = (10, 100, 1000)
CELLS_IN_STEP = 5
KALE_LIMIT = 240.0
"""Seconds that Kale may take for one notebook."""

OURS = """
import json, resource, sys, time
from kfjlab.notebook.analyze import analyze
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter(); pipeline = analyze(sys.argv[1]); times.append(time.perf_counter() - start)
print(json.dumps({"times": times, "steps": len(pipeline.steps), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""
THEIRS = """
import json, os, resource, sys, time, logging
from kale.common import kfputils
from kale.compiler import Compiler
from kale.processors import NotebookProcessor
os.chdir(os.path.dirname(sys.argv[1]))
times = []
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    processor = NotebookProcessor(sys.argv[1], {"experiment_name": "e", "pipeline_name": "bench"})
    pipeline = processor.run()
    script = Compiler(pipeline, processor.get_imports_and_functions()).compile()
    kfputils.compile_pipeline(script, pipeline.config.pipeline_name)
    times.append(time.perf_counter() - start)
print(json.dumps({"times": times, "steps": len(pipeline.steps), "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    rows = []
    with scratch() as folder:
        for size in SIZES:
            notebook = _made(folder / f"cells{size}.ipynb", size)
            aim = "≤ 100 ms" if size == SIZES[-1] else ""
            rows.append(_row(f"analysis of {size:,} cells, warm", notebook, repetitions, aim))
        examples = _kale_examples()
        ratios, walls = [], []
        for example in examples:
            copy = folder / example.name
            copy.write_bytes(example.read_bytes())
            ours, theirs = _ours(copy, repetitions), _theirs(copy, 2)
            if theirs is not None:
                ratios.append(theirs[0] / ours[0])
                walls.append((ours[0], theirs[0]))
        if ratios:
            what = f"analysis of {len(ratios)} of Kale's own examples, sum"
            mine, other = sum(w[0] for w in walls), sum(w[1] for w in walls)
            spread = f"{times(mine / other)} ({min(ratios):.0f}–{max(ratios):.0f}× faster)"
            rows.append(Row(what, seconds(mine), "Kale's compile", seconds(other), spread, "≥ 20× faster"))
    return rows


def _row(what: str, notebook: Path, repetitions: int, aim: str) -> Row:
    ours = _ours(notebook, repetitions)
    theirs = _theirs(notebook, 2)
    mine = f"{seconds(ours[0])}, {ours[1] // 1024} MiB"
    if theirs is None:
        return Row(what, mine, "Kale's compile", f"gave up or > {KALE_LIMIT:.0f} s", "", aim)
    return Row(
        what,
        mine,
        "Kale's compile",
        f"{seconds(theirs[0])}, {theirs[1] // 1024} MiB",
        times(ours[0] / theirs[0]),
        aim,
    )


def _ours(notebook: Path, repetitions: int) -> tuple[float, int]:
    return _warm(process([sys.executable, "-c", OURS, str(notebook), str(repetitions + 1)]))


def _theirs(notebook: Path, repetitions: int) -> tuple[float, int] | None:
    try:
        return _warm(
            process([KALE.python(), "-c", THEIRS, str(notebook), str(repetitions)], timeout=KALE_LIMIT)
        )
    except ProcessFailed as failure:
        print(f"  Kale: {notebook.name}: {str(failure)[-300:]}", file=sys.stderr)
        return None


def _warm(sample: Sample) -> tuple[float, int]:
    """Median of all but the first time (which imports), and peak KiB."""
    found = json.loads(sample.output.strip().splitlines()[-1])
    return statistics.median(found["times"][1:]), found["memory"]


def _made(path: Path, count: int) -> Path:
    """Cells as people write them: loading, cleaning, functions, models, plots; five to a step."""
    cells = [("import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt", ["imports"])]
    kinds = [
        "data{n} = pd.DataFrame({{'a': np.arange(100), 'b': np.arange(100) % 7}})\ndata{n}['c'] = data{n}['a'] * {n}",
        "def clean{n}(table, limit=3):\n"
        "    kept = table[table['b'] > limit].copy()\n    kept['d'] = [x + limit for x in kept['c']]\n    return kept",
        "rows{n} = clean{n}(data{n})\nfor column in ('a', 'c'):\n    rows{n}[column] = rows{n}[column].fillna(0)\nprint(len(rows{n}))",
        "means{n} = rows{n}.groupby('b').agg({{'a': 'mean', 'c': 'sum'}})\nbest{n} = max(means{n}['a'], default=0)",
        "fig, ax = plt.subplots()\nax.plot(means{n}['a'])\nax.set_title(f'part {n}: {{best{n}:.1f}}')",
    ]
    for position in range(count - 1):
        number = position // CELLS_IN_STEP
        source = kinds[position % CELLS_IN_STEP].format(n=number)
        if number and position % CELLS_IN_STEP == 0:
            source += f"\ndata{number}['before'] = best{number - 1}"
        cells.append((source, [f"step:s{number}"]))
    return write_notebook(
        path, cells, {"kubeflow_notebook": {"pipeline_name": "bench", "experiment_name": "e"}}
    )


def _kale_examples() -> list[Path]:
    """Kale's examples where the shared notebooks are beside the project, else those that its wheel ships."""
    shared = (
        Path(os.environ.get("KFJLAB_SHARED", Path(__file__).parents[2] / "shared")) / "notebooks" / "kale"
    )
    if shared.is_dir():
        return sorted(p for p in shared.glob("*.ipynb") if "composition_main" not in p.name)
    installed = Path(KALE.python()).parents[1]
    return sorted(installed.glob("lib/python*/site-packages/kale/tests/assets/notebooks/*.ipynb"))
