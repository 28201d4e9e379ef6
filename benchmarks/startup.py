"""What kfjlab costs whoever starts it: a shell, a Jupyter server."""

from __future__ import annotations

import sys
from dataclasses import replace

from .harness import Sample, interleaved, process, seconds
from .peers import KALE
from .report import Aim, Row, compare, compare_difference

EMPTY = """
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.base.handlers import APIHandler
class Empty(ExtensionApp):
    name = "empty"
"""
EXTENSION = f"""{EMPTY}
import time
start = time.perf_counter()
import kfjlab.extension
print(time.perf_counter() - start)
"""
KALE_HELP = "import sys; sys.argv = ['kale', '--help']; from kale.cli import main; main()"
MORE = Aim("≤ 50 ms more", 0.05, seconds)
ROUNDS = 3
"""Rounds for each that was asked for: these times are short."""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table, of whole processes."""
    ours = [sys.executable, "-c"]
    found = interleaved(
        {
            "an interpreter that does nothing": lambda: process([*ours, "pass"]),
            "import kfjlab": lambda: process([*ours, "import kfjlab"]),
            "kfjlab --help": lambda: process([sys.executable, "-m", "kfjlab", "--help"]),
            "an empty server extension": lambda: process([*ours, EMPTY]),
            "kfjlab's server extension": lambda: _extension([*ours, EXTENSION]),
            "kale --help": lambda: process([KALE.python(), "-c", KALE_HELP]),
            "import kfp": lambda: process([KALE.python(), "-c", "import kfp"]),
        },
        repetitions * ROUNDS,
        slow=("kale --help", "import kfp"),
    )
    extension = found["kfjlab's server extension"]
    more = extension.part("more")
    server = compare(
        "an empty server extension and kfjlab's",
        extension,
        "the empty one",
        found["an empty server extension"],
    )
    rows = [
        comparison(what, found[what], peer, found[peer], aim)
        for what, peer, comparison, aim in (
            ("import kfjlab", "an interpreter that does nothing", compare_difference, MORE),
            ("kfjlab --help", "an interpreter that does nothing", compare_difference, MORE),
            ("kfjlab --help", "kale --help", compare, None),
            ("import kfjlab", "import kfp", compare, None),
        )
    ]
    return [*rows, replace(server, ratio=f"+{more}", aim=MORE.verdict(None if more.failure else more.median))]


def _extension(command: list[str]) -> Sample:
    """Importing the extension takes much less than importing Jupyter Server varies by, so it is timed by itself, in the part ``more``:
    when what an empty extension imports is there."""
    sample = process(command)
    return replace(sample, parts={"more": float(sample.output)})
