"""Runs: created, found, listed, resumed, ended, deleted."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .base import append_event
from .errors import StoreError, UnknownRunError, explained
from .model import Run, RunState, StepRun, StepState
from .rows import dump, dump_or_none, load, metric_out, optional_in, run_from, search_text, text_in, text_out
from .session import Session
from .steps import write_steps
from .supervision import Supervision

_LETTERS = "abcdefghjkmnpqrstvwxyz"
"""Ids have no i, l, o, u, 0, 1: nothing to misread, and never "last"."""
_ID_LENGTH = 10
_ACTIVE = (RunState.QUEUED.value, RunState.RUNNING.value)


class Lifecycle(Supervision):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def create_run(
        self,
        *,
        name: str,
        notebook: str,
        target: str,
        parameters: Mapping[str, Any] | None = None,
        pipeline: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        experiment: str | None = None,
        owner: str | None = None,
        steps: Sequence[StepRun] = (),
        supervised: bool = True,
    ) -> Run:
        """A new run, ``queued``, with its first event and its folder. The ids that ``steps`` carry are replaced
        by the run's own.

        ``supervised``: a process has to :meth:`claim` the run within a minute and live until it is over, else
        the run is taken for interrupted; False for targets that run elsewhere. ``owner``: default the user of
        this process.
        """
        self._keep_reserve()
        run_id = _new_id()
        folder = self.run_folder(run_id)
        with explained(folder):
            folder.mkdir(parents=True)
        now = time.time()
        values = {
            "id": run_id,
            "name": text_in(name),
            "notebook": text_in(notebook),
            "target": text_in(target),
            "experiment": optional_in(experiment),
            "owner": text_in(_user() if owner is None else owner),
            "state": RunState.QUEUED.value,
            "created": now,
            "queued": now,
            "parameters": dump(parameters or {}),
            "options": dump(options or {}),
            "search": search_text(name, notebook, parameters or {}),
            "supervised": int(supervised),
        }
        with self._db.write() as session:
            marks = ", ".join("?" * len(values))
            seq = session.run(
                f"INSERT INTO runs ({', '.join(values)}) VALUES ({marks})", list(values.values())
            ).lastrowid
            assert seq is not None
            session.run("INSERT INTO pipelines VALUES (?, ?)", (seq, dump(pipeline or {})))
            write_steps(session, seq, steps)
            append_event(session, seq, "run", data={"state": RunState.QUEUED.value})
        return self.get_run(run_id)

    def get_run(self, run_id: str) -> Run:
        """A run by its id, by a beginning of it that fits no other, or the newest one (``last``).

        A run whose supervisor is dead is marked ``interrupted`` first. Raises :class:`UnknownRunError`.
        """
        self.mark_interrupted()
        with self._db.read() as session:
            row = self._find(session, run_id)
            pipeline = session.row("SELECT pipeline FROM pipelines WHERE run=?", (row["seq"],))
            metrics = _metrics(session, [row["seq"]]).get(row["seq"], {})
        return run_from(
            row, self.run_folder(row["id"]), metrics, None if pipeline is None else load(pipeline["pipeline"])
        )

    def list_runs(
        self,
        limit: int = 50,
        *,
        before: str | None = None,
        offset: int = 0,
        state: RunState | Collection[RunState] | None = None,
        notebook: str | None = None,
        text: str | None = None,
        experiment: str | None = None,
        target: str | None = None,
        with_pipeline: bool = False,
    ) -> list[Run]:
        """Runs, newest first; without their ``pipeline`` unless asked for.

        ``before``: only runs older than this one (for paging that new runs do not disturb). ``text``: each of
        its words occurs in the name, the notebook's path or the parameters (``name=value``), capitals or not.
        The others are equal.
        """
        self.mark_interrupted()
        with self._db.read() as session:
            where, values = _conditions(state, notebook, text, experiment, target)
            if before is not None:
                where.append("seq < ?")
                values.append(self._find(session, before)["seq"])
            sql = f"SELECT * FROM runs {_where(where)} ORDER BY seq DESC LIMIT ? OFFSET ?"
            rows = session.rows(sql, (*values, limit, offset))
            numbers = [row["seq"] for row in rows]
            metrics = _metrics(session, numbers)
            pipelines = _pipelines(session, numbers) if with_pipeline else {}
        return [
            run_from(row, self.run_folder(row["id"]), metrics.get(row["seq"], {}), pipelines.get(row["seq"]))
            for row in rows
        ]

    def count_runs(
        self,
        *,
        state: RunState | Collection[RunState] | None = None,
        notebook: str | None = None,
        text: str | None = None,
        experiment: str | None = None,
        target: str | None = None,
    ) -> int:
        """How many runs :meth:`list_runs` would give in all."""
        self.mark_interrupted()
        where, values = _conditions(state, notebook, text, experiment, target)
        with self._db.read() as session:
            row = session.row(f"SELECT count(*) FROM runs {_where(where)}", values)
        return 0 if row is None else int(row[0])

    def run_states(self) -> dict[str, str]:
        """The state of every run by its id, and of one that goes on how many steps have succeeded: what somebody who watches them all
        compares."""
        done = "(SELECT count(*) FROM steps WHERE run=seq AND steps.state=?)"
        sql = f"SELECT id, CASE WHEN state IN (?, ?) THEN state || ' ' || {done} ELSE state END FROM runs"
        with self._db.read() as session:
            return dict(session.rows(sql, (*_ACTIVE, StepState.SUCCEEDED.value)))  # type: ignore[arg-type]

    def set_run_state(
        self,
        run_id: str,
        state: RunState,
        *,
        error: Mapping[str, Any] | None = None,
        started: float | None = None,
        ended: float | None = None,
    ) -> None:
        """The run is now in ``state``; ``error`` as given. ``started``: default as it is. ``ended``: default
        now for a final state and nothing for others. The event goes into the same :meth:`transaction`. A final
        state survives a power cut."""
        end = (time.time() if ended is None else ended) if state.final else None
        with self._db.write() as session:
            seq = self._seq(session, run_id)
            session.run(
                "UPDATE runs SET state=?, error=?, started=coalesce(?, started), ended=? WHERE seq=?",
                (state.value, dump_or_none(error), started, end, seq),
            )
            if state.final:
                self._db.make_durable()

    def restart_run(
        self,
        run_id: str,
        *,
        pipeline: Mapping[str, Any] | None = None,
        parameters: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
        steps: Sequence[StepRun] | None = None,
    ) -> Run:
        """A run that is over becomes ``queued`` again, with its event; what is given replaces what it had. Its
        earlier events stay, the metrics and artifacts of its steps go when ``steps`` are replaced. Raises
        :class:`StoreError` (``conflict``) while it is not over."""
        self.mark_interrupted()
        self._claims.pop(run_id, None)
        with self._db.write() as session:
            row = self._find(session, run_id)
            if row["state"] in _ACTIVE:
                raise StoreError(
                    "conflict",
                    f"Run {row['id']} is {row['state']}.",
                    f"Wait for its end, or 'kfjlab cancel {row['id']}'.",
                )
            seq = int(row["seq"])
            session.run(
                """UPDATE runs SET state=?, queued=?, started=NULL, ended=NULL, error=NULL, cancel=0, supervisor=NULL, token=NULL,
                heartbeat=NULL WHERE seq=?""",
                (RunState.QUEUED.value, time.time(), seq),
            )
            if pipeline is not None:
                session.run("INSERT OR REPLACE INTO pipelines VALUES (?, ?)", (seq, dump(pipeline)))
            if options is not None:
                session.run("UPDATE runs SET options=? WHERE seq=?", (dump(options), seq))
            if parameters is not None:
                search = search_text(text_out(row["name"]), text_out(row["notebook"]), parameters)
                session.run(
                    "UPDATE runs SET parameters=?, search=? WHERE seq=?", (dump(parameters), search, seq)
                )
            if steps is not None:
                write_steps(session, seq, steps)
            append_event(session, seq, "run", data={"state": RunState.QUEUED.value})
        return self.get_run(row["id"])

    def delete_run(self, run_id: str) -> None:
        """Delete a run that is over, with its events and files. What its steps made stays in the cache until
        :meth:`gc`.

        Raises :class:`StoreError` (``conflict``) while it is not over.
        """
        self.mark_interrupted()
        with self._db.write() as session:
            row = self._find(session, run_id)
            if row["state"] in _ACTIVE:
                raise StoreError(
                    "conflict", f"Run {row['id']} is {row['state']}.", f"First 'kfjlab cancel {row['id']}'."
                )
            session.run("DELETE FROM runs WHERE seq=?", (row["seq"],))
        folder = self.run_folder(row["id"])
        with explained(folder):
            if (
                folder.exists()
            ):  # the row went first: a kill in between leaves a folder that gc finds, never a run without one
                import shutil

                shutil.rmtree(folder)

    def _find(self, session: Session, given: str) -> Any:
        """The row of a run by what a person typed."""
        if given == "last":
            row = session.row("SELECT * FROM runs ORDER BY seq DESC LIMIT 1")
            if row is None:
                raise UnknownRunError("There are no runs yet.", "'kfjlab run NOTEBOOK' starts one.")
            return row
        found = []
        if re.fullmatch("[a-z0-9]+", given):
            found = session.rows(
                "SELECT * FROM runs WHERE id >= ? AND id < ? ORDER BY id LIMIT 4", (given, given + "~")
            )
        exact = [row for row in found if row["id"] == given]
        if len(found) > 1 and not exact:
            names = ", ".join(row["id"] for row in found[:3]) + (", …" if len(found) > 3 else "")
            raise UnknownRunError(f"Several runs begin with {given!r}: {names}.", "Give more of the id.")
        if not found:
            raise UnknownRunError(f"There is no run {given!r}.", "'kfjlab runs' lists them.")
        return (exact or found)[0]


def _new_id() -> str:
    alphabet = _LETTERS + "23456789"
    first, *rest = os.urandom(_ID_LENGTH)
    return _LETTERS[first % len(_LETTERS)] + "".join(alphabet[byte % len(alphabet)] for byte in rest)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container's user id without a name
        return ""


def _where(conditions: list[str]) -> str:
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _conditions(
    state: RunState | Collection[RunState] | None,
    notebook: str | None,
    text: str | None,
    experiment: str | None,
    target: str | None,
) -> tuple[list[str], list[Any]]:
    """SQL conditions and their values."""
    where: list[str] = []
    values: list[Any] = []
    if state is not None:
        states = [state] if isinstance(state, RunState) else list(state)
        where.append(f"state IN ({', '.join('?' * len(states))})")
        values += [one.value for one in states]
    for column, value in (("notebook", notebook), ("experiment", experiment), ("target", target)):
        if value is not None:
            where.append(f"{column} = ?")
            values.append(text_in(value))
    for word in (text or "").casefold().encode("utf-8", "replace").decode().split():
        where.append("instr(search, ?) > 0")
        values.append(word)
    return where, values


def _metrics(session: Session, numbers: list[int]) -> dict[int, dict[str, float]]:
    """The metrics of runs; of one name in several steps, the last step's."""
    found: dict[int, dict[str, float]] = {}
    for start in range(0, len(numbers), 500):  # SQLite before 3.32 takes 999 values at most
        part = numbers[start : start + 500]
        rows = session.rows(
            f"""SELECT m.run, m.name, m.value FROM metrics m LEFT JOIN steps s ON s.run=m.run AND s.name=m.step
            WHERE m.run IN ({", ".join("?" * len(part))}) ORDER BY m.run, s.position""",
            part,
        )
        for row in rows:
            found.setdefault(row["run"], {})[row["name"]] = metric_out(row["value"])
    return found


def _pipelines(session: Session, numbers: list[int]) -> dict[int, dict[str, Any]]:
    rows = []
    for start in range(0, len(numbers), 500):
        part = numbers[start : start + 500]
        rows += session.rows(
            f"SELECT run, pipeline FROM pipelines WHERE run IN ({', '.join('?' * len(part))})", part
        )
    return {row["run"]: load(row["pipeline"]) for row in rows}
