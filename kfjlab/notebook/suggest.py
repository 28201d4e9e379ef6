"""Proposes steps for a notebook without tags.

Roles come first: leading cells that only import or define, and leading constants that later cells read. The
rest is split into steps at markdown headings; without headings, where the kind of work changes (loading,
preparing, training, …) or a new branch starts that needs nothing of the one before. Whatever is proposed has
been analysed: it makes no error that the notebook did not have before.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from . import retag
from .analyze import analyze_document
from .dataflow import cell_summary
from .document import Document, RawCell, read_document
from .edit import edit_file
from .edits import Edit, retag_cells
from .headings import headings, sections
from .moving import top_level_imports
from .names import safe_name, unused
from .parameters import constants_only
from .pipeline import Pipeline, Role
from .problems import Problem, cell_word
from .source import parse_cell
from .tags import read_cell

MOST_STEPS, CELLS_A_STEP = 12, 10
"""A proposal has at most so many steps, or one for so many cells when that is more."""

_HAS_STEPS = "The notebook has steps already, so nothing is proposed. 'kfjlab tags NOTEBOOK clear' takes its tags away."

_KINDS: tuple[tuple[str, str], ...] = (
    (
        "evaluate_model",
        r"\.(score|evaluate)\(|_score\(|accuracy|confusion_matrix|classification_report|\bmetrics\.",
    ),
    (
        "train_model",
        r"\.fit\(|\.fit_transform\(.*\.fit\(|\.compile\(|\btrain\w*\(|\.partial_fit\(|\.backward\(|\.tune\(",
    ),
    ("predict", r"\.predict\w*\("),
    (
        "load_data",
        r"\bread_\w+\(|\bload_\w+\(|\bfetch_\w+\(|\burlretrieve\(|\bwget\b|\bcurl\b|\bdownload\w*\(|DataLoader\(",
    ),
    (
        "prepare_data",
        r"train_test_split|\.(dropna|fillna|drop|merge|join|groupby|astype|rename|replace|get_dummies|transform|"
        r"fit_transform|map|apply)\(|Scaler\(|Encoder\(|Imputer\(|tokenize",
    ),
    ("plot", r"\bplt\.|\bsns\.|\.plot\w*[.(]|\bpx\.|\.hist\(|\.show\("),
)
_KIND_PATTERNS = [(name, re.compile(pattern)) for name, pattern in _KINDS]


@dataclass(frozen=True)
class Proposal:
    """What one code cell should be. ``tag``: a tag is to be written; other cells follow the one before.
    ``reason`` is for people.
    """

    cell: int
    role: Role
    step: str | None
    reason: str
    tag: bool

    def to_json(self) -> dict[str, Any]:
        """The JSON form used by ``--json`` and the API."""
        return {
            "cell": self.cell,
            "role": self.role.value,
            "step": self.step,
            "reason": self.reason,
            "tag": self.tag,
        }


@dataclass(frozen=True, repr=False)
class Suggestion:
    """Proposals for all code cells of a notebook, in order; none when it has steps already. ``pipeline`` is
    what they give.
    """

    path: str
    proposals: tuple[Proposal, ...]
    pipeline: Pipeline
    note: str = ""

    def __repr__(self) -> str:
        lines = [f"Suggestion for {self.path}" + (f": {self.note}" if self.note else "")]
        for proposal in self.proposals:
            if proposal.tag:
                what = f"step {proposal.step}" if proposal.role is Role.STEP else proposal.role.value
                lines.append(f"  {cell_word(proposal.cell)}: {what} ({proposal.reason})")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The JSON form used by ``--json`` and the API."""
        return {
            "path": self.path,
            "note": self.note,
            "proposals": [p.to_json() for p in self.proposals],
            "pipeline": self.pipeline.to_json(),
        }


@dataclass
class _Group:
    """Cells that are to be one step."""

    title: str
    reason: str
    cells: list[int]


def suggest(source: str | os.PathLike[str] | bytes) -> Suggestion:
    """Steps for the notebook at a path (or its bytes). Never changes the file.

    Raises :class:`~kfjlab.notebook.problems.NotebookError` when no pipeline can be made of it.
    """
    return suggest_document(read_document(source))


def suggest_document(document: Document) -> Suggestion:
    """Like :func:`suggest`, for a document already read."""
    untagged = analyze_document(document)
    ignored: list[Problem] = []
    tags = {
        cell.index: read_cell(cell.index, cell.metadata, ignored)
        for cell in document.cells
        if cell.kind == "code"
    }
    if any(t.step is not None for t in tags.values()):
        return Suggestion(document.path, (), untagged, _HAS_STEPS)
    cells = [
        cell
        for cell in document.cells
        if cell.kind == "code" and cell.source.strip() and tags[cell.index].role is not Role.SKIP
    ]
    roles = {c.index: (role, "is tagged so") for c in cells if (role := tags[c.index].role) is not None}
    for index, choice in _roles([c for c in cells if c.index not in roles], cells).items():
        roles[index] = choice
    work = [c for c in cells if c.index not in roles]
    groups = _merge_trivial(_groups(document, work), {c.index: c for c in cells})
    return _settled(document, cells, roles, groups, untagged)


