"""What the steps of a run have printed, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kfjlab.runs.model import StepState
from kfjlab.runs.store import RunStore

PRELUDE = "prelude"
"""What stands for the imports and functions cells where steps are named."""
_CHUNK = 1 << 20


class LogError(Exception):
    """There is no such log; the message says which there are."""


@dataclass(frozen=True)
class LogPiece:
    """Text that a step printed. ``time``: Unix seconds; ``stream``: ``stdout`` or ``stderr``; ``cell``: the index of the cell. None
    where a piece is of several."""

    step: str
    text: str
    time: float | None = None
    stream: str | None = None
    cell: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON form of ``logs -f --json``."""
        return {
            "step": self.step,
            "text": self.text,
            "time": self.time,
            "stream": self.stream,
            "cell": self.cell,
        }


def read_logs(
    store: RunStore, run_id: str, step: str | None = None, *, all_attempts: bool = False
) -> Iterator[LogPiece]:
    """What was printed so far, step after step in notebook order, by the latest attempt of each (or by all, with a line between them).
    Raises :class:`LogError` for an unknown step."""
    names = [found.name for found in store.get_steps(run_id)]
    _check(step, names)
    starts = {} if all_attempts else log_starts(store, run_id)
    for name in (None, *names):
        if step is None or name == _meant(step, names):
            yield from _whole(store, run_id, name, starts.get(name, 0))


def log_starts(store: RunStore, run_id: str) -> dict[str | None, int]:
    """The offset at which the log of each step's latest attempt begins."""
    found: dict[str | None, int] = {}
    for event in store.events_of(run_id, "step"):
        if "log_start" in event.data:
            found[event.step] = int(event.data["log_start"])
        elif event.data.get("cached"):
            found[event.step] = 0  # its log is that of the run that it was taken from
    return found


def follow_logs(store: RunStore, run_id: str, step: str | None = None) -> Iterator[LogPiece]:
    """What is printed, in the order of its time, from the beginning until the run is over."""
    names = [found.name for found in store.get_steps(run_id)]
    _check(step, names)
    for event in store.follow(run_id):
        name, data = event.step, event.data
        if step is not None and name != _meant(step, names):
            continue
        if event.kind == "log":
            text, _ = store.read_log(run_id, name, int(data["offset"]), int(data["length"]))
            yield LogPiece(name or PRELUDE, text, event.time, data.get("stream"), data.get("cell"))
        elif event.kind == "step" and data.get("state") == StepState.SUCCEEDED.value and data.get("cached"):
            yield from _whole(store, run_id, name)  # it printed that in an earlier run


def _whole(store: RunStore, run_id: str, step: str | None, offset: int = 0) -> Iterator[LogPiece]:
    while True:
        text, end = store.read_log(run_id, step, offset, _CHUNK)
        if not text:
            return
        yield LogPiece(step or PRELUDE, text)
        offset = end


def _meant(step: str, names: list[str]) -> str | None:
    """The step of that name; None: the imports and functions cells, unless a step is named like them."""
    return None if step == PRELUDE and step not in names else step


def _check(step: str | None, names: list[str]) -> None:
    from kfjlab.notebook.names import did_you_mean

    if step is not None and step != PRELUDE and step not in names:
        raise LogError(f"The run has no step {step!r}.{did_you_mean(step, names)}")
