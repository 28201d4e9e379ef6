"""Logs of steps, by parts."""

from __future__ import annotations

from kfjlab.runs.store import RunStore
from kfjlab.verbs.log_search import search_log

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


def search(context: Context, run: str, query: models.LogSearch) -> models.LogMatches:
    """The lines of a step's log that have a text."""
    with RunStore(create=False) as store:
        path = store.log_path(store.get_run(run).id, query.step or None)
    found = search_log(path, query.text, after=query.after, line=query.line, limit=query.limit)
    return models.LogMatches(
        matches=[models.LogMatch(line=m.line, offset=m.offset, text=m.text) for m in found.matches],
        next=found.next,
        next_line=found.next_line,
    )
