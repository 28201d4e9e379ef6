"""Tagged cells → prelude, parameters cells and steps.

- An untagged code cell belongs to the step before it; after an ``imports`` or ``functions`` cell it is more
  of that (as in Kale).
- ``skip`` cells, and empty ones, are as if they were not there.
- Code before the first step joins the prelude when it only imports and defines, else it is a step of its own
  (``start``). A notebook without any step is one step, named after the notebook.
- ``imports``, ``functions`` and parameters cells that come after a step join the prelude only where running
  them earlier cannot be told from running them in place; else they stay in place, as part of the step before
  them.
- A step whose name comes again after another step is two steps: the second part has its own place and a name
  of its own. Moving code past other steps would need a proof that no analysis of Python can give. Where a
  step in between is connected with it, :mod:`.reopened` makes an error of that, since one step is not
  what comes of it.
- ``pipeline-metrics`` cells form a step of role :attr:`Role.METRICS` named ``pipeline-metrics``, in place:
  numbers that they assign to a name, or print by name (``print(accuracy)``), become the run's metrics. The
  runtime picks them when the step runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .after import Request, resolve_after
from .dataflow import cell_summary
from .document import Document, RawCell
from .moving import Before, why_not_first
from .names import METRICS_STEP, name_fault, safe_name, unused
from .parameters import constants_only
from .pipeline import Cell, Role
from .problems import Fix, Problem, Severity, cell_word
from .settings import Facet, Facets
from .tags import MAY_RAISE, PAPERMILL, CellTags, read_cell, shown

IMPLICIT = "start"
"""Name of the step that code before the first step forms."""


@dataclass(eq=False)
class Part:
    """One run of cells of one step, while the notebook is being read. ``first`` is the index of the cell that
    opens it.
    """

    raw_name: str | None
    role: Role
    first: int
    cells: list[Cell] = field(default_factory=list)
    tagged: list[int] = field(default_factory=list)
    after: list[tuple[str, int]] = field(default_factory=list)
    facets: list[tuple[Facets, int]] = field(default_factory=list)
    name: str = ""
    own_name: str = ""


@dataclass(frozen=True)
class Draft:
    """A step before its dataflow is known. ``own_name`` is the name that its tag says, ``name`` may differ
    for a step that comes again; ``tagged`` are the indices of its cells that say that name.
    """

    name: str
    own_name: str
    cells: tuple[Cell, ...]
    after: tuple[str, ...]
    facets: Facets
    role: Role
    implicit: bool
    tagged: tuple[int, ...]


@dataclass(frozen=True)
class Arrangement:
    """A notebook's cells in their places. ``references``: cells that stand for other notebooks were met."""

    prelude: tuple[Cell, ...]
    parameters: tuple[Cell, ...]
    steps: tuple[Draft, ...]
    references: bool = False


def arrange(document: Document, notebook_name: str, problems: list[Problem]) -> Arrangement:
    """The cells of a notebook in their places; what is wrong is appended to ``problems``.

    ``notebook_name`` names the one step of a notebook without steps.
    """
    reader = _Reader(document, problems)
    reader.read()
    _name_parts(reader, notebook_name, problems)
    parts = _without_empty(reader.parts, problems)
    afters = resolve_after(
        [Request(part.name, part.own_name, tuple(part.after), bool(part.cells)) for part in reader.parts],
        reader.skipped,
        problems,
    )
    facets = _merge_facets(parts, problems)
    drafts = tuple(
        Draft(
            part.name,
            part.own_name,
            tuple(part.cells),
            afters[part.name],
            facets[part.own_name],
            part.role,
            part.raw_name is None,
            tuple(part.tagged),
        )
        for part in parts
    )
    if not drafts and not reader.references:
        message = "No cell is part of a step, so there is nothing to run."
        problems.append(
            Problem("no-steps", Severity.ERROR, message, fix=Fix("Tag a code cell with step:NAME"))
        )
    prelude = tuple(reader.prelude)
    return Arrangement(
        prelude, tuple(c for c in prelude if c.role is Role.PARAMETERS), drafts, reader.references
    )


