"""An Elyra pipeline of notebooks and Python scripts → one notebook, whose steps are its nodes.

In Elyra every node has a kernel, a folder and an environment of its own, and hands over files only. In one notebook all of it is shared, so
what a node must not see of another is taken away at its end (:mod:`kfjlab.interchange.apart`), and what cannot be is told.
"""

from __future__ import annotations

import keyword
import math
import os
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from kfjlab.notebook import retag
from kfjlab.notebook.document import failure
from kfjlab.notebook.flow.builtin_names import BUILTINS, HISTORY, INJECTED
from kfjlab.notebook.names import METRICS_STEP, name_fault, safe_name, unused
from kfjlab.notebook.pipeline import Role
from kfjlab.notebook.problems import Fix, NotebookError, Problem, Severity
from kfjlab.notebook.tags import OURS

from .apart import Part, kept_apart
from .cells import code, markdown
from .elyra_file import ElyraPipeline, Node, read_pipeline
from .elyra_files import Shown, Source, read_sources
from .elyra_settings import read_settings
from .notes import Note, differs, left_out, quoted

_PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@dataclass(frozen=True)
class Imported:
    """``content``: the notebook, which belongs at ``path``; ``steps``: their names, in order; ``sources``: the files that it is made of;
    ``problems``: what kfjlab finds in the notebook."""

    name: str
    path: Path
    content: bytes
    steps: tuple[str, ...]
    sources: tuple[Path, ...]
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]


def import_elyra(
    file: Path, target: Path | None = None, *, root: Path | None = None, hidden: bool = True
) -> Imported:
    """The notebook that an Elyra pipeline makes. Writes nothing.

    ``target``: where it is to be; else beside its notebooks if all are in one folder, or beside the pipeline. ``root``: files outside of it
    are not read; ``hidden``: also files below it of whose path a part begins with a dot. Raises
    :class:`~kfjlab.notebook.problems.NotebookError` when the file is no pipeline or nothing of it can be a step.
    """
    pipeline = read_pipeline(file)
    notes = list(pipeline.notes)
    sources = read_sources(pipeline, file.parent, Shown(root, hidden), notes)
    if not sources:
        raise _nothing(pipeline, notes)
    path = target if target is not None else _place(file, sources)
    parameters = _parameters(pipeline, notes)
    names = _step_names(sources)
    texts = _free_name("elyra_parameters", sources, parameters)
    parts = [_part(source, names, pipeline, parameters, texts, path.parent, notes) for source in sources]
    notes += _shared_outputs(sources)
    metadata = _metadata(pipeline, sources, notes)

    def assemble(parts: Sequence[Part]) -> bytes:
        cells = [
            _intro(pipeline),
            *_parameter_cells(parameters),
            *_given_cells(parts, texts),
            *(cell for one in parts for cell in one.all_cells()),
        ]
        return _written(cells, metadata)

    content, problems = kept_apart(parts, assemble, path, notes)
    order = {node.label: number for number, node in enumerate(pipeline.nodes)}
    notes.sort(key=lambda note: order.get(note.node, -1))
    return Imported(
        pipeline.name,
        path,
        content,
        tuple(names[source.node.id] for source in sources),
        (file, *(source.path for source in sources)),
        tuple(notes),
        problems,
    )


def _nothing(pipeline: ElyraPipeline, notes: Sequence[Note]) -> NotebookError:
    if not pipeline.nodes and not notes:
        return failure("nothing-to-import", "The pipeline has no nodes.", "Add notebooks to it in Elyra")
    whole = Problem(
        "nothing-to-import",
        Severity.ERROR,
        "Nothing of the pipeline can be a step: kfjlab imports notebooks and Python scripts that are there.",
    )
    each = [
        Problem(
            "left-out",
            Severity.ERROR,
            f"{f'{quoted(n.node)}: ' if n.node else ''}{n.what}: {n.why}",
            fix=Fix(n.todo) if n.todo else None,
        )
        for n in notes
    ]
    return NotebookError([whole, *each])


