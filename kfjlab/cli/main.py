"""The program ``kfjlab``.

Built on click: one function for each verb with its options beside it, tested without a process through ``CliRunner``, and shell
completion for nothing. It costs some 25 ms at start where argparse costs 8; typer would cost click and rich. Verbs are
imported when they are used, so ``kfjlab --help`` imports click and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from . import exits

VERBS = {
    "run": "Run a notebook as a pipeline.",
    "suggest": "Propose steps for a notebook without any.",
    "graph": "Show the pipeline as a drawing, Mermaid, DOT or JSON.",
    "check": "Say what is wrong with a notebook, and mend it (--fix).",
    "tags": "Show and change the tags of cells.",
    "runs": "List the runs so far.",
    "show": "Show one run: steps, parameters, metrics, artifacts.",
    "logs": "Print what the steps of a run print (-f: as it comes).",
    "resume": "Go on with a run that failed or was stopped.",
    "cancel": "Stop a run.",
    "diff": "Compare two runs.",
    "gc": "Delete old runs and results.",
    "import": "Make a notebook of an Elyra pipeline.",
    "export": "Write the pipeline as a Python script or Mermaid.",
    "examples": "List example notebooks, or copy one here.",
}
"""The verbs, in the order of use, with what ``kfjlab --help`` says of each."""

_COMPLETION = "_KFJLAB_COMPLETE"
"""Environment variable by which a shell asks for completions (https://click.palletsprojects.com/shell-completion/)."""


class Verbs(click.Group):
    """A group whose commands are imported when they are used: ``run`` is ``command`` in ``kfjlab.cli.verb_run``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:  # click's own way to say this differs between its versions
            click.echo(ctx.get_help(), err=True)
            ctx.exit(exits.REFUSED)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command: click.Command = import_module(f"kfjlab.cli.verb_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in VERBS and not name.startswith("-"):
            from kfjlab.notebook.names import did_you_mean

            if name.endswith(".ipynb"):
                raise click.UsageError(
                    f"{name} is a notebook, not a command. Did you mean 'kfjlab run {name}'?", ctx
                )
            if name == "load":
                raise click.UsageError(
                    "load works in a notebook, whose variables it sets: %load_ext kfjlab, then %kfjlab load RUN STEP.",
                    ctx,
                )
            raise click.UsageError(f"There is no command {name!r}.{did_you_mean(name, VERBS)}", ctx)
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from kfjlab.version import __version__

        click.echo(f"kfjlab {__version__}")
        ctx.exit()


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Every command has --help and --json. KFJLAB_DATA: the folder of the runs. KFJLAB_DEBUG=1: tracebacks of errors.",
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_print_version,
    help="Show the version.",
)
def cli() -> None:
    """Kubeflow without leaving the notebook: a notebook whose cells carry tags is a pipeline."""


def execute(args: Sequence[str]) -> int:
    """Carry out a command line and return the exit code. Nothing is raised: every error is reported here."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # names of notebooks must never be what a command fails of
            stream.reconfigure(errors="backslashreplace")
    try:
        if _COMPLETION in os.environ:
            cli.main(list(args), prog_name="kfjlab")
        # Not cli.main(): it has its own idea of what a broken pipe means.
        with cli.make_context("kfjlab", list(args)) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as end:  # --help and the like
        code = end.exit_code
    except BaseException as error:  # noqa: BLE001 - the last resort: what is not expected is reported too
        from .failures import report

        code = report(error, list(args))
    return code if isinstance(code, int) else 0


def main() -> NoReturn:
    """Run the program: ``kfjlab``, ``python -m kfjlab``."""
    code = execute(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _drop_output()
    sys.exit(code)


def _drop_output() -> None:
    """Nobody reads what is still buffered; without this the interpreter would complain about it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
