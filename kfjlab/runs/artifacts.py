"""Metrics and artifacts of runs, and what was made from what."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable, Mapping

from .base import StoreBase
from .model import Artifact, Lineage
from .rows import text_in, text_out
from .session import Session

_LONGEST_LINEAGE = 10_000
"""Artifacts at most in each direction of a lineage."""


class Artifacts(StoreBase):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def set_metrics(self, run_id: str, metrics: Mapping[str, float], step: str = "") -> None:
        """These are now the metrics of a step ("": of the run as a whole)."""
        with self._db.write() as session:
            seq, key = self._seq(session, run_id), text_in(step)
            session.run("DELETE FROM metrics WHERE run=? AND step=?", (seq, key))
            values = ((seq, key, text_in(name), _number(value)) for name, value in metrics.items())
            session.run_many("INSERT INTO metrics VALUES (?, ?, ?, ?)", values)

    def put_artifacts(self, run_id: str, step: str, artifacts: Iterable[Artifact]) -> None:
        """These are now the artifacts of a step (their ``run_id`` and ``step`` are not looked at)."""
        with self._db.write() as session:
            seq, key = self._seq(session, run_id), text_in(step)
            session.run("DELETE FROM artifacts WHERE run=? AND step=?", (seq, key))
            for artifact in artifacts:
                values = (
                    artifact.name,
                    artifact.kind,
                    artifact.type,
                    artifact.digest,
                    artifact.size,
                    artifact.summary,
                )
                row = session.run(
                    "INSERT INTO artifacts (run, step, name, kind, type, digest, size, summary) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (seq, key, *(text_in(value) if isinstance(value, str) else value for value in values)),
                ).lastrowid
                session.run_many(
                    "INSERT INTO artifact_inputs VALUES (?, ?)",
                    ((row, digest) for digest in set(artifact.inputs)),
                )

    def get_artifacts(self, run_id: str, step: str | None = None) -> list[Artifact]:
        """The artifacts of a run, or of one of its steps, in the order of the steps and then of their names."""
        with self._db.read() as session:
            seq = self._seq(session, run_id)
            one, values = ("", [seq]) if step is None else ("AND a.step=?", [seq, text_in(step)])
            rows = session.rows(
                f"""{_SELECT} LEFT JOIN steps s ON s.run=a.run AND s.name=a.step
                WHERE a.run=? {one} ORDER BY s.position, a.step, a.name""",
                values,
            )
            return _artifacts(session, rows)

    def lineage(self, digest: str) -> Lineage:
        """Which artifacts the object with this digest is, which others it was made from, and which were made
        from it, in all runs.

        Goes through artifacts alone: what passed from step to step as something that is not an artifact has no
        trace here.
        """
        with self._db.read() as session:
            own = session.rows(f"{_SELECT} WHERE a.digest=? ORDER BY a.id", (digest,))
            up = """SELECT i.digest FROM found f JOIN artifacts a ON a.digest=f.digest JOIN artifact_inputs i ON i.artifact=a.id"""
            down = """SELECT a.digest FROM found f JOIN artifact_inputs i ON i.digest=f.digest JOIN artifacts a ON a.id=i.artifact"""
            return Lineage(
                digest,
                tuple(_artifacts(session, own)),
                tuple(_reachable(session, digest, up)),
                tuple(_reachable(session, digest, down)),
            )


_SELECT = "SELECT a.*, r.id AS run_id FROM artifacts a JOIN runs r ON r.seq=a.run"


def _reachable(session: Session, digest: str, edge: str) -> list[Artifact]:
    """Artifacts that can be reached by going along ``edge`` (a query from ``found``) again and again, nearest
    first."""
    step = edge.replace("SELECT ", "SELECT 1 + f.distance, ", 1)
    rows = session.rows(
        f"""WITH RECURSIVE found (distance, digest) AS (SELECT 0, ? UNION {step} WHERE f.distance < 100 LIMIT {_LONGEST_LINEAGE}),
        nearest AS (SELECT digest, min(distance) AS distance FROM found GROUP BY digest)
        {_SELECT} JOIN nearest n ON n.digest=a.digest WHERE a.digest<>? ORDER BY n.distance, a.id""",
        (digest, digest),
    )
    return _artifacts(session, rows)


def _artifacts(session: Session, rows: list[sqlite3.Row]) -> list[Artifact]:
    """Rows of :data:`_SELECT`."""
    found = []
    for row in rows:
        inputs = session.rows(
            "SELECT digest FROM artifact_inputs WHERE artifact=? ORDER BY digest", (row["id"],)
        )
        found.append(
            Artifact(
                run_id=row["run_id"],
                step=text_out(row["step"]),
                name=text_out(row["name"]),
                kind=text_out(row["kind"]),
                type=text_out(row["type"]),
                digest=row["digest"],
                size=row["size"],
                summary=text_out(row["summary"]),
                inputs=tuple(one["digest"] for one in inputs),
            )
        )
    return found


def _number(value: float) -> float | None:
    """As the column holds it: SQLite turns not-a-number into NULL anyway."""
    number = float(value)
    return None if math.isnan(number) else number
