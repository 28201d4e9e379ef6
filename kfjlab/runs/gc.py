"""Garbage collection: old runs, old cached records, then the objects that nothing refers to any more.

Safe beside runs that go on. What they may have stored, found or looked up is younger than their start, and
nothing younger than the start of the oldest run that goes on, less :data:`GRACE`, is touched: neither objects
(a worker that finds its value stored already sets the object's time) nor records (looking at one notes it) nor
files. Only one process collects at a time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import processes
from .cache import KEPT_PER_KEY
from .errors import StoreError, explained
from .location import DATABASE, RUNS
from .model import GcReport, RunState
from .objects import ObjectFile, digests_in, object_files, referred_to, remove_unless_touched
from .supervision import Supervision

GRACE = 3600.0
"""Seconds. Nothing that was used this recently is deleted, except runs that are asked to go by age."""
_LEASE = "gc"
_LEASE_LASTS = 6 * 3600.0
_LARGEST_NOTE = 16 * 1024 * 1024
_ACTIVE = (RunState.QUEUED.value, RunState.RUNNING.value)


@dataclass
class _Item:
    """A run or a record: what it keeps, and since when it was not used."""

    seq: int
    id: str
    used: float
    digests: set[str]
    size: int = 0
    drop: bool = False


@dataclass
class _Plan:
    """What is there, and which of it goes."""

    limit: float
    runs: list[_Item] = field(default_factory=list)
    records: list[_Item] = field(default_factory=list)
    objects: dict[str, ObjectFile] = field(default_factory=dict)
    leftovers: list[ObjectFile] = field(default_factory=list)

    def items(self) -> Iterator[_Item]:
        yield from self.runs
        yield from self.records


class Collection(Supervision):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def gc(
        self,
        older_than: float | None = None,
        max_size: int | None = None,
        dry_run: bool = False,
        *,
        grace: float = GRACE,
    ) -> GcReport:
        """Delete runs that have been over, and cached records that were not used, for ``older_than`` seconds;
        then, beginning with what was not used for longest, so much that objects and run folders take at most
        ``max_size`` bytes; then everything that is not referred to.

        Runs that go on, and what they may need, stay; so may more than ``max_size``. Raises :class:`StoreError`
        (``conflict``) while another process collects.
        """
        self.mark_interrupted()
        failures: list[str] = []
        with self._only_one():
            plan = self._survey(time.time(), grace)
            # What nothing refers to goes first: that needs no room in the database, where the disk may be full.
            at_once = _unused(plan)
            swept = list(at_once) if dry_run else _sweep(at_once, plan.limit, failures)
            self._choose(plan, older_than, max_size)
            if not dry_run:
                self._delete_rows(plan, failures)
                self._delete_folders(plan, failures)
            tried = set(at_once)
            unused = [file for file in _unused(plan) if file not in tried]
            swept += unused if dry_run else _sweep(unused, plan.limit, failures)
        if not dry_run:
            self._keep_reserve()
        freed = sum(run.size for run in plan.runs if run.drop) + sum(file.size for file in swept)
        total = sum(run.size for run in plan.runs)
        total += sum(file.size for file in (*plan.objects.values(), *plan.leftovers))
        return GcReport(
            runs=tuple(run.id for run in plan.runs if run.drop),
            records=sum(record.drop for record in plan.records),
            objects=sum(file.digest is not None for file in swept),
            freed=freed,
            kept=total - freed,
            failures=tuple(failures),
            dry_run=dry_run,
        )

    # Looking ----------------------------------------------------------------------------------------------------------

    def _survey(self, now: float, grace: float) -> _Plan:
        with self._db.read() as session:
            runs = session.rows("SELECT seq, id, state, queued, ended FROM runs")
            steps = session.rows("SELECT run, record FROM steps WHERE record IS NOT NULL")
            artifacts = session.rows("SELECT run, digest FROM artifacts")
            records = session.rows("SELECT id, key, run, used, record FROM records ORDER BY id DESC")
        active = [row["queued"] for row in runs if row["state"] in _ACTIVE]
        plan = _Plan(min([now, *active]) - grace)
        found: dict[int, _Item] = {}
        for row in runs:
            used = float("inf") if row["state"] in _ACTIVE else row["ended"] or row["queued"]
            folder = self.run_folder(row["id"])
            notes, size = _look_into(folder)
            found[row["seq"]] = _Item(row["seq"], row["id"], used, notes, size)
        for row in steps:
            found[row["run"]].digests |= digests_in(row["record"])
        for row in artifacts:
            found[row["run"]].digests.add(row["digest"])
        plan.runs = list(found.values())
        times = {run.id: run.used for run in plan.runs}
        per_key: dict[str, int] = {}
        for row in records:
            per_key[row["key"]] = per_key.get(row["key"], 0) + 1
            # A run that is kept keeps its own records, which resuming it begins from.
            item = _Item(
                row["id"],
                str(row["id"]),
                max(row["used"], times.get(row["run"], 0.0)),
                digests_in(row["record"]),
            )
            item.drop = per_key[row["key"]] > KEPT_PER_KEY and item.used < plan.limit
            plan.records.append(item)
        with explained(self.objects):
            for file in object_files(self.objects):
                if file.digest is None:
                    plan.leftovers.append(file)
                else:
                    plan.objects[file.digest] = file
        _add_buffers(plan)
        return plan

    def _choose(self, plan: _Plan, older_than: float | None, max_size: int | None) -> None:
        """Mark what is to be dropped."""
        if older_than is not None:
            before = time.time() - older_than
            for run in plan.runs:
                run.drop = run.used < before
            for record in plan.records:
                record.drop |= record.used < min(before, plan.limit)
        if max_size is not None:
            before = _cut_off(plan, max_size)
            for run in plan.runs:
                run.drop |= run.used < min(before, plan.limit)
            for record in plan.records:
                record.drop |= record.used < min(before, plan.limit)

    # Deleting ---------------------------------------------------------------------------------------------------------

    def _delete_rows(self, plan: _Plan, failures: list[str]) -> None:
        """In pieces, so that nobody waits long; a run or record that came into use meanwhile stays."""
        for run in plan.runs:
            if run.drop:
                sql = "DELETE FROM runs WHERE seq=? AND state NOT IN (?, ?) AND coalesce(ended, queued)=?"
                run.drop = bool(self._delete([(sql, (run.seq, *_ACTIVE, run.used))], failures))
        dropped = [record for record in plan.records if record.drop]
        for start in range(0, len(dropped), 200):
            part = dropped[start : start + 200]
            sql = "DELETE FROM records WHERE id=? AND used<?"
            deleted = self._delete([(sql, (record.seq, plan.limit)) for record in part], failures)
            for position, record in enumerate(part):
                record.drop = position in deleted
        with self._db.write() as session:
            session.rows("PRAGMA incremental_vacuum")

    def _delete(self, statements: list[tuple[str, tuple[object, ...]]], failures: list[str]) -> set[int]:
        """Delete rows; the positions of the statements that deleted one. What there is no room to note stays."""
        try:
            with self._db.write() as session:
                return {i for i, (sql, values) in enumerate(statements) if session.run(sql, values).rowcount}
        except StoreError as error:
            if error.kind != "full":
                raise
            failures.append(error.message)
            return set()

    def _delete_folders(self, plan: _Plan, failures: list[str]) -> None:
        for run in plan.runs:
            folder = self.run_folder(run.id)
            if run.drop and folder.exists():
                _remove_tree(folder, failures)
        known = {run.id for run in plan.runs}
        with explained(self.location / RUNS):
            for entry in list(os.scandir(self.location / RUNS)):
                # Made by a process killed before the run was written down, or left by one killed while it deleted.
                if entry.name not in known and entry.is_dir() and entry.stat().st_mtime < plan.limit:
                    _remove_tree(Path(entry.path), failures)
            for path in self.location.glob(f"{DATABASE}.lock.*"):
                _drop_claim(path, plan.limit)

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        mine = json.dumps(processes.identity())
        try:
            self._take_lease(mine)
        except StoreError as error:
            if error.kind != "full" or not self.release_reserve():
                raise
            self._take_lease(mine)
        try:
            yield
        finally:
            with self._db.write() as session:
                session.run("DELETE FROM leases WHERE name=? AND holder=?", (_LEASE, mine))

    def _take_lease(self, mine: str) -> None:
        with self._db.write() as session:
            row = session.row("SELECT holder, time FROM leases WHERE name=?", (_LEASE,))
            if row is not None:
                holder = json.loads(row["holder"])
                here = processes.is_here(holder)
                if processes.is_alive(holder) if here else time.time() - row["time"] < _LEASE_LASTS:
                    raise StoreError(
                        "conflict",
                        f"{processes.describe(holder)} is collecting garbage already.",
                        "Wait for its end.",
                    )
            session.run("INSERT OR REPLACE INTO leases VALUES (?, ?, ?)", (_LEASE, mine, time.time()))


def _look_into(folder: Path) -> tuple[set[str], int]:
    """The digests that the JSON files right in a run's folder name (the state of the prelude and of files, from
    which a resumed run goes on), and the notes of steps that were killed; and the bytes of all files in it."""
    digests: set[str] = set()
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            try:
                length = os.stat(path, follow_symlinks=False).st_size
                size += length
                if where == str(folder) and name.endswith(".json") and length <= _LARGEST_NOTE:
                    digests |= digests_in(Path(path).read_text("utf-8", "replace"))
                elif name.endswith(".jsonl"):
                    with open(path, encoding="utf-8", errors="replace") as lines:
                        digests.update(*map(digests_in, lines))
            except FileNotFoundError:
                continue
    return digests, size


def _add_buffers(plan: _Plan) -> None:
    """Add to every item what the objects it keeps refer to."""
    inside: dict[str, set[str]] = {}
    for item in plan.items():
        todo = [digest for digest in item.digests if digest in plan.objects]
        item.digests = set()
        while todo:
            digest = todo.pop()
            if digest in item.digests:
                continue
            item.digests.add(digest)
            if digest not in inside:
                inside[digest] = {d for d in referred_to(plan.objects[digest].path) if d in plan.objects}
            todo.extend(inside[digest])


def _cut_off(plan: _Plan, max_size: int) -> float:
    """The time such that what was used since takes at most ``max_size`` bytes."""
    last_use: dict[str, float] = {}
    for item in plan.items():
        if not item.drop:
            for digest in item.digests:
                last_use[digest] = max(item.used, last_use.get(digest, 0.0))
    sizes = [(used, plan.objects[digest].size) for digest, used in last_use.items()]
    sizes += [(run.used, run.size) for run in plan.runs if not run.drop]
    total = 0
    for used, size in sorted(sizes, reverse=True):
        total += size
        if total > max_size:
            return min(used, time.time()) + 1e-6
    return 0.0


def _unused(plan: _Plan) -> list[ObjectFile]:
    """Objects that nothing kept refers to, and unfinished files, in both cases old ones."""
    kept: set[str] = set()
    for item in plan.items():
        if not item.drop:
            kept |= item.digests
    candidates: Iterable[ObjectFile] = [file for digest, file in plan.objects.items() if digest not in kept]
    return [file for file in (*candidates, *plan.leftovers) if file.mtime < plan.limit]


def _sweep(files: list[ObjectFile], limit: float, failures: list[str]) -> list[ObjectFile]:
    """Delete files; those that were."""
    swept = []
    for file in files:
        try:
            if remove_unless_touched(file.path, limit):
                swept.append(file)
        except OSError as error:
            failures.append(f"{file.path}: {error.strerror or error}")
    return swept


def _remove_tree(folder: Path, failures: list[str]) -> None:
    """Delete a folder as far as possible."""
    import shutil

    def note(_function: object, path: str, info: Any) -> None:
        error = info[1] if isinstance(info, tuple) else info
        failures.append(f"{path}: {error}")

    if sys.version_info >= (3, 12):
        shutil.rmtree(folder, onexc=note)
    else:
        shutil.rmtree(folder, onerror=note)


def _drop_claim(path: Path, limit: float) -> None:
    """Files of processes that took part in locking and were killed (:mod:`kfjlab.runs.locking`); of a living
    one it is written again."""
    try:
        if path.stat().st_mtime < limit:
            path.unlink()
    except FileNotFoundError:
        return
