"""The oracle: what a notebook gives from top to bottom, what it gives as a pipeline, and where the two differ.

The reference is nbclient with ipykernel. In both worlds one cell more is run at the end, which describes every variable that a further cell
would see (:mod:`describe`); as a pipeline that cell is a step of its own, which must be given everything.
"""

from __future__ import annotations

import base64
import io
import json
import os
import random
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from kfjlab.notebook.analyze import analyze
from kfjlab.runs.model import Run, RunState
from kfjlab.runs.store import RunStore
from kfjlab.targets.base import RunOptions
from kfjlab.targets.local import LocalTarget

from . import describe

RUN_TIMEOUT = 100.0
"""Seconds after which a run of a pipeline is taken to hang, where nothing is known of how long its notebook takes."""
DUMP_STEP = "oracle_dump"
NOTEBOOK = "notebook.ipynb"


@dataclass(frozen=True)
class Program:
    """A notebook as a list of code cells. ``imports``: how many cells at its head are tagged ``imports``; ``files``: what lies in
    its folder before it runs."""

    cells: tuple[str, ...]
    imports: int = 0
    files: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CellError:
    """The exception that ended a notebook, and in which cell (0-based)."""

    cell: int
    name: str
    message: str


@dataclass
class Outcome:
    """What a notebook gave. ``outputs``: one entry per cell; ``files``: digests of the files in its folder afterwards."""

    variables: dict[str, Any] = field(default_factory=dict)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    error: CellError | None = None


@dataclass(frozen=True)
class Schedule:
    """How a notebook is cut into steps and in which order they may happen to run.

    ``groups``: for each cell the number of its step (not falling); ``delays``: seconds that each step waits at its start;
    ``parallel``: how many steps may run at the same time.
    """

    groups: tuple[int, ...]
    delays: tuple[float, ...]
    parallel: int

    @staticmethod
    def every_cell(count: int, rng: random.Random) -> Schedule:
        """Every cell is a step."""
        return Schedule(tuple(range(count)), _delays(count, rng), 4)

    @staticmethod
    def random_groups(count: int, rng: random.Random) -> Schedule:
        """Neighbouring cells are joined at random."""
        groups, group = [], 0
        for position in range(count):
            if position and rng.random() < 0.6:
                group += 1
            groups.append(group)
        return Schedule(tuple(groups), _delays(group + 1, rng), rng.randint(1, 4))


def _delays(count: int, rng: random.Random) -> tuple[float, ...]:
    # Later steps tend to start first, so that an edge that is missing shows.
    return tuple(round(rng.random() * 0.15 * (1 - i / (count + 1)), 3) for i in range(count))


