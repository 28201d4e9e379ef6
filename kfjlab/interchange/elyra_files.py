"""The files that the nodes of an Elyra pipeline stand for, read: cells of notebooks, sources of scripts."""

from __future__ import annotations

import ast
import io
import json
import os
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from kfjlab.notebook import retag
from kfjlab.notebook.document import decode, parse, read_bytes, read_document
from kfjlab.notebook.problems import NotebookError
from kfjlab.notebook.tags import ROLES

from .cells import code
from .elyra_file import ElyraPipeline, Node
from .notes import Note, differs, kept, left_out, quoted


@dataclass(frozen=True)
class Source:
    """A node with the cells of its file. ``path``: of the file; ``metadata``: the notebook's, empty for a script."""

    node: Node
    path: Path
    cells: tuple[NotebookNode, ...]
    metadata: Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """Files that may be read: those below ``root`` (None: any), and of them also hidden ones. Links lead where they lead."""

    root: Path | None = None
    hidden: bool = True

    def contains(self, path: Path) -> bool:
        """Whether a path is below the root."""
        return self.root is None or _absolute(path).is_relative_to(_absolute(self.root))

    def hides(self, path: Path) -> bool:
        """Whether a path below the root is hidden."""
        if self.hidden or self.root is None:
            return False
        parts = _absolute(path).relative_to(_absolute(self.root)).parts
        return any(part.startswith(".") for part in parts)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


class _LeftOutError(Exception):
    """A node whose file cannot be used."""

    def __init__(self, why: str, todo: str = "") -> None:
        super().__init__(why)
        self.todo = todo


def read_sources(pipeline: ElyraPipeline, folder: Path, shown: Shown, notes: list[Note]) -> list[Source]:
    """The nodes that can be steps, in their order. ``folder``: of the pipeline, to which its paths are relative; no files are read but
    those ``shown``. All others are in ``notes``."""
    found = []
    for node in pipeline.nodes:
        try:
            found.append(_read(node, folder, shown, pipeline.version, notes))
        except _LeftOutError as reason:
            what = f"The node ({node.filename})" if node.filename else "The node"
            notes.append(left_out(node.label, what, str(reason), reason.todo))
    return found


def _read(node: Node, folder: Path, shown: Shown, version: int, notes: list[Note]) -> Source:
    if node.kind == "r":
        raise _LeftOutError("It runs an R script; kfjlab runs Python.", "Write what it does in Python")
    if node.kind == "component":
        raise _LeftOutError(
            f"It is a component of Kubeflow Pipelines or Airflow ({quoted(node.op, 60)}), which has no cells.",
            "Write what it does as a cell of the notebook",
        )
    path = _path(node.filename, folder, shown, version)
    try:
        if node.kind == "python":
            return Source(node, path, tuple(_script(path, node, notes)), {})
        return _notebook(path, node, notes)
    except NotebookError as error:
        problem = error.problems[0]
        if problem.code == "no-such-file":
            raise _LeftOutError(
                f"There is no file {node.filename}.", "Put the file there, then import again"
            ) from None
        todo = problem.fix.title if problem.fix else "Mend the file, then import again"
        raise _LeftOutError(problem.message, todo) from None


def _path(name: str, folder: Path, shown: Shown, version: int) -> Path:
    if not name or "\0" in name:
        raise _LeftOutError("It does not say which file it runs.", "Choose its file in Elyra")
    path = Path(os.path.normpath(folder / name))
    if version < 2 and _is_missing(path):
        path = _in_workspace(name, folder, shown)
    if not shown.contains(path):
        raise _LeftOutError(
            "Its file is outside of the folder that the server shows.", "Put the file beside the pipeline"
        )
    if shown.hides(path):
        raise _LeftOutError("Its file is hidden, and the server does not show hidden files.", "Rename it")
    return path


