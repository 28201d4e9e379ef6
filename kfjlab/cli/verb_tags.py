"""``kfjlab tags``: a script (or a person without JupyterLab) makes a pipeline of a notebook, and wants to see what will change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from kfjlab.verbs.wording import printable

from . import exits
from .output import Out, emit_json, json_option

ROLES = ("imports", "functions", "pipeline-parameters", "parameters", "pipeline-metrics", "skip", "none")

dry_run_option = click.option("--dry-run", is_flag=True, help="Show what would change, write nothing.")


class Tags(click.Group):
    """A group whose own options may also stand behind the notebook."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if len(args) > 1 and args[1] in own:
            args = [args[1], args[0], *args[2:]]
        return super().parse_args(ctx, args)


@click.group("tags", cls=Tags, invoke_without_command=True, subcommand_metavar="[set|rename|clear …]")
@click.argument("notebook", type=click.Path(path_type=Path))
@json_option
@click.pass_context
def command(ctx: click.Context, notebook: Path, as_json: bool) -> int:
    """Show the cells of a notebook with their tags and steps, or change tags.

    \b
    kfjlab tags NB                                    list the code cells
    kfjlab tags NB set --cell 4 --step train          cell 4 begins (or joins) step train
    kfjlab tags NB set --cell 2 --role imports        … or has a role
    kfjlab tags NB set --cell 4 --after clean         … and its step runs after step clean
    kfjlab tags NB rename train fit                   rename a step everywhere
    kfjlab tags NB clear [--cell 4]                   remove what the pipeline's tags say

    Only tags change; every other byte of the file stays. Cells are given by their position among all cells, counted from 1, or by
    their id. Untagged cells belong to the step before them.
    """
    if ctx.invoked_subcommand is not None:
        return exits.SUCCEEDED
    from kfjlab.verbs.tagging import list_cells

    rows = list_cells(notebook)
    if as_json:
        emit_json({"notebook": str(notebook), "cells": [row.to_json() for row in rows]})
        return exits.SUCCEEDED
    Out().table(
        ("CELL", "ID", "STEP", "TAGS", "CODE"),
        [(str(row.index + 1), row.id, row.belongs, " ".join(row.tags), row.first_line) for row in rows],
        right=(0,),
    )
    return exits.SUCCEEDED


@command.command("set")
@click.option(
    "--cell", "cells", multiple=True, required=True, metavar="N|ID", help="Which cell; may be repeated."
)
@click.option("--step", metavar="NAME", help="The cell belongs to this step.")
@click.option("--no-step", is_flag=True, help="Take its step tag away: it belongs to the step before it.")
@click.option("--role", type=click.Choice(ROLES), help="What the cell is for.")
@click.option("--after", multiple=True, metavar="STEP", help="Its step runs after this one; may be repeated.")
@click.option("--not-after", multiple=True, metavar="STEP", help="Take back --after.")
@dry_run_option
@json_option
@click.pass_context
def set_tags(
    ctx: click.Context,
    cells: tuple[str, ...],
    step: str | None,
    no_step: bool,
    role: str | None,
    after: tuple[str, ...],
    not_after: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Give cells a step, a role, an order."""
    from kfjlab.verbs.tagging import Tagging, set_cells

    if step is not None and (no_step or role not in (None, "none")):
        raise click.UsageError("A cell has a step or a role: give one of --step, --no-step and --role.")
    if step is None and not no_step and role is None and not after and not not_after:
        raise click.UsageError(
            "Say what the cells shall be: --step, --no-step, --role, --after or --not-after."
        )
    tagging = Tagging(step, no_step, role, after, not_after)
    return _edit(ctx, lambda path: set_cells(path, cells, tagging), dry_run, as_json)


@command.command("rename")
@click.argument("old")
@click.argument("new")
@dry_run_option
@json_option
@click.pass_context
def rename(ctx: click.Context, old: str, new: str, dry_run: bool, as_json: bool) -> int:
    """Rename step OLD to NEW, also where others are to run after it."""
    from kfjlab.notebook.edit import rename_step

    return _edit(ctx, lambda path: rename_step(path, old, new), dry_run, as_json)


@command.command("clear")
@click.option("--cell", "cells", multiple=True, metavar="N|ID", help="Only this cell; may be repeated.")
@dry_run_option
@json_option
@click.pass_context
def clear(ctx: click.Context, cells: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Remove everything about the pipeline; tags of other tools stay."""
    from kfjlab.verbs.tagging import clear_cells

    return _edit(ctx, lambda path: clear_cells(path, cells), dry_run, as_json)


def _edit(ctx: click.Context, edit: Callable[[Path], bool], dry_run: bool, as_json: bool) -> int:
    """Make an edit on a copy to see what changes and what is wrong then, after that (unless ``dry_run``) on the notebook."""
    from kfjlab.verbs.checking import new_problems
    from kfjlab.verbs.rehearsal import rehearse

    assert ctx.parent is not None
    notebook: Path = ctx.parent.params["notebook"]
    with rehearse(notebook) as rehearsal:
        edit(rehearsal.path)
        changes, cells = rehearsal.changes(), rehearsal.cells()
        problems = new_problems(notebook, rehearsal.path) if changes else ()
    if not dry_run:
        edit(notebook)
    if as_json or ctx.parent.params["as_json"]:
        data: dict[str, Any] = {
            "notebook": str(notebook),
            "changed": bool(changes),
            "written": bool(changes) and not dry_run,
            "cells": cells,
        }
        emit_json({**data, "diff": changes, "problems": [problem.to_json() for problem in problems]})
        return exits.SUCCEEDED
    out = Out()
    for line in changes:
        out.line(out.styled(line, {"+": "green", "-": "red"}.get(line[:1])))
    where = f"{printable(str(notebook))}, {_listed(cells)}"
    if not changes:
        out.line(f"Nothing to change in {printable(str(notebook))}: it is like that already.")
    elif dry_run:
        out.line(f"Nothing was written (--dry-run). It would be: {where}")
    else:
        out.line(f"{out.styled('written', 'green')}: {where}")
    if problems:
        Out(sys.stderr).problems(problems)
    return exits.SUCCEEDED


def _listed(cells: list[int]) -> str:
    return f"{'cell' if len(cells) == 1 else 'cells'} {', '.join(str(index + 1) for index in cells)}"
