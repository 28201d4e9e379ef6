"""Which steps of a pipeline take part in a run, and which must be executed."""

from __future__ import annotations

from collections.abc import Iterable

from kfjlab.notebook.pipeline import Pipeline


def selected(pipeline: Pipeline, names: Iterable[str]) -> set[int]:
    """Positions of the named steps and of everything before them that they depend on; all steps when none is named."""
    wanted = set(names)
    if not wanted:
        return set(range(len(pipeline.steps)))
    before: dict[str, set[str]] = {}
    for edge in pipeline.edges:
        before.setdefault(edge.target, set()).add(edge.source)
    return _positions(pipeline, _closure(wanted, before))


def forced(pipeline: Pipeline, names: Iterable[str]) -> set[int]:
    """Positions of the named steps and of everything after them that depends on them."""
    after: dict[str, set[str]] = {}
    for edge in pipeline.edges:
        after.setdefault(edge.source, set()).add(edge.target)
    return _positions(pipeline, _closure(set(names), after))


def _closure(names: set[str], neighbours: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += neighbours.get(name, ())
    return found


def _positions(pipeline: Pipeline, names: set[str]) -> set[int]:
    return {i for i, step in enumerate(pipeline.steps) if step.name in names}
