"""``kfjlab export``: somebody wants the pipeline in a form that needs neither notebook nor kfjlab."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kfjlab.verbs.wording import printable

from . import exits
from .output import Out, emit_json, json_option


@click.command("export")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["python", "mermaid"]),
    default="python",
    show_default=True,
    help="A script that does the same, or a flowchart.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write it to this file instead of printing it."
)
@click.option("--force", is_flag=True, help="Replace the file if there is one.")
@json_option
def command(notebook: Path, form: str, output: Path | None, force: bool, as_json: bool) -> int:
    """Write a notebook's pipeline as a Python script or a Mermaid flowchart.

    The script has the notebook's cells by step, in the order in which they would run from top to bottom, its parameters as constants at
    the beginning. Without magics it needs nothing but Python and what the notebook imports.
    """
    from kfjlab.verbs.graphs import render
    from kfjlab.verbs.made_files import write_made
    from kfjlab.verbs.preparing import read
    from kfjlab.verbs.script import as_script

    _, pipeline = read(notebook)
    text = as_script(pipeline) if form == "python" else render(pipeline, form) + "\n"
    if output is not None:
        instead = "Give --force to replace it, or another name with --output."
        content = text.encode("utf-8", "surrogateescape")
        write_made(output, content, replace=force, sources=[notebook], instead=instead)
    if as_json:
        emit_json({"format": form, "output": None if output is None else str(output), "text": text})
    elif output is None:
        sys.stdout.write(text)
    else:
        Out().line(f"{printable(str(output))} is there.")
    if not as_json:
        sys.stdout.flush()
        Out(sys.stderr).problems(pipeline.problems, most=5)
    return exits.SUCCEEDED
