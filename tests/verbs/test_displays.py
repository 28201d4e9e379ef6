"""How far a run is, as lines and as a live display."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from kfjlab.cli.live import LiveDisplay
from kfjlab.runs.model import Run, RunEvent, RunState, StepRun
from kfjlab.verbs.plain import PlainDisplay
from kfjlab.verbs.progress import Progress


def progress(steps: dict[str, list[int]], prelude: Sequence[str] = ("imports",)) -> Progress:
    """``prelude``: roles of the cells before the steps."""
    pipeline: dict[str, Any] = {
        "prelude": {"cells": [{"role": role} for role in prelude]},
        "steps": [{"name": n, "cells": [{"index": i} for i in cells]} for n, cells in steps.items()],
    }
    run = Run("r1", "nb", "nb.ipynb", "local", RunState.QUEUED, 0.0, "", pipeline=pipeline)
    return Progress(run, [StepRun("r1", name, i) for i, name in enumerate(steps)])


class Events:
    """Makes events with times and offsets."""

    def __init__(self) -> None:
        self.offset = 0

    def __call__(self, kind: str, step: str | None = None, **data: Any) -> RunEvent:
        self.offset += 1
        return RunEvent("r1", self.offset, time.time(), kind, step, data)


def lines(view: Progress, *events: RunEvent, **options: Any) -> list[str]:
    """What the events become, without the time of day."""
    stream = io.StringIO()
    display = PlainDisplay(view, stream, **options)
    for event in events:
        display.event(event)
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("prelude", "said"),
    [
        ((), "starting Python"),
        (("pipeline-parameters",), "running the parameters cells"),
        (("functions", "pipeline-parameters"), "running the imports and functions cells"),
    ],
)
def test_what_goes_on_before_the_steps(tmp_path: Path, prelude: Sequence[str], said: str) -> None:
    e, view = Events(), progress({"a": [0]}, prelude)
    assert lines(view, e("phase", phase="prelude")) == [f"-  {said}"]
    assert said in screen(view, tmp_path)[0]
    assert lines(view, e("phase", phase="steps")) == []
    assert said not in screen(view, tmp_path)[0]


def test_a_step_line_by_line() -> None:
    e = Events()
    assert lines(
        progress({"train": [3, 5], "x": [6]}),
        e("run", state="running"),
        e("phase", phase="prelude"),
        e("step", "train", state="running", attempt=1),
        e("cell", "train", cell=3, state="running"),
        e("cell", "train", cell=3, state="done"),
        e("cell", "train", cell=5, state="running"),
        e("step", "train", state="waiting", error={"message": "ValueError: no", "cell": 5, "line": 2}),
        e("step", "train", state="running", attempt=2),
        e("step", "train", state="succeeded", seconds=2.14),
        e("stale", "train", resource="var:x", message="x changed"),
        e("problem", "train", severity="warning", message="x changed"),
        e("problem", "train", severity="warning", message="odd\x1b", cell=3),
        e("step", "x", state="succeeded", cached=True),
        e("metrics", "x", score=0.5),
    ) == [
        "-      running the imports and functions cells",
        "train  running cell 4 (1/2)",
        "train  running cell 6 (2/2)",
        "train  failed in cell 6, line 2: ValueError: no; it will be tried again",
        "train  attempt 2",
        "train  succeeded in 2.1 s",
        "train  runs again: x changed",
        "train  warning: cell 4: odd\\x1b",
        "x      reused, nothing has changed",
        "x      score = 0.5",
    ]


def test_log_lines_are_whole() -> None:
    e, text = Events(), "one\ntwo\nrest"
    events = [
        e("log", "a", offset=0, length=5),
        e("log", "a", offset=5, length=7),
        e("step", "a", state="succeeded", seconds=1),
    ]
    got = lines(
        progress({"a": [0]}), *events, read_log=lambda step, offset, length: text[offset : offset + length]
    )
    assert got == ["a  | one", "a  | two", "a  | rest", "a  succeeded in 1.0 s"]


def test_how_much_is_done() -> None:
    e, view = Events(), progress({"a": [0, 1, 2], "b": [3]})
    assert view.share == 0
    view.apply(e("step", "a", state="running", attempt=1))
    view.apply(e("cell", "a", cell=0, state="running"))
    view.apply(e("cell", "a", cell=0, state="done"))
    assert view.share == pytest.approx(1 / 4)
    view.apply(e("step", "a", state="waiting"))
    view.apply(e("step", "a", state="running", attempt=2))
    assert view.share == 0
    for name in ("a", "b"):
        view.apply(e("step", name, state="succeeded", seconds=1))
    assert view.share == 1


def test_events_of_steps_that_are_gone_are_no_error() -> None:
    e, view = Events(), progress({"a": [0]})
    for event in (
        e("step", "old", state="succeeded"),
        e("cell", "old", cell=1, state="running"),
        e("new-kind", "a"),
    ):
        view.apply(event)
    assert list(view.steps) == ["a"]


def screen(view: Progress, folder: Path, width: int = 80, height: int = 24) -> list[str]:
    """What the live display shows."""
    display = LiveDisplay(view, io.StringIO(), lambda step: folder / f"{step}.log", None)
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True, color_system=None)
    with console.capture() as capture:
        console.print(display)
    return capture.get().splitlines()


def test_the_live_display_shows_each_step(tmp_path: Path) -> None:
    e, view = Events(), progress({"load": [1], "train": [3, 5], "[red]x": [6]})
    (tmp_path / "train.log").write_text("epoch 1\n\x1b[32mepoch 2\x1b[0m\n", "utf-8")
    for event in (
        e("run", state="running"),
        e("step", "load", state="succeeded", cached=True, seconds=1.0),
        e("step", "train", state="running", attempt=1),
        e("cell", "train", cell=5, state="running"),
        e("log", "train", offset=0, length=25),
    ):
        view.apply(event)
    shown = screen(view, tmp_path)
    assert shown[0].startswith("running")
    assert re.search(r"✓ load +reused", shown[1])
    assert re.search(r"● train +running \d\.\d s +cell 6 \(2/2\) +epoch 2", shown[2])
    assert "· [red]x" in shown[3]
    assert "1/3 steps" in shown[4]


@pytest.mark.parametrize("width", [20, 44, 80, 200])
def test_it_fits_every_terminal(tmp_path: Path, width: int) -> None:
    from rich.cells import cell_len

    e, view = Events(), progress({f"日本 step {i}": [i] for i in range(100)})
    view.apply(e("step", "日本 step 70", state="running", attempt=1))
    view.apply(e("step", "日本 step 3", state="failed", error={"message": "x" * 500}))
    shown = screen(view, tmp_path, width, 12)
    assert len(shown) <= 12
    assert max(map(cell_len, shown)) <= width
    assert any("step 70" in line for line in shown)
    assert any("step 3 " in line for line in shown)