class _Reader:
    """Goes through the cells once, in order."""

    def __init__(self, document: Document, problems: list[Problem]) -> None:
        self.problems = problems
        self.cells = [
            (c, read_cell(c.index, c.metadata, problems)) for c in document.cells if c.kind == "code"
        ]
        self.has_steps = any(tags.step is not None and tags.role is not Role.SKIP for _, tags in self.cells)
        self.skipped = {
            tags.step for _, tags in self.cells if tags.step is not None and tags.role is Role.SKIP
        }
        self.prelude: list[Cell] = []
        self.parts: list[Part] = []
        self.number = 0
        self.last_role: Role | None = None
        self.last_tag_is_kales = False
        self.references = False
        self.before = Before()

    def read(self) -> None:
        for raw, tags in self.cells:
            if tags.reference:
                self.references = True
            if tags.role is Role.SKIP or tags.reference:
                continue
            if raw.source.strip():
                self.number += 1
            self.place(raw, tags)

    def place(self, raw: RawCell, tags: CellTags) -> None:
        if tags.step is not None:
            self.last_role = Role.STEP
            self.to_step(raw, tags, tags.step, Role.STEP)
        elif tags.role is Role.METRICS:
            self.last_role = Role.STEP
            self.to_step(raw, tags, METRICS_STEP, Role.METRICS)
        elif tags.role is not None:
            self.last_role = tags.role
            self.last_tag_is_kales = not set(PAPERMILL).intersection(_texts(raw.metadata.get("tags")))
            if raw.source.strip():
                self.to_prelude(raw, tags.role, tagged=True)
        elif raw.source.strip():
            self.untagged(raw, tags)

    def untagged(self, raw: RawCell, tags: CellTags) -> None:
        role = self.inherited_role(raw.source)
        if role is not None:
            self.to_prelude(raw, role, tagged=False)
        elif not self.parts:
            self.parts.append(Part(None, Role.STEP, raw.index))
            self.last_role = Role.STEP
            self.to_last(raw, tags)
        else:
            self.to_last(raw, tags)

    def inherited_role(self, source: str) -> Role | None:
        """The prelude role of an untagged cell, ``None`` when it belongs to a step."""
        if self.last_role in (Role.IMPORTS, Role.FUNCTIONS) and self.has_steps:
            return self.last_role
        if self.last_role is Role.PARAMETERS and self.last_tag_is_kales and constants_only(source):
            return Role.PARAMETERS
        if (
            self.last_role is not Role.STEP
            and not self.parts
            and cell_summary(source).imports_and_defines_only
        ):
            return Role.FUNCTIONS
        return None

    def to_step(self, raw: RawCell, tags: CellTags, name: str, role: Role) -> None:
        last = next((part for part in reversed(self.parts) if part.cells or part.raw_name == name), None)
        if last is None or last.raw_name != name or last.role is not role:
            last = Part(name, role, raw.index)
        elif self.parts[-1] is not last:
            self.parts.remove(last)  # only steps without code stand between
        if not self.parts or self.parts[-1] is not last:
            self.parts.append(last)
        last.tagged.append(raw.index)
        self.to_last(raw, tags)

    def to_last(self, raw: RawCell, tags: CellTags) -> None:
        part = self.parts[-1]
        if raw.source.strip():
            cell = Cell(raw.index, raw.id, self.number, raw.source, part.role, may_raise(raw))
            part.cells.append(cell)
            self.before.add(cell)
        part.after += [(name, raw.index) for name in tags.after]
        if tags.facets:
            part.facets.append((tags.facets, raw.index))

    def to_prelude(self, raw: RawCell, role: Role, tagged: bool) -> None:
        """Put a cell into the prelude, or, when that would change what it does, into the step before it."""
        cell = Cell(raw.index, raw.id, self.number, raw.source, role, may_raise(raw))
        fault = why_not_first(cell, self.prelude, self.before) if self.parts else None
        if fault is None:
            self.prelude.append(cell)
            return
        if tagged:
            self.problems.append(_stays(cell, fault, role))
        self.to_last(raw, CellTags())


def may_raise(raw: RawCell) -> bool:
    """Whether the cell is tagged as one that may fail."""
    return MAY_RAISE in _texts(raw.metadata.get("tags"))


