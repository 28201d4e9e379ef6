"""Runs a pipeline on this machine: what the ledger says may start is started, what happened is entered into the ledger."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

from kfjlab.runs.model import RunState, StepState
from kfjlab.runs.store import RunStore
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.protocol import CHANGED, StepError, StepRecord

from .attempt import Attempt, Limits
from .capacity import Demand, machine_capacity
from .earlier import EarlierFiles
from .healing import Healing
from .job import STORE_LIMIT, Job
from .journal import Journal
from .ledger import Inputs, Ledger, Mismatch, Slot, Standing, Status, changed
from .prelude import POLL_EVERY, Prelude
from .progress import Progress
from .records import completed, kept_back, started_on
from .reuse import Kept, Reuse
from .selection import forced, selected
from .wording import CANCELLED, content_lost, outdated, put_back, unstable
from .workspace import Workspace
from .zygote import PreludeFailed, Zygote, ZygoteDied


class Engine:
    """One execution of a run, from its pipeline to its final state."""

    def __init__(self, store: RunStore, job: Job) -> None:
        self._store = store
        self._job = job
        self._steps = job.pipeline.steps
        self._options = job.run.options
        objects = ObjectStore(str(job.objects))
        self._earlier = EarlierFiles(job.folder)
        self._files = Workspace(job.workspace, objects, STORE_LIMIT)
        self._journal = Journal(store, job.run.id)
        self._reuse = Reuse(store, objects, job.run.id)
        self._prelude = Prelude(job, store, self._journal, self._reuse, self._files)
        self._progress = Progress(job, store, self._journal, self._reuse)
        self._ledger = Ledger(
            job.touches(), lambda r: job.base(r, self._files), self._files.listing, self._prelude.needs
        )
        self._capacity = machine_capacity(int(self._options.get("max_parallel", 0)))
        self._forced = forced(job.pipeline, self._options.get("start_from", ()))
        self._running: dict[int, tuple[Attempt, asyncio.Task[StepRecord], Inputs]] = {}
        self._outdated: dict[int, Mismatch] = {}
        self._alone = False
        self._disturbed: set[int] = set()
        """Steps whose files another step wrote while they had them open: they are next started when nothing else runs."""
        self._cancelled = False
        self._most_reruns = len(self._steps) + 3
        """How often a step may be run again for what others did: each time an earlier step has settled, and some for the outside world."""
        self._healing = Healing(
            self._steps,
            self._ledger,
            self._progress,
            self._files,
            self._reuse,
            self._journal,
            self._most_reruns,
        )

    # The whole run ----------------------------------------------------------------------------------------------------

    async def execute(self) -> RunState:
        """Run everything and return the run's final state, which is also in the store."""
        self._journal.run_state(RunState.RUNNING)
        error: StepError | None = None
        try:
            self._prepare()
            await self._complete()
        except PreludeFailed as failure:
            error = None if failure.error == CANCELLED else failure.error
            self._cancelled |= error is None
        finally:
            await self._stop_processes()
        self._files_in_place()
        state = self._close(error)
        self._earlier.end(self._files.before, self._files.digest, state is RunState.SUCCEEDED)
        self._journal.run_state(state, error or self._first_error())
        return state

    def cancel(self) -> None:
        """Stop as soon as possible; running cells are interrupted."""
        self._cancelled = True
        self._prelude.cancel()
        for attempt, _, _ in self._running.values():
            attempt.stop(CANCELLED)

    def _prepare(self) -> None:
        """Learn from earlier executions: what the prelude and the steps touched beyond what their text shows."""
        self._prelude.recall()
        self._recalled = self._earlier.before(self._files.digest)
        self._files.recall(self._recalled)
        taking_part = selected(self._job.pipeline, self._options.get("steps", ()))
        for position in range(len(self._steps)):
            if position not in taking_part:
                self._ledger.exclude(position)
                self._progress.enter(position, StepState.SKIPPED)
                continue
            seen = self._reuse.observed(self._key(position))
            if seen is not None:
                self._ledger.expect(position, seen.reads, changed(seen))

    async def _complete(self) -> None:
        """Run what has to be run, until the files, too, are as the steps have left them."""
        self._settle(self._adopt())
        self._put_back_earlier()
        while True:
            if self._open_steps():
                await self._work()
            if self._files_in_place() or self._horizon() < len(self._steps):
                return
            self._settle(self._ledger.replay())
            if not self._open_steps():
                return  # nobody can make what is lost
            self._settle(self._adopt())

    def _put_back_earlier(self) -> None:
        """Put back the files that steps which run again had changed in earlier parts of the run."""
        slots = self._files.touched()
        for position in range(len(self._steps)):
            record = self._ledger.record(position)
            if record is not None and record.state == "succeeded":
                slots.update(
                    {r: Slot(digest, writer=position) for r, digest in record.writes.items() if r in slots}
                )
        files = self._files.misplaced({r: slot for r, slot in slots.items() if r in self._recalled})
        if files:
            kept = self._earlier.keep(self._files.path(resource) for resource in files)
            self._journal.problem(put_back(sorted(files), kept))
            self._healing.put_back(files, slots)

    def _files_in_place(self) -> bool:
        """Put all files into the state that they have after the last step; whether that could be done."""
        slots = {**self._files.touched(), **self._ledger.final()}
        return self._healing.put_back(self._files.misplaced(slots), slots)

    async def _work(self) -> None:
        """Start what may start and take in what has ended, until nothing is left to do."""
        while True:
            standings = self._settle(self._adopt())
            if self._store.cancel_requested(self._job.run.id) and not self._cancelled:
                self.cancel()
            if not await self._launch(standings):
                await asyncio.sleep(0)  # signals are heard
                continue
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
        done = [position for position, (_, task, _) in self._running.items() if task.done()]
        for position in done:
            _, task, inputs = self._running.pop(position)
            self._alone = False
            self._take_in(position, task, inputs)
        if done:
            self._stop_outdated()

    async def _stop_processes(self) -> None:
        for attempt, task, _ in list(self._running.values()):
            attempt.stop(CANCELLED)
            await asyncio.wait([task])
        await self._prelude.stop()

    def _close(self, error: StepError | None) -> RunState:
        """Give every step that did not end a final state; the run's final state."""
        self._progress.close(StepState.CANCELLED if self._cancelled else StepState.SKIPPED)
        if error is not None or self._failed():
            return RunState.FAILED
        if self._cancelled:
            return RunState.CANCELLED
        if self._open_steps():
            raise AssertionError(f"steps neither ended nor failed: {self._ledger.replay()}")
        return RunState.SUCCEEDED

    # Taking in what happened ------------------------------------------------------------------------------------------

    def _adopt(self) -> list[Standing]:
        """Use records of earlier executions where they hold, and say where every step stands."""
        offered: dict[int, Kept] = {}

        def candidates(position: int, inputs: Inputs) -> Iterator[StepRecord]:
            begun = position in self._running or self._progress[position].attempt
            if begun or self._cancelled:
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
            if kept.id is None:
                self._files.learn(record)  # it has run in this run, before somebody resumed that
            else:
                self._files.adopt(record)
            self._reuse.used(kept)
            self._progress[position].kept = kept
        return self._ledger.replay()

    def _kept(self, position: int) -> Iterator[Kept]:
        """Records that could serve a step: those of this run (when it is resumed), then those of earlier runs."""
        yield from self._reuse.own(self._key(position))
        if (
            self._options.get("cache", True)
            and self._steps[position].settings.cache
            and position not in self._forced
        ):
            yield from self._reuse.candidates(self._key(position))

    def _take_in(self, position: int, task: asyncio.Task[StepRecord], inputs: Inputs) -> None:
        """Enter what an attempt did into the ledger."""
        progress = self._progress[position]
        progress.ended = time.time()
        try:
            record = task.result()
        except ZygoteDied:
            self._progress.enter(position, StepState.WAITING)
            return  # it will be started again, from a new zygote
        record = completed(self._steps[position], record, inputs, self._ledger.record)
        mismatch = self._outdated.pop(position, None)
        if mismatch is not None and record.state != "succeeded":
            self._files.learn(record)
            self._ledger.expect(position, {*record.reads, mismatch.resource}, ())
            self._run_again(position, (mismatch,))
            return
        error = record.error
        if error is not None and error.kind == "CorruptObject" and error.cell is None:
            progress.stale += 1
            if progress.stale <= self._most_reruns:
                self._healing.values(inputs)
                self._progress.enter(position, StepState.WAITING)
                return
        self._files.learn(record)
        self._ledger.put(position, record)
        progress.lineage = {r: s.value.digest for r, s in inputs.slots.items() if s.value is not None}

    # Deciding what follows --------------------------------------------------------------------------------------------

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
                self._progress.succeeded(position, record, self._key(position))
            elif standing.status is Status.VALID:
                changed |= self._end_or_retry(position, record)
        return changed

    def _run_again(self, position: int, mismatches: tuple[Mismatch, ...]) -> None:
        """A record read something in a state that it should not have seen: once more, with what was learnt."""
        first, progress = mismatches[0], self._progress[position]
        progress.stale += 1
        for mismatch in mismatches:
            if mismatch.writer is None and self._files.is_lost(mismatch.resource):
                error = content_lost(self._steps[position].name, mismatch.resource)
                self._ledger.give_up(position, StepRecord("failed", error=error))
                return
            if mismatch.writer is None:
                self._files.refresh(mismatch.resource)
        if progress.stale > self._most_reruns:
            error = unstable(self._steps[position].name, first.resource)
            self._ledger.give_up(position, StepRecord("failed", error=error))
            return
        record = self._ledger.record(position)
        if record is not None and CHANGED in record.reads.values():
            self._disturbed.add(position)
        self._ledger.drop(position)
        self._progress.runs_again(position, first.resource, first.writer)

    def _end_or_retry(self, position: int, record: StepRecord) -> bool:
        """A failure that is not due to stale inputs: try again if there are retries left. Whether the standings changed."""
        progress, step = self._progress[position], self._steps[position]
        if progress.state in (StepState.FAILED, StepState.CANCELLED):
            return False
        error = record.error or StepError("Unknown", f"Step {step.name!r} failed and did not say why.")
        if error.kind == "Cancelled":
            self._progress.ended(position, StepState.CANCELLED, record, error)
            return False
        progress.failures += 1
        self._files.accept(record)
        if progress.failures <= step.settings.retries and not self._cancelled:
            self._ledger.drop(position)
            self._progress.retries(position, error)
            return True
        self._progress.ended(position, StepState.FAILED, record, error)
        return False

    def _stop_outdated(self) -> None:
        """End attempts that have read what an earlier step, as is known by now, has changed: on that they might go on for ever."""
        for position, (attempt, _, inputs) in self._running.items():
            if position in self._outdated:
                continue
            for mismatch in self._ledger.mismatches(position, {**started_on(inputs), **attempt.files_read()}):
                if mismatch.writer is not None:
                    writer = self._steps[mismatch.writer].name
                    attempt.stop(outdated(self._steps[position].name, mismatch.resource, writer))
                    self._outdated[position] = mismatch
                    break

    # Starting ---------------------------------------------------------------------------------------------------------

    async def _launch(self, standings: list[Standing]) -> bool:
        """Start the steps that may start and fit beside those that run. False when the standings have turned out to be wrong."""
        horizon = self._horizon()
        if self._alone or not any(self._may_start(i, s) for i, s in enumerate(standings[:horizon])):
            return True
        zygote = await self._prelude.zygote()
        if self._cancelled:
            return True
        standings = self._ledger.replay()  # now it is known what the prelude's functions need
        for position, standing in enumerate(standings[:horizon]):
            if not self._may_start(position, standing):
                continue
            assert standing.inputs is not None
            wanted = self._files.wanted(standing.inputs)
            misplaced = self._files.misplaced(wanted)
            alone = bool(misplaced) or position in self._disturbed
            if alone and self._running:
                return True  # files go back to an older version only while nothing else runs
            if not self._healing.put_back(misplaced, wanted, position):
                return False
            self._alone = alone
            self._disturbed.discard(position)
            self._start(position, standing.inputs, zygote)
            if self._alone:
                break
        return True

    def _may_start(self, position: int, standing: Standing) -> bool:
        """Whether a step has all that it is expected to read, and room."""
        return (
            standing.inputs is not None
            and position not in self._running
            and self._progress[position].not_before <= time.monotonic()
            and self._capacity.admits(self._demand(position), [self._demand(i) for i in self._running])
        )

    def _start(self, position: int, inputs: Inputs, zygote: Zygote) -> None:
        step, progress = self._steps[position], self._progress[position]
        progress.attempt += 1
        progress.started = time.time()
        spec = self._job.step_spec(position, progress.attempt, inputs)
        attempt = Attempt(spec, Limits(step.settings.timeout, step.settings.resources.memory))
        spec_file = self._job.step_notebook(step, progress.attempt).with_suffix(".json")
        self._store.with_reserve(lambda: attempt.write_spec(spec_file))
        self._progress.started(position)
        named = inputs.slots.keys() & step.flow.reads
        blocked = kept_back(step, inputs, named, self._ledger.record)
        if blocked is not None:
            task = asyncio.ensure_future(_at_once(StepRecord("failed", error=blocked)))
        else:
            task = asyncio.ensure_future(
                attempt.run(zygote, spec_file, lambda message: self._journal.message(step.name, message))
            )
        self._running[position] = (attempt, task, inputs)

    # Small questions --------------------------------------------------------------------------------------------------

    def _key(self, position: int) -> str:
        """What a step's records are filed under; steps that opted out of the cache file theirs too, for resuming the run."""
        return self._job.step_key(position, self._prelude.reads())

    def _demand(self, position: int) -> Demand:
        resources = self._steps[position].settings.resources
        return Demand(resources.cpu or 1.0, resources.memory or 0)

    def _open_steps(self) -> bool:
        return any(s.status not in (Status.VALID, Status.EXCLUDED) for s in self._ledger.replay())

    def _delayed(self, standings: list[Standing]) -> bool:
        """Whether a step waits for its next retry."""
        now, horizon = time.monotonic(), self._horizon()
        pairs = zip(standings[:horizon], self._progress.steps[:horizon], strict=True)
        return any(s.inputs is not None and p.not_before > now for s, p in pairs)

    def _horizon(self) -> int:
        """The position from which on nothing is started any more: that of the first step that failed.

        Steps before it are still started, as they would have been from top to bottom: they may do what nobody foresaw and the failed step
        needed.
        """
        if self._cancelled:
            return 0
        states = [] if self._options.get("keep_going") else [step.state for step in self._progress.steps]
        return states.index(StepState.FAILED) if StepState.FAILED in states else len(self._steps)

    def _failed(self) -> bool:
        return self._progress.any(StepState.FAILED)

    def _first_error(self) -> StepError | None:
        for position, progress in enumerate(self._progress.steps):
            record = self._ledger.record(position)
            if progress.state is StepState.FAILED and record is not None:
                return record.error
        return CANCELLED if self._cancelled else None


async def _at_once(record: StepRecord) -> StepRecord:
    return record
