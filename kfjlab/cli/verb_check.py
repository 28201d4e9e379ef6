"""``kfjlab check``: before a run or a commit, somebody wants to know that the notebook is sound, or what to change."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from kfjlab.notebook.problems import Problem, Severity

from . import exits
from .output import Out, emit_json, json_option


@click.command("check", epilog="Exit codes: 0 no errors (there may be warnings), 2 errors that refuse a run.")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Apply the fixes that change tags and metadata.")
@click.option("--dry-run", is_flag=True, help="With --fix: show the changes, write nothing.")
@json_option
def command(notebook: Path, fix: bool, dry_run: bool, as_json: bool) -> int:
    """Say what is wrong with a notebook: cell (counted from 0), line, and what to do."""
    from kfjlab.verbs import check
    from kfjlab.verbs.fixing import fix_all
    from kfjlab.verbs.rehearsal import rehearse

    if dry_run and not fix:
        raise click.UsageError("--dry-run shows what --fix would change; give both.")
    applied: list[Problem] = []
    refused: list[tuple[Problem, str]] = []
    changes: list[str] = []
    problems = check(notebook)
    if fix and dry_run:
        with rehearse(notebook) as rehearsal:
            applied, refused = fix_all(rehearsal.path)
            problems = check(rehearsal.path)
            changes = rehearsal.changes()
    elif fix:
        applied, refused = fix_all(notebook)
        problems = check(notebook)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if as_json:
        emit_json(
            {
                "notebook": str(notebook),
                "ok": not errors,
                "problems": [problem.to_json() for problem in problems],
                "fixed": [problem.to_json() for problem in applied],
                "not_fixed": [{"problem": p.to_json(), "reason": reason} for p, reason in refused],
            }
        )
        return exits.REFUSED if errors else exits.SUCCEEDED
    out = Out()
    for problem in applied:
        assert problem.fix is not None
        out.line(
            f"{out.styled('would fix' if dry_run else 'fixed', 'green')}: {problem.fix.title} [{problem.code}]"
        )
    for problem, reason in refused:
        out.line(f"{out.styled('not fixed', 'yellow')}: {reason} [{problem.code}]")
    for line in changes:
        out.line(line)
    out.problems(problems, fixable="" if fix else f"kfjlab check {shlex.quote(str(notebook))} --fix")
    if not problems:
        out.line(f"{out.styled('sound', 'green')}: nothing to complain about")
    return exits.REFUSED if errors else exits.SUCCEEDED