def _texts(tags: object) -> list[str]:
    return [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []


def _stays(cell: Cell, fault: str, role: Role) -> Problem:
    message = (
        f"This {role.value} cell comes after a step and cannot run before all steps: {fault}. "
        "It is part of the step before it."
    )
    if role is Role.PARAMETERS:
        message += " What it assigns are no parameters."
    title = (
        "Move it above the first step"
        if role is Role.PARAMETERS
        else "Move it above the first step, or give it a step's name"
    )
    return Problem("late-prelude-cell", Severity.WARNING, message, cell=cell.index, fix=Fix(title))


def _name_parts(reader: _Reader, notebook_name: str, problems: list[Problem]) -> None:
    """Give every part its final name: a safe one for a bad one, its own one for a step that comes again."""
    taken = {part.raw_name for part in reader.parts if part.raw_name is not None}
    safe: dict[str, str] = {}
    for part in reader.parts:
        raw = part.raw_name
        if raw is None or raw in safe:
            continue
        fault = None if part.role is Role.METRICS else name_fault(raw)
        safe[raw] = raw
        if fault is not None:
            safe[raw] = safe_name(raw, taken | set(safe.values()))
            message = f"The step's name {shown(raw)} {fault}."
            fix = Fix(f"Rename it to {safe[raw]}", "rename-step", {"old": raw, "new": safe[raw]})
            problems.append(
                Problem("bad-step-name", Severity.ERROR, message, part.first, step=safe[raw], fix=fix)
            )
    taken_names = set(safe.values())
    seen: set[str] = set()
    for part in reader.parts:
        if part.raw_name is None:
            wanted = IMPLICIT if reader.has_steps else safe_name(notebook_name, fallback="notebook")
            part.own_name = part.name = unused(wanted, taken_names)
            problems.append(_implicit(part, reader.has_steps))
        else:
            part.own_name = safe[part.raw_name]
            part.name = part.own_name if part.own_name not in seen else unused(part.own_name, taken_names)
        part.after = [(safe.get(name, name), cell) for name, cell in part.after]
        seen.add(part.name)
        taken_names.add(part.name)


def _implicit(part: Part, has_steps: bool) -> Problem:
    if has_steps:
        message = f"The code before the first step is a step of its own, {part.name}."
        fix = Fix(f"Tag it as step {part.name}", "set-step", {"cell": part.first, "name": part.name})
        return Problem("implicit-step", Severity.INFO, message, part.first, step=part.name, fix=fix)
    message = f"No cell is tagged with a step, so the notebook runs as one step, {part.name}."
    fix = Fix("Tag cells with step:NAME, or let `kfjlab suggest` propose steps")
    return Problem("untagged-notebook", Severity.INFO, message, step=part.name, fix=fix)


def _without_empty(parts: Sequence[Part], problems: list[Problem]) -> list[Part]:
    """The parts that have code; a step of which nothing is left is reported."""
    filled = [part for part in parts if part.cells]
    names = {part.own_name for part in filled}
    for part in parts:
        if part.own_name not in names:
            names.add(part.own_name)
            message = f"Step {part.own_name} has no code and is left out."
            problems.append(
                Problem(
                    "empty-step", Severity.WARNING, message, part.first, fix=Fix("Write code in its cell")
                )
            )
    return filled


def _merge_facets(parts: Sequence[Part], problems: list[Problem]) -> dict[str, Facets]:
    """The settings of each step, merged from all its cells; cells that contradict each other are reported."""
    merged: dict[str, dict[Facet, tuple[object, int]]] = {}
    for part in parts:
        known = merged.setdefault(part.own_name, {})
        for facets, cell in part.facets:
            for facet, value in facets.items():
                if facet in known and known[facet][0] != value:
                    what = ".".join(word for word in facet if word)
                    message = (
                        f"Step {part.own_name} says two different things about {what}: "
                        f"here, and in {cell_word(known[facet][1])}."
                    )
                    fix = Fix("Keep one of them")
                    problems.append(
                        Problem("contradiction", Severity.ERROR, message, cell, step=part.own_name, fix=fix)
                    )
                known.setdefault(facet, (value, cell))
    return {name: {facet: value for facet, (value, _) in known.items()} for name, known in merged.items()}
