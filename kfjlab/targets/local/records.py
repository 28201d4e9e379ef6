"""What an attempt was given and what became of it, put together into the record that the ledger judges."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from kfjlab.notebook.pipeline import Step
from kfjlab.runtime.protocol import ABSENT, StepError, StepRecord

from .ledger import ANY_FILE, GENERATORS, Inputs
from .wording import cannot_arrive

RecordOf = Callable[[int], StepRecord | None]
"""The record of the step at a position."""


def started_on(inputs: Inputs) -> dict[str, str]:
    """What a step has certainly seen as soon as it starts: resource → digest."""
    return {r: d for r, d in inputs.digests().items() if r.startswith(("var:", "env:", "ambient:"))}


def completed(step: Step, record: StepRecord, inputs: Inputs, record_of: RecordOf) -> StepRecord:
    """A worker's record with what the engine knows better: the digests of what the step was given, and why it was not given something."""
    # On which ambient state it started, a worker that was killed could not say; and that a cell asks a generator for its state is known
    # from its text alone.
    given = started_on(inputs)
    known = {r: d for r, d in given.items() if not r.startswith("ambient:")}
    reads = {**given, **record.reads, **known}
    if ANY_FILE in reads:
        reads[ANY_FILE] = inputs.any_file or "unforeseen"
    stored = {r: s.value.digest for r, s in inputs.slots.items() if s.value is not None}
    contents = {r: v.content for r, v in record.values.items() if v.content}
    error = record.error
    if error is not None:
        missed = [r for r, digest in record.reads.items() if digest == ABSENT and r in inputs.slots]
        error = kept_back(step, inputs, missed, record_of) or error
    return dataclasses.replace(
        record,
        error=error,
        reads=_without_seeded_first(step, _without_unseeded(step, reads)),
        writes=_without_unseeded(step, {**record.writes, **contents}),
        given={r: d for r, d in stored.items() if r.startswith("var:") and r in record.writes},
        values=_without_unseeded(step, record.values),
    )


def kept_back(step: Step, inputs: Inputs, resources: Iterable[str], record_of: RecordOf) -> StepError | None:
    """The error of a step that wants these, if one of them is a variable that could not be stored."""
    for resource in sorted(resources):
        slot = inputs.slots[resource]
        if slot.digest is not None and slot.digest.startswith("cannot-travel:"):
            writer = None if slot.writer is None else record_of(slot.writer)
            return cannot_arrive(step, resource[len("var:") :], writer)
    return None


def _without_unseeded(step: Step, resources: Mapping[str, Any]) -> dict[str, Any]:
    """``resources`` less the generators whose state shall not order steps."""
    loose = {f"ambient:{key}" for key in step.flow.unseeded} & GENERATORS
    return {name: value for name, value in resources.items() if name not in loose}


def _without_seeded_first(step: Step, reads: Mapping[str, str]) -> dict[str, str]:
    """``reads`` less the generators to which the step itself gives a state before it draws: that they differ afterwards is no sign of a
    read."""
    own = {f"ambient:{key}" for key in step.flow.seeded_first}
    return {name: digest for name, digest in reads.items() if name not in own}
