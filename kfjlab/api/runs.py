"""Runs: listed, started, looked at, stopped, gone on with, deleted."""

from __future__ import annotations

from typing import Any

from kfjlab.notebook.pipeline import Pipeline
from kfjlab.runs.errors import StoreError
from kfjlab.runs.model import Run
from kfjlab.runs.store import RunStore
from kfjlab.verbs.preparing import prepare
from kfjlab.verbs.result import earlier_ends, result_of
from kfjlab.verbs.resuming import prepare_resume
from kfjlab.verbs.wording import plain_json

from . import models
from .context import Context
from .rules import LOCKABLE
from .views import run_summary, step_run

_NO_OPTIONS = {"max_parallel": 0}
"""For runs of targets that keep none."""


def list_runs(context: Context, query: models.RunQuery) -> models.RunPage:
    """Runs, newest first."""
    try:
        store = RunStore(create=False)
    except StoreError as error:
        if error.kind == "missing":
            return models.RunPage(runs=[], total=0, next=None)
        raise
    conditions: dict[str, Any] = {
        "state": query.state or None,
        "notebook": None if query.notebook is None else str(context.file(query.notebook)),
        "text": query.text or None,
        "experiment": query.experiment,
        "target": query.target,
    }
    with store:
        runs = store.list_runs(query.limit, before=query.before, **conditions)
        total = store.count_runs(**conditions)
        page = [run_summary(context, run, store.get_steps(run.id)) for run in runs]
    return models.RunPage(runs=page, total=total, next=runs[-1].id if len(runs) == query.limit else None)


def start(context: Context, body: models.RunRequest) -> models.Started:
    """Run a notebook as it is saved."""
    defaults = body.model_dump(include=set(LOCKABLE))
    options = context.rules.options(
        {name: defaults[name] for name in defaults.keys() & body.model_fields_set}, defaults
    )
    plan = prepare(
        context.file(body.path),
        parameters=body.parameters,
        texts=body.texts,
        steps=body.steps,
        start_from=body.start_from,
        **options,
    )
    context.rules.check_pipeline(plan.pipeline)
    run_id = plan.start()
    with RunStore(create=False) as store:
        return models.Started(
            run=run_summary(context, store.get_run(run_id), store.get_steps(run_id)),
            problems=list(plan.problems),
        )


def get(context: Context, run: str) -> models.RunDetail:
    """A run."""
    with RunStore(create=False) as store:
        # Asked first: what happens meanwhile is told again by events rather than missed.
        offset = store.last_offset(store.get_run(run).id)
        result = result_of(store, run)
        found = result.run
        pipeline = _pipeline(found)
        planned = {step["name"]: step for step in found.pipeline.get("steps", ())}
        return models.RunDetail(
            summary=run_summary(context, found, result.steps),
            offset=offset,
            steps=[step_run(step, planned.get(step.name, {})) for step in result.steps],
            edges=list(pipeline.edges),
            problems=list(result.problems),
            earlier_ends=[
                models.EarlierEnd(time=end.time, state=end.state, error=end.error)
                for end in earlier_ends(store, found)
            ],
            options=plain_json(found.options),
            environment={"files": found.folder, "kernel": pipeline.kernel},
        )


def events(context: Context, run: str, query: models.EventQuery) -> models.Events:
    """What happened in a run."""
    with RunStore(create=False) as store:
        return models.Events(events=store.events(store.get_run(run).id, query.after, query.limit))


def delete(context: Context, run: str) -> models.RunSummary:
    """Delete a run that is over: as it was."""
    with RunStore(create=False) as store:
        found = store.get_run(run)
        summary = run_summary(context, found, store.get_steps(found.id))
        store.delete_run(found.id)
    return summary


def cancel(context: Context, run: str) -> models.RunSummary:
    """Ask a run to stop."""
    from kfjlab.verbs import cancel as cancel_run

    result = cancel_run(run)
    return run_summary(context, result.run, result.steps)


def resume(context: Context, run: str) -> models.Started:
    """Go on with a run that is over; its notebook is read again."""
    plan = prepare_resume(run)
    allowed = context.rules.check_options({**_NO_OPTIONS, **plan.run.options, "target": plan.run.target})
    context.rules.check_pipeline(plan.pipeline or _pipeline(plan.run))
    plan.start(allowed["max_parallel"])
    with RunStore(create=False) as store:
        found = store.get_run(plan.run.id)
        return models.Started(
            run=run_summary(context, found, store.get_steps(found.id)), problems=list(plan.problems)
        )


def _pipeline(run: Run) -> Pipeline:
    """The pipeline that a run was started with; one without steps where the target kept none."""
    return Pipeline.from_json(run.pipeline) if run.pipeline else Pipeline(run.name, run.notebook, ())
