"""What every step of a notebook reads, binds and changes, and what follows from it: edges, digests, problems.

The work is done in :mod:`kfjlab.notebook.flow`: each cell is evaluated abstractly (:mod:`.flow.pieces`), the results are put together
along the notebook (:mod:`.flow.timeline`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .flow.builtin_names import BUILTINS, HISTORY, INJECTED
from .flow.edges import edges_between
from .flow.findings import Findings, syntax_problem
from .flow.finish import finish
from .flow.local_modules import executed_again
from .flow.pieces import WHOLE, effects_of
from .flow.prelude import PreludeSlices
from .flow.seeding import seeded_first
from .flow.timeline import PRELUDE, Timeline, Touches
from .flow.values import UNBOUND, Dotted, Fact
from .flow.words import words
from .pipeline import Cell, Edge, Flow, Prelude
from .problems import Problem
from .source import CACHED_CELLS, SyntaxFault, parse_cell

__all__ = ["CellSummary", "FlowResult", "StepGroup", "SyntaxFault", "analyze_flow", "cell_summary"]


@dataclass(frozen=True)
class StepGroup:
    """The cells of one step, in notebook order; ``after``: names of steps it must follow besides dataflow."""

    name: str
    cells: tuple[Cell, ...]
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class FlowResult:
    """The dataflow of a notebook. ``flows``: one for each group, in the same order."""

    flows: tuple[Flow, ...]
    prelude: Prelude
    edges: tuple[Edge, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class CellSummary:
    """What one cell does, seen without the others.

    ``reads``: global names whose value from before the cell matters; ``binds``: names that it may bind or delete;
    ``mutates``: names of before whose value it may change in place. ``imports_and_defines_only``: it does nothing but import
    modules and define functions and classes.
    """

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    imports_and_defines_only: bool = False
    is_empty: bool = False
    syntax_error: SyntaxFault | None = None


_CONVENTIONS = {
    "np": "numpy",
    "pd": "pandas",
    "pl": "polars",
    "plt": "matplotlib.pyplot",
    "sns": "seaborn",
    "tf": "tensorflow",
    "nn": "torch.nn",
    "F": "torch.nn.functional",
    "px": "plotly.express",
    "alt": "altair",
    **{
        name: name
        for name in words(
            "torch os sys math random json re time datetime warnings shutil glob pickle sklearn logging"
        )
    },
}
"""What a cell that is seen without the others most likely means by a name."""


@lru_cache(maxsize=CACHED_CELLS)
def cell_summary(source: str) -> CellSummary:
    """What the cell with that source does."""
    parsed = parse_cell(source)
    if parsed.fault is not None:
        return CellSummary(syntax_error=parsed.fault)
    if not parsed.body:
        return CellSummary(is_empty=True)
    effects = effects_of(source, WHOLE, _alone)
    reads = frozenset(read.name for read in effects.reads) | effects.indirect
    return CellSummary(reads, effects.binds, effects.mutated, effects.plain)


_EXCEPTIONS = frozenset({"syntax-error", "undefined-name", "use-before-definition", "deleted-name"})
"""Problems that say that a cell raises an exception, which is no problem where it is meant to."""


def _alone(name: str) -> Fact | None:
    if name in BUILTINS or name in INJECTED or name in HISTORY or name.startswith("%"):
        return UNBOUND
    return Dotted(_CONVENTIONS[name], True) if name in _CONVENTIONS else None


def analyze_flow(
    prelude_cells: Sequence[Cell],
    parameter_names: Collection[str],
    groups: Sequence[StepGroup],
    *,
    workspace: Path | None,
    random: str = "independent",
) -> FlowResult:
    """The dataflow of the steps ``groups``, in notebook order, after the prelude.

    ``parameter_names``: prelude names whose values are given from outside. ``workspace``: the notebook's folder, to which paths of
    files are relative. ``random``: ``independent`` or ``serial``, what unseeded generators mean. Raises nothing: what is wrong with
    the code is in ``problems``.
    """
    timeline = Timeline(workspace, random == "serial")
    faults = [_syntax_problem(cell, None) for cell in prelude_cells]
    meant = {
        cell.index
        for cells in [prelude_cells, *(group.cells for group in groups)]
        for cell in cells
        if cell.may_raise
    }
    prelude_touches = Touches(PRELUDE)
    slices = PreludeSlices(timeline, parameter_names)
    slices.execute(prelude_cells, prelude_touches)
    prelude = slices.prelude(prelude_cells, prelude_touches)
    steps: list[Touches] = []
    for position, group in enumerate(groups):
        step = Touches(position)
        statements = (statement for cell in group.cells for statement in parse_cell(cell.source).body)
        step.seeded_first = seeded_first(statements, timeline.given)
        for cell in group.cells:
            fault = _syntax_problem(cell, group.name)
            if fault is not None:
                faults.append(fault)
            else:
                timeline.apply(effects_of(cell.source, WHOLE, timeline.given), step, cell.index, cell.number)
        steps.append(step)
    names = [group.name for group in groups]
    problems = [fault for fault in faults if fault is not None]
    sources = {
        cell.index: cell.source
        for cells in [prelude_cells, *(group.cells for group in groups)]
        for cell in cells
    }
    problems += Findings(names, prelude_touches, steps, timeline, sources).problems()
    problems += executed_again(prelude_cells, [(group.name, group.cells) for group in groups], workspace)
    problems = [p for p in problems if p.cell not in meant or p.code not in _EXCEPTIONS]
    finish(steps, frozenset(prelude.binds))
    flows = _flows(steps, groups, frozenset(prelude.binds), slices)
    edges = edges_between(names, steps, [group.after for group in groups])
    return FlowResult(flows, prelude, edges, tuple(problems))


def _flows(
    steps: Sequence[Touches],
    groups: Sequence[StepGroup],
    prelude_names: frozenset[str],
    slices: PreludeSlices,
) -> tuple[Flow, ...]:
    flows: list[Flow] = []
    made = set(prelude_names)
    for step, group in zip(steps, groups, strict=True):
        names = made if step.opaque else {r[4:] for r in step.reads if r.startswith("var:")} & made
        code = "\n".join(
            parse_cell(cell.source).digest + " may raise" * cell.may_raise for cell in group.cells
        )
        flows.append(
            Flow(
                reads=frozenset(step.reads),
                writes=frozenset(step.writes),
                mutates=frozenset(step.mutates),
                opaque=step.opaque,
                unseeded=frozenset(step.unseeded),
                seeded_first=step.seeded_first,
                code_digest=hashlib.sha256(code.encode()).hexdigest(),
                prelude_digest=slices.digest(names, with_effects=True),
                prelude_parameters=slices.parameters(names, with_effects=True),
            )
        )
        made -= step.bound
    return tuple(flows)


def _syntax_problem(cell: Cell, step: str | None) -> Problem | None:
    fault = parse_cell(cell.source).fault
    return None if fault is None else syntax_problem(cell, fault.message, fault.line, step)
