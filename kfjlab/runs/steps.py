"""The steps of a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from .base import StoreBase
from .errors import StoreError
from .model import StepRun, StepState
from .rows import STEP_COLUMNS, step_from, step_value, step_values, text_in
from .session import Session

_FIELDS = frozenset(field.name for field in dataclasses.fields(StepRun)) - {"run_id", "name"}


class Steps(StoreBase):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def put_steps(self, run_id: str, steps: Iterable[StepRun]) -> None:
        """Make these all the steps of the run; metrics and artifacts of the former ones go."""
        with self._db.write() as session:
            write_steps(session, self._seq(session, run_id), steps)

    def get_steps(self, run_id: str) -> list[StepRun]:
        """The steps of a run in notebook order."""
        with self._db.read() as session:
            seq = self._seq(session, run_id)
            rows = session.rows("SELECT * FROM steps WHERE run=? ORDER BY position", (seq,))
        return [step_from(row, run_id) for row in rows]

    def update_step(self, run_id: str, name: str, **fields: Any) -> None:
        """Change fields of a step, named as in :class:`~kfjlab.runs.model.StepRun`. Metrics and artifacts
        belong to the latest attempt: those of an earlier one go when the step waits or runs again. Raises
        :class:`StoreError` when there is no such step."""
        unknown = fields.keys() - _FIELDS
        if unknown:
            raise TypeError(f"StepRun has no field {', '.join(sorted(unknown))}")
        with self._db.write() as session:
            seq, key = self._seq(session, run_id), text_in(name)
            setters = ", ".join(f"{field}=?" for field in fields) or "name=name"
            values = [step_value(field, value) for field, value in fields.items()]
            changed = session.run(f"UPDATE steps SET {setters} WHERE run=? AND name=?", (*values, seq, key))
            if not changed.rowcount:
                raise StoreError("conflict", f"Run {run_id} has no step {name!r}.")
            if fields.get("state") in (StepState.WAITING, StepState.RUNNING):
                session.run("DELETE FROM metrics WHERE run=? AND step=?", (seq, key))
                session.run("DELETE FROM artifacts WHERE run=? AND step=?", (seq, key))


def write_steps(session: Session, seq: int, steps: Iterable[StepRun]) -> None:
    """Replace the steps of run number ``seq``."""
    for table in ("steps", "metrics", "artifacts"):
        session.run(f"DELETE FROM {table} WHERE run=?", (seq,))
    marks = ", ".join("?" * len(STEP_COLUMNS))
    session.run_many(
        f"INSERT INTO steps (run, {', '.join(STEP_COLUMNS)}) VALUES (?, {marks})",
        ((seq, *step_values(step)) for step in steps),
    )
