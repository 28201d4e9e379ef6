"""A step's variables, as they were before or after it, in a live kernel."""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfjlab.notebook.pipeline import Pipeline, Step
from kfjlab.runs.model import Run, StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.protocol import StepRecord, Value, prelude_record_from_json, record_from_json

from .definitions import Definitions, Statement
from .wording import plural, printable

WHEN = ("before", "after")
_OPAQUE = "var:*"
_MOST_NAMED = 8
_MOST_DEFINED = 30
REPLACED = "kfjlab_replaced"
"""The variable that keeps what was replaced, see :class:`Replaced`. It is there when something was."""


class LoadError(Exception):
    """Variables that could not be loaded; the message says why and what to do."""


class Loaded(dict[str, Any]):
    """What was loaded, by name. ``defined``: the modules, functions and classes among it, which come from the imports and functions
    cells; all else are variables. ``missing``: name → why it was not loaded. ``replaced``: what variables of the kernel were before, by
    name; the kernel's :data:`REPLACED` has it, too, with what earlier loads have replaced."""

    def __init__(
        self,
        step: str,
        when: str,
        summaries: Mapping[str, str],
        defined: Sequence[str],
        missing: Mapping[str, str],
        replaced: Mapping[str, Any],
    ) -> None:
        super().__init__()
        self.step, self.when = step, when
        self.summaries, self.defined, self.missing = dict(summaries), tuple(defined), dict(missing)
        self.replaced = dict(replaced)

    def __repr__(self) -> str:
        variables = [name for name in self if name not in self.defined]
        lines = [
            f"{plural(len(variables), 'variable')} {self.when} step {self.step!r}{':' if variables else ''}"
        ]
        lines += [
            f"  {name}  {printable(self.summaries.get(name) or type(self[name]).__name__)}"
            for name in variables
        ]
        if self.defined:
            more = len(self.defined) - _MOST_DEFINED
            names = [*self.defined[:_MOST_DEFINED], *([f"and {more} more"] if more > 0 else [])]
            lines.append(f"  of the imports and functions cells: {', '.join(names)}")
        if self.replaced:
            lines.append(f"  replaced: {', '.join(self.replaced)} (what was there is in {REPLACED})")
        for why in dict.fromkeys(self.missing.values()):
            names = [name for name, reason in self.missing.items() if reason == why]
            lines.append(f"  not loaded: {', '.join(names)} ({printable(why)})")
        return "\n".join(lines)


