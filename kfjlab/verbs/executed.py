"""One copy of the whole notebook with what a run put out: what papermill's users expect of an output notebook.

All cells stand in their order; a code cell that was executed has the outputs and the execution count of its step,
every other code cell (of skipped steps, of steps that did not run, tagged ``skip``) has none, so that no output of
an earlier session can be taken for one of this run.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfjlab.notebook.document import Document
from kfjlab.notebook.pipeline import Cell, Pipeline
from kfjlab.runs.model import Run, StepRun
from kfjlab.runtime.notebook_output import DISPLAYS
from kfjlab.targets.base import RefusedError

from .wording import plain_json

RUN_METADATA = "kfjlab_run"
"""Key of the notebook's metadata that says which run made the copy."""


class OutputError(Exception):
    """The copy could not be written; the message says why and what to do."""


def check_output(output: Path, notebook: Path) -> None:
    """Raise :class:`~kfjlab.targets.base.RefusedError` unless ``output`` can be written and is not the notebook itself
    (under whatever name: a symbolic or hard link, another spelling)."""
    target = Path(os.path.realpath(output))
    if _is_same(target, notebook):
        raise RefusedError(
            f"--output {output} is the notebook itself, which is never written. Choose another file name."
        )
    if target.is_dir():
        raise RefusedError(f"--output {output} is a folder. Give the name of a file in it.")
    if target.exists() and not target.is_file():
        raise RefusedError(f"--output {output} is not a regular file. Give another name.")
    if not target.parent.is_dir():
        raise RefusedError(f"--output {output}: there is no folder {target.parent}. Make it first.")
    if not os.access(target.parent, os.W_OK):
        raise RefusedError(f"--output {output}: the folder {target.parent} cannot be written.")


def _is_same(target: Path, notebook: Path) -> bool:
    try:
        return os.path.samefile(target, notebook)
    except FileNotFoundError:
        return target == Path(os.path.realpath(notebook))


def executed_notebook(document: Document, run: Run, steps: Sequence[StepRun]) -> dict[str, Any]:
    """The notebook's JSON with the outputs of ``run``. ``document``: the notebook as it was run; a cell that has
    another source now stays without outputs."""
    executed = dict(_executed_cells(run, steps))
    cells = [
        {**raw, **_outcome(raw, executed.get(cell.index), cell.source)} if cell.kind == "code" else raw
        for cell, raw in zip(document.cells, document.raw["cells"], strict=True)
    ]
    about = {"id": run.id, "state": run.state.value, "parameters": plain_json(run.parameters)}
    metadata = {**document.metadata, RUN_METADATA: about}
    return {**document.raw, "cells": cells, "metadata": metadata}


def _outcome(
    raw: Mapping[str, Any], executed: tuple[Cell, Mapping[str, Any]] | None, source: str
) -> dict[str, Any]:
    """What changes in a code cell."""
    if executed is None or executed[0].source != source or executed[1].get("execution_count") is None:
        metadata = {k: v for k, v in raw.get("metadata", {}).items() if k != "execution"}
        return {"execution_count": None, "outputs": [], "metadata": metadata}
    cell, found = executed
    metadata = dict(raw.get("metadata", {}))
    times = found.get("metadata", {}).get("execution")
    if times is not None:
        metadata["execution"] = times
    outputs = [
        {**output, "execution_count": cell.number}
        if output.get("output_type") == "execute_result"
        else output
        for output in found.get("outputs", [])
    ]
    return {"execution_count": cell.number, "outputs": outputs, "metadata": metadata}


def _executed_cells(
    run: Run, steps: Sequence[StepRun]
) -> Iterator[tuple[int, tuple[Cell, Mapping[str, Any]]]]:
    """Index in the notebook → the cell as the run has it, and as it was executed."""
    pipeline = Pipeline.from_json(run.pipeline)
    files = {step.name: step.notebook for step in steps}
    parts: list[tuple[Sequence[Cell], str | Path | None]] = [
        (pipeline.prelude.cells, Path(run.folder) / "prelude.ipynb"),
        *((step.cells, files.get(step.name)) for step in pipeline.steps),
    ]
    found = [(cells, _read(Path(file))) for cells, file in parts if file is not None]
    _update_displays([notebook for _, notebook in found])
    for cells, notebook in found:
        yield from _matched(cells, notebook["cells"])


def _read(file: Path) -> dict[str, Any]:
    try:
        notebook: dict[str, Any] = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {"cells": []}  # the step did not get so far
    return notebook


def _update_displays(notebooks: Sequence[Mapping[str, Any]]) -> None:
    """Give the outputs of each executed notebook what later ones display under the same id, as nbclient does."""
    shown: dict[str, list[dict[str, Any]]] = {}
    for notebook in notebooks:
        for name, display in notebook.get("metadata", {}).get(DISPLAYS, {}).items():
            own = [notebook["cells"][cell]["outputs"][output] for cell, output in display.get("outputs", ())]
            content = display["content"] if not own else {key: own[-1][key] for key in ("data", "metadata")}
            for output in shown.setdefault(name, []):
                output.update(content)
            shown[name] += own


def _matched(
    cells: Sequence[Cell], found: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[int, tuple[Cell, Mapping[str, Any]]]]:
    """Cells and their executed forms, by position: a reused step was perhaps executed when the notebook had other
    cells before it, but it has the same cells itself."""
    if len(found) == len(cells):
        for cell, executed in zip(cells, found, strict=True):
            yield cell.index, (cell, executed)


def write_executed(output: Path, notebook: Path, content: Mapping[str, Any]) -> None:
    """Write the copy, whole or not at all. Raises :class:`OutputError`."""
    target = Path(os.path.realpath(output))
    text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".kfjlab-", suffix=".tmp", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        else:
            os.chmod(temporary, 0o666 & ~_umask())
        if _is_same(target, notebook):  # it may have become so while the run went on
            raise OutputError(f"{output} is the notebook itself by now; it was not written.")
        os.replace(temporary, target)
        temporary = None
    except OSError as error:
        why = (
            "there is no room left on the disk"
            if error.errno == errno.ENOSPC
            else error.strerror or str(error)
        )
        raise OutputError(
            f"{output} could not be written: {why}. The run itself is complete in the store."
        ) from error
    finally:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