def _place(file: Path, sources: Sequence[Source]) -> Path:
    """Where the notebook should be, so that its steps find their files: in the folder of those that it is made of."""
    folders = {source.path.parent for source in sources}
    folder = folders.pop() if len(folders) == 1 else file.parent
    name = f"{file.stem}.ipynb"
    taken = {source.path.name for source in sources if source.path.parent == folder}
    return folder / (name if name not in taken else f"{file.stem}-pipeline.ipynb")


# ---- steps


def _step_names(sources: Sequence[Source]) -> dict[str, str]:
    """Id of a node → the name of its step."""
    names: dict[str, str] = {}
    for source in sources:
        label = " ".join(source.node.label.split())
        name = label if name_fault(label) is None else safe_name(label)
        name = unused(name, {*names.values(), METRICS_STEP})
        names[source.node.id] = name if name_fault(name) is None else unused(safe_name(name), names.values())
    return names


def _part(
    source: Source,
    names: Mapping[str, str],
    pipeline: ElyraPipeline,
    parameters: Mapping[str, _Parameter],
    texts: str,
    folder: Path,
    notes: list[Note],
) -> Part:
    """The cells of a step, the first of which has its name, order and settings."""
    node = source.node
    step = names[node.id]
    settings = read_settings(node.properties, node.label, notes)
    after = [names[one] for one in _kept_before(node, pipeline, names)]
    notes += _of_files(source)
    given = []
    for name in _texts(node.properties.get("pipeline_parameters")):
        if name in parameters:
            given.append(name)
        elif not any(isinstance(item, dict) and item.get("name") == name for item in pipeline.parameters):
            notes.append(
                left_out(node.label, f"The parameter {quoted(name)}", "The pipeline has no such parameter.")
            )

    def mark(cell: NotebookNode) -> NotebookNode:
        metadata = retag.with_step(cell.metadata, step)
        for name in after:
            metadata = retag.with_after(metadata, name)
        if settings:
            metadata = retag.patched(metadata, settings)
        made: NotebookNode = nbformat.from_dict({**cell, "metadata": metadata})
        return made

    return Part(
        step,
        node.label,
        markdown(_heading(source)),
        source.cells,
        source.path.parent,
        folder,
        tuple(given),
        texts,
        mark,
    )


def _kept_before(node: Node, pipeline: ElyraPipeline, names: Mapping[str, str]) -> list[str]:
    """The steps that it is to follow; in the place of a node that was left out, those before that."""
    nodes = {one.id: one for one in pipeline.nodes}
    found: dict[str, None] = {}
    waiting, seen = list(node.after), set()
    while waiting:
        one = waiting.pop(0)
        if one in names:
            found[one] = None
        elif one not in seen:
            seen.add(one)
            waiting += nodes[one].after
    return list(found)


def _heading(source: Source) -> str:
    """What stands above a step: its name, the comments, the files that it is said to need and make."""
    node = source.node
    lines = [f"## {' '.join(node.label.split())}", *node.comments]
    for what, name in (("Needs", "dependencies"), ("Makes", "outputs")):
        files = [f"`{text.replace('`', '')}`" for text in _texts(node.properties.get(name))]
        if files:
            lines.append(f"{what} {', '.join(files)}")
    return "\n\n".join(lines)


def _of_files(source: Source) -> list[Note]:
    """What of its files a step will not find as it did in Elyra."""
    node, found = source.node, []
    for name in _texts(node.properties.get("dependencies")):
        below = not Path(name).is_absolute() and ".." not in Path(name).parts
        plain = below and not any(sign in name for sign in "*?[\0")
        if plain and not os.path.exists(source.path.parent / name):
            why = "It is not there, so that the step may fail."
            found.append(
                differs(node.label, f"The file {quoted(name)}", why, "Put it beside the node's file")
            )
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "code")
    if "ELYRA_" in text:
        why = "Its code asks for environment variables that only Elyra sets (ELYRA_RUN_NAME, ELYRA_RUNTIME_ENV …)."
        found.append(differs(node.label, "ELYRA_… variables", why, "Set them in the step's settings"))
    for name in ("mlpipeline-metrics.json", "mlpipeline-ui-metadata.json"):
        if name in text:
            why = "Kubeflow Pipelines shows what is in it; for kfjlab it is a file like any other."
            todo = "Assign the numbers in a cell tagged pipeline-metrics; figures of a step are shown as they are"
            found.append(differs(node.label, f"The file {name}", why, todo))
    return found


