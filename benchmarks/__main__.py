"""``python -m benchmarks [QUESTION…] [--repetitions N] [--write]``: measure, print the table, keep it in README.md with ``--write``."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from datetime import date
from pathlib import Path

from . import analysis, clickrun, handover, labstart, overhead, redraw, reuse, startup, tabmemory
from .harness import ProcessFailed
from .report import Row, table

QUESTIONS = {
    "overhead": overhead.measure,
    "reuse": reuse.measure,
    "analysis": analysis.measure,
    "handover": handover.measure,
    "startup": startup.measure,
    "labstart": labstart.measure,
    "redraw": redraw.measure,
    "tabmemory": tabmemory.measure,
    "clickrun": clickrun.measure,
}
README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


def main() -> int:
    """The program; 1 when kfjlab itself failed at something. A missed aim is a figure, not an error."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure kfjlab against other tools."
    )
    parser.add_argument(
        "questions", nargs="*", metavar="QUESTION", help=f"of {', '.join(QUESTIONS)}; default: all"
    )
    parser.add_argument("--repetitions", type=int, default=5, help="rounds of each measurement (default 5)")
    parser.add_argument(
        "--write", action="store_true", help="put the table into benchmarks/README.md (all questions only)"
    )
    options = parser.parse_args()
    unknown = set(options.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(QUESTIONS)}")
    if options.write and options.questions:
        parser.error("--write needs all questions")
    if options.repetitions < 1:
        parser.error("at least one repetition")
    load = os.getloadavg()[0]
    rows: list[Row] = []
    for name in options.questions or QUESTIONS:
        print(f"{name}:", file=sys.stderr, flush=True)
        try:
            rows += QUESTIONS[name](options.repetitions)
        except ProcessFailed as failure:
            rows.append(Row(name, "**failed**", "", "", failures=(("kfjlab", str(failure)),)))
    text = f"{table(rows)}\n\n{_machine(options.repetitions, load)}"
    print(text)
    if options.write:
        _write(text)
    return int(any(name == "kfjlab" for row in rows for name, _ in row.failures))


def _machine(repetitions: int, load: float) -> str:
    return (
        f"Measured {date.today()} with Python {platform.python_version()} on {platform.system()}, {os.cpu_count()} cores, "
        f"load {load:.1f} when it began; medians (lowest–highest) of {repetitions} round{'s' * (repetitions > 1)}."
    )


def _write(text: str) -> None:
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    README.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main())
