"""What the steps of a run made: executed cells, rich outputs, artifacts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kfjlab.runs.store import RunStore
from kfjlab.verbs.previewing import preview as preview_of

from . import models
from .context import Context
from .failures import RequestFailure

LARGEST_OUTPUT = 4 * 1024 * 1024
"""Characters of one output that are sent."""


def executed(context: Context, run: str, query: models.StepQuery) -> dict[str, Any]:
    """The executed cells of a step as a notebook (nbformat 4)."""
    with RunStore(create=False) as store:
        found = store.get_run(run)
        for step in store.get_steps(found.id):
            if step.name == query.step:
                return _read(step.notebook, step.name)
    raise RequestFailure(404, f"Run {found.id} has no step {query.step!r}.")


def outputs(context: Context, run: str, query: models.StepQuery) -> models.Outputs:
    """The rich outputs of steps."""
    with RunStore(create=False) as store:
        found = store.get_run(run)
        steps = [s for s in store.get_steps(found.id) if query.step in ("", s.name)]
    return models.Outputs(
        steps=[models.StepOutputs(step=step.name, outputs=_rich(step.notebook)) for step in steps]
    )


def artifacts(context: Context, run: str) -> models.Artifacts:
    """The tables, arrays, models and figures of a run."""
    with RunStore(create=False) as store:
        return models.Artifacts(artifacts=store.get_artifacts(store.get_run(run).id))


def preview(context: Context, run: str, query: models.PreviewQuery) -> models.PreviewView:
    """What there is to see of a value that a step made."""
    found = preview_of(run, query.step, query.name)
    table = models.PreviewTable(
        columns=list(found.columns), index=list(found.index), rows=[list(row) for row in found.rows]
    )
    return models.PreviewView(
        kind=found.kind,
        type=found.type,
        summary=found.summary,
        size=found.size,
        table=table if found.columns or found.index else None,
        png=found.png or None,
        text=found.text or None,
    )


def lineage(context: Context, run: str, query: models.LineageQuery) -> models.LineageView:
    """Where an artifact comes from, and what was made of it."""
    with RunStore(create=False) as store:
        store.get_run(run)
        found = store.lineage(query.digest)
    return models.LineageView(
        artifacts=list(found.artifacts), sources=list(found.sources), uses=list(found.uses)
    )


def _read(path: str | None, step: str) -> dict[str, Any]:
    try:
        if path is None:
            raise FileNotFoundError
        notebook: dict[str, Any] = json.loads(Path(path).read_bytes())
    except FileNotFoundError:
        raise RequestFailure(404, f"Step {step!r} has executed no cells yet.") from None
    return notebook


def _rich(path: str | None) -> list[models.Output]:
    if path is None or not Path(path).exists():
        return []
    found = []
    for cell in json.loads(Path(path).read_bytes()).get("cells", ()):
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            if set(data) - {"text/plain"}:
                bundle = {mime: _whole(mime, value) for mime, value in data.items()}
                kept = {mime: value for mime, value in bundle.items() if len(str(value)) <= LARGEST_OUTPUT}
                found.append(
                    models.Output(
                        cell=str(cell.get("id", "")), data=kept, left_out=sorted(set(data) - set(kept))
                    )
                )
    return found


def _whole(mime: str, value: Any) -> Any:
    """Content of a mime bundle as one text, which files may keep as a list of lines; JSON stays what it is."""
    if isinstance(value, list) and not mime.endswith("json"):
        return "".join(map(str, value))
    return value