def _shared_outputs(sources: Sequence[Source]) -> list[Note]:
    """Files that several nodes make: in a cluster each had its own."""
    makers: dict[Path, list[str]] = {}
    for source in sources:
        for name in _texts(source.node.properties.get("outputs")):
            makers.setdefault(source.path.parent / name, []).append(source.node.label)
    return [
        differs(
            "",
            f"The file {quoted(path.name)}",
            f"{', '.join(map(quoted, labels))} all make it. In a cluster each had a copy of its own; here the later one replaces it.",
            "Give the files different names if that matters",
        )
        for path, labels in makers.items()
        if len(set(labels)) > 1
    ]


def _texts(value: Any) -> list[str]:
    """The texts of a list; those that are empty or no texts are none in Elyra either."""
    items = value if isinstance(value, list) else []
    return [" ".join(item.split()) for item in items if isinstance(item, str) and item.strip()]


# ---- the notebook


@dataclass(frozen=True)
class _Parameter:
    name: str
    value: str | int | float | bool
    description: str


def _parameters(pipeline: ElyraPipeline, notes: list[Note]) -> dict[str, _Parameter]:
    found: dict[str, _Parameter] = {}
    for item in pipeline.parameters:
        fields = item if isinstance(item, dict) else {}
        name = str(fields.get("name") or "")
        why = _name_fault(name, found)
        if why:
            notes.append(left_out("", f"The parameter {quoted(name or item, 40)}", why, "Rename it in Elyra"))
            continue
        value, fault = _value(fields)
        if fault:
            notes.append(
                differs("", f"The parameter {quoted(name, 40)}", fault, "Correct it in the parameters cell")
            )
        description = "".join(_printable(str(fields.get("description") or "")))
        found[name] = _Parameter(name, value, " ".join(description.split()))
    return found


def _name_fault(name: str, found: Collection[str]) -> str:
    """Why a parameter cannot be a variable of that name; empty when it can."""
    if not name.isidentifier() or keyword.iskeyword(name) or name in found:
        return "Its name is no name of Python, or there are two of it."
    if name in BUILTINS or name in INJECTED or name in HISTORY or name in ("os", "__file__"):
        return "Its name means something else in all notebooks, which a variable of that name would hide."
    return ""


def _printable(text: str) -> Iterator[str]:
    """The characters of a text; in the place of each that cannot stand in a line of code, a space."""
    return (" " if unicodedata.category(char) in ("Cc", "Cs") else char for char in text)


def _value(fields: Mapping[str, Any]) -> tuple[str | int | float | bool, str]:
    """The value of a parameter (its own, else its default), and what is wrong with it."""
    own, default = (_chosen(fields.get(name)) for name in ("value", "default_value"))
    kind = next((one.get("type") for one in (default, own) if isinstance(one.get("type"), str)), "String")
    value = next((one["value"] for one in (own, default) if one.get("value") not in (None, "")), None)
    empty = {"Integer": 0, "Float": 0.0, "Bool": False}
    if value is None:
        missing = "It has to be given for each run in Elyra; here it has a value that means nothing."
        return empty.get(str(kind), ""), missing if fields.get("required") else ""
    try:
        if kind in ("Integer", "Float"):
            return _number(value, int if kind == "Integer" else float), ""
        if kind == "Bool":
            return value if isinstance(value, bool) else str(value).lower() == "true", ""
    except (TypeError, ValueError, OverflowError):
        return str(value), f"{quoted(value, 40)} is no {str(kind).lower()}."
    return str(value), ""


def _number(value: Any, kind: type[int] | type[float]) -> int | float:
    """Raises an error for what is none, and for what no literal of Python stands for (infinity)."""
    number = kind(value)
    if isinstance(value, bool) or not math.isfinite(number) or (isinstance(value, float) and number != value):
        raise ValueError
    return number


