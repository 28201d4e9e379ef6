"""A pipeline's graph as text for the terminal, Mermaid, Graphviz DOT and JSON.

Names come from notebooks and are never trusted: each format quotes them by its own rules.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kfjlab.notebook.pipeline import Edge, Pipeline, Step

from .wording import printable

FORMATS = ("text", "mermaid", "dot", "json")
_SHOWN = 4
"""Things that travel along one edge that are named; of more, only the number is given."""


def render(pipeline: Pipeline, form: str = "text", *, width: int | None = None) -> str:
    """The graph in one of :data:`FORMATS`, without a newline at the end. ``width``: columns that a text may take
    (None: any number)."""
    writers: dict[str, Callable[[], str]] = {
        "text": lambda: as_text(pipeline, width),
        "mermaid": lambda: as_mermaid(pipeline),
        "dot": lambda: as_dot(pipeline),
        "json": lambda: _dumped(as_json(pipeline)),
    }
    if form not in writers:
        raise ValueError(f"There is no graph format {form!r}; there are {', '.join(FORMATS)}.")
    return writers[form]()


def travels(edge: Edge) -> list[str]:
    """What an edge carries, in words; empty for an order that only a tag asks for."""
    found = []
    for resource in edge.resources:
        kind, _, name = resource.partition(":")
        if name == "*":
            found.append({"var": "any variable", "file": "any file"}.get(kind, kind))
        elif kind == "dir":
            found.append(f"{name.rstrip('/') or '.'}/")
        elif kind == "ambient":
            found.append(f"state of {name}")
        elif kind == "env":
            found.append(f"${name}")
        else:
            found.append(name)
    return found


def label(edge: Edge) -> str:
    """What an edge carries on one line, shortened when it is much."""
    names = travels(edge)
    shown = ", ".join(names[:_SHOWN]) + (f", … {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
    if edge.kind == "order":
        return f"(order: {shown})" if shown else "(order)"
    return shown


# ---- text


def as_text(pipeline: Pipeline, width: int | None = None) -> str:
    """A drawing, if it fits into ``width`` columns, and below it each edge with what travels along it."""
    names = [printable(step.name) for step in pipeline.steps]
    position = {step.name: i for i, step in enumerate(pipeline.steps)}
    pairs = sorted({(position[e.source], position[e.target]) for e in pipeline.edges})
    drawing = _fitting(names, pairs, width)
    parts = [] if drawing is None else ["\n".join(drawing)]
    if drawing is None:
        parts.append(_outline(pipeline.steps, names, pairs))
    if pipeline.edges:
        parts.append(_edge_list(pipeline))
    return "\n\n".join(parts)


def _fitting(names: Sequence[str], pairs: Sequence[tuple[int, int]], width: int | None) -> list[str] | None:
    """A drawing of all edges, else of those that do not follow from others; None when neither fits."""
    from rich.cells import cell_len

    from .drawing import draw

    for edges in (pairs, _reduced(len(names), pairs)):
        lines = draw(names, edges)
        if width is None or max(map(cell_len, lines), default=0) <= width:
            return lines
    return None


def _reduced(count: int, pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The edges that no other path stands for (the transitive reduction; the order of positions is topological)."""
    reach: list[set[int]] = [set() for _ in range(count)]
    kept = []
    for source in reversed(range(count)):
        for target in sorted(t for s, t in pairs if s == source):
            if target not in reach[source]:
                kept.append((source, target))
                reach[source] |= {target} | reach[target]
    return sorted(kept)


def _outline(steps: Sequence[Step], names: Sequence[str], pairs: Sequence[tuple[int, int]]) -> str:
    lines = []
    for i in range(len(steps)):
        before = [names[source] for source, target in pairs if target == i]
        lines.append(f"{i + 1}. {names[i]}" + (f"  after {', '.join(before)}" if before else ""))
    return "\n".join(lines)


def _edge_list(pipeline: Pipeline) -> str:
    from rich.cells import cell_len

    rows = [
        (printable(edge.source), printable(edge.target), printable(label(edge))) for edge in pipeline.edges
    ]
    sources = max(cell_len(source) for source, _, _ in rows)
    targets = max(cell_len(target) for _, target, _ in rows)
    return "\n".join(
        f"{source}{' ' * (sources - cell_len(source))} → {target}{' ' * (targets - cell_len(target))}  {text}".rstrip()
        for source, target, text in rows
    )


# ---- Mermaid


def as_mermaid(pipeline: Pipeline) -> str:
    """A Mermaid flowchart (https://mermaid.js.org/syntax/flowchart.html)."""
    number = {step.name: i for i, step in enumerate(pipeline.steps)}
    lines = ["flowchart TD"]
    lines += [f'    s{i}["{mermaid_text(step.name)}"]' for i, step in enumerate(pipeline.steps)]
    for edge in pipeline.edges:
        arrow = "-.->" if edge.kind == "order" else "-->"
        text = mermaid_text(label(edge))
        lines.append(f'    s{number[edge.source]} {arrow}|"{text}"| s{number[edge.target]}')
    return "\n".join(lines)


def mermaid_text(text: str) -> str:
    """Text inside a quoted Mermaid label: everything but letters, digits and a few harmless signs as ``#code;``."""
    return "".join(c if c.isalnum() or c in " _-.,/" else f"#{ord(c)};" for c in text.replace("\n", " "))


# ---- Graphviz


def as_dot(pipeline: Pipeline) -> str:
    """A Graphviz digraph (https://graphviz.org/doc/info/lang.html)."""
    number = {step.name: i for i, step in enumerate(pipeline.steps)}
    lines = [f"digraph {dot_text(pipeline.name)} {{", "    node [shape=box, style=rounded];"]
    lines += [f"    s{i} [label={dot_text(step.name)}];" for i, step in enumerate(pipeline.steps)]
    for edge in pipeline.edges:
        style = ", style=dashed" if edge.kind == "order" else ""
        lines.append(
            f"    s{number[edge.source]} -> s{number[edge.target]} [label={dot_text(label(edge))}{style}];"
        )
    return "\n".join([*lines, "}"])


def dot_text(text: str) -> str:
    """A quoted string of DOT. A backslash is doubled, since labels read it as the start of an escape sequence."""
    return '"' + printable(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


# ---- JSON


def as_json(pipeline: Pipeline) -> dict[str, Any]:
    """The graph as plain data: steps in notebook order, edges with everything that travels, parameters, problems."""
    return {
        "name": pipeline.name,
        "notebook": pipeline.path,
        "steps": [
            {
                "name": step.name,
                "role": step.role.value,
                "implicit": step.implicit,
                "cells": [cell.index for cell in step.cells],
            }
            for step in pipeline.steps
        ],
        "edges": [
            {"source": e.source, "target": e.target, "kind": e.kind, "resources": list(e.resources)}
            for e in pipeline.edges
        ],
        "parameters": [
            {"name": p.name, "type": p.type, "default": p.default, "description": p.description}
            for p in pipeline.parameters
        ],
        "problems": [problem.to_json() for problem in pipeline.problems],
    }


def _dumped(data: Any) -> str:
    from .wording import json_text

    return json_text(data)
