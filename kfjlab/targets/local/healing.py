"""Stored results that are missing or damaged: the steps that made them are executed again."""

from __future__ import annotations

from collections.abc import Mapping

from kfjlab.notebook.pipeline import Step
from kfjlab.runtime.protocol import StepRecord

from .journal import Journal
from .ledger import Inputs, Ledger, Slot
from .progress import Progress
from .reuse import Reuse
from .wording import file_lost, not_kept, results_lost
from .workspace import Workspace


class Healing:
    """``limit``: how often a step is executed again."""

    def __init__(
        self,
        steps: tuple[Step, ...],
        ledger: Ledger,
        progress: Progress,
        files: Workspace,
        reuse: Reuse,
        journal: Journal,
        limit: int,
    ) -> None:
        self._steps = steps
        self._ledger = ledger
        self._progress = progress
        self._files = files
        self._reuse = reuse
        self._journal = journal
        self._limit = limit

    def values(self, inputs: Inputs) -> None:
        """A worker could not load its inputs: whoever made those that cannot be read back runs again."""
        for resource, slot in inputs.slots.items():
            if slot.writer is None or slot.value is None or self._ledger.record(slot.writer) is None:
                continue
            if not self._reuse.readable(slot.value):
                self._again(slot.writer, resource)

    def put_back(
        self, files: Mapping[str, str], slots: Mapping[str, Slot], reader: int | None = None
    ) -> bool:
        """Put files back (resource → digest; ``slots`` says who left them) for step ``reader`` (None: for the end of the run).

        Whether they are all there; if not, whoever wrote the others runs again. ``reader`` fails when nobody can: what was in a file before
        the run is not kept any more.
        """
        lost = self._files.restore(files)
        for resource in lost:
            writer = slots[resource].writer
            if writer is not None:
                self._again(writer, resource)
            elif reader is not None:
                error = file_lost(self._steps[reader].name, resource)
                self._ledger.give_up(reader, StepRecord("failed", error=error))
            else:
                self._journal.problem(not_kept(resource))
        return not lost

    def _again(self, position: int, resource: str) -> None:
        progress, step = self._progress[position], self._steps[position].name
        progress.stale += 1
        if progress.stale > self._limit:
            self._ledger.give_up(position, StepRecord("failed", error=results_lost(step, resource)))
            return
        self._ledger.drop(position)
        self._progress.lost(position, resource)
