"""What kfjlab costs whoever starts it: a shell, a Jupyter server."""

from __future__ import annotations

import sys

from .harness import Row, Summary, interleaved, process, seconds, times
from .peers import KALE

EMPTY = """
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.base.handlers import APIHandler
class Empty(ExtensionApp):
    name = "empty"
"""
KALE_HELP = "import sys; sys.argv = ['kale', '--help']; from kale.cli import main; main()"


def measure(repetitions: int) -> list[Row]:
    """Rows of the table. Each is a whole process, so that the interpreter's own start is in both."""
    ours = [sys.executable, "-c"]
    results = interleaved(
        {
            "nothing": lambda: process([*ours, "pass"]),
            "import": lambda: process([*ours, "import kfjlab"]),
            "help": lambda: process([sys.executable, "-m", "kfjlab", "--help"]),
            "empty": lambda: process([*ours, EMPTY]),
            "extension": lambda: process([*ours, "from kfjlab.extension import KfjlabApp"]),
            "kale": lambda: process([KALE.python(), "-c", KALE_HELP]),
            "kfp": lambda: process([KALE.python(), "-c", "import kfp"]),
        },
        repetitions * 3,
    )
    return [
        _row("import kfjlab", results["import"], "an interpreter that does nothing", results["nothing"]),
        _row("kfjlab --help", results["help"], "kale --help", results["kale"]),
        _row("import kfjlab", results["import"], "import kfp", results["kfp"]),
        _row(
            "server extension", results["extension"], "an empty extension", results["empty"], "≤ 50 ms more"
        ),
    ]


def _row(what: str, ours: Summary, name: str, theirs: Summary, aim: str = "") -> Row:
    more = ours.median - theirs.median
    ratio = f"{times(ours.median / theirs.median)} ({'+' if more >= 0 else '−'}{seconds(abs(more))})"
    return Row(what, str(ours), name, str(theirs), ratio, aim)
