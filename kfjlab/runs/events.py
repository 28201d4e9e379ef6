"""What happened in a run, in order; appended by its supervisor, followed by everybody."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .base import append_event, newest_offset
from .errors import UnknownRunError
from .model import RunEvent, RunState
from .rows import event_from
from .session import Session
from .supervision import Supervision

LONGEST_POLL = 0.25
"""Seconds. A follower of a quiet run looks this often at the local disk."""
LONGEST_NETWORK_POLL = 1.0
"""The same on a network file system, where a look is a request to a server."""
_LIVENESS_EVERY = 2.0
_PAGE = 1000


class Events(Supervision):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def append(
        self, run_id: str, kind: str, step: str | None = None, data: Mapping[str, Any] | None = None
    ) -> int:
        """Add an event (kinds: :class:`~kfjlab.runs.model.RunEvent`); its offset."""
        with self._db.write() as session:
            return append_event(session, self._seq(session, run_id), kind, step, data or {})

    def append_many(
        self, run_id: str, events: Sequence[tuple[str, str | None, Mapping[str, Any]]]
    ) -> list[int]:
        """Add several events (kind, step, data) at once; their offsets."""
        with self._db.write() as session:
            seq = self._seq(session, run_id)
            return [append_event(session, seq, kind, step, data) for kind, step, data in events]

    def events(self, run_id: str, after: int = 0, limit: int = _PAGE) -> list[RunEvent]:
        """The events that follow offset ``after``, ``limit`` at most."""
        with self._db.read() as session:
            return self._events(session, self._seq(session, run_id), run_id, after, limit)

    def events_of(self, run_id: str, *kinds: str) -> list[RunEvent]:
        """All events of these kinds (see :class:`~kfjlab.runs.model.RunEvent`), of one moment: a reader who asked for page after page
        would come to no end while a step prints faster than it reads."""
        with self._db.read() as session:
            seq = self._seq(session, run_id)
            marks = ", ".join("?" * len(kinds))
            sql = f'SELECT * FROM events WHERE run=? AND kind IN ({marks}) ORDER BY "offset"'
            return [event_from(row, run_id) for row in session.rows(sql, (seq, *kinds))]

    def last_offset(self, run_id: str) -> int:
        """The offset of the newest event of a run."""
        with self._db.read() as session:
            return newest_offset(session, self._seq(session, run_id))

    def follow(
        self, run_id: str, after: int = 0, timeout: float | None = None, poll: float = 0.05
    ) -> Iterator[RunEvent]:
        """The events that follow offset ``after``, those to come as well, until the run is over and all were
        given (or for ``timeout`` seconds). ``poll``: seconds between looks while much happens; they become
        fewer while nothing does.

        A look asks only whether anything was committed; nothing is locked or held between looks. That the run's
        supervisor died is noticed too (the run is then over, as ``interrupted``).
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        longest = max(poll, self.longest_poll)
        pause, next_check = poll, 0.0
        seen: tuple[object, ...] | None = None
        while True:
            now = time.monotonic()
            if now >= next_check:
                self.mark_interrupted()
                next_check = now + _LIVENESS_EVERY
            version = self.version()
            news = False
            while version != seen:
                page, over = self.page(run_id, after)
                for event in page:
                    news, after = True, event.offset
                    yield event
                if len(page) < _PAGE:
                    if over:
                        return
                    seen = version
            pause = poll if news else min(pause * 1.5, longest)
            if deadline is not None and time.monotonic() + pause > deadline:
                time.sleep(max(0.0, deadline - time.monotonic()))
                yield from self.page(run_id, after)[0]
                return
            time.sleep(pause)

    def version(self) -> tuple[object, ...]:
        """Something that differs after anything was committed (and may differ without); cheap enough to be asked many times a second."""
        return self._db.version()

    @property
    def longest_poll(self) -> float:
        """Seconds after which a reader who waits for news should have looked again."""
        return LONGEST_NETWORK_POLL if self._db.network else LONGEST_POLL

    def page(self, run_id: str, after: int, limit: int = _PAGE) -> tuple[list[RunEvent], bool]:
        """The events that follow offset ``after``, ``limit`` at most, and whether the run was over at the same moment."""
        with self._db.read() as session:
            row = session.row("SELECT seq, state FROM runs WHERE id=?", (run_id,))
            if row is None:
                raise UnknownRunError(f"Run {run_id} was deleted while it was followed.")
            return self._events(session, row["seq"], run_id, after, limit), RunState(row["state"]).final

    def _events(self, session: Session, seq: int, run_id: str, after: int, limit: int) -> list[RunEvent]:
        sql = 'SELECT "offset", time, kind, step, data FROM events WHERE run=? AND "offset">? ORDER BY "offset" LIMIT ?'
        return [event_from(row, run_id) for row in session.rows(sql, (seq, after, limit))]
