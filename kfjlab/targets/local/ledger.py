"""Which records hold, which steps may start, and on what: the rules of "a step is a transaction" (``docs/architecture.md``).

Pure data and no clock: the ledger is replayed from the first step after every change. Steps are known by their position in the
notebook, which is the serial order. The scheme is optimistic concurrency control with validation in a fixed order (Kung and Robinson,
*On Optimistic Methods for Concurrency Control*, 1981; Gelashvili et al., *Block-STM*, 2022).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from kfjlab.runtime.files import DIRECTORY, folders_around
from kfjlab.runtime.protocol import ABSENT, UNTOUCHED, StepRecord, Value

GENERATORS = frozenset({"ambient:random", "ambient:numpy.random", "ambient:torch.random"})
"""Ambient state that only steps which draw from it read; every other key is read by every step."""

ANY_FILE = "file:*"
ANY_VARIABLE = "var:*"


class Status(Enum):
    """Where a step stands after a replay."""

    BLOCKED = "blocked"  # something that it reads is not known yet
    READY = "ready"  # everything that it reads is known; it has no record
    UNSETTLED = "unsettled"  # it has a record, and something that the record read is not known yet
    STALE = "stale"  # it has a record that read something else than it should have
    VALID = "valid"  # it has a record that holds
    EXCLUDED = "excluded"  # it takes no part in this run


@dataclass(frozen=True)
class Touch:
    """What a step is expected to touch: resource names, and positions of steps that it must follow."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    after: frozenset[int] = frozenset()

    def merged(self, reads: Iterable[str], writes: Iterable[str]) -> Touch:
        """The same with more resources."""
        return Touch(self.reads | frozenset(reads), self.writes | frozenset(writes), self.after)


@dataclass(frozen=True)
class Slot:
    """The state of a resource at some position. ``digest`` None: not known yet. ``writer``: position of the step that left it
    (None: the state before the first step)."""

    digest: str | None
    value: Value | None = None
    writer: int | None = None


@dataclass(frozen=True)
class Mismatch:
    """A resource that a record read in another state than it has at the step's position."""

    resource: str
    writer: int | None


@dataclass(frozen=True)
class Inputs:
    """What a step starts on: the state of every resource that it is expected to read, as the ledger knows it.

    ``any_file``: digest of all files at once, for a step that turns out to start a subprocess (None: not known yet). ``withheld``: names of
    variables that earlier steps left and that it is not expected to read. It must not see what the prelude left in them either.
    ``files``: those that earlier steps wrote, for a step that lists folders or starts programs.
    """

    slots: Mapping[str, Slot]
    any_file: str | None = None
    withheld: frozenset[str] = frozenset()
    files: Mapping[str, Slot] = field(default_factory=dict)

    def folders(self) -> list[str]:
        """The folders that the step lists; the workspace itself for one that starts programs."""
        return ["." if name == ANY_FILE else name[len("dir:") :] for name in self.slots if _is_many(name)]

    def digests(self) -> dict[str, str]:
        """Resource → digest, as it belongs into the reads of the step's record."""
        return {name: slot.digest for name, slot in self.slots.items() if slot.digest is not None}


@dataclass(frozen=True)
class Standing:
    """A step's status, with the reason: what it read wrongly, what is not known yet, or what it will start on."""

    status: Status
    mismatches: tuple[Mismatch, ...] = ()
    waits_for: frozenset[str] = frozenset()
    inputs: Inputs | None = None


@dataclass
class _State:
    """The resources at one position of the replay."""

    slots: dict[str, Slot] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    folders: dict[str, int] = field(default_factory=dict)
    """Folders (``file:`` resources) in which a step has left a file → the last of these steps."""

    def of_kind(self, prefix: str) -> dict[str, Slot]:
        return {name: slot for name, slot in self.slots.items() if name.startswith(prefix)}


