"""The executed notebook while the step runs."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

from kfjlab.runtime.checkpoints import Checkpoints
from kfjlab.runtime.messages import Reactor
from kfjlab.runtime.notebook_output import DRAFT_LIMIT, ExecutedNotebook
from kfjlab.runtime.protocol import CellSource


def test_written_soon_then_seldom_and_never_after_the_end(tmp_path: Path) -> None:
    path = tmp_path / "executed.ipynb"
    notebook = ExecutedNotebook([CellSource(0, "a", 1, "print(1)")], {})
    reactor = Reactor()
    other: list[float] = []
    checkpoints = Checkpoints(notebook, str(path), threading.RLock(), reactor)
    reactor.start()
    try:
        notebook.begin(0)
        versions = set()
        end = time.monotonic() + 1.3
        while time.monotonic() < end:
            notebook.stream("stdout", "x")
            checkpoints.changed()
            reactor.later(0.01, lambda: other.append(1))  # other timers do not disturb it
            time.sleep(0.01)
            if path.exists():
                versions.add(path.read_bytes())
        assert 2 <= len(versions) <= 4
        sizes = sorted(len("".join(json.loads(v)["cells"][0]["outputs"][0]["text"])) for v in versions)
        assert 0 < sizes[0] < sizes[-1]
        assert other
        notebook.stream("stdout", "y")
        checkpoints.changed()
        checkpoints.stop()
        path.unlink()
        time.sleep(0.7)
        assert not path.exists()
    finally:
        reactor.stop()


def test_a_draft_of_long_outputs_is_short() -> None:
    notebook = ExecutedNotebook([CellSource(0, "a", 1, "")], {})
    notebook.begin(0)
    notebook.stream("stdout", "short\n")
    notebook.display({"text/plain": "p", "text/html": "h" * (DRAFT_LIMIT + 1)}, {}, {})
    for _ in range(30):
        notebook.stream("stdout", "y" * 100_000)
    first, shown, last = notebook.to_json(draft=True)["cells"][0]["outputs"]
    assert first["text"] == ["short\n"] and shown["data"] == {"text/plain": ["p"]}
    assert DRAFT_LIMIT < len("".join(last["text"])) < DRAFT_LIMIT + 100
    assert "log has the rest" in last["text"][-1]
    first, shown, last = notebook.to_json()["cells"][0]["outputs"]
    assert len("".join(last["text"])) == 3_000_000 and len(shown["data"]) == 2