def prepare(program: Program, schedule: Schedule, folder: Path, dump: Path | None) -> Path:
    """Write the notebook, tagged, and the program's files into ``folder``; ``dump``: where the added last cell writes the variables."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in program.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    cells, seen = [], set()
    for position, source in enumerate(program.cells):
        tags = ["imports"]
        if position >= program.imports:
            group = schedule.groups[position]
            tags = [f"step:s{group}"]
            if group not in seen:
                source = _delayed(source, schedule.delays[group])
            seen.add(group)
        cells.append(_cell(f"cell{position}", source, tags))
    if dump is not None:
        cells.append(_cell("dump", dump_source(dump), [f"step:{DUMP_STEP}"]))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel, **program.metadata},
        "cells": cells,
    }
    path = folder / NOTEBOOK
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def dump_source(path: Path) -> str:
    """A cell that describes all variables into ``path`` and binds nothing."""
    return f"__import__('runpy').run_path({str(describe.__file__)!r})['dump'](globals(), {str(path)!r})"


def _cell(cell_id: str, source: str, tags: list[str]) -> Any:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {"tags": tags},
        "source": source,
        "outputs": [],
        "execution_count": None,
    }


def read_notebook(path: Path) -> Any:
    """A notebook as nbformat has it."""
    return nbformat.read(path, as_version=4)


def _delayed(source: str, seconds: float) -> str:
    if not seconds or re.match(r"\s*(%%|from __future__)", source) or not source.strip():
        return source
    return f"__import__('time').sleep({seconds})\n{source}"


def from_top_to_bottom(notebook: Path, dump: Path) -> Outcome:
    """Run a notebook with nbclient, in its folder. No bound but the test's own: how long its cells take is the machine's affair."""
    document = read_notebook(notebook)
    # Sockets in the file system: of several kernels that start at the same time, two may pick the same free port.
    sockets = tempfile.mkdtemp(prefix="k")
    client = NotebookClient(
        document,
        timeout=None,
        km=AsyncKernelManager(kernel_name="python3", transport="ipc", ip=os.path.join(sockets, "k")),
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    error = None
    with quiet_kernel_warnings():
        try:
            client.execute(env=environment, cleanup_kc=True)  # not by itself with a manager of ours
        except CellExecutionError as failure:
            failed = next(
                i
                for i, cell in enumerate(document.cells)
                if any(o.output_type == "error" for o in cell.get("outputs", []))
            )
            error = CellError(failed, failure.ename, failure.evalue)
        finally:
            shutil.rmtree(sockets)
    outputs = [normal_outputs(cell) for cell in _code_cells(document)]
    return Outcome(_read_dump(dump), outputs, folder_digests(notebook.parent), error)


@contextmanager
def quiet_kernel_warnings() -> Iterator[None]:
    """Without the warnings of jupyter_client and its dependencies, which are no concern of ours."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@dataclass(frozen=True)
class PipelineRun:
    """A finished run and what it gave."""

    run: Run
    outcome: Outcome
    cached: Mapping[str, bool]
    problems: tuple[Mapping[str, Any], ...]
    stale: tuple[Mapping[str, Any], ...]


def as_pipeline(
    notebook: Path,
    dump: Path | None = None,
    *,
    parallel: int = 4,
    parameters: Mapping[str, Any] | None = None,
    timeout: float = RUN_TIMEOUT,
) -> PipelineRun:
    """Run a notebook as a pipeline on this machine, and wait for its end."""
    pipeline = analyze(notebook)
    run_id = LocalTarget().start(pipeline, RunOptions(max_parallel=parallel, parameters=parameters or {}))
    run = wait(run_id, timeout)
    return finished(run, notebook, dump)


def wait(run_id: str, timeout: float = RUN_TIMEOUT) -> Run:
    """Until the run has ended. Raises :class:`AssertionError` when it takes too long."""
    deadline = time.monotonic() + timeout
    with RunStore() as store:
        while not (run := store.get_run(run_id)).state.final:
            if time.monotonic() > deadline:
                LocalTarget().cancel(run_id)
                raise AssertionError(f"the run has not ended after {timeout} s: {states(store, run_id)}")
            time.sleep(0.03)
    return run


def states(store: RunStore, run_id: str) -> dict[str, str]:
    """Each step's state."""
    return {step.name: step.state.value for step in store.get_steps(run_id)}


def finished(run: Run, notebook: Path, dump: Path | None = None) -> PipelineRun:
    """What a run that has ended gave."""
    document = read_notebook(notebook)
    outputs: dict[str, dict[str, Any]] = {}
    with RunStore() as store:
        steps = store.get_steps(run.id)
        events = list(store.events(run.id, limit=100_000))
    error = None
    for path in [Path(run.folder) / "prelude.ipynb", *(Path(s.notebook) for s in steps if s.notebook)]:
        if path.exists():
            for cell in read_notebook(path).cells:
                outputs[cell.id] = normal_outputs(cell)
    if run.state is not RunState.SUCCEEDED:
        failures = [s.error for s in steps if s.error] or [run.error or {}]
        first = min(failures, key=lambda e: e["cell"] if e.get("cell") is not None else -1)
        error = CellError(
            first["cell"] if first.get("cell") is not None else -1,
            str(first.get("kind")),
            str(first.get("message")),
        )
    outcome = Outcome(
        _read_dump(dump) if dump is not None else {},
        [outputs.get(cell.id, {}) for cell in _code_cells(document)],
        folder_digests(notebook.parent),
        error,
    )
    return PipelineRun(
        run,
        outcome,
        {step.name: step.cached for step in steps},
        tuple(event.data for event in events if event.kind == "problem"),
        tuple(event.data for event in events if event.kind == "stale"),
    )


