"""Going on with a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kfjlab.notebook.document import Document
from kfjlab.notebook.parameters import resolve
from kfjlab.notebook.pipeline import Pipeline
from kfjlab.notebook.problems import Problem, Severity
from kfjlab.runs.model import Run
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RefusedError, RunOptions, Target, find_target

from .checking import problems_there
from .preparing import read, refusal_text


@dataclass(frozen=True)
class ResumePlan:
    """A run that may go on. ``pipeline`` and ``document`` are None when the notebook is not there any more: it goes on with
    the pipeline it had."""

    run: Run
    target: Target
    pipeline: Pipeline | None
    document: Document | None
    problems: tuple[Problem, ...]

    def start(self, max_parallel: int | None = None) -> int:
        """Start it, from now on with another ``max_parallel`` if one is given; the offset behind which its new events come."""
        with RunStore(create=False) as store:
            after = store.last_offset(self.run.id)
        self.target.resume(self.run.id, self.pipeline, max_parallel)
        return after


def prepare_resume(run_id: str) -> ResumePlan:
    """Read and check the notebook of a run again. Raises :class:`RefusedError` when it still runs or the notebook has errors."""
    with RunStore(create=False) as store:
        run = store.get_run(run_id)
    if not run.state.final:
        raise RefusedError(
            f"Run {run.id} is {run.state.value}. 'kfjlab logs -f {run.id}' follows it, 'kfjlab cancel {run.id}' stops it."
        )
    target = find_target(run.target)
    notebook = Path(run.notebook)
    if not notebook.exists():
        message = f"{notebook} is not there any more; the run goes on with the cells that it had."
        gone = Problem("notebook-gone", Severity.WARNING, message)
        return ResumePlan(run, target, None, None, (gone,))
    document, pipeline = read(notebook)
    known = {parameter.name for parameter in pipeline.parameters}
    given = run.options.get("given", ())
    problems = [
        Problem("parameter-gone", Severity.WARNING, f"The notebook has no parameter {name!r} any more.")
        for name in given
        if name not in known
    ]
    kept = {name: run.parameters[name] for name in given if name in known}
    problems += [*resolve(pipeline.parameters, kept)[1], *pipeline.problems]
    options = RunOptions(parameters=kept, kernel=run.options.get("kernel"))
    problems += problems_there(target, pipeline, options)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    if errors:
        raise RefusedError(refusal_text(errors), tuple(problems))
    return ResumePlan(run, target, pipeline, document, tuple(problems))
