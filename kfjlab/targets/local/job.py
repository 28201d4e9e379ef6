"""The facts of one run that do not change while it goes on, and the specs that follow from them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfjlab.notebook.names import slug
from kfjlab.notebook.pipeline import Cell, Pipeline, Role, Step
from kfjlab.runs.model import Run
from kfjlab.runtime.ambient_caller import variable_digest
from kfjlab.runtime.protocol import ABSENT, UNTOUCHED, CellSource, PreludeSpec, StepSpec

from .interpreter import Interpreter
from .keys import HASH_SEED, digest_of, parameter_digest, prelude_key, step_key
from .ledger import Inputs, Touch
from .workspace import Workspace

STORE_LIMIT = 256 * 1024 * 1024
"""Bytes. A larger file that a step writes is not stored, so such a step is reused only while the file is still there, unchanged."""


@dataclass(frozen=True)
class Job:
    """A run, its pipeline and where it happens. ``environment``: the interpreter's digest."""

    run: Run
    pipeline: Pipeline
    interpreter: Interpreter
    environment: str
    objects: Path

    @property
    def folder(self) -> Path:
        """Where the run's files are."""
        return Path(self.run.folder)

    @property
    def workspace(self) -> Path:
        """The notebook's folder."""
        return Path(self.run.notebook).parent

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters that were given (the others have their defaults)."""
        return {name: self.run.parameters[name] for name in self.run.options.get("given", ())}

    def process_environment(self) -> dict[str, str]:
        """The environment of every process of the run."""
        return {**os.environ, **self.interpreter.env, "PYTHONHASHSEED": HASH_SEED}

    def touches(self) -> list[Touch]:
        """What each step is predicted to touch."""
        positions = {step.name: i for i, step in enumerate(self.pipeline.steps)}
        return [
            Touch(
                step.flow.reads,
                step.flow.writes,
                frozenset(positions[name] for name in step.after if name in positions),
            )
            for step in self.pipeline.steps
        ]

    def base(self, resource: str, files: Workspace) -> str:
        """The digest of a resource before the first step."""
        kind, name = resource.split(":", 1)
        if kind == "var":
            return self._base_variable(name)
        if kind == "file":
            return files.base(resource)
        if kind == "env":
            return variable_digest(self.process_environment().get(name))
        return UNTOUCHED

    def _base_variable(self, name: str) -> str:
        if any(parameter.name == name for parameter in self.pipeline.parameters):
            return parameter_digest(self.run.parameters[name])
        if name not in self.pipeline.prelude.binds:
            return ABSENT
        prelude = self.pipeline.prelude
        return "prelude:" + digest_of([prelude.binds[name], self._values(prelude.depends.get(name, ()))])

    def _values(self, parameters: Iterable[str]) -> dict[str, Any]:
        return {name: self.run.parameters.get(name) for name in parameters}

    def prelude_key(self) -> str:
        """The key of what is known about executing the prelude."""
        return prelude_key(self.pipeline, self.environment, self.run.parameters, self.interpreter.env)

    def step_key(self, position: int, prelude_reads: Mapping[str, str]) -> str:
        """The key of a step's records."""
        step = self.pipeline.steps[position]
        parameters = self._values(step.flow.prelude_parameters)
        return step_key(step, self.environment, parameters, prelude_reads, self.interpreter.env)

    def prelude_spec(self, restore: Mapping[str, Any] | None) -> PreludeSpec:
        """What the zygote executes. ``restore``: the JSON of the PreludeRecord of an earlier execution in this run."""
        return PreludeSpec(
            cells=[_source(cell) for cell in self.pipeline.prelude.cells],
            objects=str(self.objects),
            workspace=str(self.workspace),
            output=str(self.folder / "prelude.ipynb"),
            parameters=dict(self.parameters),
            restore=None if restore is None else dict(restore),
            metadata=dict(self.pipeline.metadata),
        )

    def step_spec(self, position: int, attempt: int, inputs: Inputs) -> StepSpec:
        """What a worker executes, on ``inputs``."""
        step = self.pipeline.steps[position]
        variables, ambient, unset = {}, {}, []
        for resource, slot in inputs.slots.items():
            kind, name = resource.split(":", 1)
            if kind == "var" and slot.value is not None:
                variables[name] = slot.value
            elif kind == "var" and slot.digest == ABSENT and slot.writer is not None:
                unset.append(name)
            elif kind == "ambient" and slot.value is not None:
                ambient[name] = slot.value
        return StepSpec(
            run_id=self.run.id,
            step=step.name,
            cells=[_source(cell) for cell in step.cells],
            objects=str(self.objects),
            workspace=str(self.workspace),
            output=str(self.step_notebook(step, attempt)),
            attempt=attempt,
            variables=variables,
            unset=unset,
            withheld=sorted(inputs.withheld),
            ambient=ambient,
            fresh_random=sorted(step.flow.unseeded),
            env=dict(step.settings.env),
            consumers=self._consumers(position),
            metrics=step.role is Role.METRICS,
            store_limit=STORE_LIMIT,
            metadata=dict(self.pipeline.metadata),
        )

    def step_notebook(self, step: Step, attempt: int) -> Path:
        """Where the executed cells of an attempt are written."""
        return self.folder / "steps" / f"{slug(step.name)}-{attempt}.ipynb"

    def _consumers(self, position: int) -> dict[str, str]:
        """Variable → the first later step that is predicted to read what this step leaves in it."""
        found: dict[str, str] = {}
        mine = set(self.pipeline.steps[position].flow.writes)
        for step in self.pipeline.steps[position + 1 :]:
            for resource in mine & step.flow.reads:
                if resource.startswith("var:"):
                    found.setdefault(resource[len("var:") :], step.name)
            mine -= step.flow.writes - step.flow.mutates
        return found


def _source(cell: Cell) -> CellSource:
    return CellSource(cell.index, cell.id, cell.number, cell.source, cell.role.value, cell.may_raise)
