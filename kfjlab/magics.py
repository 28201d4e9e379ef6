"""``%load_ext kfjlab``: the verbs in a live kernel, as a line magic.

``%kfjlab load RUN STEP [--before] [NAMES…]`` puts a step's variables, as they were after (or before) it, into the notebook; every other
verb is that of the command line.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

_USAGE = """%kfjlab load RUN STEP [--before] [NAMES…]   puts a step's variables into this notebook (%kfjlab? says more)
%kfjlab COMMAND …                           a command of the command line, for example %kfjlab show last
"""


class _Parser(argparse.ArgumentParser):
    """Raises where argparse would end the process, which here is the kernel."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}\n{self.format_usage().strip()}")


def _parser() -> _Parser:
    parser = _Parser(prog="%%kfjlab load", add_help=False)
    parser.add_argument("run", nargs="?", help="a run's id, a beginning of it, or last")
    parser.add_argument("step", nargs="?", help="a step of the run")
    parser.add_argument("names", nargs="*", help="only these variables")
    parser.add_argument("--before", action="store_true", help="as they were before the step")
    return parser


def kfjlab(line: str) -> None:
    """%kfjlab load RUN STEP [--before] [NAMES…]

    Puts the variables of a step of a run into this notebook, as they were after the step, or before it (--before), and with them
    what the imports and functions cells define, where it is not there yet. RUN is an id, a beginning of one, or last. NAMES: only
    these. Every other verb is that of the command line: %kfjlab show last.
    """
    from IPython.core.error import UsageError

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{error}: {line}") from error
    if words[:1] == ["load"]:
        print(_load(words[1:]))
        return
    from kfjlab.cli.main import VERBS, execute
    from kfjlab.notebook.names import did_you_mean

    if not words:
        print(_USAGE)
        words = ["--help"]
    if not words[0].startswith("-") and words[0] not in VERBS:
        raise UsageError(f"There is no command {words[0]!r}.{did_you_mean(words[0], [*VERBS, 'load'])}")
    execute(words)


def _load(words: Sequence[str]) -> Any:
    from IPython import get_ipython
    from IPython.core.error import UsageError

    from kfjlab.runs.errors import StoreError
    from kfjlab.verbs.loading import LoadError, step_variables

    if {"-h", "--help"} & set(words):
        return kfjlab.__doc__
    try:
        given = _parser().parse_intermixed_args(words)
        if given.run is None:
            raise ValueError(
                "Say which run and step: %kfjlab load RUN STEP [--before] [NAMES…]. RUN may be last."
            )
        if given.step is None:
            raise ValueError(f"Say which step, too. Run {given.run} has: {_steps(given.run)}.")
        when = "before" if given.before else "after"
        return step_variables(given.run, given.step, when, given.names or None, get_ipython().user_ns)
    except (LoadError, StoreError, ValueError) as error:
        raise UsageError(str(error)) from error  # IPython shows it without a traceback


def _steps(run: str) -> str:
    from kfjlab.verbs import show

    return ", ".join(shlex.quote(step.name) for step in show(run).steps)


def register(shell: Any) -> None:
    """Make the magic known to an IPython shell."""
    shell.register_magic_function(kfjlab, magic_kind="line", magic_name="kfjlab")
