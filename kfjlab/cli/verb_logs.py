"""``kfjlab logs``: what does (or did) it print?"""

from __future__ import annotations

import sys

import click

from . import exits
from .output import emit_json, json_option


@click.command("logs")
@click.argument("run", default="last")
@click.option(
    "-s",
    "--step",
    help="Only this step, without its name before each line; 'prelude': the imports and functions cells.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run is over.")
@click.option(
    "--all-attempts",
    is_flag=True,
    help="Also what attempts printed that were discarded or had failed before.",
)
@json_option
def command(run: str, step: str | None, follow: bool, all_attempts: bool, as_json: bool) -> int:
    """Print what the steps of a run have printed, each in its latest attempt; with -f in all that come.

    RUN: an id, a beginning of one, or 'last' (the default). With --json and -f each piece is a JSON object on a line of its own.
    """
    from kfjlab.runs.store import RunStore
    from kfjlab.verbs.log_pieces import LogError, follow_logs, read_logs

    from .log_writers import JsonLines, Lines, Writer

    with RunStore(create=False) as store:
        found = store.get_run(run)
        try:
            if as_json and not follow:
                found_pieces = read_logs(store, found.id, step, all_attempts=all_attempts)
                pieces = [piece.to_json() for piece in found_pieces]
                emit_json({"run": {"id": found.id, "state": found.state.value}, "logs": pieces})
                return exits.SUCCEEDED
            writer: Writer = JsonLines(sys.stdout) if as_json else Lines(sys.stdout, prefixes=step is None)
            pieces_now = (
                follow_logs(store, found.id, step)
                if follow
                else read_logs(store, found.id, step, all_attempts=all_attempts)
            )
            for piece in pieces_now:
                writer.write(piece)
            writer.close()
        except LogError as error:
            raise click.UsageError(str(error)) from error
    return exits.SUCCEEDED