class Replaced(dict[str, list[Any]]):
    """Variable → what it was each time that a load has replaced it, oldest first. Nothing is taken out of it: that is for the user."""


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

    ``when``: ``before`` gives what the step reads, ``after`` that and what it wrote; both also the parameters and what the imports
    and functions cells define, where ``namespace`` does not have it: those statements are executed there. ``names``: only these, of
    all names that there were at that position. What functions among them look up, and what shares objects with them, comes along.

    Raises :class:`LoadError`, and :class:`~kfjlab.runs.errors.StoreError` when there is no such run.
    """
    if when not in WHEN:
        raise LoadError(f"when must be 'before' or 'after', not {when!r}.")
    with RunStore(create=False) as store:
        run = store.get_run(run_id)
        steps = {found.name: found for found in store.get_steps(run.id)}
        pipeline = Pipeline.from_json(run.pipeline)
        wanted_step = _find(pipeline, step, run)
        prelude = _prelude_values(run, pipeline, store)
        objects = str(store.objects)
    record = _record(steps.get(step))
    if when == "after" and (record is None or record.state != "succeeded"):
        before = _position(run, pipeline, prelude, steps, wanted_step, "before")
        raise LoadError(_no_after(run, steps.get(step), wanted_step, before, names))
    position = _position(run, pipeline, prelude, steps, wanted_step, when)
    wanted = _chosen(position, wanted_step, record, names, when)
    namespace = {} if namespace is None else namespace
    optional = () if names is not None else sorted({*position.defined, *position.plain} - namespace.keys())
    said = set(wanted) if names is not None else _mentioned(wanted_step, position.defined)
    definitions = Definitions(pipeline.prelude)
    return _Loading(position, definitions, objects, run.id, step, namespace).load(
        [*wanted, *sorted(said - set(wanted))], optional, when
    )


_ENDED = {
    StepState.FAILED: "failed",
    StepState.CANCELLED: "was cancelled",
    StepState.SKIPPED: "was skipped",
    StepState.RUNNING: "is still running",
    StepState.WAITING: "has not run",
}


def _no_after(
    run: Run, found: StepRun | None, step: Step, before: _Position, names: Sequence[str] | None
) -> str:
    """Why there is nothing after a step, what there is before it, and how to get that."""
    how = "is not part of the run" if found is None else _ENDED.get(found.state, "left no record")
    present = {*before.stored, *before.plain}
    there = [name for name in _chosen(before, step, None, None, "before") if name in present]
    if names is not None:
        there = [name for name in names if name in present]
    shown = ", ".join(there[:_MOST_NAMED]) + (", …" if len(there) > _MOST_NAMED else "")
    what = f"those from before it ({shown})" if there else "what the imports and functions cells define"
    words = [
        "%kfjlab load",
        run.id,
        shlex.quote(step.name),
        "--before",
        *(there if names is not None else ()),
    ]
    arguments = [run.id, step.name, "before", *([there] if names is not None else [])]
    return (
        f"Step {step.name!r} {how}, so there are no variables from after it. This loads {what}:\n"
        f"  {' '.join(words)}\n"
        f"or, in Python, kfjlab.load({', '.join(map(repr, arguments))})"
    )


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
    run: Run,
    pipeline: Pipeline,
    prelude: Mapping[str, Value],
    steps: Mapping[str, StepRun],
    until: Step,
    when: str,
) -> _Position:
    """What the variables were right before or after a step, from the records of the steps up to it."""
    found = _Position(stored=dict(prelude), defined=set(pipeline.prelude.binds))
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


def _prelude_values(run: Run, pipeline: Pipeline, store: RunStore) -> dict[str, Value]:
    """The data that the imports and functions cells made: in this run, or, when it need not execute them, in one whose imports and
    functions it relied on."""
    try:
        saved = json.loads((Path(run.folder) / "prelude.json").read_text("utf-8"))
    except FileNotFoundError:
        if run.target != "local" or not pipeline.prelude.data:
            return {}
        saved = _observed(run, pipeline, store)
        if saved is None:
            return {}
    return prelude_record_from_json(saved["record"]).values


def _observed(run: Run, pipeline: Pipeline, store: RunStore) -> dict[str, Any] | None:
    from kfjlab.targets.base import RefusedError
    from kfjlab.targets.local.interpreter import find_interpreter
    from kfjlab.targets.local.keys import prelude_key

    try:
        interpreter = find_interpreter(run.options.get("kernel") or pipeline.kernel)
        environment = interpreter.digest()
    except RefusedError:
        return None  # the kernel is not there any more, so nothing is known about it
    return store.observed(prelude_key(pipeline, environment, run.parameters, interpreter.env))


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


def _mentioned(step: Step, names: set[str]) -> set[str]:
    """Those of ``names`` that a step's code has as words."""
    return {word for cell in step.cells for word in re.findall(r"\w+", cell.source)} & names


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


_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_GONE = object()


