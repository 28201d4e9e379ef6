"""``kfjlab show``: how far is it, what came out, what went wrong and where?"""

from __future__ import annotations

import dataclasses
import time

import click

from kfjlab.verbs.wording import duration, printable, size, value_text

from . import exits
from .output import Out, emit_json, json_option


@click.command("show")
@click.argument("run", default="last")
@json_option
def command(run: str, as_json: bool) -> int:
    """Show one run: state, steps, parameters, metrics, artifacts, error.

    RUN: an id, a beginning of one, or 'last' (the default).
    """
    from kfjlab.notebook.problems import Severity
    from kfjlab.runs.store import RunStore
    from kfjlab.verbs.describing import artifact_json, run_json
    from kfjlab.verbs.result import earlier_ends, failed_steps, result_of

    from .ending import describe_failure, next_commands, state_text, step_table

    with RunStore(create=False) as store:
        result = result_of(store, run)
        artifacts = store.get_artifacts(result.id)
        earlier = earlier_ends(store, result.run)
        found, steps = result.run, result.steps
        if as_json:
            emit_json(
                {
                    "run": run_json(found, steps),
                    "artifacts": [artifact_json(artifact) for artifact in artifacts],
                    "problems": [problem.to_json() for problem in result.problems],
                    "error": result.error,
                    "earlier_ends": [dataclasses.asdict(end) for end in earlier],
                }
            )
            return exits.SUCCEEDED
        out = Out()
        end = found.ended or (None if found.state.final else time.time())
        took = f" in {duration(end - found.started)}" if found.started is not None and end is not None else ""
        out.line(f"{out.styled(f'run {found.id}', bold=True)}  {state_text(out, found.state.value)}{took}")
        out.line(f"  notebook  {printable(found.notebook)}")
        out.line(f"  started   {_moment(found.created)}  on {found.target}")
        for before in earlier:
            out.line(
                f"  resumed   {_ENDED.get(before.state, before.state)} {_moment(before.time)}{f': {before.error}' if before.error else ''}"
            )
        out.line(f"  files     {printable(found.folder)}")
        _pairs(out, "parameters", {name: value_text(value) for name, value in found.parameters.items()})
        _pairs(out, "metrics", {name: value_text(value) for name, value in found.metrics.items()})
        out.line()
        step_table(steps, out)
        if artifacts:
            out.line()
            out.table(
                ("ARTIFACT", "STEP", "KIND", "SIZE", ""),
                [(a.name, a.step, a.kind, size(a.size), a.summary) for a in artifacts],
                right=(3,),
            )
        late = [
            p for p in result.problems if p.code == "unforeseen-change" or p.severity is not Severity.INFO
        ]
        if late:
            out.line()
            out.problems(late, most=10)
        failed = failed_steps(steps)
        for step in failed:
            describe_failure(found, step, store, out)
        if not failed and result.error is not None:
            out.line()
            out.error(result.error)
        commands = next_commands(found, failed)
        if commands:
            out.line()
        for text, purpose in commands:
            out.line(f"  {out.styled(text, bold=True)}   {purpose}")
    return exits.SUCCEEDED


_ENDED = {
    "failed": "had failed",
    "succeeded": "had succeeded",
    "cancelled": "was cancelled",
    "interrupted": "was interrupted",
}


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _pairs(out: Out, title: str, pairs: dict[str, str]) -> None:
    if pairs:
        out.line(f"  {title}")
    for name, value in pairs.items():
        out.line(f"    {printable(name)} = {value}")
