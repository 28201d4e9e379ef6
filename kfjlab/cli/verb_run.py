"""``kfjlab run``: somebody wants this notebook's results now, wants to see that it moves, and when it does not, where and why."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kfjlab.verbs.wording import printable

from . import exits
from .output import Out, emit_json, json_option

if TYPE_CHECKING:
    from kfjlab.notebook.document import Document
    from kfjlab.notebook.problems import Problem
    from kfjlab.verbs.result import RunResult

    from .watching import Interrupts

_EPILOG = """\b
Exit codes:
  0    the run succeeded (with --detach: was started)
  1    a step failed
  2    refused before running: wrong usage, a notebook with errors, a wrong parameter
  130  cancelled (Ctrl-C: the first cancels the run and waits, the second leaves at once)

The run is not this process's child: it goes on when the terminal is closed. 'kfjlab logs -f last' follows it again."""


def _listed(_: click.Context, __: click.Parameter, values: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, from an option that may be given several times."""
    return tuple(name.strip() for value in values for name in value.split(",") if name.strip())


@click.command("run", epilog=_EPILOG)
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option(
    "-p",
    "--parameter",
    "given",
    multiple=True,
    metavar="NAME=VALUE|@FILE",
    help="A parameter's value, or a YAML or JSON file of values. May be repeated; NAME=VALUE wins over files.",
)
@click.option(
    "--steps", multiple=True, callback=_listed, metavar="A,B", help="Only these steps, and what they need."
)
@click.option(
    "--from",
    "start_from",
    multiple=True,
    callback=_listed,
    metavar="STEP",
    help="Execute this step and all that follow it, even if nothing has changed.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Write one copy of the notebook with all outputs."
)
@click.option("--no-cache", is_flag=True, help="Reuse nothing of earlier runs.")
@click.option("--keep-going", is_flag=True, help="After a failure go on with steps that do not depend on it.")
@click.option(
    "--max-parallel", type=click.IntRange(min=1), metavar="N", help="Steps at the same time (default: cores)."
)
@click.option("--kernel", metavar="NAME", help="A kernel instead of the notebook's own.")
@click.option("--target", default="local", show_default=True, help="Where to run.")
@click.option("-d", "--detach", is_flag=True, help="Start the run, print its id, and do not wait.")
@click.option("--plain", is_flag=True, help="Plain lines instead of a live display.")
@click.option("--logs", is_flag=True, help="Show what the steps print, too.")
@json_option
def command(
    notebook: Path,
    given: tuple[str, ...],
    steps: tuple[str, ...],
    start_from: tuple[str, ...],
    output: Path | None,
    no_cache: bool,
    keep_going: bool,
    max_parallel: int | None,
    kernel: str | None,
    target: str,
    detach: bool,
    plain: bool,
    logs: bool,
    as_json: bool,
) -> int:
    """Run a notebook as a pipeline.

    Independent steps run at the same time, unchanged steps not at all; the results are those of running the notebook from top
    to bottom. With --json the progress goes to standard error, and one JSON object to standard output at the end.
    """
    from kfjlab.verbs.executed import check_output
    from kfjlab.verbs.preparing import prepare

    from .watching import Interrupts, watch

    if output is not None and detach:
        raise click.UsageError(
            "--output is written at the end of the run, so it cannot be used with --detach."
        )
    parameters, texts = _parameters(given)
    out = Out(sys.stderr if as_json else sys.stdout)
    plan = prepare(
        notebook,
        parameters=parameters,
        texts=texts,
        steps=steps,
        start_from=start_from,
        cache=not no_cache,
        keep_going=keep_going,
        max_parallel=max_parallel or 0,
        kernel=kernel,
        target=target,
    )
    if output is not None:
        check_output(output, notebook)
    notes = Out(sys.stderr) if detach else out  # standard output has the run's id and nothing else
    notes.problems(plan.problems, most=10, fixable=f"kfjlab check {_quoted(notebook)} --fix")
    with Interrupts() as interrupts:
        run_id = plan.start()
        if detach:
            return detached(run_id, plan.problems, out, as_json)
        result = watch(run_id, 0, plan.problems, out, interrupts, plain=plain, logs=logs)
    return finish(result, interrupts, out, as_json, plan.document, output)


def _parameters(given: Sequence[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The values of files, and the texts of ``NAME=VALUE``."""
    from kfjlab.verbs.parameter_files import read_parameters

    values: dict[str, Any] = {}
    texts: dict[str, str] = {}
    for text in given:
        if text.startswith("@"):
            values.update(read_parameters(Path(text[1:])))
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise click.UsageError(f"-p {text}: write NAME=VALUE, or @FILE for a YAML or JSON file.")
        texts[name.strip()] = value
    return {name: value for name, value in values.items() if name not in texts}, texts


def detached(run_id: str, problems: Sequence[Problem], out: Out, as_json: bool) -> int:
    if as_json:
        from kfjlab.runs.store import RunStore
        from kfjlab.verbs.result import result_of

        with RunStore(create=False) as store:
            emit_json(result_of(store, run_id, problems).to_json())
    else:
        out.line(run_id)
    return exits.SUCCEEDED


def finish(
    result: RunResult,
    interrupts: Interrupts,
    out: Out,
    as_json: bool,
    document: Document | None,
    output: Path | None,
) -> int:
    """Write the output notebook and the JSON of a run that was watched, and return the exit code."""
    from kfjlab.verbs.executed import OutputError, executed_notebook, write_executed

    failure = None
    if output is not None and document is not None and result.run.state.final:
        try:
            content = executed_notebook(document, result.run, result.steps)
            write_executed(output, Path(result.run.notebook), content)
            out.line(f"outputs: {printable(str(output))}")
        except OutputError as error:
            failure = str(error)
            out.error(failure)
    if as_json:
        emit_json({**result.to_json(), "error": result.error or failure})
    if result.succeeded:
        return exits.SUCCEEDED if failure is None else exits.FAILED
    # One that had failed already when the user cancelled it counts as cancelled.
    return exits.CANCELLED if interrupts.count or result.state == "cancelled" else exits.FAILED


def _quoted(text: Any) -> str:
    import shlex

    return shlex.quote(str(text))
