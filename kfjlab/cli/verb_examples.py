"""``kfjlab examples``: what is this good for? Give me a notebook to try it with."""

from __future__ import annotations

from pathlib import Path

import click

from . import exits
from .output import Out, emit_json, json_option


@click.command("examples")
@click.argument("name", required=False)
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=Path(),
    help="The folder to copy it to (default: this one).",
)
@json_option
def command(name: str | None, into: Path, as_json: bool) -> int:
    """List the example notebooks, or copy one to try it."""
    from kfjlab.verbs.examples import copy_example, list_examples
    from kfjlab.verbs.wording import printable

    out = Out()
    if name is None:
        found = list_examples()
        if as_json:
            emit_json(
                {
                    "examples": [
                        {"name": e.name, "title": e.title, "description": e.description} for e in found
                    ]
                }
            )
            return exits.SUCCEEDED
        out.table(("EXAMPLE", "SHOWS"), [(example.name, example.description) for example in found])
        out.line(f"'kfjlab examples {found[0].name}' copies one to this folder.")
        return exits.SUCCEEDED
    path = copy_example(name, into)
    if as_json:
        emit_json({"path": str(path)})
    else:
        out.line(f"{printable(str(path))} is there. Next: kfjlab run {printable(str(path))}")
    return exits.SUCCEEDED
