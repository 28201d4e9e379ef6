"""The verbs: what ``kfjlab`` does on the command line, as functions. Each imports what it needs when it is called."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kfjlab.notebook.pipeline import Pipeline
    from kfjlab.notebook.problems import Problem
    from kfjlab.notebook.suggest import Suggestion
    from kfjlab.runs.model import GcReport
    from kfjlab.runs.store import RunStore

    from .loading import Loaded
    from .result import RunResult
    from .tagging import CellRow

Notebook = str | os.PathLike[str]


def analyze(notebook: Notebook) -> Pipeline:
    """The pipeline that a notebook is: steps, parameters, edges, problems. Never changes the file.

    Raises :class:`~kfjlab.notebook.problems.NotebookError` when no pipeline can be made of it at all.
    """
    from pathlib import Path

    from kfjlab.notebook.analyze import analyze as analyze_notebook

    return analyze_notebook(Path(notebook))


def check(notebook: Notebook) -> tuple[Problem, ...]:
    """What is wrong with a notebook, errors first; each with cell, line and, where there is one, its fix."""
    from pathlib import Path

    from .checking import problems_of

    return problems_of(Path(notebook))


def suggest(notebook: Notebook, *, apply: bool = False) -> Suggestion:
    """Steps for a notebook without any, from its headings and dataflow. ``apply``: write the tags into the notebook.

    Raises :class:`~kfjlab.notebook.problems.NotebookError` and :class:`~kfjlab.notebook.edits.EditError`.
    """
    from pathlib import Path

    from kfjlab.notebook.suggest import apply_suggestion
    from kfjlab.notebook.suggest import suggest as suggest_steps

    suggestion = suggest_steps(Path(notebook))
    if apply:
        apply_suggestion(notebook, suggestion)
    return suggestion


def tags(notebook: Notebook) -> list[CellRow]:
    """The code cells of a notebook with their tags and where each belongs. :mod:`kfjlab.notebook.edit` has the functions that change
    tags. Raises :class:`~kfjlab.notebook.problems.NotebookError`."""
    from pathlib import Path

    from .tagging import list_cells

    return list_cells(Path(notebook))


def graph(notebook: Notebook, format: str = "text", *, width: int | None = None) -> str:  # noqa: A002
    """A notebook's graph as ``text`` (a drawing with box characters, when it fits into ``width`` columns), ``mermaid``, ``dot``
    or ``json``. Raises :class:`~kfjlab.notebook.problems.NotebookError`."""
    from .graphs import render

    return render(analyze(notebook), format, width=width)


def run(
    notebook: Notebook,
    parameters: Mapping[str, Any] | None = None,
    *,
    steps: Sequence[str] = (),
    start_from: Sequence[str] = (),
    cache: bool = True,
    keep_going: bool = False,
    max_parallel: int = 0,
    kernel: str | None = None,
    target: str = "local",
    output: Notebook | None = None,
    wait: bool = True,
    progress: bool = True,
    check: bool = False,
) -> RunResult:
    """Run a notebook as a pipeline.

    Parameters
    ----------
    notebook
        Path of the notebook. It is never changed.
    parameters
        Values of the notebook's parameters, by name; the others keep their defaults.
    steps, start_from
        Only these steps, with what they need; steps that must be executed, with all that follow them, even if a result can be reused.
    cache, keep_going
        Reuse results of earlier runs; after a failure go on with steps that do not depend on it.
    max_parallel
        Steps at the same time (0: as many as there are cores).
    kernel, target
        The name of a kernelspec instead of the notebook's own; where to run.
    output
        Where to write one copy of the whole notebook with its outputs (only with ``wait``).
    wait, progress
        Wait for the end; print a line on standard error whenever something happens. An interrupt (Ctrl-C, the kernel's stop button)
        cancels the run.
    check
        Raise :class:`RunFailedError` unless the run succeeds.

    Raises
    ------
    RefusedError
        When it was not started: the notebook has errors, a parameter is unknown or has the wrong type, … (``problems`` says all).
    """
    from pathlib import Path

    from kfjlab.targets.base import RefusedError

    from .executed import check_output
    from .preparing import prepare

    if output is not None and not wait:
        raise RefusedError("output is written when the run is over, so it needs wait=True.")
    plan = prepare(
        notebook,
        parameters=parameters,
        steps=steps,
        start_from=start_from,
        cache=cache,
        keep_going=keep_going,
        max_parallel=max_parallel,
        kernel=kernel,
        target=target,
    )
    if output is not None:
        check_output(Path(output), Path(notebook))
    run_id = plan.start()
    if not wait:
        return show(run_id)
    result = _wait(run_id, 0, progress, plan.problems)
    if output is not None:
        from .executed import executed_notebook, write_executed

        content = executed_notebook(plan.document, result.run, result.steps)
        write_executed(Path(output), Path(notebook), content)
    return _checked(result, check)


def resume(
    run: str | RunResult, *, wait: bool = True, progress: bool = True, check: bool = False
) -> RunResult:
    """Go on with a run that failed, was cancelled or interrupted; reads the notebook again and executes only what is needed.

    Raises :class:`~kfjlab.targets.base.RefusedError` while it still runs, or when the notebook has errors now.
    """
    from .resuming import prepare_resume

    plan = prepare_resume(_id(run))
    after = plan.start()
    if not wait:
        return show(plan.run.id)
    return _checked(_wait(plan.run.id, after, progress, plan.problems), check)


def wait(run: str | RunResult, *, progress: bool = True, check: bool = False) -> RunResult:
    """Wait until a run is over. ``progress`` and ``check`` as in :func:`run`."""
    with _store() as store:
        found = store.get_run(_id(run))
    return _checked(_wait(found.id, 0, progress, None), check)


def cancel(run: str | RunResult) -> RunResult:
    """Ask a run to stop; nothing happens when it is over. The run as it is now."""
    from kfjlab.targets.base import find_target

    with _store() as store:
        found = store.get_run(_id(run))
    if not found.state.final:
        find_target(found.target).cancel(found.id)
    return show(found.id)


def runs(
    limit: int = 50,
    *,
    notebook: Notebook | None = None,
    state: str | Collection[str] | None = None,
    text: str | None = None,
    experiment: str | None = None,
    target: str | None = None,
) -> list[RunResult]:
    """The runs so far, newest first; only those of a notebook, in a state, or with all words of ``text`` in name, path or parameters."""
    from pathlib import Path

    from kfjlab.runs.errors import StoreError
    from kfjlab.runs.model import RunState

    from .result import RunResult

    try:
        store = _store()
    except StoreError as error:
        if error.kind == "missing":
            return []
        raise
    states = (
        None if state is None else {RunState(one) for one in ([state] if isinstance(state, str) else state)}
    )
    with store:
        found = store.list_runs(
            limit,
            notebook=None if notebook is None else str(Path(notebook).absolute()),
            state=states,
            text=text,
            experiment=experiment,
            target=target,
        )
        return [RunResult(one, tuple(store.get_steps(one.id))) for one in found]


def show(run: str | RunResult) -> RunResult:
    """A run by its id, a beginning of it that fits no other, or ``last``."""
    from .result import result_of

    with _store() as store:
        return result_of(store, _id(run))


def logs(run: str | RunResult, step: str) -> str:
    """What a step has printed so far."""
    return show(run).log(step)


def diff(first: str | RunResult, second: str | RunResult) -> dict[str, Any]:
    """What differs between two runs: parameters, metrics, code, state and time of steps, artifacts."""
    from .comparing import compare

    with _store() as store:
        return compare(store, _id(first), _id(second))


def gc(older_than: float | None = None, max_size: int | None = None, *, dry_run: bool = False) -> GcReport:
    """Delete runs and results that were not used for ``older_than`` seconds, then the oldest until at most ``max_size`` bytes are
    left, then what nothing refers to."""
    with _store() as store:
        return store.gc(older_than, max_size, dry_run)


def load(
    run: str | RunResult,
    step: str,
    when: str = "after",
    names: Sequence[str] | None = None,
    *,
    into: dict[str, Any] | None = None,
) -> Loaded:
    """Put a step's variables, as they were ``before`` or ``after`` it, into the live kernel, and return them by name.

    So that the step's code can be executed there, what the imports and functions cells import and define comes along, where the
    kernel does not have it: those statements are executed in it. Variables are replaced; what they were is added to ``kfjlab_replaced``,
    by name, oldest first. When it fails, all is as it was.

    Parameters
    ----------
    run
        A run, its id, a beginning of it, or ``last``.
    step, when
        ``before``: what the step reads; ``after``: that, and what it wrote.
    names
        Only these, of all names there were at that point; what they need and share comes along.
    into
        The namespace to put them into; default the globals of the caller, which in a notebook are its variables.

    Raises
    ------
    LoadError
        When a step or variable does not exist, or a value is not there any more.
    """
    from .loading import step_variables

    namespace = sys._getframe(1).f_globals if into is None else into
    return step_variables(_id(run), step, when, names, namespace)


def _id(run: str | RunResult) -> str:
    return run if isinstance(run, str) else run.id


def _store() -> RunStore:
    from kfjlab.runs.store import RunStore

    return RunStore(create=False)


def _checked(result: RunResult, check: bool) -> RunResult:
    from .result import RunFailedError

    if check and not result.succeeded:
        raise RunFailedError(result)
    return result


def _wait(run_id: str, after: int, progress: bool, problems: Sequence[Problem] | None) -> RunResult:
    """Follow a run to its end; an interrupt cancels it."""
    from .following import follow
    from .plain import PlainDisplay
    from .progress import Progress
    from .result import result_of

    with _store() as store:
        view = Progress(store.get_run(run_id), store.get_steps(run_id))
        display = PlainDisplay(view, sys.stderr) if progress else None
        if display is not None:
            display.note(f"run {run_id}")
        try:
            follow(store, run_id, (lambda _: None) if display is None else display.event, after=after)
        except KeyboardInterrupt:
            cancel(run_id)
            raise
        return result_of(store, run_id, problems)
