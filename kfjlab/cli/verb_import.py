"""``kfjlab import``: somebody has a pipeline of Elyra and wants to go on with it here, knowing what is not the same."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kfjlab.verbs.wording import plural, printable

from . import exits
from .output import Out, emit_json, json_option

if TYPE_CHECKING:
    from kfjlab.interchange.notes import Note

_TITLES = {
    "left-out": ("Left out", "red"),
    "differs": ("Works in another way", "yellow"),
    "kept": ("Added, so that it works as it did", "blue"),
}


@click.command("import")
@click.argument("pipeline", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The notebook to write (default: beside the pipeline's notebooks, with the pipeline's name).",
)
@click.option("--force", is_flag=True, help="Replace the notebook if there is one.")
@json_option
def command(pipeline: Path, output: Path | None, force: bool, as_json: bool) -> int:
    """Make one notebook of an Elyra pipeline (a .pipeline file).

    Each notebook and Python script of it becomes a step. What cannot be taken over is listed, with what to do. Notebooks tagged for Kale
    need no import.
    """
    from kfjlab.verbs.importing import import_pipeline

    instead = "Give --force to replace it, or another name with --output."
    made = import_pipeline(pipeline, output, replace=force, instead=instead)
    if as_json:
        emit_json(
            {
                "notebook": str(made.path),
                "name": made.name,
                "steps": list(made.steps),
                "notes": [asdict(note) for note in made.notes],
                "problems": [problem.to_json() for problem in made.problems],
            }
        )
        return exits.SUCCEEDED
    out = Out()
    steps = ", ".join(printable(step) for step in made.steps)
    out.line(f"{printable(str(made.path))} is there: {plural(len(made.steps), 'step')} ({steps}).")
    _notes(out, made.notes)
    out.line()
    out.line(f"Next: kfjlab run {printable(shlex.quote(str(made.path)))}")
    out.stream.flush()
    Out(sys.stderr).problems(made.problems, most=5)
    return exits.SUCCEEDED


def _notes(out: Out, notes: Sequence[Note]) -> None:
    for kind, (title, colour) in _TITLES.items():
        found = [note for note in notes if note.kind == kind]
        if not found:
            continue
        out.line()
        out.line(out.styled(f"{title}:", colour, bold=True))
        for note in found:
            where = f"{printable(note.node)}: " if note.node else ""
            out.line(f"- {where}{printable(note.what)}. {printable(note.why)}")
            if note.todo:
                out.line(out.styled(f"  to do: {printable(note.todo)}", dim=True))
