"""The prelude of one run: executed once, remembered, and held by the process that steps are forked from."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kfjlab.runs.store import RunStore
from kfjlab.runtime.notebook_output import write_whole
from kfjlab.runtime.protocol import PreludeRecord, prelude_record_from_json, to_json

from .job import Job
from .journal import Journal
from .ledger import ANY_FILE
from .reuse import FORMAT, Reuse
from .wording import CANCELLED, imports_died, no_fork
from .workspace import Workspace
from .zygote import PreludeFailed, Zygote

POLL_EVERY = 0.5
"""Seconds between two looks at whether somebody asked to cancel."""
ZYGOTE_STARTS = 3
"""How often a zygote that died is started again."""


class Prelude:
    """What is known about the run's prelude, and its process."""

    def __init__(self, job: Job, store: RunStore, journal: Journal, reuse: Reuse, files: Workspace) -> None:
        self._job = job
        self._store = store
        self._journal = journal
        self._reuse = reuse
        self._files = files
        self._notebook = job.folder / "prelude.ipynb"
        self._record: PreludeRecord | None = None
        self._reads: dict[str, str] | None = None
        self._executed = False
        self._outputs = {r for step in job.pipeline.steps for r in step.flow.writes if r.startswith("file:")}
        self._zygote: Zygote | None = None
        self._cancelled = False
        self._starts = 0

    def recall(self) -> None:
        """Learn from the latest execution of the same prelude, in whatever run that was."""
        kept = self._store.observed(self._job.prelude_key())
        self._record = None if kept is None else _record_in(kept)
        if kept is not None and self._record is not None:
            self._outputs.update(kept.get("written", ()))
            self._reuse.put_back(kept.get("notebook"), self._notebook)

    def needs(self, name: str) -> list[str]:
        """The global names that the functions behind a name of the prelude look up."""
        return [] if self._record is None else self._record.needs.get(name, [])

    def reads(self) -> Mapping[str, str]:
        """Resource → digest of what the prelude is known to read (local modules among it), for the keys of the steps.

        It is taken as it is when the run starts, or as the prelude found it if it is executed: what steps write later makes no other key.
        """
        if self._reads is None:
            known = self._record.reads if self._record is not None else {}
            self._reads = {name: self._now(name) for name in {*known, *self._job.pipeline.prelude.reads}}
        return self._reads

    def _now(self, resource: str) -> str:
        if resource == ANY_FILE:
            return self._files.everything_but(self._outputs)
        if resource.startswith("file:"):
            return self._files.digest(resource)
        if resource.startswith("dir:"):
            return json.dumps(sorted(self._files.listing(resource[len("dir:") :])))
        return self._job.base(resource, self._files)

    async def zygote(self) -> Zygote:
        """The process to fork from; started when the first step needs it, and again when it has died.

        Raises :class:`~kfjlab.targets.local.zygote.PreludeFailed`.
        """
        if self._zygote is not None and self._zygote.alive:
            return self._zygote
        self._starts += 1
        log = self._job.folder / "processes.log"
        if self._starts > ZYGOTE_STARTS:
            raise PreludeFailed(imports_died(ZYGOTE_STARTS, str(log)))
        spec_file = self._job.folder / "prelude-spec.json"
        restored = self._restorable()
        spec_file.write_text(json.dumps(to_json(self._job.prelude_spec(restored))), "utf-8")
        self._journal.message(None, {"type": "phase", "phase": "prelude"})
        try:
            self._zygote = await self._start(spec_file, log)
        except PreludeFailed as failure:
            if restored is None or failure.error.kind != "CorruptObject":
                raise
            return await self.zygote()  # what it should have restored was damaged since it was looked at
        finally:
            self._tell_outputs()
        self._remember(self._zygote.record)
        if not self._zygote.can_fork:
            self._journal.problem(no_fork(self._zygote.why))
        self._journal.message(
            None, {"type": "phase", "phase": "steps", "seconds": self._zygote.record.seconds}
        )
        return self._zygote

    async def _start(self, spec_file: Path, log: Path) -> Zygote:
        """Start the process, unless somebody asks to cancel the run while it executes the prelude."""
        environment = self._job.process_environment()
        start = asyncio.create_task(
            Zygote.start(self._job.interpreter, environment, spec_file, self._job.workspace, log)
        )
        asked = False  # once: a second time would end the wait for the process that is being stopped
        while not (await asyncio.wait([start], timeout=POLL_EVERY))[0]:
            if not asked and (self._cancelled or self._store.cancel_requested(self._job.run.id)):
                asked = start.cancel()
        if start.cancelled():
            raise PreludeFailed(CANCELLED)
        return start.result()

    def cancel(self) -> None:
        """Stop executing the prelude, and do not start again."""
        self._cancelled = True

    def _tell_outputs(self) -> None:
        """Write what the prelude's cells have printed to its log."""
        try:
            document = json.loads(self._notebook.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return  # it was killed before it could write it
        for cell in document["cells"]:
            for output in cell["outputs"]:
                if output["output_type"] == "stream":
                    message = {"type": "log", "stream": output["name"], "text": "".join(output["text"])}
                    self._journal.message(None, {**message, "cell": cell["metadata"]["kfjlab"]["cell"]})

    async def stop(self) -> None:
        """End the process, if there is one."""
        if self._zygote is not None:
            await self._zygote.stop()
            if ANY_FILE in self.reads():
                self._outputs |= self._files.written
                self._keep(self._zygote.record)

    @property
    def _saved(self) -> Path:
        """Where this run keeps the record of its prelude."""
        return self._job.folder / "prelude.json"

    def _remember(self, record: PreludeRecord) -> None:
        """Keep the record: in the run's folder for starting again, in the store for later runs."""
        self._record = record
        if (
            not self._executed
        ):  # once more, for a process that has died, it would find what steps have written since
            now = [*self._job.pipeline.prelude.reads, *({ANY_FILE} & record.reads.keys())]
            self._reads = {**record.reads, **{name: self._now(name) for name in now}}
            self._executed = True
        saved = {"key": self._job.prelude_key(), "record": to_json(record)}
        write_whole(str(self._saved), json.dumps(saved).encode())
        self._keep(record)

    def _keep(self, record: PreludeRecord) -> None:
        """Keep the record in the store. ``written``: what steps write is no part of what the prelude's subprocesses find."""
        kept = {
            "format": FORMAT,
            "record": to_json(record),
            "notebook": self._reuse.store_file(self._notebook),
            "written": sorted(self._outputs),
        }
        self._store.put_record(self._job.prelude_key(), kept, run_id=self._job.run.id, step="", size=0)

    def _restorable(self) -> dict[str, Any] | None:
        """The record of this run's earlier execution of the same prelude, if everything that it stored can be read back.

        Otherwise the imports are executed anew. Steps that have succeeded on their earlier data keep their results.
        """
        try:
            earlier = json.loads(self._saved.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        if not isinstance(earlier, dict) or earlier.get("key") != self._job.prelude_key():
            return None
        record = _record_in(earlier)
        if record is None:
            return None
        stored = (*record.values.values(), *record.ambient.values())
        return to_json(record) if all(self._reuse.readable(value) for value in stored) else None


def _record_in(kept: Mapping[str, Any]) -> PreludeRecord | None:
    """The record in what was kept; None when another version of kfjlab kept it in a form of its own."""
    try:
        if kept.get("format", FORMAT) != FORMAT:
            return None
        return prelude_record_from_json(kept["record"])
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