def _is_missing(path: Path) -> bool:
    """Not there; a file of which that cannot be said is found to be unreadable later."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def _in_workspace(name: str, folder: Path, shown: Shown) -> Path:
    """A file whose name is relative to the workspace, as before version 2: one of the folders that the pipeline is in, which only Elyra
    knew. Where none has it, one beside the pipeline."""
    for base in filter(shown.contains, folder.absolute().parents):
        path = Path(os.path.normpath(base / name))
        if os.path.isfile(path) and path.is_relative_to(base):
            return path
    return folder / Path(name).name


# ---- notebooks


def _notebook(path: Path, node: Node, notes: list[Note]) -> Source:
    raw = parse(decode(read_bytes(path), path.name), path.name)
    if isinstance(raw, dict) and raw.get("nbformat") in (1, 2, 3):
        try:
            raw = nbformat.convert(nbformat.from_dict(raw), 4)
        except Exception as error:  # noqa: BLE001  # whatever an old or broken notebook makes its conversion raise
            reason = f"{type(error).__name__}: {error}"
            raise _LeftOutError(
                f"Its notebook is in an old format and cannot be converted ({reason})."
            ) from None
    document = read_document(json.dumps(raw).encode())
    cells, dropped = [], set()
    for cell, made in zip(document.cells, document.raw["cells"], strict=True):
        if cell.kind == "code" and not cell.source.strip():
            continue
        tags, gone = _tags(cell.metadata)
        dropped |= gone
        cells.append(_cell(cell.kind, cell.source, {**cell.metadata, "tags": tags}, made))
    if dropped:
        listed = ", ".join(sorted(dropped))
        todo = "Tag the cells again if you want kfjlab to know them"
        why = "Elyra does not look at tags: its cells run as they are, and so they do here."
        notes.append(left_out(node.label, f"Tags of its cells ({listed})", why, todo))
    if not any(cell.cell_type == "code" for cell in cells):
        raise _LeftOutError("Its notebook has no code.")
    return Source(node, path, tuple(cells), document.metadata)


def _tags(metadata: Mapping[str, Any]) -> tuple[list[str], set[str]]:
    """Tags of a cell that stay, and what goes: those that kfjlab would understand in another way, and what is no tag."""
    tags = metadata.get("tags")
    given = tags if isinstance(tags, list) else [tags] if tags else []
    sound = isinstance(tags, list)
    kept = [tag for tag in given if sound and isinstance(tag, str) and tag not in ROLES]
    return kept, {quoted(tag, 30) for tag in given if tag not in kept}


def _cell(kind: str, source: str, metadata: Mapping[str, Any], raw: Mapping[str, Any]) -> NotebookNode:
    """A cell without outputs and without what tags and kfjlab's own metadata say."""
    made = retag.cleared(metadata)
    tags = made.get("tags")
    rest = {k: v for k, v in made.items() if k not in ("tags", "execution", "papermill")}
    cell = {
        "id": raw.get("id", ""),
        "cell_type": kind,
        "source": source,
        "metadata": {**rest, "tags": tags} if tags else rest,
    }
    if kind == "code":
        cell |= {"outputs": [], "execution_count": None}
    elif isinstance(raw.get("attachments"), dict):
        cell["attachments"] = raw["attachments"]
    made_cell: NotebookNode = nbformat.from_dict(cell)
    return made_cell


# ---- scripts


def _script(path: Path, node: Node, notes: list[Note]) -> list[NotebookNode]:
    data = read_bytes(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise _LeftOutError(f"{path.name} cannot be read as Python: {error}.") from None
    source = text.replace("\r\n", "\n").strip("\n")
    if not source.strip():
        raise _LeftOutError(f"{path.name} is empty.")
    facts = _facts(source)
    for what, why in facts.differences():
        notes.append(differs(node.label, what, why, "Change the cell"))
    if "__file__" not in facts.names:
        return [code(source)]
    why = "A cell has no file; the script asks for the name of its own."
    notes.append(kept(node.label, "A cell that sets __file__", why))
    return [code(f"__file__ = {path.name!r}"), code(source)]


@dataclass(frozen=True)
class _Facts:
    """What a script names, imports and calls."""

    names: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()

    def differences(self) -> list[tuple[str, str]]:
        """What it does that is something else in a cell."""
        found = []
        if "sys.argv" in self.names or "argparse" in self.imports:
            why = "A cell is given none: sys.argv is that of the kernel."
            found.append(("Arguments of the command line", why))
        if self.calls & {"exit", "quit", "sys.exit", "os._exit"}:
            found.append(("exit()", "It ends a script; in a cell it is an error, which fails the step."))
        if "__future__" in self.imports:
            why = "In a notebook it also holds for the cells that come after it."
            found.append(("from __future__ import …", why))
        return found


def _facts(source: str) -> _Facts:
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except (SyntaxError, ValueError, RecursionError):
        return _Facts()  # the analysis of the notebook will tell
    names = {ast.unparse(node) for node in nodes if isinstance(node, ast.Name | ast.Attribute)}
    modules = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    calls = {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
    return _Facts(frozenset(names), frozenset(modules), frozenset(calls))
