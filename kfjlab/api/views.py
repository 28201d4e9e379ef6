"""From the values of other rooms to the models that are answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from kfjlab.notebook.document import Document
from kfjlab.notebook.pipeline import Cell, Pipeline, Step
from kfjlab.notebook.problems import Problem
from kfjlab.notebook.tags import read_cell
from kfjlab.runs.model import Run, StepRun
from kfjlab.verbs.result import error_text
from kfjlab.verbs.wording import plain_json

from . import models
from .context import Context


def pipeline_view(document: Document, pipeline: Pipeline) -> models.PipelineView:
    """The pipeline that a notebook is."""
    belongs: dict[int, tuple[Cell, Step | None]] = {
        cell.index: (cell, None) for cell in pipeline.prelude.cells
    }
    belongs |= {cell.index: (cell, step) for step in pipeline.steps for cell in step.cells}
    cells = []
    for raw in document.cells:
        if raw.kind != "code":
            continue
        ignored: list[Problem] = []
        tags = read_cell(raw.index, raw.metadata, ignored)
        cell, step = belongs.get(raw.index, (None, None))
        cells.append(
            models.CellView(
                id=raw.id,
                index=raw.index,
                role=cell.role if cell is not None else tags.role,
                step=None if step is None else step.name,
                tagged=tags.role is not None or tags.step is not None,
                after=list(tags.after),
            )
        )
    return models.PipelineView(
        name=pipeline.name,
        description=pipeline.description,
        experiment=pipeline.experiment,
        kernel=pipeline.kernel,
        untagged=not any(cell.tagged for cell in cells),
        runnable=not pipeline.errors and bool(pipeline.steps),
        cells=cells,
        steps=[_step(step) for step in pipeline.steps],
        edges=list(pipeline.edges),
        parameters=list(pipeline.parameters),
        problems=list(pipeline.problems),
    )


def no_pipeline(problems: Sequence[Problem]) -> models.PipelineView:
    """What is shown of a notebook that no pipeline can be made of."""
    return models.PipelineView(
        name="",
        description="",
        experiment=None,
        kernel="",
        untagged=False,
        runnable=False,
        cells=[],
        steps=[],
        edges=[],
        parameters=[],
        problems=list(problems),
    )


def _step(step: Step) -> models.StepView:
    return models.StepView(
        name=step.name,
        role=step.role,
        implicit=step.implicit,
        cells=[cell.id for cell in step.cells],
        after=list(step.after),
        settings=step.settings,
        reads=sorted(step.flow.reads),
        writes=sorted(step.flow.writes),
    )


def run_summary(context: Context, run: Run, steps: Sequence[StepRun]) -> models.RunSummary:
    """A run as a list shows it."""
    return models.RunSummary(
        id=run.id,
        name=run.name,
        notebook=context.contents_path(run.notebook),
        file=run.notebook,
        target=run.target,
        experiment=run.experiment,
        owner=run.owner,
        state=run.state,
        created=run.created,
        started=run.started,
        ended=run.ended,
        parameters=plain_json(run.parameters),
        given=list(run.options.get("given", ())),
        metrics=plain_json(run.metrics),
        steps=dict(Counter(step.state for step in steps)),
        error=error_text(run, steps),
    )


def step_run(step: StepRun, planned: Mapping[str, Any]) -> models.StepRunView:
    """A step of a run. ``planned``: the step in the JSON of the run's pipeline."""
    return models.StepRunView(
        name=step.name,
        position=step.position,
        role=planned.get("role", "step"),
        cells=[cell["id"] for cell in planned.get("cells", ())],
        indices=[cell["index"] for cell in planned.get("cells", ())],
        state=step.state,
        cached=step.cached,
        attempt=step.attempt,
        started=step.started,
        ended=step.ended,
        seconds=step.seconds,
        peak_memory=step.peak_memory,
        error=None if step.error is None else _fault(step.error),
    )


def _fault(error: Mapping[str, Any]) -> models.StepFault:
    return models.StepFault(
        kind=str(error.get("kind", "")),
        message=str(error.get("message", "")),
        cell=error.get("cell"),
        line=error.get("line"),
        fix=error.get("fix") or None,
        traceback=str(error.get("traceback") or ""),
    )
