"""Helpers for the tests of the dataflow: notebooks as plain text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kfjlab.notebook.dataflow import FlowResult, StepGroup, analyze_flow
from kfjlab.notebook.pipeline import Cell, Role

NAMES = "abcdefghij"


def flow_of(
    *steps: str | Sequence[str],
    prelude: Sequence[str] = (),
    parameters: str = "",
    names: Sequence[str] = (),
    after: dict[str, tuple[str, ...]] | None = None,
    workspace: Path | None = None,
    random: str = "independent",
) -> FlowResult:
    """The dataflow of a notebook whose steps (``a``, ``b``, …) consist of these cells. ``parameters``: the source of a parameters
    cell, all of whose names are parameters ``names``."""
    count = 0

    def cell(source: str, role: Role) -> Cell:
        nonlocal count
        count += 1
        return Cell(count - 1, f"c{count}", count, source, role)

    before = [cell(source, Role.FUNCTIONS) for source in prelude]
    if parameters:
        before.append(cell(parameters, Role.PARAMETERS))
    groups = []
    for name, sources in zip(NAMES, steps, strict=False):
        cells = [sources] if isinstance(sources, str) else sources
        groups.append(StepGroup(name, tuple(cell(s, Role.STEP) for s in cells), (after or {}).get(name, ())))
    return analyze_flow(before, names, groups, workspace=workspace, random=random)


def variables(resources: frozenset[str] | set[str]) -> set[str]:
    """The variables among resources."""
    return {resource[4:] for resource in resources if resource.startswith("var:")}


def others(resources: frozenset[str] | set[str]) -> set[str]:
    """The resources that are no variables."""
    return {resource for resource in resources if not resource.startswith("var:")}


def arrows(result: FlowResult) -> set[str]:
    """The edges as ``ab`` (source, target)."""
    return {edge.source + edge.target for edge in result.edges}


def codes(result: FlowResult) -> list[str]:
    """The problems as ``severity code``."""
    return [f"{problem.severity.value} {problem.code}" for problem in result.problems]
