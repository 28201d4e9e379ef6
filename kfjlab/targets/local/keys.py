"""What a step's records are filed under: everything that decides what the step does, except the state that it reads.

The state is checked record by record (:meth:`~kfjlab.targets.local.ledger.Ledger.adopt`); the key only narrows the search.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kfjlab.notebook.pipeline import Pipeline, Role, Step

FORMAT = 1
"""Raise it when records of older versions must not be used any more."""

HASH_SEED = "0"
"""``PYTHONHASHSEED`` of all steps: sets iterate in the same order in every process and run."""


def step_key(
    step: Step,
    environment: str,
    parameters: Mapping[str, Any],
    prelude_reads: Mapping[str, str],
    env: Mapping[str, str],
) -> str:
    """The key of a step's records. ``environment``: the interpreter's digest; ``parameters``: values that executing the step's part of the
    prelude reads; ``prelude_reads``: digests of files, listings and the caller's variables that it reads; ``env``: set for the step."""
    return digest_of(
        [
            FORMAT,
            step.flow.code_digest,
            step.flow.prelude_digest,
            step.role is Role.METRICS,
            environment,
            dict(parameters),
            dict(prelude_reads),
            {**env, **step.settings.env},
        ]
    )


def prelude_key(
    pipeline: Pipeline, environment: str, parameters: Mapping[str, Any], env: Mapping[str, str]
) -> str:
    """The key of what is known about executing a pipeline's prelude with these parameters."""
    cells = [[cell.source, cell.role.value] for cell in pipeline.prelude.cells]
    return digest_of([FORMAT, "prelude", cells, environment, dict(parameters), dict(env)])


def parameter_digest(value: Any) -> str:
    """The digest of a parameter's value (JSON data)."""
    return "parameter:" + digest_of(value)


def digest_of(data: Any) -> str:
    """sha256 (hex) of JSON data."""
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()
