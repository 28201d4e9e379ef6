"""Records of earlier executions: found, checked, and put back to use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfjlab.runs.store import RunStore
from kfjlab.runtime.objects import ObjectStore
from kfjlab.runtime.protocol import StepRecord, Value, record_from_json, to_json


@dataclass(frozen=True)
class Kept:
    """A record as it is kept for reuse. ``notebook`` and ``log``: digests of the executed cells and of the log text.
    ``id``: the cache's number for it (None: it is the run's own)."""

    record: StepRecord
    notebook: str | None = None
    log: str | None = None
    id: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The JSON form in the store."""
        return {"record": to_json(self.record), "notebook": self.notebook, "log": self.log}

    @staticmethod
    def from_json(data: Mapping[str, Any], record_id: int | None = None) -> Kept:
        """What :meth:`to_json` made ``data`` of."""
        return Kept(record_from_json(data["record"]), data.get("notebook"), data.get("log"), record_id)


class Reuse:
    """The cache of one run."""

    def __init__(self, store: RunStore, objects: ObjectStore, run_id: str) -> None:
        self._store = store
        self._objects = objects
        self._run_id = run_id

    def candidates(self, key: str) -> Iterator[Kept]:
        """Usable records filed under ``key``, newest first: those whose objects are all there and sound."""
        for record_id, data in self._store.records(key):
            kept = Kept.from_json(data, record_id)
            if kept.record.state != "succeeded":
                continue
            if self.sound(kept.record):
                yield kept
            else:
                self._store.forget(record_id)

    def observed(self, key: str) -> StepRecord | None:
        """What the latest execution filed under ``key`` touched, whatever became of it."""
        data = self._store.observed(key)
        return None if data is None else Kept.from_json(data).record

    def keep(self, key: str, kept: Kept) -> None:
        """File a record."""
        size = sum(value.size for value in kept.record.values.values())
        self._store.put_record(key, kept.to_json(), run_id=self._run_id, step="", size=size)

    def used(self, kept: Kept) -> None:
        """Note that a record was used now, so that garbage collection takes it later."""
        if kept.id is not None:
            self._store.touch(kept.id)

    def sound(self, record: StepRecord) -> bool:
        """Whether everything that a record stored can be read back."""
        values = {value.digest: value for value in record.values.values()}
        if not all(self.readable(value) for value in values.values()):
            return False
        files = [
            d
            for name, d in record.writes.items()
            if name.startswith("file:") and ":" not in d and len(d) == 64
        ]
        return all(self._objects.contains(digest) for digest in files)

    def readable(self, value: Value) -> bool:
        """Whether a value's object and its buffers are all there; the object itself is also checked against its digest."""
        try:
            data = self._objects.get_bytes(value.digest)
            header = json.loads(data[: data.index(b"\n")])
        except (OSError, ValueError):
            return False
        parts = zip(header["buffers"], header["sizes"], strict=True)
        return all(self._objects.contains(digest, size) for digest, size in parts)

    def store_file(self, path: Path) -> str | None:
        """Keep a file of the run's folder; None when there is none."""
        return self._objects.put_file(str(path)) if path.exists() else None

    def put_back(self, digest: str | None, path: Path) -> str | None:
        """Write a kept file into the run's folder and return its path; None when it is not kept any more."""
        if digest is None or not self._objects.contains(digest):
            return None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._objects.restore_file(digest, str(path))
        return str(path)
