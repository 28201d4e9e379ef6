"""Runs, steps and artifacts as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kfjlab.runs.model import Artifact, Run, StepRun

from .wording import plain_json


def run_json(run: Run, steps: Sequence[StepRun]) -> dict[str, Any]:
    """A run with its steps. Times are Unix seconds."""
    return {
        "id": run.id,
        "name": run.name,
        "notebook": run.notebook,
        "target": run.target,
        "state": run.state.value,
        "created": run.created,
        "started": run.started,
        "ended": run.ended,
        "experiment": run.experiment,
        "owner": run.owner,
        "folder": run.folder,
        "parameters": plain_json(run.parameters),
        "options": plain_json(run.options),
        "metrics": plain_json(run.metrics),
        "steps": [step_json(step) for step in steps],
        "error": run.error,
    }


def step_json(step: StepRun) -> dict[str, Any]:
    """A step of a run."""
    return {
        "name": step.name,
        "state": step.state.value,
        "cached": step.cached,
        "attempt": step.attempt,
        "started": step.started,
        "ended": step.ended,
        "seconds": step.seconds,
        "peak_memory": step.peak_memory,
        "notebook": step.notebook,
        "log": step.log,
        "error": step.error,
    }


def artifact_json(artifact: Artifact) -> dict[str, Any]:
    """An artifact."""
    return {
        "step": artifact.step,
        "name": artifact.name,
        "kind": artifact.kind,
        "type": artifact.type,
        "size": artifact.size,
        "summary": artifact.summary,
        "digest": artifact.digest,
        "inputs": list(artifact.inputs),
    }
