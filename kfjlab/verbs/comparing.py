"""What differs between two runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from kfjlab.notebook.pipeline import Pipeline, Step
from kfjlab.runs.model import Artifact, Run, StepRun
from kfjlab.runs.store import RunStore

from .wording import plain_json

_ABSENT: Any = object()
_NOTABLE_SECONDS, _NOTABLE_SHARE = 0.1, 0.1
"""Times of a step differ when they do by so much, and by this share."""


def compare(store: RunStore, first: str, second: str) -> dict[str, Any]:
    """The differences between two runs as plain data; equal things are left out.

    ``parameters`` and ``metrics``: name → ``[in the first, in the second]``, None where there is none. ``steps``: name → what
    differs of its ``code`` (a unified diff), ``state``, ``cached``, ``seconds`` (where they
    differ notably in steps that were executed).
    ``prelude``: a unified diff of the cells that every step starts from. ``artifacts``: step and name → the pair of digests,
    type and size.
    """
    runs = [store.get_run(first), store.get_run(second)]
    steps = [{step.name: step for step in store.get_steps(run.id)} for run in runs]
    artifacts = [{(a.step, a.name): a for a in store.get_artifacts(run.id)} for run in runs]
    pipelines = [Pipeline.from_json(run.pipeline) for run in runs]
    return {
        "runs": [_head(run) for run in runs],
        "parameters": _pairs(runs[0].parameters, runs[1].parameters),
        "metrics": plain_json(_pairs(runs[0].metrics, runs[1].metrics)),
        "prelude": _code_diff(*(("\n\n".join(c.source for c in p.prelude.cells)) for p in pipelines)),
        "steps": _steps(steps[0], steps[1], *pipelines),
        "artifacts": [
            {"step": key[0], "name": key[1], "first": _artifact(one), "second": _artifact(other)}
            for key, (one, other) in _both(artifacts[0], artifacts[1]).items()
            if one is None or other is None or one.digest != other.digest
        ],
    }


def _head(run: Run) -> dict[str, Any]:
    seconds = None if run.started is None or run.ended is None else run.ended - run.started
    return {
        "id": run.id,
        "name": run.name,
        "notebook": run.notebook,
        "state": run.state.value,
        "created": run.created,
        "seconds": seconds,
    }


def _both(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> dict[Any, tuple[Any, Any]]:
    return {key: (one.get(key), other.get(key)) for key in dict.fromkeys((*one, *other))}


def _pairs(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, list[Any]]:
    return {
        name: [one.get(name), other.get(name)]
        for name in dict.fromkeys((*one, *other))
        if not _same(one.get(name, _ABSENT), other.get(name, _ABSENT))
    }


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b or (a != a and b != b))


def _steps(
    one: Mapping[str, StepRun], other: Mapping[str, StepRun], first: Pipeline, second: Pipeline
) -> dict[str, Any]:
    codes = [{step.name: step for step in pipeline.steps} for pipeline in (first, second)]
    found = {}
    for name, (a, b) in _both(one, other).items():
        if a is None or b is None:
            found[name] = {"state": [a and a.state.value, b and b.state.value]}
            continue
        differs: dict[str, Any] = {}
        code = _code_diff(_source(codes[0].get(name)), _source(codes[1].get(name)))
        if code:
            differs["code"] = code
        if a.state is not b.state:
            differs["state"] = [a.state.value, b.state.value]
        if a.cached != b.cached:
            differs["cached"] = [a.cached, b.cached]
        if not (a.cached or b.cached) and _other_time(a.seconds, b.seconds):
            differs["seconds"] = [a.seconds, b.seconds]
        if differs:
            found[name] = differs
    return found


def _other_time(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return False
    return abs(one - other) >= max(_NOTABLE_SECONDS, _NOTABLE_SHARE * max(one, other))


def _source(step: Step | None) -> str:
    return "" if step is None else "\n\n".join(cell.source for cell in step.cells)


def _code_diff(one: str, other: str) -> list[str]:
    lines: Iterable[str] = difflib.unified_diff(one.splitlines(), other.splitlines(), lineterm="", n=2)
    return list(lines)[2:]  # without the names of files that there are none of


def _artifact(artifact: Artifact | None) -> dict[str, Any] | None:
    if artifact is None:
        return None
    return {
        "digest": artifact.digest,
        "type": artifact.type,
        "size": artifact.size,
        "summary": artifact.summary,
    }
