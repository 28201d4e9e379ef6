"""Notebooks that had kernels of their own, one after the other in one notebook: what one must not see of another.

At the end of a step its folder and environment are put back, and those of its names are deleted that a later step reads before it
binds them (a built-in that was shadowed, a name that is bound only sometimes): in a kernel of its own it would not find
them.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nbformat import NotebookNode

from kfjlab.notebook.analyze import analyze_document
from kfjlab.notebook.document import read_document
from kfjlab.notebook.pipeline import Edge, Pipeline
from kfjlab.notebook.problems import Problem

from .cells import code as code_cell
from .notes import Note, differs, kept, quoted

_ROUNDS = 5
"""How often deleting names may bring to light others: an earlier step that had bound the same name."""


@dataclass(frozen=True)
class Part:
    """A node as a step. ``folder``: in which it ran; ``home``: in which the notebook runs; ``given``: parameters that it finds in its
    environment, as the variable ``texts`` has them; ``mark``: gives a cell the step's tag and settings; ``forgotten``: names that no
    later step may find."""

    step: str
    label: str
    heading: NotebookNode
    cells: tuple[NotebookNode, ...]
    folder: Path
    home: Path
    given: tuple[str, ...]
    texts: str
    mark: Callable[[NotebookNode], NotebookNode]
    forgotten: tuple[str, ...] = ()
    bare: bool = False
    """Without the cells that put things in place and back."""

    def all_cells(self) -> list[NotebookNode]:
        """The step's cells, the first with code marked."""
        code = [copy.deepcopy(cell) for cell in self.cells]
        first = next(i for i, cell in enumerate(code) if cell.cell_type == "code")
        begin, end = ([], []) if self.bare else (self._begin(), self._end())
        if begin:
            code.insert(first, code_cell("\n".join(begin)))
        code[first] = self.mark(code[first])
        if end:
            note = f"# The end of {quoted(self.label)}: what the other notebooks did not see of it."
            code.append(code_cell("\n".join([note, *end])))
        return [copy.deepcopy(self.heading), *code]

    def _begin(self) -> list[str]:
        lines = []
        there = _relative(self.folder, self.home)
        if there != ".":
            lines.append(f"os.chdir({there!r})")
        lines += [f'os.environ["{name}"] = {self.texts}["{name}"]' for name in self.given]
        return ["import os", "", *lines] if lines else []

    def _end(self) -> list[str]:
        lines = []
        back = _relative(self.home, self.folder)
        if back != ".":
            lines.append(f"os.chdir({back!r})")
        lines += [f'os.environ.pop("{name}", None)' for name in self.given]
        lines = ["import os", "", *lines] if lines else []
        if self.forgotten:
            lines += [f"{' = '.join(self.forgotten)} = None", f"del {', '.join(self.forgotten)}"]
        return lines


def _relative(folder: Path, start: Path) -> str:
    return os.path.relpath(folder, start).replace(os.sep, "/")


def kept_apart(
    parts: Sequence[Part], assemble: Callable[[Sequence[Part]], bytes], path: Path, notes: list[Note]
) -> tuple[bytes, tuple[Problem, ...]]:
    """The notebook in which no part sees names of another, and what kfjlab finds in it. What they see all the same is told in ``notes``."""
    labels = {part.step: part.label for part in parts}
    bare = _pipeline(assemble([replace(part, bare=True) for part in parts]), path)
    notes += _state(bare.edges, labels)
    now = list(parts)
    for _ in range(_ROUNDS):
        content = assemble(now)
        pipeline = _pipeline(content, path)
        leaks: dict[str, dict[str, list[str]]] = {}
        for edge in pipeline.edges:
            for name in _names(edge):
                leaks.setdefault(edge.source, {}).setdefault(name, []).append(edge.target)
        found = [
            replace(
                part, forgotten=tuple(dict.fromkeys([*part.forgotten, *sorted(leaks.get(part.step, {}))]))
            )
            for part in now
        ]
        if [part.forgotten for part in found] == [part.forgotten for part in now]:
            break
        notes += [_told(part.label, leaks[part.step], labels) for part in parts if part.step in leaks]
        now = found
    return content, pipeline.problems


def _pipeline(content: bytes, path: Path) -> Pipeline:
    return analyze_document(replace(read_document(content), path=str(path)))


def _names(edge: Edge) -> list[str]:
    """The variables that travel along an edge, as far as they have names."""
    names = [resource[4:] for resource in edge.resources if resource.startswith("var:")]
    return [name for name in names if name.isidentifier()] if edge.kind == "data" else []


def _told(label: str, leaks: dict[str, list[str]], labels: dict[str, str]) -> Note:
    names = ", ".join(leaks)
    readers = ", ".join(
        dict.fromkeys(quoted(labels[one]) for some in leaks.values() for one in some if one in labels)
    )
    return kept(
        label,
        f"A cell at its end deletes {names}",
        f"{readers} may read such a name before giving it a value, and in Elyra would not find the one of this notebook.",
        "Remove the cell if the value is meant to be handed over",
    )


def _state(edges: Sequence[Edge], labels: dict[str, str]) -> list[Note]:
    """What besides variables and files goes from one notebook to another here, and did not in Elyra."""
    found: dict[tuple[str, str], list[str]] = {}
    for edge in edges:
        for resource in edge.resources:
            kind, _, name = resource.partition(":")
            what = (
                f"The state of {name}" if kind == "ambient" else "Any variable" if resource == "var:*" else ""
            )
            if what and edge.source in labels and edge.target in labels:
                found.setdefault((labels[edge.source], what), []).append(quoted(labels[edge.target]))
    return [
        differs(
            source,
            what,
            f"What it leaves there is also found by {', '.join(targets)}. In Elyra each of them begins afresh.",
            "Set it at the beginning of these steps if it matters",
        )
        for (source, what), targets in found.items()
    ]
