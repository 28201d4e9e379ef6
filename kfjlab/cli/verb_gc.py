"""``kfjlab gc``: the disk is getting full; what can go, and how much does that free?"""

from __future__ import annotations

import click

from kfjlab.verbs.wording import plural, size

from . import exits
from .output import Out, emit_json, json_option


def _seconds(_: click.Context, __: click.Parameter, text: str | None) -> float | None:
    from kfjlab.notebook.quantities import parse_seconds

    try:
        return None if text is None else parse_seconds(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _bytes(_: click.Context, __: click.Parameter, text: str | None) -> int | None:
    """``10GB``, ``500MB``, ``4GiB``: a quantity with or without the letter for bytes."""
    from kfjlab.notebook.quantities import parse_quantity

    if text is None:
        return None
    number = text.strip()
    try:
        return max(
            0, int(parse_quantity(number[:-1].replace("K", "k") if number[-1:] in ("B", "b") else number))
        )
    except ValueError as error:
        raise click.BadParameter(
            f"{number!r} is not a size; write for example 500MB, 10GB or 4GiB."
        ) from error


@click.command("gc")
@click.option(
    "--older-than", callback=_seconds, metavar="TIME", help="Runs and results not used for so long: 30d, 12h."
)
@click.option(
    "--max-size", callback=_bytes, metavar="SIZE", help="Then the oldest, until so much is left: 10GB, 500MB."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, delete nothing.")
@json_option
def command(older_than: float | None, max_size: int | None, dry_run: bool, as_json: bool) -> int:
    """Delete old runs and results.

    Without options only what nothing refers to any more. Runs that go on, and what they need, always stay; so does,
    however large it is, what was stored or used within the last hour, except runs that --older-than names.
    """
    import dataclasses

    from kfjlab.verbs import gc

    report = gc(older_than, max_size, dry_run=dry_run)
    if as_json:
        emit_json(dataclasses.asdict(report))
        return exits.SUCCEEDED
    out = Out()
    word = "would delete" if dry_run else "deleted"
    parts = [
        plural(len(report.runs), "run"),
        plural(report.records, "reusable result"),
        plural(report.objects, "stored object"),
    ]
    out.line(f"{word} {', '.join(parts)}: {size(report.freed)} freed, {size(report.kept)} kept")
    for run in report.runs:
        out.line(f"  run {run}")
    for failure in report.failures:
        out.line(f"{out.styled('not deleted', 'yellow')}: {failure}")
    if max_size is not None and report.kept > max_size:
        out.line(
            f"{size(report.kept - max_size)} more than --max-size: what was used within the last hour, or by runs that go on, stays."
        )
    if older_than is None and max_size is None:
        out.line("--older-than and --max-size also delete old runs.")
    return exits.SUCCEEDED
