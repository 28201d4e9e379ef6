"""Logs of steps, by parts."""

from __future__ import annotations

from kfjlab.runs.store import RunStore

from . import models
from .context import Context


def read(context: Context, run: str, query: models.LogQuery) -> models.LogPart:
    """A part of a step's log."""
    with RunStore(create=False) as store:
        found = store.get_run(run)
        step = query.step or None
        path = store.log_path(found.id, step)
        size = path.stat().st_size if path.exists() else 0
        start = min(query.after, size) if query.after >= 0 else max(0, size + query.after)
        text, end = store.read_log(found.id, step, start, query.limit)
    return models.LogPart(text=text, start=start, next=end, size=max(size, end))
