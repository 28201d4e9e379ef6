"""``kfjlab graph``: somebody wants to see which steps there are and what waits for what, or to put that picture elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from . import exits
from .output import Out, json_option


@click.command("graph")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "mermaid", "dot", "json"]),
    default="text",
    show_default=True,
    help="A drawing, or a language that other tools draw.",
)
@json_option
def command(notebook: Path, form: str, as_json: bool) -> int:
    """Show a notebook's pipeline.

    The drawing shows what waits for what; the list below it says what travels along each edge: variables, files, other state.
    Problems go to standard error.
    """
    from kfjlab.verbs.graphs import render
    from kfjlab.verbs.preparing import read

    _, pipeline = read(notebook)
    out = Out()
    chosen = "json" if as_json else form
    out.line(render(pipeline, chosen, width=out.width))
    if chosen != "json":
        out.stream.flush()
        Out(sys.stderr).problems(pipeline.problems, most=5)
    return exits.SUCCEEDED
