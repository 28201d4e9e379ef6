"""What steps print: a plain text file for each step in the run's folder, so that any tool can read it.

The file is written before the event that tells of it, so after a kill it may hold more than events tell, never
less. On a network file system a reader of another machine may see the end of a file a few seconds late.
"""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from .base import StoreBase
from .errors import explained


class Logs(StoreBase):
    """See :class:`kfjlab.runs.store.RunStore`."""

    def log_path(self, run_id: str, step: str | None) -> Path:
        """The log file (which need not exist) of a step, or with None of the imports and functions cells."""
        from kfjlab.notebook.names import slug

        # No slug starts with "_", so no step's name, "prelude" included, means that file.
        name = "_prelude" if step is None else slug(step)
        return self.run_folder(run_id) / "logs" / f"{name}.log"

    def append_log(self, run_id: str, step: str | None, text: str) -> tuple[int, int]:
        """Add to a step's log; where it begins and how long it is, in bytes of UTF-8. One process writes a log
        at a time.

        What does not fit on the disk is not written at all (:class:`StoreError`).
        """
        path = self.log_path(run_id, step)
        data = text.encode("utf-8", "backslashreplace")
        with explained(path):
            try:
                handle = os.open(
                    path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600
                )
            except FileNotFoundError:
                path.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(
                    path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600
                )
            try:
                start = os.fstat(handle).st_size
                _write_all(handle, data, start)
            finally:
                os.close(handle)
        return start, len(data)

    def read_log(
        self, run_id: str, step: str | None, offset: int = 0, limit: int | None = None
    ) -> tuple[str, int]:
        """A step's log from byte ``offset`` on (``limit``: bytes at most), and the offset to go on from. A
        character that is not complete yet is left for the next time. Empty when there is no log."""
        path = self.log_path(run_id, step)
        with explained(path):
            try:
                with open(path, "rb") as file:
                    file.seek(offset)
                    data = file.read(-1 if limit is None else limit)
            except FileNotFoundError:
                return "", offset
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data)
        return text, offset + len(data) - len(decoder.getstate()[0])


def _write_all(handle: int, data: bytes, start: int) -> None:
    try:
        while data:
            data = data[os.write(handle, data) :]
    except OSError:
        os.ftruncate(handle, start)
        raise
