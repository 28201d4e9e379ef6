"""Records of earlier executions: found, checked, and put back to use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kfjlab.runs.store import RunStore
from kfjlab.runtime.objects import CorruptObject, ObjectStore
from kfjlab.runtime.protocol import StepRecord, Value, record_from_json, to_json

FORMAT = 1
"""Of the JSON form of a :class:`Kept`. A record of another format is not reused."""

Version = tuple[int, int]
"""Size and time of an object, as :meth:`~kfjlab.runtime.objects.ObjectStore.version` gives them."""


@dataclass(frozen=True)
class Kept:
    """A record as it is kept for reuse.

    ``notebook`` and ``log``: digests of the executed cells and of the log text. ``attempt``, ``started``, ``ended`` (Unix seconds): of the
    execution. ``lineage``: resource → digest of the stored values that the step read. ``versions``: of the objects, when they were known
    to be sound. ``id``: the cache's number for it (None: it is the run's own).
    """

    record: StepRecord
    notebook: str | None = None
    log: str | None = None
    id: int | None = None
    attempt: int = 0
    started: float | None = None
    ended: float | None = None
    lineage: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, Version] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The JSON form in the store."""
        return {
            "format": FORMAT,
            "record": to_json(self.record),
            "notebook": self.notebook,
            "log": self.log,
            "attempt": self.attempt,
            "started": self.started,
            "ended": self.ended,
            "lineage": dict(self.lineage),
            "versions": dict(self.versions),
        }

    @staticmethod
    def from_json(data: Mapping[str, Any], record_id: int | None = None) -> Kept | None:
        """What :meth:`to_json` made ``data`` of; None when another version of kfjlab wrote it in a form of its own."""
        try:
            if data.get("format", FORMAT) != FORMAT:
                return None
            return Kept(
                record_from_json(data["record"]),
                data.get("notebook"),
                data.get("log"),
                record_id,
                int(data.get("attempt", 0)),
                data.get("started"),
                data.get("ended"),
                dict(data.get("lineage", {})),
                {digest: (size, time) for digest, (size, time) in data.get("versions", {}).items()},
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


class Reuse:
    """The cache of one run."""

    def __init__(self, store: RunStore, objects: ObjectStore, run_id: str) -> None:
        self._store = store
        self._objects = objects
        self._run_id = run_id
        self._verified: dict[str, Version] = {}

    def own(self, key: str) -> Iterator[Kept]:
        """Usable records under ``key`` that this run has filed itself (it is being resumed), newest first."""
        for data in self._store.observed_in_run(self._run_id, key):
            kept = Kept.from_json(data)
            if kept is not None and self._usable(kept):
                yield kept

    def candidates(self, key: str) -> Iterator[Kept]:
        """Usable records filed under ``key``, newest first: those whose objects are all there and sound."""
        for record_id, data in self._store.records(key):
            kept = Kept.from_json(data, record_id)
            if kept is None or kept.record.state != "succeeded":
                continue
            if self._usable(kept):
                yield kept
            else:
                self._store.forget(record_id)

    def observed(self, key: str) -> StepRecord | None:
        """What the latest execution filed under ``key`` touched, whatever became of it."""
        data = self._store.observed(key)
        kept = None if data is None else Kept.from_json(data)
        return None if kept is None else kept.record

    def keep(self, key: str, kept: Kept) -> None:
        """File a record, whose objects have just been stored."""
        size = sum(value.size for value in kept.record.values.values())
        found = {digest: self._objects.version(digest) for digest in self._opaque(kept)}
        versions = {digest: version for digest, version in found.items() if version is not None}
        data = replace(kept, versions=versions).to_json()
        self._store.with_reserve(
            lambda: self._store.put_record(key, data, run_id=self._run_id, step="", size=size)
        )

    def used(self, kept: Kept) -> None:
        """Note that a record was used now, so that garbage collection takes it later."""
        if kept.id is not None:
            self._store.touch(kept.id)

    def readable(self, value: Value, versions: Mapping[str, Version] | None = None) -> bool:
        """Whether a value's object and its buffers are all there and what their digests say.

        A buffer is read only when its version is not the one in ``versions``, where that is known to be sound.
        """
        buffers = self._buffers(value)
        if buffers is None:
            return False
        return all(self._sound(digest, versions or {}, size) for digest, size in buffers.items())

    def store_file(self, path: Path, start: int = 0) -> str | None:
        """Keep a file of the run's folder from byte ``start`` on; None when there is none."""
        if not path.exists():
            return None
        return self._store.with_reserve(lambda: self._objects.put_file(str(path), start))

    def put_back(self, digest: str | None, path: Path) -> str | None:
        """Write a kept file into the run's folder and return its path; None when it is not kept (any more)."""
        if digest is None:
            return None

        def write() -> None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._objects.restore_file(digest, str(path))

        try:
            self._store.with_reserve(write)
        except CorruptObject:
            return None
        return str(path)

    def _usable(self, kept: Kept) -> bool:
        """Whether everything that a step stored can be read back.

        Of the files that it wrote only that their content is there: it is read, and checked, where it is put back.
        """
        if kept.record.state != "succeeded":
            return False
        values = {value.digest: value for value in kept.record.values.values()}
        return (
            all(self.readable(value, kept.versions) for value in values.values())
            and all(self._sound(d, kept.versions) for d in (kept.notebook, kept.log) if d is not None)
            and all(self._objects.contains(digest) for digest in stored_files(kept.record))
        )

    def _opaque(self, kept: Kept) -> set[str]:
        """The objects of a record that are not read whenever it is reused."""
        digests = {digest for digest in (kept.notebook, kept.log) if digest is not None}
        for value in kept.record.values.values():
            digests.update(self._buffers(value) or ())
        return digests

    def _buffers(self, value: Value) -> dict[str, int] | None:
        """Digest → size of a value's buffers; None when the value's object is missing or damaged."""
        try:
            data = self._objects.get_bytes(value.digest)
            header = json.loads(data[: data.index(b"\n")])
            return dict(zip(header["buffers"], header["sizes"], strict=True))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _sound(self, digest: str, versions: Mapping[str, Version], size: int | None = None) -> bool:
        """Whether an object is there and what its digest says, read at most once."""
        version = self._objects.version(digest)
        if version is None:
            return False
        if version not in (versions.get(digest), self._verified.get(digest)):
            if not self._objects.verify(digest):
                return False
            self._verified[digest] = version
        return size is None or version[0] == size


def stored_files(record: StepRecord) -> list[str]:
    """Digests of the files that a step wrote and whose content was stored."""
    return [d for name, d in record.writes.items() if name.startswith("file:") and is_stored(d)]


def is_stored(digest: str) -> bool:
    """Whether a file's digest is that of a content, which was stored when a step wrote it."""
    return len(digest) == 64 and ":" not in digest
