"""``kfjlab resume``: the notebook is mended (or the machine is back); what had succeeded shall not run again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .output import Out, json_option


@click.command("resume", epilog="Exit codes as of 'kfjlab run'.")
@click.argument("run")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write one copy of the notebook with all outputs."
)
@click.option("-d", "--detach", is_flag=True, help="Do not wait for the end.")
@click.option("--plain", is_flag=True, help="Plain lines instead of a live display.")
@click.option("--logs", is_flag=True, help="Show what the steps print, too.")
@json_option
def command(run: str, output: Path | None, detach: bool, plain: bool, logs: bool, as_json: bool) -> int:
    """Go on with a run that failed, was cancelled or interrupted; or that succeeded, after an edit.

    The notebook is read again; given parameters and selected steps stay the run's, defaults are read
    again. What is executed again replaces the run's record of it; 'kfjlab show' tells how the run had ended before.
    RUN: an id, a beginning of one, or 'last'.
    """
    from kfjlab.targets.base import RefusedError
    from kfjlab.verbs.executed import check_output
    from kfjlab.verbs.resuming import prepare_resume

    from .verb_run import detached, finish
    from .watching import Interrupts, watch

    if output is not None and detach:
        raise click.UsageError(
            "--output is written at the end of the run, so it cannot be used with --detach."
        )
    out = Out(sys.stderr if as_json else sys.stdout)
    plan = prepare_resume(run)
    notebook = Path(plan.run.notebook)
    document = plan.document
    if output is not None:
        if document is None:
            raise RefusedError(f"--output needs the notebook, and {notebook} is not there any more.")
        check_output(output, notebook)
    out.problems(plan.problems, most=10)
    with Interrupts() as interrupts:
        after = plan.start()
        if detach:
            return detached(plan.run.id, plan.problems, out, as_json)
        result = watch(plan.run.id, after, plan.problems, out, interrupts, plain=plain, logs=logs)
    return finish(result, interrupts, out, as_json, document, output)