def apply_suggestion(path: str | os.PathLike[str], suggestion: Suggestion) -> bool:
    """Write the proposed tags into the notebook; whether it changed. Raises
    :class:`~kfjlab.notebook.edits.EditError`.
    """
    return edit_file(path, tagging_of(suggestion))


def tagging_of(suggestion: Suggestion) -> Edit:
    """The edit that writes the proposed tags."""
    return retag_cells({p.cell: (p.role, p.step) for p in suggestion.proposals if p.tag})


# ---- roles


def _roles(open_cells: Sequence[RawCell], cells: Sequence[RawCell]) -> dict[int, tuple[Role, str]]:
    """Roles of cells that are in no step: leading imports, definitions and constants, and later imports and
    definitions.
    """
    found: dict[int, tuple[Role, str]] = {}
    leading = True
    for cell in open_cells:
        summary = cell_summary(cell.source)
        if summary.imports_and_defines_only:
            role = Role.IMPORTS if top_level_imports(cell.source) else Role.FUNCTIONS
            what = "only imports" if role is Role.IMPORTS else "only defines functions and classes"
            found[cell.index] = (role, what)
        elif leading and constants_only(cell.source, imports=True) and _are_parameters(cell, cells):
            found[cell.index] = (Role.PARAMETERS, "sets constants that later cells read")
        elif leading and _prepares_only(cell):
            found[cell.index] = (Role.IMPORTS, "imports, and sets options")
        elif summary.mutates or summary.binds - _imported_or_defined(cell):
            leading = False  # data is made here, more than a seed or an option set beside imports
    return found


def _are_parameters(cell: RawCell, cells: Sequence[RawCell]) -> bool:
    """Whether a name that the cell sets is mentioned later (functions may look it up), and none is set or changed elsewhere."""
    names = cell_summary(cell.source).binds - _imported_or_defined(cell)
    others = [cell_summary(c.source) for c in cells if c.index != cell.index]
    words = {word for c in cells if c.index > cell.index for word in re.findall(r"\w+", c.source)}
    return bool(names & words) and not any(names & (s.binds | s.mutates) for s in others)


_OPTIONS = re.compile(
    r"get_ipython\(\)\.run_line_magic\('(matplotlib|config|load_ext|autoreload|precision)'"
    r"|[\w.]+\.(set_option|set_printoptions|set_theme|set_style|set_context|set_palette|use|basicConfig|filterwarnings|simplefilter|seed"
    r"|manual_seed)\("
    r"|[\w.]+\.rcParams(\[|\.update\()"
)
"""Calls that make a notebook ready, and nothing else."""


def _prepares_only(cell: RawCell) -> bool:
    """Whether a cell imports and sets options or seeds. As a step it would stand before every other step."""
    body = parse_cell(cell.source).body
    imports = any(isinstance(statement, (ast.Import, ast.ImportFrom)) for statement in body)
    return imports and all(_prepares(statement) for statement in body)


def _prepares(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.Assign([ast.Name()], ast.Constant()):
            return True
        case ast.Expr() | ast.Assign():
            return _OPTIONS.match(ast.unparse(statement)) is not None
    return False


def _imported_or_defined(cell: RawCell) -> set[str]:
    """The names that the imports, functions and classes at a cell's top level bind."""
    found: set[str] = set()
    for statement in parse_cell(cell.source).body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name.partition(".")[0] for alias in statement.names}
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(statement.name)
    return found


# ---- groups