def _code_cells(document: Any) -> list[Any]:
    return [cell for cell in document.cells if cell.cell_type == "code" and cell.id != "dump"]


def _read_dump(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def folder_digests(folder: Path) -> dict[str, str]:
    """Files of a folder, by relative path; the notebook itself and Python's caches are left out."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if (
            path.is_file()
            and name != NOTEBOOK
            and "__pycache__" not in name
            and ".ipynb_checkpoints" not in name
        ):
            found[name] = describe.digest(path.read_bytes())
    return found


# ---- outputs

NOISE = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"0x[0-9a-f]{5,}", re.IGNORECASE), "0x…"),
    (re.compile(r"\S*(?:ipykernel_\d+/\d+\.py|<ipython-input-[^>]*>|cell-\S+?\.py)(?=:\d+)"), "<cell>"),
    (re.compile(r"\b\d+(?:\.\d+)?(?:e[+-]?\d+)? ?(?:ns|µs|μs|us|ms|s|min)\b"), "<time>"),
    (re.compile(r"<time>(?: ± <time>)? per loop.*"), "<time> per loop"),
    (re.compile(r"\.{3}x?[0-9a-f]{5,}(?=>|&gt;)"), "...…"),  # an address that scikit-learn has shortened
    (re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])"), "<uuid>"),  # elements of matplotlib's animations
    (re.compile(r"(doc-link-(?:cv_results|refit_time)_.*?<td>)[^\n]+", re.DOTALL), r"\1<measured>"),
    (re.compile(r"sk-container-id-\d+|sk-estimator-id-\d+|T_[0-9a-f]{5}"), "<id>"),
    (re.compile(r"\bpid[ =:]*\d+"), "<pid>"),
)


def normal_text(text: str) -> str:
    """Text without addresses, times and the like."""
    text = text.replace("\r\n", "\n")  # ipykernel gives commands a terminal
    for pattern, replacement in NOISE:
        text = pattern.sub(replacement, text)
    return text


def normal_outputs(cell: Any) -> dict[str, Any]:
    """A cell's outputs in a form that can be compared: streams joined by name, the rest in order."""
    found: dict[str, Any] = {"count": cell.get("execution_count"), "stdout": "", "stderr": "", "rich": []}
    for output in cell.outputs:
        if output.output_type == "stream":
            found[output.name] += output.text
        elif output.output_type == "error":
            found["rich"].append(["error", output.ename, normal_text(output.evalue)])
        else:
            data = {kind: _normal_data(kind, value) for kind, value in output.data.items()}
            found["rich"].append([output.output_type, data])
    for stream in ("stdout", "stderr"):
        found[stream] = normal_text(found[stream])
    return found


def _normal_data(kind: str, value: Any) -> Any:
    if kind.startswith("image/") and kind != "image/svg+xml":
        return _picture(value)
    return normal_text(value) if isinstance(value, str) else value


def _picture(data: str) -> Any:
    """Size and coarse look of a picture, so that a different rendering of the same glyphs does not count."""
    from PIL import Image

    image = Image.open(io.BytesIO(base64.b64decode(data))).convert("L")
    small = image.resize((8, 8))
    return ["image", *(round(side / 4) for side in image.size), [round(v / 32) for v in small.tobytes()]]


# ---- comparing


def disagreements(
    expected: Outcome, found: Outcome, *, variables: bool = True, reused: bool = False
) -> list[str]:
    """Where two outcomes differ, in words; empty when they agree."""
    out: list[str] = []
    if (expected.error is None) != (found.error is None):
        return [f"error: expected {expected.error}, found {found.error}"]
    if expected.error is not None and found.error is not None:
        if expected.error.cell != found.error.cell or expected.error.name != found.error.name:
            out.append(f"error: expected {expected.error}, found {found.error}")
        # What later steps did before the failure is not part of the promise.
        last = expected.error.cell
        out += _outputs(expected.outputs[: last + 1], found.outputs[: last + 1])
        return out
    if variables:
        out += _variables(expected.variables, found.variables)
    out += _outputs(expected.outputs, found.outputs, reused)
    for name in sorted(expected.files.keys() | found.files.keys()):
        if expected.files.get(name) != found.files.get(name):
            out.append(f"file {name}: expected {expected.files.get(name)}, found {found.files.get(name)}")
    return out


def _variables(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Numbers of objects are made anew from the names that both have, since what cannot travel is missing in one."""
    out = []
    for name in sorted(expected.keys() | found.keys()):
        if name not in found:
            if not _cannot_travel(expected[name]):
                out.append(f"variable {name} is missing (expected {json.dumps(expected[name])[:200]})")
        elif name not in expected:
            out.append(f"variable {name} should not be there: {json.dumps(found[name])[:200]}")
    common = [name for name in sorted(expected) if name in found]
    one, other = _renumbered([expected[n] for n in common]), _renumbered([found[n] for n in common])
    for name, first, second in zip(common, one, other, strict=True):
        out += describe.differences(first, second, f"variable {name}")
    return out


def _cannot_travel(description: Any) -> bool:
    if not isinstance(description, list):
        return False
    return description[:1] == ["opaque"] or any(_cannot_travel(part) for part in description)


def _renumbered(descriptions: Sequence[Any]) -> list[Any]:
    numbers: dict[int, int] = {}

    def walk(value: Any) -> Any:
        if isinstance(value, list):
            if len(value) == 2 and value[0] == "same as" and isinstance(value[1], int):
                return ["same as", numbers.setdefault(value[1], len(numbers))]
            return [walk(part) for part in value]
        return value

    return [walk(description) for description in descriptions]


def _outputs(
    expected: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]], reused: bool = False
) -> list[str]:
    out = []
    for position, (one, other) in enumerate(zip(expected, found, strict=True)):
        if not other and reused:
            continue  # cells of the prelude: when every step comes from the cache nobody executes them
        for part in ("count", "stdout", "stderr", "rich"):
            if one.get(part) != other.get(part):
                expected_part, found_part = _from_first_difference(repr(one.get(part)), repr(other.get(part)))
                out.append(f"cell {position} {part}: expected {expected_part}, found {found_part}")
    return out


def _from_first_difference(one: str, other: str) -> tuple[str, str]:
    """Short extracts of both texts, from a little before the place where they begin to differ."""
    same = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
    start = max(0, same - 120)
    return one[start : start + 400], other[start : start + 400]


# ---- both together


def compare(program: Program, schedule: Schedule, folder: Path, *, again: bool = False) -> list[str]:
    """Run a program both ways under ``folder`` and say where the outcomes differ. ``again``: a second time too, from the cache."""
    first, second = folder / "reference", folder / "pipeline"
    first_dump, second_dump = folder / "reference.json", folder / "pipeline.json"
    start = prepare(program, schedule, first, first_dump)
    began = time.monotonic()
    reference = from_top_to_bottom(start, first_dump)
    timeout = max(RUN_TIMEOUT, 20 * (time.monotonic() - began))  # on a slow or busy machine, both are slow
    notebook = prepare(program, schedule, second, second_dump)
    out = []
    for time_ in ("", "again, from the cache: ")[: 1 + again]:
        result = as_pipeline(notebook, second_dump, parallel=schedule.parallel, timeout=timeout)
        reused = all(result.cached.values())
        out += [time_ + line for line in disagreements(reference, result.outcome, reused=reused)]
        second_dump.unlink(missing_ok=True)
        if again:
            restore_folder(program, second)
    return out


def restore_folder(program: Program, folder: Path) -> None:
    """The folder as it was before the first run, so that a second one starts from the same state."""
    keep = {*program.files, NOTEBOOK}
    for path in sorted(folder.rglob("*"), reverse=True):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in keep:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            shutil.rmtree(path)
    for name, text in program.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
