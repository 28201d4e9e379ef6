"""The order that tags ask for (``prev:``, ``after``), checked: no unknown steps, no cycles, nothing against
the notebook's order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .names import METRICS_STEP, nearest
from .problems import Fix, Problem, Severity
from .tags import ROLES, shown


@dataclass(frozen=True)
class Request:
    """What a part of a step asks: to run after steps, each with the cell that says so. Without code it only
    passes requests on.
    """

    name: str
    own_name: str
    after: tuple[tuple[str, int], ...]
    has_code: bool = True


def resolve_after(
    requests: Sequence[Request], skipped: Collection[str], problems: list[Problem]
) -> dict[str, tuple[str, ...]]:
    """For each part, the parts that it must follow by tags, in notebook order. Faults are appended to
    ``problems``.

    ``requests`` are in notebook order. A step that comes in several parts is followed in all parts that come
    before; one of which all cells are skipped (``skipped``) need not be waited for.
    """
    parts_of: dict[str, list[int]] = {}
    for position, request in enumerate(requests):
        parts_of.setdefault(request.own_name, []).append(position)
    wanted = {name: {n for i in places for n, _ in requests[i].after} for name, places in parts_of.items()}
    order = {request.name: position for position, request in enumerate(requests)}
    resolved: dict[str, tuple[str, ...]] = {}
    for position, request in enumerate(requests):
        before: dict[str, None] = {}
        for name, cell in request.after:
            if name in skipped and name not in parts_of:
                continue
            fault = _fault(name, cell, position, request, parts_of, wanted)
            if fault is not None:
                problems.append(fault)
                continue
            for place in parts_of[name]:
                if place < position and requests[place].has_code:
                    before[requests[place].name] = None
                elif place < position:
                    before.update(dict.fromkeys(resolved[requests[place].name]))
        resolved[request.name] = tuple(sorted(before, key=order.__getitem__))
    return resolved


def _fault(
    name: str,
    cell: int,
    position: int,
    request: Request,
    parts_of: Mapping[str, Sequence[int]],
    wanted: Mapping[str, set[str]],
) -> Problem | None:
    step = request.own_name

    def problem(
        code: str, message: str, title: str, action: str = "remove-after", **arguments: Any
    ) -> Problem:
        fix = Fix(title, action, {"cell": cell, **arguments})
        return Problem(code, Severity.ERROR, message, cell, step=step, fix=fix)

    drop = f"Take {shown(name)} off the steps that come before {step}"
    if name not in parts_of:
        if name in ROLES and name != METRICS_STEP:
            message = (
                f"Step {step} is to run after {shown(name)}, which is no step: it comes before every step."
            )
            return problem("unknown-step", message, drop, name=name)
        near = nearest(name, [n for n in parts_of if n != step])
        message = f"Step {step} is to run after {shown(name)}, but there is no such step."
        if near is None:
            return problem("unknown-step", message, drop, name=name)
        message += f" Did you mean {near!r}?"
        return problem("unknown-step", message, f"Write {near!r}", "replace-after", old=name, new=near)
    if name == step:
        return problem("prev-cycle", f"Step {step} is to run after itself.", drop, name=name)
    if parts_of[name][0] < position:
        return None
    way = _way(name, step, wanted)
    if way is not None:
        circle = " → ".join([*reversed(way), step])
        return problem("prev-cycle", f"These steps wait for each other: {circle}.", drop, name=name)
    message = (
        f"Step {step} is to run after {name}, which comes later in the notebook; "
        "steps run as if in the notebook's order."
    )
    return problem("prev-forward", message, drop, name=name)


def _way(start: str, goal: str, wanted: Mapping[str, set[str]]) -> list[str] | None:
    """A shortest chain ``[start, …, goal]`` in which each asks to run after the next, or ``None``."""
    before: dict[str, str | None] = {start: None}
    queue = [start]
    for name in queue:
        if name == goal:
            way = [name]
            while (previous := before[way[-1]]) is not None:
                way.append(previous)
            return way[::-1]
        for other in sorted(wanted.get(name, ())):
            if other not in before:
                before[other] = name
                queue.append(other)
    return None