def _chosen(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {"value": value}


def _parameter_cells(parameters: Mapping[str, _Parameter]) -> list[NotebookNode]:
    if not parameters:
        return []
    lines = [
        f"{one.name} = {one.value!r}{f'  # {one.description}' if one.description else ''}"
        for one in parameters.values()
    ]
    return [code("\n".join(lines), retag.with_role({}, Role.PARAMETERS))]


def _given_cells(parts: Sequence[Part], texts: str) -> list[NotebookNode]:
    """What steps find of the parameters in their environment, made once: a step that read the variable itself would find what another has
    bound to that name."""
    names = dict.fromkeys(name for part in parts for name in part.given)
    if not names:
        return []
    entries = ", ".join(f'"{name}": str({name})' for name in names)
    return [
        code(
            f"# What notebooks and scripts find in their environment.\n{texts} = {{{entries}}}",
            retag.with_role({}, Role.FUNCTIONS),
        )
    ]


def _free_name(name: str, sources: Sequence[Source], parameters: Collection[str]) -> str:
    """A name that stands nowhere in the code."""
    words = {word for source in sources for cell in source.cells for word in re.findall(r"\w+", cell.source)}
    return unused(name, words.union(parameters))


def _intro(pipeline: ElyraPipeline) -> NotebookNode:
    parts = dict.fromkeys((f"# {pipeline.name}", pipeline.description, *pipeline.comments))
    return markdown("\n\n".join(part for part in parts if part))


def _metadata(pipeline: ElyraPipeline, sources: Sequence[Source], notes: list[Note]) -> dict[str, Any]:
    own: dict[str, Any] = {}
    fault = name_fault(pipeline.name, extra=".:#()+,&")
    if fault is None:
        own["name"] = pipeline.name
    else:
        notes.append(
            differs(
                "",
                f"The name {quoted(pipeline.name)}",
                f"A pipeline's name in kfjlab cannot be that: it {fault}.",
            )
        )
    if pipeline.description:
        own["description"] = pipeline.description
    defaults = read_settings(pipeline.defaults, "", notes)
    if defaults:
        own["defaults"] = defaults
    notebooks = [source for source in sources if source.metadata]
    first = notebooks[0].metadata if notebooks else _PYTHON
    for source in notebooks[1:]:
        kernel, chosen = _kernel(source.metadata), _kernel(first)
        if kernel != chosen:
            why = f"A notebook has one kernel; it is {quoted(chosen, 40)}, that of the first."
            todo = "Choose a kernel that has the packages of both"
            notes.append(differs(source.node.label, f"The kernel {quoted(kernel, 40)}", why, todo))
    kernels = {k: v for k, v in first.items() if k == "language_info" and isinstance(v, dict)}
    spec = first.get("kernelspec")
    if isinstance(spec, dict):
        kernels["kernelspec"] = {"display_name": _kernel(first), **spec}
    return dict(retag.patched(kernels or _PYTHON, own, OURS))


def _kernel(metadata: Mapping[str, Any]) -> str:
    spec = metadata.get("kernelspec")
    return str(spec.get("name") or "python3") if isinstance(spec, dict) else "python3"


def _written(cells: Sequence[NotebookNode], metadata: Mapping[str, Any]) -> bytes:
    """The notebook's file. Cells keep their ids where these are free and sound; the same pipeline gives the same file."""
    taken: set[str] = set()
    for number, cell in enumerate(cells):
        given = str(cell.get("id") or "")
        sound = 0 < len(given) <= 64 and all(c.isascii() and (c.isalnum() or c in "-_") for c in given)
        own = sound and given not in taken
        cell["id"] = given if own else unused(f"elyra-{number}", taken)
        taken.add(cell["id"])
    made = {"nbformat": 4, "nbformat_minor": 5, "metadata": dict(metadata), "cells": list(cells)}
    notebook = nbformat.from_dict(made)
    text: str = nbformat.writes(notebook)
    return (text if text.endswith("\n") else text + "\n").encode("utf-8", "replace")
