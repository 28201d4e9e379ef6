"""A step's variables, as they were before or after it, in a live kernel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfjlab.notebook.pipeline import Pipeline, Step
from kfjlab.runs.model import Run, StepRun
from kfjlab.runs.store import RunStore
from kfjlab.runtime.protocol import StepRecord, Value, prelude_record_from_json, record_from_json

from .wording import plural, printable

WHEN = ("before", "after")
_OPAQUE = "var:*"


class LoadError(Exception):
    """Variables that could not be loaded; the message says why and what to do."""


class Loaded(dict[str, Any]):
    """The variables that were loaded, by name. ``missing``: name → why it was not."""

    def __init__(
        self, step: str, when: str, summaries: Mapping[str, str], missing: Mapping[str, str]
    ) -> None:
        super().__init__()
        self.step, self.when = step, when
        self.summaries, self.missing = dict(summaries), dict(missing)

    def __repr__(self) -> str:
        lines = [f"{plural(len(self), 'variable')} {self.when} step {self.step!r}:"]
        lines += [
            f"  {name}  {printable(self.summaries.get(name) or type(self[name]).__name__)}" for name in self
        ]
        for why in dict.fromkeys(self.missing.values()):
            names = [name for name, reason in self.missing.items() if reason == why]
            lines.append(f"  not loaded: {', '.join(names)} ({printable(why)})")
        return "\n".join(lines)


@dataclass
class _Position:
    """What is known about the variables at one position of the notebook."""

    stored: dict[str, Value] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    writers: dict[str, str] = field(default_factory=dict)
    """Variable → the step that was to write it, but left no value here."""
    defined: set[str] = field(default_factory=set)
    """Names that the imports and functions cells bind and that are not stored."""


def step_variables(
    run_id: str,
    step: str,
    when: str = "after",
    names: Sequence[str] | None = None,
    namespace: dict[str, Any] | None = None,
) -> Loaded:
    """Load variables of a run into ``namespace``, whose functions then find their globals there.

    ``when``: ``before`` gives what the step reads, ``after`` that and what it wrote. ``names``: only these, of all variables
    that there were at that position. What functions among them look up, and what shares objects with them, comes along.

    Raises :class:`LoadError`, and :class:`~kfjlab.runs.errors.StoreError` when there is no such run.
    """
    if when not in WHEN:
        raise LoadError(f"when must be 'before' or 'after', not {when!r}.")
    with RunStore(create=False) as store:
        run = store.get_run(run_id)
        steps = {found.name: found for found in store.get_steps(run.id)}
        objects = str(store.objects)
    pipeline = Pipeline.from_json(run.pipeline)
    wanted_step = _find(pipeline, step, run)
    record = _record(steps.get(step))
    if when == "after" and (record is None or record.state != "succeeded"):
        state = steps[step].state.value if step in steps else "not part of the run"
        raise LoadError(
            f"Step {step!r} has no variables after it: it is {state}. Those before it can be loaded (when='before', or --before)."
        )
    position = _position(run, pipeline, steps, wanted_step, when)
    wanted = _chosen(position, wanted_step, record, names, when)
    if names is None:
        wanted += _mentioned(wanted_step, position.defined)
    return _load(position, wanted, objects, step, when, {} if namespace is None else namespace)


def _find(pipeline: Pipeline, name: str, run: Run) -> Step:
    from kfjlab.notebook.names import did_you_mean

    try:
        return pipeline.step(name)
    except KeyError:
        known = [step.name for step in pipeline.steps]
        raise LoadError(f"Run {run.id} has no step {name!r}.{did_you_mean(name, known)}") from None


def _record(step: StepRun | None) -> StepRecord | None:
    return None if step is None or step.record is None else record_from_json(dict(step.record))


def _position(
    run: Run, pipeline: Pipeline, steps: Mapping[str, StepRun], until: Step, when: str
) -> _Position:
    """What the variables were right before or after a step, from the records of the steps up to it."""
    found = _Position(defined=set(pipeline.prelude.binds))
    for name, value in _prelude_values(run):
        found.stored[name] = value
    found.plain = {p.name: run.parameters[p.name] for p in pipeline.parameters if p.name in run.parameters}
    for name in found.plain:
        found.stored.pop(name, None)
    found.defined -= {*found.plain, *found.stored}
    for step in pipeline.steps:
        if step is until and when == "before":
            break
        _apply(found, step, _record(steps.get(step.name)))
        if step is until:
            break
    return found


def _prelude_values(run: Run) -> Iterator[tuple[str, Value]]:
    """The data that the imports and functions cells made. There is none where they need not have been executed."""
    try:
        saved = json.loads((Path(run.folder) / "prelude.json").read_text("utf-8"))
    except FileNotFoundError:
        return
    yield from prelude_record_from_json(saved["record"]).values.items()


def _apply(position: _Position, step: Step, record: StepRecord | None) -> None:
    """Go past a step."""
    if record is None or record.state != "succeeded":
        for name in _variables(step.flow.writes):
            position.stored.pop(name, None)
            position.plain.pop(name, None)
            position.writers[name] = step.name
        return
    for name in _variables(record.writes):
        for known in (position.stored, position.plain, position.writers):
            known.pop(name, None)
        position.defined.discard(name)
        value = record.values.get(f"var:{name}")
        if value is not None:
            position.stored[name] = value
        elif record.writes[f"var:{name}"].startswith("cannot-travel:"):
            position.writers[name] = step.name


def _variables(resources: Mapping[str, Any] | frozenset[str]) -> list[str]:
    return sorted(r[len("var:") :] for r in resources if r.startswith("var:") and r != _OPAQUE)


def _mentioned(step: Step, names: set[str]) -> list[str]:
    """Those of ``names`` that a step's code has as words."""
    words = {word for cell in step.cells for word in re.findall(r"\w+", cell.source)}
    return sorted(words & names)


