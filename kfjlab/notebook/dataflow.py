"""What every step of a notebook reads, binds and changes, and what follows from it: edges, digests, problems."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from .pipeline import Cell, Edge, Flow, Prelude
from .problems import Problem


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
class SyntaxFault:
    """Why a cell is not Python; ``line`` is 1-based within the cell."""

    message: str
    line: int


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


def cell_summary(source: str) -> CellSummary:
    """What the cell with that source does."""
    return CellSummary(is_empty=not source.strip())


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
    return FlowResult(tuple(Flow() for _ in groups), Prelude(tuple(prelude_cells)), (), ())
