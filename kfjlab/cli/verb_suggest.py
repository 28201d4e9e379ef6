"""``kfjlab suggest``: somebody has an ordinary notebook and wants to see which pipeline it could be, then have the tags written."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from kfjlab.verbs.wording import printable

from . import exits
from .output import Out, emit_json, json_option


@click.command("suggest")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--apply", is_flag=True, help="Write the tags into the notebook.")
@json_option
def command(notebook: Path, apply: bool, as_json: bool) -> int:
    """Propose steps for a notebook without any, from its headings and dataflow.

    Without --apply the notebook is not changed.
    """
    from kfjlab.notebook.pipeline import Role
    from kfjlab.verbs import suggest
    from kfjlab.verbs.graphs import as_text

    suggestion = suggest(notebook, apply=apply)
    applied = apply and bool(suggestion.proposals)
    if as_json:
        emit_json({**suggestion.to_json(), "applied": applied})
        return exits.SUCCEEDED
    out = Out()
    if suggestion.note:
        out.line(suggestion.note)
    if not suggestion.proposals:
        return exits.SUCCEEDED
    rows = []
    for proposal in suggestion.proposals:
        what = f"step {proposal.step}" if proposal.role is Role.STEP else proposal.role.value
        rows.append((str(proposal.cell + 1), what if proposal.tag else "", proposal.reason))
    out.table(("CELL", "TAG", "WHY"), rows, right=(0,))
    out.line()
    out.line(as_text(suggestion.pipeline, out.width))
    out.line()
    name = shlex.quote(str(notebook))
    if applied:
        out.line(f"{out.styled('written', 'green')}. Next: kfjlab run {printable(name)}")
    else:
        out.line(f"'kfjlab suggest {printable(name)} --apply' writes these tags.")
    return exits.SUCCEEDED