def _groups(document: Document, work: Sequence[RawCell]) -> list[_Group]:
    split = sections(document, [c.index for c in work], max(MOST_STEPS, len(work) // CELLS_A_STEP))
    if len(split) > 1:
        return [
            _Group(
                s.title,
                f"under the heading {s.title!r}" if s.title else "before the first heading",
                list(s.cells),
            )
            for s in split
        ]
    groups = _by_kind(work)
    above = [h.text for h in headings(document) if groups and h.cell < groups[0].cells[0]]
    if len(groups) == 1 and above:
        return [_Group(above[-1], f"under the heading {above[-1]!r}", groups[0].cells)]
    return groups


def _kind(cell: RawCell) -> str | None:
    return next((name for name, pattern in _KIND_PATTERNS if pattern.search(cell.source)), None)


def _by_kind(work: Sequence[RawCell]) -> list[_Group]:
    """Cut where the kind of work changes, and where a cell starts a branch of the same kind that needs
    nothing of the last.
    """
    groups: list[_Group] = []
    kinds: list[str | None] = []
    for cell in work:
        kind = _kind(cell)
        own = cell_summary(cell.source)
        if kind == "plot" and not own.binds - own.reads and groups:
            kind = None
        if groups and (kind is None or kind == kinds[-1]):
            branch = kind == "train_model" and own.binds and not _touches(cell, groups[-1], work)
            if not branch:
                groups[-1].cells.append(cell.index)
                continue
            title = f"train_{min(own.binds)}"
            groups.append(
                _Group(title, "starts a branch that needs nothing of the step before", [cell.index])
            )
        else:
            title = kind or "start"
            groups.append(_Group(title, f"looks like: {title.replace('_', ' ')}", [cell.index]))
        kinds.append(kind or (kinds[-1] if kinds else None))
    return groups


def _touches(cell: RawCell, group: _Group, work: Sequence[RawCell]) -> bool:
    """Whether a cell shares a variable with a group other than by reading what both read."""
    mine = cell_summary(cell.source)
    for other in work:
        if other.index in group.cells:
            theirs = cell_summary(other.source)
            written = theirs.binds | theirs.mutates
            if written & (mine.reads | mine.binds | mine.mutates) or theirs.reads & (
                mine.binds | mine.mutates
            ):
                return True
    return False


def _merge_trivial(groups: Sequence[_Group], cells: dict[int, RawCell]) -> list[_Group]:
    """Groups that only show something join the one before."""
    merged: list[_Group] = []
    for group in groups:
        summaries = [cell_summary(cells[index].source) for index in group.cells]
        if merged and not any(s.binds or s.mutates for s in summaries):
            merged[-1].cells += group.cells
        else:
            merged.append(group)
    return merged


# ---- settling


def _settled(
    document: Document,
    cells: Sequence[RawCell],
    roles: dict[int, tuple[Role, str]],
    groups: list[_Group],
    untagged: Pipeline,
) -> Suggestion:
    """Proposals that are analysed and taken back where they would not work: roles that cannot be moved, then
    steps that bring errors.
    """
    known = {(p.code, p.cell, p.line) for p in untagged.errors}
    while True:
        proposals = _proposals(cells, roles, groups)
        pipeline = analyze_document(_tagged(document, proposals))
        late = {p.cell for p in pipeline.problems if p.code == "late-prelude-cell" and p.cell in roles}
        new = [p for p in pipeline.errors if (p.code, p.cell, p.line) not in known]
        if late:
            for index in late:
                del roles[index]
            groups = _with_cells(groups, sorted(late))
        elif new and len(groups) > 1:
            _merge_one(groups, new)
        else:
            return Suggestion(document.path, tuple(proposals), pipeline)


def _with_cells(groups: list[_Group], indices: Iterable[int]) -> list[_Group]:
    """Cells without a role join the group around them."""
    for index in indices:
        before = [g for g in groups if g.cells[0] < index]
        if before:
            before[-1].cells = sorted([*before[-1].cells, index])
        elif groups:
            groups[0].cells = [index, *groups[0].cells]
        else:
            groups = [_Group("start", "is more than imports and definitions", [index])]
    return groups


def _merge_one(groups: list[_Group], errors: Sequence[Problem]) -> None:
    """Join the group that has the first error with the one before it (or after, for the first)."""
    cells = [p.cell for p in errors if p.cell is not None]
    place = next((i for i, g in enumerate(groups) if cells and cells[0] in g.cells), len(groups) - 1)
    first = max(place - 1, 0)
    groups[first].cells = sorted(groups[first].cells + groups[first + 1].cells)
    del groups[first + 1]


def _proposals(
    cells: Sequence[RawCell], roles: dict[int, tuple[Role, str]], groups: Sequence[_Group]
) -> list[Proposal]:
    taken: list[str] = []
    step_of: dict[int, tuple[str, str]] = {}
    for group in groups:
        name = unused(safe_name(group.title or "start"), taken)
        taken.append(name)
        step_of.update(dict.fromkeys(group.cells, (name, group.reason)))
    proposals: list[Proposal] = []
    before: str | None = None
    for cell in cells:
        if cell.index in roles:
            role, reason = roles[cell.index]
            proposals.append(Proposal(cell.index, role, None, reason, reason != "is tagged so"))
            before = None
        else:
            name, reason = step_of[cell.index]
            tag = name != before
            proposals.append(
                Proposal(cell.index, Role.STEP, name, reason if tag else "belongs to the cell before", tag)
            )
            before = name
    return proposals


def _tagged(document: Document, proposals: Iterable[Proposal]) -> Document:
    """The document as if the proposals had been written into it."""
    changes: dict[int, Callable[[retag.Metadata], retag.Metadata]] = {}
    for p in proposals:
        if p.tag and p.role is Role.STEP:
            changes[p.cell] = lambda metadata, name=p.step: retag.with_step(metadata, name)  # type: ignore[misc]
        elif p.tag:
            changes[p.cell] = lambda metadata, role=p.role: retag.with_role(metadata, role)  # type: ignore[misc]
    cells = tuple(
        replace(cell, metadata=changes[cell.index](cell.metadata)) if cell.index in changes else cell
        for cell in document.cells
    )
    return replace(document, cells=cells)
