"""``kfjlab runs``: which run was that, is it still going, how did it end?"""

from __future__ import annotations

import time
from pathlib import Path

import click

from kfjlab.verbs.wording import duration, value_text

from . import exits
from .output import Out, emit_json, json_option

_STATES = ("queued", "running", "succeeded", "failed", "cancelled", "interrupted")


@click.command("runs")
@click.option(
    "--state",
    "states",
    type=click.Choice(_STATES),
    multiple=True,
    help="Only runs in this state; may be repeated.",
)
@click.option("--notebook", type=click.Path(path_type=Path), help="Only runs of this notebook.")
@click.option("--experiment", help="Only runs of this experiment.")
@click.option("--target", help="Only runs on this target.")
@click.option("--text", help="Only runs with these words in name, path or parameters (lr=0.1).")
@click.option(
    "-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="So many at most."
)
@json_option
def command(
    states: tuple[str, ...],
    notebook: Path | None,
    experiment: str | None,
    target: str | None,
    text: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """List the runs so far, newest first."""
    from kfjlab.verbs import runs
    from kfjlab.verbs.describing import run_json

    found = runs(
        limit, notebook=notebook, state=states or None, text=text, experiment=experiment, target=target
    )
    if as_json:
        emit_json({"runs": [run_json(result.run, result.steps) for result in found]})
        return exits.SUCCEEDED
    out = Out()
    if not found:
        narrowed = any((states, notebook, experiment, target, text))
        out.line(
            "No run matches." if narrowed else "There are no runs yet. 'kfjlab run NOTEBOOK' starts one."
        )
        return exits.SUCCEEDED
    now = time.time()
    rows = []
    for result in found:
        run, steps = result.run, result.steps
        end = run.ended or (now if not run.state.final else None)
        took = duration(end - run.started) if run.started is not None and end is not None else ""
        done = f"{sum(step.state.value == 'succeeded' for step in steps)}/{len(steps)}"
        metrics = ", ".join(f"{name}={value_text(value)}" for name, value in run.metrics.items())
        rows.append(
            (
                run.id,
                run.state.value,
                run.name,
                f"{duration(max(0.0, now - run.created))} ago",
                took,
                done,
                metrics,
            )
        )
    out.table(("RUN", "STATE", "NAME", "STARTED", "TIME", "STEPS", "METRICS"), rows, right=(4, 5))
    return exits.SUCCEEDED
