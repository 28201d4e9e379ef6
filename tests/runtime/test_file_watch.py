"""What is seen of files while several threads read them."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from kfjlab.runtime import file_journal
from kfjlab.runtime.file_journal import Journal
from kfjlab.runtime.file_log import TouchLog
from kfjlab.runtime.file_watch import Watch
from kfjlab.runtime.files import Places, file_digest


def test_what_a_thread_reads_is_not_older_than_what_another_has_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told of an opened file by the kernel, one thread takes its digest; meanwhile the step reads the file, and another step writes it. The
    digest must not be that of the later content if the earlier was read."""
    path = tmp_path / "work" / "module.py"
    path.parent.mkdir()
    path.write_text("x = 1\n")
    taking, go_on = threading.Event(), threading.Event()

    def slow(path: str, limit: int) -> str:
        taking.set()
        go_on.wait(60)
        return file_digest(path, limit)

    monkeypatch.setattr(file_journal, "file_digest", slow)
    journal = Journal(
        Places(str(path.parent)), 1_000_000, lambda path: "", TouchLog(str(tmp_path), str(tmp_path / "log"))
    )
    watch = Watch(journal)
    read: list[bytes] = []

    def step() -> None:
        watch.looked(str(path))
        watch.event(Watch.opened, (str(path), "r", os.O_RDONLY))
        read.append(path.read_bytes())

    arguments: Any = (str(path), "r", os.O_RDONLY)
    threads = [
        threading.Thread(target=watch.event, args=(Watch.opened, arguments)),
        threading.Thread(target=step),
    ]
    threads[0].start()
    assert taking.wait(60)
    threads[1].start()
    threads[1].join(1)  # it would have read by now if it did not wait
    path.write_text("x = 20\n")
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert journal.reads["module.py"].digest == hashlib.sha256(read[0]).hexdigest()
