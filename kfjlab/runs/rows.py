"""Values ↔ what is in the tables."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .model import Run, RunEvent, RunState, StepRun, StepState

STEP_COLUMNS = (
    "name", "position", "state", "cached", "attempt", "started", "ended", "seconds", "peak_memory", "record", "error", "notebook", "log"
)  # fmt: skip
"""Columns of ``steps``, in the order of :func:`step_values`; also the fields of a StepRun less ``run_id``."""

_JSON_FIELDS = frozenset(("record", "error"))


def dump(value: Any) -> str:
    """JSON text of plain data (mappings of any kind count as objects). Lone surrogates, which names from
    notebooks may have and SQLite's text may not, become escapes."""
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not plain JSON data")


def dump_or_none(value: Mapping[str, Any] | None) -> str | None:
    """JSON text, None for None."""
    return None if value is None else dump(value)


def load(text: str | None) -> Any:
    """What :func:`dump_or_none` wrote."""
    return None if text is None else json.loads(text)


def text_in(value: str) -> str | bytes:
    """A string for a column. One with lone surrogates (paths that are not UTF-8) is kept as bytes, since SQLite
    takes only real text."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def text_out(value: str | bytes) -> str:
    """What :func:`text_in` put in."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def optional_in(value: str | None) -> str | bytes | None:
    """:func:`text_in` of what may be None."""
    return None if value is None else text_in(value)


def optional_out(value: str | bytes | None) -> str | None:
    """:func:`text_out` of what may be None."""
    return None if value is None else text_out(value)


def metric_out(value: float | None) -> float:
    """A metric's value; not-a-number is kept as NULL."""
    return math.nan if value is None else value


def search_text(name: str, notebook: str, parameters: Mapping[str, Any]) -> str:
    """What text search looks at."""
    lines = [name, notebook, *(f"{key}={value}" for key, value in parameters.items())]
    return "\n".join(lines).casefold().encode("utf-8", "replace").decode()


def run_from(
    row: sqlite3.Row, folder: Path, metrics: Mapping[str, float], pipeline: Mapping[str, Any] | None = None
) -> Run:
    """A row of ``runs``."""
    return Run(
        id=row["id"],
        name=text_out(row["name"]),
        notebook=text_out(row["notebook"]),
        target=text_out(row["target"]),
        state=RunState(row["state"]),
        created=row["created"],
        folder=str(folder),
        started=row["started"],
        ended=row["ended"],
        parameters=load(row["parameters"]),
        pipeline=pipeline or {},
        options=load(row["options"]),
        experiment=optional_out(row["experiment"]),
        error=load(row["error"]),
        supervisor=load(row["supervisor"]),
        owner=text_out(row["owner"]),
        metrics=metrics,
    )


def step_value(field: str, value: Any) -> Any:
    """A StepRun's field as its column holds it."""
    if field in _JSON_FIELDS:
        return dump_or_none(value)
    if field == "state":
        return StepState(value).value
    return text_in(value) if isinstance(value, str) else value


def step_values(step: StepRun) -> list[Any]:
    """A StepRun in the order of :data:`STEP_COLUMNS`."""
    return [step_value(field, getattr(step, field)) for field in STEP_COLUMNS]


def step_from(row: sqlite3.Row, run_id: str) -> StepRun:
    """A row of ``steps``."""
    return StepRun(
        run_id=run_id,
        name=text_out(row["name"]),
        position=row["position"],
        state=StepState(row["state"]),
        cached=bool(row["cached"]),
        attempt=row["attempt"],
        started=row["started"],
        ended=row["ended"],
        seconds=row["seconds"],
        peak_memory=row["peak_memory"],
        record=load(row["record"]),
        error=load(row["error"]),
        notebook=optional_out(row["notebook"]),
        log=optional_out(row["log"]),
    )


def event_from(row: sqlite3.Row, run_id: str) -> RunEvent:
    """A row of ``events``."""
    return RunEvent(
        run_id, row["offset"], row["time"], row["kind"], optional_out(row["step"]), load(row["data"])
    )