def _chosen(
    position: _Position, step: Step, record: StepRecord | None, names: Sequence[str] | None, when: str
) -> list[str]:
    """The names to load; raises :class:`LoadError` for one that was asked for and is not there."""
    present = {*position.stored, *position.plain}
    if names is not None:
        from kfjlab.notebook.names import did_you_mean

        for name in names:
            if name not in present and name not in position.writers and name not in position.defined:
                hint = did_you_mean(name, present)
                raise LoadError(f"There was no variable {name!r} {when} step {step.name!r}.{hint}")
        return list(dict.fromkeys(names))
    read = set(_variables(step.flow.reads)) | set(_variables(record.reads if record is not None else {}))
    if _OPAQUE in step.flow.reads:
        read |= present
    if when == "after" and record is not None:
        read |= set(_variables(record.writes))
    return sorted(name for name in read if name in present or name in position.writers)


def _load(
    position: _Position,
    wanted: Sequence[str],
    objects: str,
    step: str,
    when: str,
    namespace: dict[str, Any],
) -> Loaded:
    import copy

    from kfjlab.runtime.functions import ForeignCodeError
    from kfjlab.runtime.objects import ObjectStore
    from kfjlab.runtime.values import Carrier

    missing: dict[str, str] = {}
    chosen: dict[str, None] = {}
    todo = list(wanted)
    while todo:
        name = todo.pop(0)
        if name in chosen or name in missing:
            continue
        if name in position.plain:
            chosen[name] = None
        elif name in position.stored:
            chosen[name] = None
            value = position.stored[name]
            todo += [need for need in value.needs if need in _known(position)]
            todo += [
                other
                for other in value.group
                if other in position.stored and position.stored[other].digest == value.digest
            ]
        elif name in position.writers:
            missing[name] = f"step {position.writers[name]!r} left no value of it"
        elif name in position.defined and name not in namespace:
            missing[name] = "run the imports and functions cells of the notebook"
    for name in chosen:
        if name in position.plain:
            namespace[name] = copy.deepcopy(position.plain[name])
    values = {name: position.stored[name] for name in chosen if name in position.stored}
    # Instances that are loaded shall be of the class that is here, as it is now.
    live = {
        f"prelude/{name}": namespace[name]
        for name in position.defined
        if isinstance(namespace.get(name), type)
    }
    carrier: Any = Carrier(ObjectStore(objects), namespace, step)
    try:
        carrier.load(values, live)
    except ModuleNotFoundError as error:
        raise LoadError(
            f"A variable needs the module {error.name!r}, which this kernel does not have. Install it here, or name other variables."
        ) from error
    except ForeignCodeError as error:
        raise LoadError(
            f"{error} Load in a kernel with the Python of the run's steps, or name other variables."
        ) from error
    except OSError as error:
        raise LoadError(
            f"A stored value cannot be read ({error}); it may have been deleted by 'kfjlab gc'. 'kfjlab resume' makes it again."
        ) from error
    loaded = Loaded(step, when, {name: value.summary for name, value in values.items()}, missing)
    loaded.update({name: namespace[name] for name in chosen if name in namespace})
    return loaded


def _known(position: _Position) -> set[str]:
    return {*position.plain, *position.stored, *position.writers, *position.defined}
