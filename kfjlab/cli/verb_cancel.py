"""``kfjlab cancel``: it shall stop, and somebody wants to know that it did."""

from __future__ import annotations

import time

import click

from . import exits
from .output import Out, emit_json, json_option

_WAIT = 30.0
"""Seconds that a run gets to end: longer than steps get between being interrupted and being killed."""


@click.command("cancel", epilog="Exit codes: 0 the run is over, 1 it has not ended within 30 seconds.")
@click.argument("run")
@click.option("--no-wait", is_flag=True, help="Ask it to stop, and do not wait until it has.")
@json_option
def command(run: str, no_wait: bool, as_json: bool) -> int:
    """Stop a run; its running cells are interrupted. RUN: an id, a beginning of one, or 'last'."""
    from kfjlab.verbs import cancel, show

    was_over = show(run).run.state.final
    result = cancel(run)
    end = time.monotonic() + (0 if no_wait else _WAIT)
    while not result.run.state.final and time.monotonic() < end:
        time.sleep(0.1)
        result = result.refresh()
    over = result.run.state.final
    if as_json:
        emit_json({"run": {"id": result.id, "state": result.state}})
    elif was_over:
        Out().line(f"Run {result.id} was over already: {result.state}.")
    else:
        Out().line(
            f"Run {result.id}: {result.state}."
            if over
            else f"Run {result.id} was asked to stop; it is {result.state}."
        )
    return exits.SUCCEEDED if over or no_wait else exits.FAILED