class Ledger:
    """The records of one run and what follows from them.

    ``base`` gives the digest of a resource before the first step (:data:`ABSENT` for a variable that the prelude does not bind).
    ``listing`` gives the names in a folder before the first step. ``needs`` gives, for a name that the prelude binds, the global names that
    its functions look up.
    """

    def __init__(
        self,
        touches: Sequence[Touch],
        base: Callable[[str], str],
        listing: Callable[[str], Iterable[str]],
        needs: Callable[[str], Iterable[str]] = lambda name: (),
    ) -> None:
        self._touches = list(touches)
        self._records: list[StepRecord | None] = [None] * len(touches)
        self._folders: list[frozenset[str]] = [frozenset()] * len(touches)
        """For each record, the folders (``file:`` resources) in which its step has left files."""
        self._excluded: set[int] = set()
        self._given_up: set[int] = set()
        self._base = base
        self._listing = listing
        self._needs = needs

    # What happens -----------------------------------------------------------------------------------------------------

    def exclude(self, position: int) -> None:
        """Leave a step out: as if it were not in the notebook."""
        self._excluded.add(position)

    def expect(self, position: int, reads: Iterable[str], writes: Iterable[str]) -> None:
        """Add to what a step is expected to touch (learnt from an earlier execution)."""
        self._touches[position] = self._touches[position].merged(reads, writes)

    def put(self, position: int, record: StepRecord) -> None:
        """Enter what a step did, and learn from it.

        A variable that only got into another alias group (a model that keeps a reference to its training data) is not expected
        to be written: who reads it need not wait.
        """
        self._records[position] = record
        self._folders[position] = _folders(record)
        self.expect(position, record.reads, changed(record))

    def give_up(self, position: int, record: StepRecord) -> None:
        """Let a step end with this failed record whatever the state is: no further execution could say more."""
        self._records[position] = record
        self._given_up.add(position)

    def drop(self, position: int) -> None:
        """Forget a step's record; what was learnt from it stays."""
        self._records[position] = None
        self._given_up.discard(position)

    def record(self, position: int) -> StepRecord | None:
        """The record of a step, if it has one."""
        return self._records[position]

    def touch(self, position: int) -> Touch:
        """What a step is expected to touch."""
        return self._touches[position]

    # What follows -----------------------------------------------------------------------------------------------------

    def replay(self) -> list[Standing]:
        """Every step's standing, in serial order."""
        state = _State()
        standings: list[Standing] = []
        for position in range(len(self._touches)):
            standing = self._standing(position, state)
            standings.append(standing)
            self._apply(position, standing, state)
        return standings

    def final(self) -> dict[str, Slot]:
        """The state after the last step of every resource that some step wrote."""
        state = _State()
        for position in range(len(self._touches)):
            self._apply(position, self._standing(position, state), state)
        return state.slots

    def adopt(self, candidates: Callable[[int, Inputs], Iterable[StepRecord]]) -> list[int]:
        """Enter records of earlier executions where they hold now.

        ``candidates`` is asked, in serial order, for each step that could start; the first of its records that would be valid is entered.
        Returns the positions that got a record.
        """
        state = _State()
        adopted: list[int] = []
        for position in range(len(self._touches)):
            standing = self._standing(position, state)
            if standing.inputs is not None:
                for record in candidates(position, standing.inputs):
                    if self._compare(position, record, state) == ([], set()):
                        self.put(position, record)
                        adopted.append(position)
                        standing = Standing(Status.VALID)
                        break
            self._apply(position, standing, state)
        return adopted

    def mismatches(self, position: int, reads: Mapping[str, str]) -> list[Mismatch]:
        """Which of these reads (resource → digest) by a step that has no record yet are certainly wrong at its position."""
        state = _State()
        for before in range(position):
            self._apply(before, self._standing(before, state), state)
        return self._compare(position, StepRecord("running", reads=dict(reads)), state)[0]

    # The rules --------------------------------------------------------------------------------------------------------

    def _standing(self, position: int, state: _State) -> Standing:
        if position in self._excluded:
            return Standing(Status.EXCLUDED)
        if position in self._given_up:
            return Standing(Status.VALID)
        record = self._records[position]
        if record is not None:
            mismatches, unknown = self._compare(position, record, state)
            if mismatches:
                return Standing(Status.STALE, mismatches=tuple(mismatches))
            if unknown:
                return Standing(Status.UNSETTLED, waits_for=frozenset(unknown))
            return Standing(Status.VALID)
        slots = self._required(position, state)
        unknown = {name for name, slot in slots.items() if slot.digest is None} | self._order_waits(
            position, state
        )
        if unknown:
            return Standing(Status.BLOCKED, waits_for=frozenset(unknown))
        withheld = frozenset(name[len("var:") :] for name in state.of_kind("var:") if name not in slots)
        files = state.of_kind("file:") if any(map(_is_many, slots)) else {}
        inputs = Inputs(slots, self._lookup(ANY_FILE, state).digest, withheld, files)
        return Standing(Status.READY, inputs=inputs)

    def _apply(self, position: int, standing: Standing, state: _State) -> None:
        if standing.status is Status.EXCLUDED:
            state.settled.add(position)
            return
        record = self._records[position]
        if (
            record is not None
            and standing.status in (Status.VALID, Status.UNSETTLED)
            and record.state == "succeeded"
        ):
            for name, digest in record.writes.items():
                state.slots[name] = Slot(digest, record.values.get(name), position)
            state.folders.update(dict.fromkeys(self._folders[position], position))
            if standing.status is Status.VALID:
                state.settled.add(position)
            return
        for name in self._touches[position].writes:
            state.slots[name] = Slot(None, None, position)

    def _lookup(self, name: str, state: _State) -> Slot:
        if name == ANY_FILE:
            return self._summary("file:", state)
        if name == ANY_VARIABLE:
            return self._summary("var:", state, names_only=True)
        if name.startswith("dir:"):
            return self._folder(name[len("dir:") :], state)
        slot = state.slots.get(name)
        if name in state.folders and (
            slot is None or slot.writer is None or state.folders[name] > slot.writer
        ):
            return Slot(DIRECTORY, None, state.folders[name])
        if slot is not None:
            return slot
        return Slot(self._base(name))

    def _summary(self, prefix: str, state: _State, names_only: bool = False) -> Slot:
        """One digest for everything of a kind that earlier steps wrote (with the base's digest of the rest)."""
        found = state.of_kind(prefix)
        if any(slot.digest is None for slot in found.values()):
            return Slot(None)
        if names_only:
            content = sorted(name for name, slot in found.items() if slot.digest != ABSENT)
            return Slot(_digest(content))
        return Slot(
            _digest([self._base(ANY_FILE), sorted((name, slot.digest) for name, slot in found.items())])
        )

    def _folder(self, folder: str, state: _State) -> Slot:
        """The names in a folder: those before the first step, plus and minus what earlier steps made and deleted."""
        names = set(self._listing(folder))
        writer = None
        prefix = "" if folder in ("", ".") else folder.rstrip("/") + "/"
        for resource, slot in state.of_kind("file:").items():
            path = resource[len("file:") :]
            if not path.startswith(prefix) or (not prefix and path.startswith(("/", "../"))):
                continue
            if slot.digest is None:
                return Slot(None, None, slot.writer)
            rest = path[len(prefix) :]
            writer = slot.writer
            if slot.digest != ABSENT:
                names.add(rest.split("/", 1)[0])
            elif "/" not in rest:
                names.discard(rest)
        return Slot(json.dumps(sorted(names)), None, writer)

    def _required(self, position: int, state: _State) -> dict[str, Slot]:
        """The resources a step starts on: what it is expected to read, what the functions in those look up, the rest of their alias
        groups, and all ambient state that earlier steps changed."""
        wanted = list(self._touches[position].reads)
        wanted += [name for name in state.of_kind("ambient:") if name not in GENERATORS]
        if ANY_VARIABLE in wanted:
            wanted += [name for name, slot in state.of_kind("var:").items() if slot.digest != ABSENT]
        slots: dict[str, Slot] = {}
        while wanted:
            name = wanted.pop()
            if name in slots:
                continue
            slot = slots[name] = self._lookup(name, state)
            if not name.startswith("var:") or slot.digest is None:
                continue
            wanted += [f"var:{needed}" for needed in self._needed(name[len("var:") :], slot)]
            if slot.value is not None:
                wanted += self._group(slot, state)
        return slots

    def _needed(self, name: str, slot: Slot) -> Iterable[str]:
        if slot.value is not None:
            return slot.value.needs
        return self._needs(name) if slot.digest != ABSENT else ()

    def _group(self, slot: Slot, state: _State) -> list[str]:
        """The names that still live in the same stored object as ``slot``'s."""
        assert slot.value is not None
        names = [f"var:{name}" for name in slot.value.group]
        return [n for n in names if n in state.slots and _may_be_in(state.slots[n], slot.value.digest)]

    def _order_waits(self, position: int, state: _State) -> set[str]:
        """What must have happened although nothing is read from it: tags, and file writes that would overtake an earlier reader."""
        touch = self._touches[position]
        waits = {f"step:{i}" for i in touch.after if i not in state.settled}
        files = {name for name in touch.writes if name.startswith("file:")}
        if files:
            for i in range(position):
                if i not in state.settled and _touches_files(self._touches[i], files):
                    waits.add(f"step:{i}")
        return waits

    def _compare(self, position: int, record: StepRecord, state: _State) -> tuple[list[Mismatch], set[str]]:
        """How the state at a record's position differs from what it read: mismatches, and resources that are not known yet."""
        mismatches: list[Mismatch] = []
        unknown: set[str] = set()
        reads = dict(record.reads)
        for name in state.of_kind("ambient:"):
            if name not in GENERATORS:
                reads.setdefault(name, UNTOUCHED)
        for name, digest in reads.items():
            slot = self._lookup(name, state)
            if slot.digest is None:
                unknown.add(name)
            elif slot.digest != digest or _regrouped(record.given.get(name), slot):
                mismatches.append(Mismatch(name, slot.writer))
        unknown |= {f"step:{i}" for i in self._touches[position].after if i not in state.settled}
        if record.state == "failed" and ANY_FILE in record.reads:
            # It may have missed a file that nobody foresaw would be written.
            unknown |= {f"step:{i}" for i in range(position) if i not in state.settled}
        return mismatches, unknown


