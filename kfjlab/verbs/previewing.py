"""What a step made, shown: loaded in a process of its own, since loading a value executes its code."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kfjlab.runtime
from kfjlab.notebook.pipeline import Pipeline
from kfjlab.runs.store import RunStore
from kfjlab.targets.local.interpreter import find_interpreter

SECONDS = 30.0
"""Time that a value may take to be shown."""
MEMORY = 1024 * 1024 * 1024
"""Bytes that showing a value may take, besides three times the value's own size."""
LARGEST = 4 * 1024 * 1024
"""Bytes of what is shown."""
AT_A_TIME = 2
_PROGRAM = Path(kfjlab.runtime.__file__).with_name("preview.py")
_places = threading.BoundedSemaphore(AT_A_TIME)


class PreviewError(Exception):
    """A value that cannot be shown; the message says why and what to do. ``missing``: there is none."""

    def __init__(self, message: str, missing: bool = False) -> None:
        super().__init__(message)
        self.missing = missing


@dataclass(frozen=True)
class Preview:
    """What there is to see of a value: the head of a table, a picture (PNG, base64), or a text."""

    kind: str
    type: str
    summary: str
    size: int
    columns: tuple[str, ...] = ()
    index: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    png: str = ""
    text: str = ""


def preview(run_id: str, step: str, name: str) -> Preview:
    """A variable as it was after a step. Raises :class:`PreviewError`, :class:`~kfjlab.runs.errors.StoreError`, and
    :class:`~kfjlab.targets.base.RefusedError` when the run's interpreter is not there any more."""
    with RunStore(create=False) as store:
        run = store.get_run(run_id)
        record = next((s.record for s in store.get_steps(run.id) if s.name == step), None)
        objects = str(store.objects)
    value = ((record or {}).get("values") or {}).get(f"var:{name}")
    if value is None:
        raise PreviewError(f"Step {step!r} of run {run.id} has stored no variable {name!r}.", missing=True)
    kernel = run.options.get("kernel") or Pipeline.from_json(run.pipeline).kernel
    folder = Path(run.notebook).parent
    workspace = str(folder) if folder.is_dir() else run.folder
    shown = json.loads(_shown(objects, name, json.dumps(value), kernel, workspace))
    return Preview(
        kind=value.get("kind", "object"),
        type=value.get("type", ""),
        summary=value.get("summary", ""),
        size=value.get("size", 0),
        columns=tuple(shown.get("columns", ())),
        index=tuple(shown.get("index", ())),
        rows=tuple(tuple(row) for row in shown.get("rows", ())),
        png=shown.get("png", ""),
        text=shown.get("text", ""),
    )


@functools.lru_cache(maxsize=16)
def _shown(objects: str, name: str, value: str, kernel: str, workspace: str) -> bytes:
    """The program's answer, kept since a stored value never changes."""
    interpreter = find_interpreter(kernel)
    spec: dict[str, Any] = {
        "workspace": workspace,
        "objects": objects,
        "name": name,
        "value": json.loads(value),
        "memory": MEMORY + 3 * int(json.loads(value).get("size", 0)),
    }
    if not _places.acquire(timeout=SECONDS):
        raise PreviewError("Other values are being shown. Try again in a minute.")
    try:
        answer = _ask(interpreter.python, interpreter.env, json.dumps(spec).encode())
    finally:
        _places.release()
    try:
        shown = json.loads(answer)
    except ValueError:
        raise PreviewError(_TOO_MUCH) from None
    if "error" in shown:
        if "MemoryError" in shown["error"] or "Cannot allocate memory" in shown["error"]:
            raise PreviewError(_TOO_MUCH)
        raise PreviewError(
            f"The value cannot be shown ({shown['error']}). 'Load into kernel' may say more, or 'kfjlab resume' make it again."
        )
    return answer


_TOO_MUCH = "The value is too large to be shown here. Load it into a kernel and look at a part of it."


def _ask(python: str, env: dict[str, str], spec: bytes) -> bytes:
    """Run the program. Whatever it does, it is over in time, with everything that it has started."""
    with tempfile.TemporaryFile() as answer:
        process = subprocess.Popen(
            [python, str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **env, "MPLBACKEND": "agg"},
            start_new_session=True,
        )
        try:
            process.communicate(spec, SECONDS)
        except subprocess.TimeoutExpired:
            raise PreviewError(
                f"Showing the value took longer than {SECONDS:.0f} s. Load it into a kernel instead."
            ) from None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has ended by itself, and left nothing behind
            process.communicate()
        if answer.tell() > LARGEST or os.fstat(answer.fileno()).st_size > LARGEST:
            raise PreviewError(_TOO_MUCH)
        answer.seek(0)
        return answer.read()
