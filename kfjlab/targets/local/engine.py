"""Runs a pipeline on this machine: what the ledger says may start is started, what happened is entered into the ledger."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kfjlab.notebook.pipeline import Step
from kfjlab.notebook.problems import Fix, Problem, Severity
from kfjlab.runs.model import RunState, StepRun, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.protocol import PreludeRecord, StepError, StepRecord, prelude_record_from_json, to_json

from .attempt import Attempt, Limits
from .capacity import Demand, machine_capacity
from .job import STORE_LIMIT, Job, without_unseeded
from .journal import Journal
from .ledger import ANY_FILE, Inputs, Ledger, Mismatch, Standing, Status, changed
from .reuse import Kept, Reuse
from .selection import forced, selected
from .workspace import Workspace
from .zygote import PreludeFailed, Zygote, ZygoteDied

POLL_EVERY = 0.5
"""Seconds between two looks at whether somebody asked to cancel."""
ZYGOTE_STARTS = 3
"""How often a zygote that died is started again."""

CANCELLED = StepError("Cancelled", "The run was cancelled.", fix="kfjlab resume goes on where it stopped.")


@dataclass
class Progress:
    """What the engine remembers of a step beside its record."""

    attempt: int = 0
    failures: int = 0
    stale: int = 0
    started: float | None = None
    ended: float | None = None
    not_before: float = 0.0
    kept: Kept | None = None
    state: StepState = StepState.WAITING
    lineage: dict[str, str] = field(default_factory=dict)


class Engine:
    """One execution of a run, from its pipeline to its final state."""

    def __init__(self, store: RunStore, job: Job) -> None:
        self._store = store
        self._job = job
        self._steps = job.pipeline.steps
        self._objects = ObjectStore(str(job.objects))
        self._files = Workspace(job.workspace, self._objects, STORE_LIMIT)
        self._journal = Journal(store, job.run.id)
        self._reuse = Reuse(store, self._objects, job.run.id)
        self._capacity = machine_capacity(int(job.run.options.get("max_parallel", 0)))
        self._progress = [Progress() for _ in self._steps]
        self._ledger = Ledger(
            job.touches(), lambda r: job.base(r, self._files), self._files.listing, self._needs
        )
        self._forced = forced(job.pipeline, job.run.options.get("start_from", ()))
        self._prelude: PreludeRecord | None = None
        self._prelude_files: dict[str, str] | None = None
        self._zygote: Zygote | None = None
        self._zygote_starts = 0
        self._running: dict[int, tuple[Attempt, asyncio.Task[StepRecord], Inputs]] = {}
        self._alone = False
        self._cancelled = False
        self._most_reruns = len(self._steps) + 3
        """How often a step may be run again for what others did: each time an earlier step has settled, and some for the outside world."""

    # The whole run ----------------------------------------------------------------------------------------------------

    async def execute(self) -> RunState:
        """Run everything and return the run's final state, which is also in the store."""
        self._journal.run_state(RunState.RUNNING)
        error: StepError | None = None
        try:
            self._prepare()
            self._settle(self._adopt())
            if self._open_steps():
                await self._work()
        except PreludeFailed as failure:
            error = failure.error
        finally:
            await self._stop_processes()
        self._files.restore(self._files.misplaced({**self._files.touched(), **self._ledger.final()}))
        state = self._close(error)
        self._journal.run_state(state, error or self._first_error())
        return state

    def cancel(self) -> None:
        """Stop as soon as possible; running cells are interrupted."""
        self._cancelled = True
        for attempt, _, _ in self._running.values():
            attempt.stop(CANCELLED)

    def _prepare(self) -> None:
        """Learn from earlier executions: what the prelude and the steps touched beyond what their text shows."""
        kept = self._store.observed(self._job.prelude_key())
        if kept is not None:
            self._prelude = prelude_record_from_json(kept["record"])
            self._reuse.put_back(kept["notebook"], self._job.folder / "prelude.ipynb")
        taking_part = selected(self._job.pipeline, self._job.run.options.get("steps", ()))
        for position in range(len(self._steps)):
            if position not in taking_part:
                self._ledger.exclude(position)
                self._enter(position, StepState.SKIPPED)
                continue
            seen = self._reuse.observed(self._key(position))
            if seen is not None:
                self._ledger.expect(position, seen.reads, changed(seen))

    def _open_steps(self) -> bool:
        return any(s.status not in (Status.VALID, Status.EXCLUDED) for s in self._ledger.replay())

    async def _work(self) -> None:
        """Start what may start and take in what has ended, until nothing is left to do."""
        while True:
            standings = self._settle(self._adopt())
            await self._launch(standings)
            if not self._running and not self._delayed(standings):
                return
            await self._wait()

    async def _wait(self) -> None:
        """Until an attempt has ended, or it is time to look around."""
        tasks = [task for _, task, _ in self._running.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=POLL_EVERY, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(0.05)
        if not self._cancelled and self._store.cancel_requested(self._job.run.id):
            self.cancel()
        for position, (_, task, inputs) in list(self._running.items()):
            if task.done():
                del self._running[position]
                self._alone = False
                self._take_in(position, task, inputs)

    # Taking in what happened ------------------------------------------------------------------------------------------

    def _adopt(self) -> list[Standing]:
        """Use records of earlier executions where they hold, and say where every step stands."""
        offered: dict[int, Kept] = {}

        def candidates(position: int, inputs: Inputs) -> Iterator[StepRecord]:
            progress = self._progress[position]
            if position in self._running or progress.attempt or position in self._forced or self._cancelled:
                return
            for kept in self._kept(position):
                if not self._files.holds(kept.record):
                    continue
                offered[id(kept.record)] = kept
                yield kept.record

        for position in self._ledger.adopt(candidates):
            record = self._ledger.record(position)
            assert record is not None
            kept = offered[id(record)]
            self._files.learn(record)
            self._reuse.used(kept)
            self._progress[position].kept = kept
        return self._ledger.replay()

    def _kept(self, position: int) -> Iterator[Kept]:
        """Records that could serve a step: those of this run (when it is resumed), then those of earlier runs."""
        step = self._steps[position]
        own = self._store.observed_in_run(self._job.run.id, self._key(position))
        for data in own:
            kept = Kept.from_json(data)
            if kept.record.state == "succeeded" and self._reuse.sound(kept.record):
                yield kept
        if self._job.run.options.get("cache", True) and step.settings.cache:
            yield from self._reuse.candidates(self._key(position))

    def _take_in(self, position: int, task: asyncio.Task[StepRecord], inputs: Inputs) -> None:
        """Enter what an attempt did into the ledger."""
        progress = self._progress[position]
        progress.ended = time.time()
        try:
            record = task.result()
        except ZygoteDied:
            self._enter(position, StepState.WAITING)
            return  # it will be started again, from a new zygote
        record = self._complete_record(position, record, inputs)
        if record.error is not None and record.error.kind == "CorruptObject":
            progress.stale += 1
            if progress.stale <= self._most_reruns and self._drop_corrupt(inputs):
                self._enter(position, StepState.WAITING)
                return
        self._files.learn(record)
        self._ledger.put(position, record)
        progress.lineage = {r: s.value.digest for r, s in inputs.slots.items() if s.value is not None}

    def _complete_record(self, position: int, record: StepRecord, inputs: Inputs) -> StepRecord:
        """Add what the engine knows better than the worker: the digests of what the step was given."""
        step = self._steps[position]
        digests = inputs.digests()
        known = {r: d for r, d in digests.items() if r.startswith(("var:", "env:"))}
        # On which ambient state it started, a worker that was killed could not say; and that a cell asks a generator for its state is
        # known from its text alone.
        started_on = {r: d for r, d in digests.items() if r.startswith("ambient:")}
        reads = {**started_on, **record.reads, **known}
        stored = {
            r: s.value.digest for r, s in inputs.slots.items() if s.value is not None and r.startswith("var:")
        }
        contents = {r: v.content for r, v in record.values.items() if v.content}
        if ANY_FILE in reads:
            reads[ANY_FILE] = inputs.any_file or "unforeseen"
        return dataclasses.replace(
            record,
            reads=without_unseeded(step, reads),
            writes=without_unseeded(step, {**record.writes, **contents}),
            given={r: digest for r, digest in stored.items() if r in record.writes},
            values=without_unseeded(step, record.values),
        )

    def _drop_corrupt(self, inputs: Inputs) -> bool:
        """Forget the records whose stored values cannot be read back; whether there were any."""
        dropped = False
        for slot in inputs.slots.values():
            writer = slot.writer
            if writer is None or slot.value is None or self._reuse.readable(slot.value):
                continue
            self._ledger.drop(writer)
            self._progress[writer].kept = None
            self._enter(writer, StepState.WAITING)
            dropped = True
        return dropped

    def _settle(self, standings: list[Standing]) -> list[Standing]:
        """Act on where the steps stand: run stale ones again, announce ends. Returns the standings after that."""
        while self._act(standings):
            standings = self._ledger.replay()
        return standings

    def _act(self, standings: list[Standing]) -> bool:
        """Whether acting has changed where steps stand."""
        changed = False
        for position, standing in enumerate(standings):
            record = self._ledger.record(position)
            if record is None:
                continue
            if standing.status is Status.STALE:
                self._run_again(position, standing.mismatches)
                changed = True
            elif standing.status is Status.VALID and record.state == "succeeded":
                self._announce_success(position, record)
            elif standing.status is Status.VALID:
                changed |= self._announce_failure(position, record)
        return changed

    def _run_again(self, position: int, mismatches: tuple[Mismatch, ...]) -> None:
        """A record read something in a state that it should not have seen: once more, with what was learnt."""
        progress = self._progress[position]
        progress.stale += 1
        first = mismatches[0]
        writer = None if first.writer is None else self._steps[first.writer].name
        step = self._steps[position].name
        for mismatch in mismatches:
            if mismatch.writer is None:
                self._files.refresh(mismatch.resource)
        if progress.stale > self._most_reruns:
            self._ledger.give_up(position, StepRecord("failed", error=_unstable(step, first.resource)))
            return
        self._ledger.drop(position)
        progress.kept = None
        message = _stale_message(step, first.resource, writer)
        progress.state = StepState.WAITING
        self._journal.stale(step, first.resource, writer, message)
        if writer is not None:
            self._journal.problem(_unforeseen(step, first.resource, writer, message))

    def _announce_success(self, position: int, record: StepRecord) -> None:
        progress = self._progress[position]
        if progress.state is StepState.SUCCEEDED:
            return
        step = self._steps[position]
        fresh = progress.kept is None
        notebook, log = (
            self._job.step_notebook(step, progress.attempt),
            self._store.log_path(self._job.run.id, step.name),
        )
        if progress.kept is None:
            progress.kept = Kept(record, self._reuse.store_file(notebook), self._reuse.store_file(log))
        else:
            self._reuse.put_back(progress.kept.notebook, notebook)
            self._reuse.put_back(progress.kept.log, log)
        progress.state = StepState.SUCCEEDED
        run = StepRun(
            run_id=self._job.run.id,
            name=step.name,
            position=position,
            state=StepState.SUCCEEDED,
            cached=not fresh,
            attempt=progress.attempt,
            started=progress.started,
            ended=progress.ended,
            record=to_json(record),
            notebook=str(notebook),
            log=str(log),
        )
        self._journal.succeeded(run, record, progress.lineage)
        if fresh:
            self._reuse.keep(self._key(position), progress.kept)

    def _announce_failure(self, position: int, record: StepRecord) -> bool:
        """A failure that is not due to stale inputs: try again if there are retries left. Whether the standings changed."""
        progress = self._progress[position]
        if progress.state in (StepState.FAILED, StepState.CANCELLED):
            return False
        step = self._steps[position]
        error = record.error or StepError("Unknown", f"Step {step.name!r} failed and did not say why.")
        if error.kind == "Cancelled":
            self._enter(
                position,
                StepState.CANCELLED,
                error=to_json(error),
                ended=progress.ended,
                seconds=record.seconds,
            )
            return False
        progress.failures += 1
        if progress.failures <= step.settings.retries and not self._cancelled:
            progress.not_before = time.monotonic() + step.settings.retry_delay * 2 ** (progress.failures - 1)
            self._files.accept(record)
            self._ledger.drop(position)
            self._enter(position, StepState.WAITING, error=to_json(error))
            return True
        self._files.accept(record)
        self._enter(
            position,
            StepState.FAILED,
            error=to_json(error),
            ended=progress.ended,
            seconds=record.seconds,
            record=to_json(record),
            notebook=str(self._job.step_notebook(step, progress.attempt)),
            log=str(self._store.log_path(self._job.run.id, step.name)),
        )
        return False

    # Starting ---------------------------------------------------------------------------------------------------------

    async def _launch(self, standings: list[Standing]) -> None:
        """Start the steps that may start and fit beside those that run."""
        if self._cancelled or self._alone or (self._failed() and not self._job.run.options.get("keep_going")):
            return
        for position, standing in enumerate(standings):
            if standing.inputs is None or position in self._running:
                continue
            if self._progress[position].not_before > time.monotonic():
                continue
            if not self._capacity.admits(self._demand(position), [self._demand(i) for i in self._running]):
                continue
            misplaced = self._files.misplaced(standing.inputs.slots)
            if misplaced and self._running:
                return  # files go back to an older version only while nothing else runs
            zygote = await self._ready_zygote()
            self._files.restore(misplaced)
            self._alone = bool(misplaced)
            self._start(position, standing.inputs, zygote)
            if self._alone:
                return

    def _start(self, position: int, inputs: Inputs, zygote: Zygote) -> None:
        step, progress = self._steps[position], self._progress[position]
        progress.attempt += 1
        progress.started = time.time()
        spec = self._job.step_spec(position, progress.attempt, inputs)
        settings = step.settings
        attempt = Attempt(spec, Limits(settings.timeout, settings.resources.memory))
        spec_file = self._job.step_notebook(step, progress.attempt).with_suffix(".json")
        attempt.write_spec(spec_file)
        self._enter(
            position, StepState.RUNNING, attempt=progress.attempt, started=progress.started, error=None
        )
        blocked = _cannot_arrive(step, inputs, self._ledger)
        if blocked is not None:
            task = asyncio.ensure_future(_at_once(StepRecord("failed", error=blocked)))
        else:
            task = asyncio.ensure_future(
                attempt.run(zygote, spec_file, lambda message: self._journal.message(step.name, message))
            )
        self._running[position] = (attempt, task, inputs)

    async def _ready_zygote(self) -> Zygote:
        """The process to fork from; started when the first step needs it, and again when it has died."""
        if self._zygote is not None and self._zygote.alive:
            return self._zygote
        self._zygote_starts += 1
        if self._zygote_starts > ZYGOTE_STARTS:
            raise PreludeFailed(
                StepError(
                    "Crashed",
                    f"The process that holds the notebook's imports died {ZYGOTE_STARTS} times.",
                    fix=f"See {self._job.folder / 'processes.log'}.",
                )
            )
        saved = self._job.folder / "prelude.json"
        key = self._job.prelude_key()
        earlier = json.loads(saved.read_text("utf-8")) if saved.exists() else {}
        restore = earlier.get("record") if earlier.get("key") == key else None
        if restore is not None and not self._restorable(restore):
            restore = None  # the imports are executed anew, and what depends on their data with them
        spec_file = self._job.folder / "prelude-spec.json"
        spec_file.write_text(json.dumps(to_json(self._job.prelude_spec(restore))), "utf-8")
        self._journal.message(None, {"type": "phase", "phase": "prelude"})
        self._zygote = await Zygote.start(
            self._job.interpreter,
            self._job.process_environment(),
            spec_file,
            self._job.workspace,
            self._job.folder / "processes.log",
        )
        self._prelude, self._prelude_files = self._zygote.record, None
        record = to_json(self._zygote.record)
        saved.write_text(json.dumps({"key": key, "record": record}), "utf-8")
        if not self._zygote.can_fork:
            self._journal.problem(
                Problem(
                    "no-fork",
                    Severity.INFO,
                    f"Each step starts a process of its own, because {self._zygote.why}.",
                )
            )
        executed = self._reuse.store_file(self._job.folder / "prelude.ipynb")
        kept = {"record": record, "notebook": executed}
        self._store.put_record(key, kept, run_id=self._job.run.id, step="", size=0)
        self._journal.message(
            None, {"type": "phase", "phase": "steps", "seconds": self._zygote.record.seconds}
        )
        return self._zygote

    def _restorable(self, record: dict[str, Any]) -> bool:
        """Whether everything that an earlier execution of the prelude stored can be read back."""
        earlier = prelude_record_from_json(record)
        return all(
            self._reuse.readable(value) for value in (*earlier.values.values(), *earlier.ambient.values())
        )

    async def _stop_processes(self) -> None:
        for attempt, task, _ in list(self._running.values()):
            attempt.stop(CANCELLED)
            await asyncio.wait([task])
        if self._zygote is not None:
            await self._zygote.stop()

    # Small things -----------------------------------------------------------------------------------------------------

    def _key(self, position: int) -> str:
        """What a step's records are filed under; steps that opted out of the cache file theirs too, for resuming the run."""
        if self._prelude_files is None:
            read = self._prelude.reads if self._prelude is not None else {}
            self._prelude_files = {
                name: self._files.digest(name) for name in read if name.startswith("file:")
            }
        return self._job.step_key(position, self._prelude_files)

    def _needs(self, name: str) -> list[str]:
        return [] if self._prelude is None else self._prelude.needs.get(name, [])

    def _demand(self, position: int) -> Demand:
        resources = self._steps[position].settings.resources
        return Demand(resources.cpu or 1.0, resources.memory or 0)

    def _delayed(self, standings: list[Standing]) -> bool:
        """Whether a step waits for its next retry."""
        if self._cancelled or (self._failed() and not self._job.run.options.get("keep_going")):
            return False
        now = time.monotonic()
        return any(
            s.inputs is not None and p.not_before > now
            for s, p in zip(standings, self._progress, strict=True)
        )

    def _failed(self) -> bool:
        return any(progress.state is StepState.FAILED for progress in self._progress)

    def _enter(self, position: int, state: StepState, **fields: object) -> None:
        self._progress[position].state = state
        self._journal.step_state(self._steps[position].name, state, **fields)

    def _first_error(self) -> StepError | None:
        for position, progress in enumerate(self._progress):
            record = self._ledger.record(position)
            if progress.state is StepState.FAILED and record is not None:
                return record.error
        return CANCELLED if self._cancelled else None

    def _close(self, error: StepError | None) -> RunState:
        """Give every step that did not end a final state; the run's final state."""
        rest = StepState.CANCELLED if self._cancelled else StepState.SKIPPED
        for position, progress in enumerate(self._progress):
            if progress.state in (StepState.WAITING, StepState.RUNNING):
                self._enter(position, rest)
        if error is not None or self._failed():
            return RunState.FAILED
        if self._cancelled:
            return RunState.CANCELLED
        if self._open_steps():
            raise AssertionError(f"steps neither ended nor failed: {self._ledger.replay()}")
        return RunState.SUCCEEDED


async def _at_once(record: StepRecord) -> StepRecord:
    return record


def _cannot_arrive(step: Step, inputs: Inputs, ledger: Ledger) -> StepError | None:
    """The error of a step that reads a variable which could not be stored; None when it has all that its text reads."""
    for resource, slot in inputs.slots.items():
        if (
            resource in step.flow.reads
            and slot.digest is not None
            and slot.digest.startswith("cannot-travel:")
        ):
            record = ledger.record(slot.writer) if slot.writer is not None else None
            warnings = record.warnings if record is not None else []
            name = resource[len("var:") :]
            found = next(
                (w for w in warnings if w.get("code") == "cannot-travel" and w.get("name") == name), None
            )
            message = (
                found["message"] if found else f"Variable {name!r} cannot be carried to another process."
            )
            return StepError(
                "CannotTravel",
                f"Step {step.name!r} reads {name!r}. {message}",
                cell=step.cells[0].index,
                fix="Make it in the step that uses it.",
            )
    return None


def _stale_message(step: str, resource: str, writer: str | None) -> str:
    kind, name = resource.split(":", 1)
    thing = {"var": "variable", "file": "file", "dir": "folder", "ambient": "state"}.get(kind, kind)
    if writer is None:
        return f"{thing} {name!r} changed while step {step!r} was running; the step runs again."
    return f"Step {writer!r} changed {thing} {name!r}, which step {step!r} had read before that; {step!r} runs again."


def _unforeseen(step: str, resource: str, writer: str, message: str) -> Problem:
    fix = Fix(f"Let {step!r} run after {writer!r}", "add-after", {"step": step, "after": writer})
    return Problem("unforeseen-change", Severity.WARNING, message, step=step, fix=fix)


def _unstable(step: str, resource: str) -> StepError:
    name = resource.split(":", 1)[1]
    return StepError(
        "Unstable",
        f"Step {step!r} ran again and again, because {name!r} was different each time.",
        fix=f"Something outside the pipeline changes {name!r}, or it is too large to be kept in versions: let only one step write it.",
    )
