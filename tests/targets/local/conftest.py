"""Notebooks made on the fly, run by the real engine in a store of their own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kfjlab.notebook.analyze import analyze
from kfjlab.runs.model import Run, RunEvent, StepRun
from kfjlab.runs.store import RunStore
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.protocol import record_from_json
from kfjlab.runtime.values import Carrier
from kfjlab.targets.base import RunOptions
from kfjlab.targets.local import LocalTarget
from tests.leftovers import end_runs

PATIENCE = 60.0
"""Seconds after which a run of a test is taken to hang."""


@dataclass
class Outcome:
    """A run that has ended."""

    run: Run
    steps: dict[str, StepRun]
    events: list[RunEvent]

    @property
    def state(self) -> str:
        return self.run.state.value

    def states(self) -> dict[str, str]:
        return {name: step.state.value for name, step in self.steps.items()}

    def executed(self) -> set[str]:
        """The steps that were executed, not taken from the cache."""
        return {
            name for name, step in self.steps.items() if step.state.value == "succeeded" and not step.cached
        }

    def value(self, name: str) -> Any:
        """A variable as the last step that wrote it left it."""
        for step in reversed(list(self.steps.values())):
            record = record_from_json(dict(step.record or {"state": "none"}))
            if f"var:{name}" in record.values:
                namespace: dict[str, Any] = {}
                with RunStore() as store:
                    carrier = Carrier(ObjectStore(str(store.objects)), namespace, "test")
                    carrier.load({name: record.values[f"var:{name}"]})
                return namespace[name]
        raise KeyError(name)

    def stale(self) -> list[tuple[str | None, str]]:
        return [(event.step, event.data["resource"]) for event in self.events if event.kind == "stale"]

    def problems(self) -> list[str]:
        """The codes of what was found while it ran."""
        return [event.data["code"] for event in self.events if event.kind == "problem"]

    def outputs(self, step: str) -> str:
        """The text that a step's cells have printed."""
        document = json.loads(Path(self.steps[step].notebook or "").read_text("utf-8"))
        return "".join(
            "".join(output.get("text", ""))
            for cell in document["cells"]
            for output in cell.get("outputs", ())
            if output["output_type"] == "stream"
        )


class Lab:
    """A folder with one notebook, and the verbs to run it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "notebook.ipynb"
        self.target = LocalTarget()

    def write(self, *cells: tuple[str, str], metadata: Mapping[str, Any] | None = None) -> None:
        """Cells as ``(tags, source)``; a tag that starts with ``{`` is the cell's kfjlab metadata."""
        made: list[dict[str, Any]] = []
        for index, (tags, source) in enumerate(cells):
            words, _, extra = tags.partition("{")
            cell_metadata: dict[str, Any] = {"tags": words.split()}
            if extra:
                cell_metadata["kfjlab"] = json.loads("{" + extra)
            made.append(
                {
                    "cell_type": "code",
                    "id": f"c{index}",
                    "metadata": cell_metadata,
                    "source": source,
                    "outputs": [],
                    "execution_count": None,
                }
            )
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        document = {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": kernel, **(metadata or {})},
            "cells": made,
        }
        self.path.write_text(json.dumps(document), "utf-8")

    def start(self, **options: Any) -> str:
        return self.target.start(analyze(self.path), RunOptions(**options))

    def run(self, *cells: tuple[str, str], **options: Any) -> Outcome:
        if cells:
            self.write(*cells)
        return self.wait(self.start(**options))

    def resume(self, run_id: str) -> Outcome:
        self.target.resume(run_id, analyze(self.path))
        return self.wait(run_id)

    def wait(self, run_id: str) -> Outcome:
        with RunStore() as store:
            events = list(store.follow(run_id, timeout=PATIENCE))
            run = store.get_run(run_id)
            assert run.state.final, f"the run hangs in {run.state}: {[e.data for e in events][-5:]}"
            steps = {step.name: step for step in store.get_steps(run_id)}
            return Outcome(run, steps, events)

    def wait_for(self, run_id: str, condition: Callable[[RunEvent], bool]) -> RunEvent:
        """The first event that fulfils a condition."""
        with RunStore() as store:
            end = time.monotonic() + PATIENCE
            after = 0
            while time.monotonic() < end:
                for event in store.events(run_id, after=after):
                    after = event.offset
                    if condition(event):
                        return event
                time.sleep(0.02)
        raise AssertionError("it did not happen")


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("KFJLAB_DATA", str(tmp_path / "data"))
    folder = tmp_path / "work"
    folder.mkdir()
    yield Lab(folder)
    end_runs(tmp_path / "data")
