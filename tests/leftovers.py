"""Processes that a test would leave behind: supervisors of runs that have not ended."""

from __future__ import annotations

import contextlib
from pathlib import Path

import psutil

from kfjlab.runs.location import DATABASE
from kfjlab.runs.store import RunStore


def end_runs(location: Path) -> list[str]:
    """Kill the supervisors, with all their processes, of the runs in a store that have not ended; the ids of those runs."""
    if not (location / DATABASE).exists():
        return []
    ended = []
    with RunStore(location) as store:
        for run in store.list_runs():
            if run.state.final or run.supervisor is None:
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                supervisor = psutil.Process(run.supervisor["pid"])
                for process in (*supervisor.children(recursive=True), supervisor):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
            ended.append(run.id)
    return ended
