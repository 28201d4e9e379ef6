"""``kfjlab check``: before a run or a commit, somebody wants to know that the notebook is sound, or what to change."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from kfjlab.notebook.problems import Problem, Severity
from kfjlab.verbs.wording import plural, printable

from . import exits
from .output import Out, emit_json, json_option


@click.command("check", epilog="Exit codes: 0 no errors (there may be warnings), 2 errors that refuse a run.")
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--fix", is_flag=True, help="Apply the fixes that change tags and metadata.")
@click.option("--dry-run", is_flag=True, help="With --fix: show the changes, write nothing.")
@json_option
def command(notebook: Path, fix: bool, dry_run: bool, as_json: bool) -> int:
    """Say what is wrong with a notebook: cell (counted from 1), line, and what to do."""
    from kfjlab.verbs.checking import problems_of
    from kfjlab.verbs.fixing import fix_all
    from kfjlab.verbs.rehearsal import rehearse

    if dry_run and not fix:
        raise click.UsageError("--dry-run shows what --fix would change; give both.")
    mended: list[Problem] = []
    refused: list[tuple[Problem, str]] = []
    changes: list[str] = []
    problems = left = problems_of(notebook)
    if fix and dry_run and any(problem.fix is not None for problem in problems):
        with rehearse(notebook) as rehearsal:
            mended, refused = fix_all(rehearsal.path, notebook)
            left = problems_of(rehearsal.path, notebook)
            changes = rehearsal.changes()
    elif fix:
        mended, refused = fix_all(notebook)
        problems = left = problems_of(notebook)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    code = exits.REFUSED if errors else exits.SUCCEEDED
    if as_json:
        shown = [problem.to_json() for problem in mended]
        emit_json(
            {
                "notebook": str(notebook),
                "ok": not errors,
                "problems": [problem.to_json() for problem in problems],
                "fixed": [] if dry_run else shown,
                "would_fix": shown if dry_run else [],
                "not_fixed": [{"problem": p.to_json(), "reason": reason} for p, reason in refused],
            }
        )
        return code
    out = Out()
    for problem in mended:
        assert problem.fix is not None
        what = "would fix" if dry_run else "fixed"
        out.line(f"{out.styled(what, 'green')}: {printable(problem.fix.title)} [{problem.code}]")
    for problem, reason in refused:
        out.line(f"{out.styled('not fixed', 'yellow')}: {printable(reason)} [{problem.code}]")
    for line in changes:
        out.line(line)
    again = printable(f"kfjlab check {shlex.quote(str(notebook))} --fix")
    out.problems(left, fixable="" if fix else again)
    if not problems:
        out.line(f"{out.styled('sound', 'green')}: nothing to complain about")
    elif dry_run:
        out.line(_nothing_written(problems, left, again if mended else ""))
    return code


def _nothing_written(problems: Sequence[Problem], left: Sequence[Problem], command: str) -> str:
    """How a rehearsal ends. ``command``: what makes the changes, if there are any."""
    now = f"Nothing was written (--dry-run): the notebook still has {plural(len(problems), 'problem')}"
    if not command:
        return f"{now}, and no fix can be applied."
    after = plural(len(left), "problem") if left else "none"
    return f"{now}; {command} would leave {after}."
