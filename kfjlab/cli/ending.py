"""How a run ended, in words: what came out, or what failed, where, why, and what to do next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kfjlab.runs.model import Run, RunState, StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.verbs.result import RunResult, failed_steps
from kfjlab.verbs.wording import duration, place, plural, printable, printable_lines, value_text

from .output import Out

_COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "interrupted": "yellow",
    "running": "cyan",
}
_LOG_LINES = 15
_LOG_BYTES = 16 * 1024
_MOST_FAILURES = 5
_SOURCE_CONTEXT = 1
_MOST_CALLS = 8
_FRAME = re.compile(r'^  File "(.+)", line (\d+), in (.+)\n    (.+)$', re.MULTILINE)


def state_text(out: Out, state: str) -> str:
    """A state in its colour."""
    return out.styled(state, _COLOURS.get(state))


def describe_end(result: RunResult, store: RunStore, out: Out, *, steps: bool) -> None:
    """Write how a run ended. ``steps``: also a line for each step (a live display leaves none)."""
    run = result.run
    if steps:
        step_table(result.steps, out)
    took = duration(None if run.started is None or run.ended is None else run.ended - run.started)
    counts = [
        plural(len(result.steps), "step"),
        *_counted(result.steps, StepState.FAILED, "failed"),
        *_counted(result.steps, StepState.SKIPPED, "skipped"),
    ]
    reused = sum(step.cached for step in result.steps)
    counts += [f"{reused} reused"] if reused else []
    state = out.styled(run.state.value, _COLOURS.get(run.state.value), bold=True)
    out.line(f"{state}{f' in {took}' if took else ''}: {', '.join(counts)}")
    for name, value in run.metrics.items():
        out.line(f"  {printable(name)} = {value_text(value)}")
    if run.state is RunState.SUCCEEDED:
        out.line(f"kfjlab show {run.id}")
        return
    failed = failed_steps(result.steps)
    for step in failed[:_MOST_FAILURES]:
        describe_failure(run, step, store, out)
    if len(failed) > _MOST_FAILURES:
        out.line(f"… and {plural(len(failed) - _MOST_FAILURES, 'more failed step')}")
    if not failed and run.error is not None and run.state is not RunState.CANCELLED:
        _error(run.error, "", run, out)
        _log_tail(run, None, store, out)
    out.line()
    for command, purpose in next_commands(run, failed):
        out.line(f"  {out.styled(command, bold=True)}   {purpose}")


def _counted(steps: tuple[StepRun, ...], state: StepState, word: str) -> list[str]:
    count = sum(step.state is state for step in steps)
    return [f"{count} {word}"] if count else []


def describe_failure(run: Run, step: StepRun, store: RunStore, out: Out) -> None:
    """Write where and why a step failed, the line of code, the fix, and the end of its log."""
    out.line()
    if step.error is not None:
        _error(step.error, step.name, run, out)
    _log_tail(run, step.name, store, out)


def _error(error: Mapping[str, Any], step: str, run: Run, out: Out) -> None:
    where = place(error.get("cell"), error.get("line"))
    ended = "was cancelled" if error.get("kind") == "Cancelled" else "failed"
    what = f"{f'step {printable(step)}' if step else 'the run'} {ended}"
    out.line(out.styled(f"{what}{f' in {where}' if where else ''}", "red", bold=True))
    for line in printable_lines(str(error.get("message", ""))):
        out.line(f"  {line}")
    for number, text, hit in _source(run, error.get("cell"), error.get("line")):
        out.line(f"  {'>' if hit else ' '} {number:>3} {printable(text)}")
    for where, function, text in _calls(run, str(error.get("traceback", ""))):
        out.line(f"      in {printable(function)}, {printable(where)}: {printable(text)}")
    if error.get("fix"):
        out.line(f"  fix: {printable(str(error['fix']))}")


def _calls(run: Run, traceback: str) -> list[tuple[str, str, str]]:
    """The functions of the notebook, and of modules beside it, through which an exception came, outermost first: place, name, code."""
    from kfjlab.runtime.cell_files import cell_file

    groups = [run.pipeline.get("prelude", {}), *run.pipeline.get("steps", ())]
    cells = {cell_file(c["source"]): c["index"] for group in groups for c in group.get("cells", ())}
    folder = f"{Path(run.notebook).parent}/"
    found = []
    for file, line, function, text in _FRAME.findall(
        traceback.rpartition("Traceback (most recent call last):")[2]
    ):
        if function == "<module>":
            continue
        if file in cells:
            found.append((place(cells[file], int(line)), function, text))
        elif file.startswith(folder) and "site-packages" not in file:
            found.append((f"{file[len(folder) :]}, line {line}", function, text))
    return found[-_MOST_CALLS:]


def _source(run: Run, cell: int | None, line: int | None) -> list[tuple[int, str, bool]]:
    """The lines of code around the place of an error."""
    if cell is None or line is None:
        return []
    groups = [run.pipeline.get("prelude", {}), *run.pipeline.get("steps", ())]
    source = next((c["source"] for group in groups for c in group.get("cells", ()) if c["index"] == cell), "")
    lines = source.splitlines()
    first, last = max(1, line - _SOURCE_CONTEXT), min(len(lines), line + _SOURCE_CONTEXT)
    return [(number, lines[number - 1], number == line) for number in range(first, last + 1)]


def _log_tail(run: Run, step: str | None, store: RunStore, out: Out) -> None:
    path = store.log_path(run.id, step)
    size = path.stat().st_size if path.exists() else 0
    text, _ = store.read_log(run.id, step, max(0, size - _LOG_BYTES))
    lines = printable_lines(text.strip("\n")) if text.strip() else []
    if lines:
        out.line("  last lines of its log:" if len(lines) > _LOG_LINES else "  its log:")
        for line in lines[-_LOG_LINES:]:
            out.line(f"    {line}")


def next_commands(run: Run, failed: list[StepRun]) -> list[tuple[str, str]]:
    """What to type next, and what for."""
    found = []
    if failed:
        step = shlex.quote(failed[0].name)
        found.append((f"kfjlab logs {run.id} --step {step}", "all that it printed"))
        found.append(
            (
                f"%kfjlab load {run.id} {step} --before",
                "its variables, in a notebook (after %load_ext kfjlab)",
            )
        )
    if run.state.final and run.state is not RunState.SUCCEEDED:
        stopped = run.state in (RunState.CANCELLED, RunState.INTERRUPTED)
        when = "goes on where it was stopped" if stopped else "goes on after a fix"
        found.append((f"kfjlab resume {run.id}", f"{when}; only what is needed runs again"))
    width = max((len(command) for command, _ in found), default=0)
    return [(command.ljust(width), purpose) for command, purpose in found]


def step_table(steps: tuple[StepRun, ...], out: Out) -> None:
    """Write a line for each step; the time of a reused one is what it took when it was executed."""
    if not steps:
        return
    rows = []
    for step in steps:
        error = step.error or {}
        where = place(error.get("cell"), error.get("line"))
        note = f"{where}: {error.get('message')}" if error and where else str(error.get("message", ""))
        how, took = "reused" if step.cached else step.state.value, duration(step.seconds)
        rows.append((step.name, how, f"({took})" if step.cached and took else took, note))
    out.table(("STEP", "STATE", "TIME", ""), rows, right=(2,))
