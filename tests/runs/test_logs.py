"""Log files of steps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kfjlab.runs.model import Run
from kfjlab.runs.store import RunStore, StoreError


def test_a_log_is_a_plain_text_file_that_grows(store: RunStore, run: Run) -> None:
    assert store.read_log(run.id, "load") == ("", 0)
    assert store.append_log(run.id, "load", "eins\n") == (0, 5)
    assert store.append_log(run.id, "load", "zwölf\n") == (5, 7)
    path = store.log_path(run.id, "load")
    assert path == Path(run.folder) / "logs" / "load.log"
    assert path.read_text("utf-8") == "eins\nzwölf\n"
    assert store.read_log(run.id, "load") == ("eins\nzwölf\n", 12)
    assert store.read_log(run.id, "load", 5) == ("zwölf\n", 12)
    assert store.read_log(run.id, "load", 12) == ("", 12)
    assert store.read_log(run.id, "load", limit=4) == ("eins", 4)


def test_a_character_that_is_cut_is_left_for_the_next_time(store: RunStore, run: Run) -> None:
    store.append_log(run.id, "a", "x€y")
    text, offset = store.read_log(run.id, "a", limit=3)
    assert (text, offset) == ("x", 1)
    assert store.read_log(run.id, "a", offset) == ("€y", 5)


def test_bytes_that_are_no_text_do_not_stop_the_reader(store: RunStore, run: Run) -> None:
    store.append_log(run.id, "a", "ok")
    with open(store.log_path(run.id, "a"), "ab") as file:
        file.write(b"\xff\xfe!")
    assert store.read_log(run.id, "a") == ("ok\ufffd\ufffd!", 5)


@pytest.mark.parametrize("name", ["../../x", "a/b", "$(rm -rf)", "🙂", "x" * 300, "", ".", "\x00"])
def test_hostile_names_stay_in_the_folder(store: RunStore, run: Run, name: str) -> None:
    store.append_log(run.id, name, "text")
    folder = Path(run.folder) / "logs"
    assert store.log_path(run.id, name).resolve().parent == folder.resolve()
    assert len(list(folder.iterdir())) == 1
    assert store.read_log(run.id, name) == ("text", 4)


def test_what_does_not_fit_is_not_there_by_half(
    store: RunStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append_log(run.id, "a", "before")
    write = os.write
    calls = []

    def write_a_little(handle: int, data: bytes) -> int:
        calls.append(data)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        return write(handle, data[:3])

    monkeypatch.setattr(os, "write", write_a_little)
    with pytest.raises(StoreError, match="no room left") as caught:
        store.append_log(run.id, "a", "after")
    monkeypatch.undo()
    assert caught.value.kind == "full" and "kfjlab gc" in str(caught.value)
    assert store.read_log(run.id, "a") == ("before", 6)


def test_the_imports_have_a_log_that_no_step_shares(store: RunStore, run: Run) -> None:
    for step in ("prelude", "_prelude", "None", ""):
        assert store.log_path(run.id, step) != store.log_path(run.id, None)
    store.append_log(run.id, None, "of the imports\n")
    store.append_log(run.id, "prelude", "of the step\n")
    assert store.read_log(run.id, None) == ("of the imports\n", 15)
    assert store.read_log(run.id, "prelude") == ("of the step\n", 12)