def _replaced(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What of a namespace is not there any more. Whether the user has touched it cannot be told, so that it was loaded is no excuse."""
    return {name: value for name, value in before.items() if not _is_same(value, now.get(name, _GONE))}


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (type(one) is type(other) and type(one) in _PLAIN and bool(one == other))


def _keep(replaced: Mapping[str, Any], before: Mapping[str, Any], namespace: dict[str, Any]) -> None:
    """Add what was replaced to :data:`REPLACED`; a user's own variable of that name is replaced like any other."""
    earlier = before.get(REPLACED)
    kept = Replaced()
    if isinstance(earlier, Replaced):
        kept.update({name: list(values) for name, values in earlier.items()})
    elif REPLACED in before:
        replaced = {**replaced, REPLACED: earlier}
    for name, value in replaced.items():
        kept.setdefault(name, []).append(value)
    namespace[REPLACED] = kept


class _Loading:
    """One call. ``chosen``: the variables to load; ``statements``: what is to be executed; ``missing``: name → why it is not there."""

    def __init__(
        self,
        position: _Position,
        definitions: Definitions,
        objects: str,
        run_id: str,
        step: str,
        namespace: dict[str, Any],
    ) -> None:
        from kfjlab.runtime.objects import ObjectStore
        from kfjlab.runtime.values import Carrier

        self._position, self._definitions = position, definitions
        self._run_id, self._step, self._namespace = run_id, step, namespace
        self._carrier: Any = Carrier(ObjectStore(objects), namespace, step)
        self._known = {*position.plain, *position.stored, *position.writers, *position.defined}
        self._chosen: dict[str, None] = {}
        self._made: dict[str, None] = {}
        self._statements: dict[Statement, None] = {}
        self._loaded: set[str] = set()
        self._missing: dict[str, str] = {}

    def load(self, wanted: Sequence[str], optional: Sequence[str], when: str) -> Loaded:
        """Load ``wanted``, and of ``optional`` what can be, with what they need. With ``optional`` names also star imports are made. When
        that fails, the namespace is as it was."""
        for name in (*wanted, *optional):
            self._choose(name)
        if optional:
            self._statements.update((s, None) for s in self._definitions.statements if s.star)
        namespace, position = self._namespace, self._position
        before = dict(namespace)
        try:
            self._bind()
            replaced = _replaced(before, namespace)
            if replaced:
                _keep(replaced, before, namespace)
        except BaseException:
            for name in namespace.keys() - before.keys():
                del namespace[name]
            namespace.update(before)
            raise
        stars = sorted(namespace.keys() - before.keys() - self._known - {REPLACED}) if optional else []
        asked = set(wanted)
        defined = [name for name in self._made if name in namespace and name not in self._missing]
        defined += [name for name in stars if not name.startswith("_")]
        summaries = {n: position.stored[n].summary for n in self._chosen if n in position.stored}
        missing = {n: why for n, why in self._missing.items() if n in asked or n not in optional}
        values = {name: namespace[name] for name in (*self._chosen, *defined) if name in namespace}
        loaded = Loaded(self._step, when, summaries, defined, missing, replaced)
        loaded.update(values)
        return loaded

    def _bind(self) -> None:
        """Put what was chosen into the namespace."""
        namespace, plain = self._namespace, self._position.plain
        for name in self._chosen:
            if name in plain:
                namespace[name] = copy.deepcopy(plain[name])
        if self._statements:
            namespace.setdefault("__name__", "__main__")  # as for every notebook; its classes say it
            failed = self._definitions.execute(self._statements, namespace, self._run_id, self._provide)
            self._missing.update({name: why for name, why in failed.items() if name in self._made})
        self._provide([name for name in self._chosen if name not in self._loaded])

    def _choose(self, first: str) -> None:
        """Decide for a name, and for all that it needs, how it comes into the namespace."""
        position, todo = self._position, [first]
        while todo:
            name = todo.pop(0)
            if name in self._chosen or name in self._made or name in self._missing:
                continue
            if name in position.plain:
                self._chosen[name] = None
            elif name in position.stored:
                self._chosen[name] = None
                value = position.stored[name]
                todo += [need for need in value.needs if need in self._known]
                todo += [
                    other
                    for other in value.group
                    if other in position.stored and position.stored[other].digest == value.digest
                ]
            elif name in position.writers:
                self._missing[name] = f"step {position.writers[name]!r} left no value of it"
            elif name in position.defined and name not in self._namespace:
                makers = self._definitions.makers(name)
                if makers is None:
                    self._missing[name] = self._not_defined(name)
                    continue
                self._made[name] = None
                self._statements.update((statement, None) for statement in makers)
                todo += [n for statement in makers for n in statement.mentions if n in self._known]

    def _not_defined(self, name: str) -> str:
        cells = self._definitions.cells_of(name)
        what = f"cell{'s' if len(cells) > 1 else ''} {', '.join(map(str, cells))}" if cells else "those cells"
        return (
            f"the imports and functions cells compute it, and it was not stored; run {what} of the notebook"
        )

    def _provide(self, names: Collection[str]) -> None:
        """Load those of ``names`` that are stored, and what shares objects with them."""
        position, namespace = self._position, self._namespace
        digests = {position.stored[n].digest for n in names if n in self._chosen and n in position.stored}
        values = {
            name: position.stored[name]
            for name in self._chosen
            if name in position.stored
            and position.stored[name].digest in digests
            and name not in self._loaded
        }
        if not values:
            return
        # Instances that are loaded shall be of the class that is here, as it is now.
        live = {
            f"prelude/{name}": namespace[name]
            for name in position.defined
            if isinstance(namespace.get(name), type)
        }
        from kfjlab.runtime.functions import ForeignCodeError

        try:
            self._carrier.load(values, live)
        except ModuleNotFoundError as error:
            raise LoadError(
                f"A variable needs the module {error.name!r}, which this kernel does not have. "
                "Install it here, or name other variables."
            ) from error
        except ForeignCodeError as error:
            raise LoadError(
                f"{error} Load in a kernel with the Python of the run's steps, or name other variables."
            ) from error
        except OSError as error:
            raise LoadError(
                f"A stored value cannot be read ({error}); it may have been deleted by 'kfjlab gc'. 'kfjlab resume' makes it again."
            ) from error
        self._loaded.update(values)