def changed(record: StepRecord) -> set[str]:
    """The resources that a step left in another state than it had read them in."""
    return {name for name, digest in record.writes.items() if record.reads.get(name) != digest}


def _folders(record: StepRecord) -> frozenset[str]:
    left = (name[len("file:") :] for name, digest in record.writes.items() if _is_left(name, digest))
    return frozenset(f"file:{folder}" for name in left for folder in folders_around(name))


def _is_left(resource: str, digest: str) -> bool:
    return resource.startswith("file:") and not resource.startswith("file:/") and digest != ABSENT


def _is_many(resource: str) -> bool:
    """Whether a resource stands for more files than one."""
    return resource == ANY_FILE or resource.startswith("dir:")


def _may_be_in(slot: Slot, stored: str) -> bool:
    """Whether a variable lives in that stored object (or may, since it is not known yet)."""
    return slot.digest is None or (slot.value is not None and slot.value.digest == stored)


def _regrouped(given: str | None, slot: Slot) -> bool:
    """Whether a variable, with the same content, has got into another alias group than the one it was loaded from."""
    return given is not None and slot.value is not None and slot.value.digest != given


def _touches_files(touch: Touch, files: set[str]) -> bool:
    mine = touch.reads | touch.writes
    if ANY_FILE in mine or mine & files:
        return True
    folders = [name[len("dir:") :].rstrip("/") for name in touch.reads if name.startswith("dir:")]
    return any(
        folder in ("", ".") or name[len("file:") :].startswith(folder + "/")
        for folder in folders
        for name in files
    )


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
