"""Follows a run to its end."""

from __future__ import annotations

from collections.abc import Callable

from kfjlab.runs.model import Run, RunEvent
from kfjlab.runs.store import RunStore

TICK = 0.5
"""Seconds between two calls of ``tick`` at most."""


def follow(
    store: RunStore,
    run_id: str,
    listen: Callable[[RunEvent], None],
    *,
    after: int = 0,
    tick: Callable[[], bool] = lambda: False,
) -> Run:
    """Give ``listen`` every event behind offset ``after`` until the run is over; the run as it is then.

    ``tick`` is called between events, a few times a second at least when nothing happens; when it says True, following ends early.
    """
    while True:
        run = store.get_run(run_id)
        # The state is read first: what is final now has all of its events in the store.
        for event in store.follow(run_id, after, timeout=TICK, poll=0.02):
            listen(event)
            after = event.offset
            if tick():
                return store.get_run(run_id)
        if run.state.final or tick():
            return store.get_run(run_id)
