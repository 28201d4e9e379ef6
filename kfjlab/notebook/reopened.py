"""Steps whose name comes again after other steps: what each part touches decides how much that matters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .pipeline import Flow, Role
from .problems import Fix, Problem, Severity, cell_word
from .steps import Draft


def overlap(one: Flow, other: Flow) -> str | None:
    """A resource that one of two steps writes and the other touches, ``None`` when they can run in either
    order.
    """
    return (
        _common(one.writes, other.reads)
        or _common(one.writes, other.writes)
        or _common(one.reads, other.writes)
        or None
    )


def _common(some: Iterable[str], others: Iterable[str]) -> str | None:
    """The first resource that is in both. ``var:*`` and ``file:*`` are all variables and all files; a
    folder's listing (``dir:data``) meets the files directly in it.
    """
    mine, theirs = set(some), set(others)
    shared = mine & theirs
    for kind in ("var", "file"):
        for left, right in ((mine, theirs), (theirs, mine)):
            if f"{kind}:*" in left:
                shared |= {name for name in right if _kind(name) == kind}
    for left, right in ((mine, theirs), (theirs, mine)):
        folders = {name[4:] for name in left if name.startswith("dir:")}
        shared |= {
            n
            for n in right
            if n.startswith("file:") and folders and (n[5:].rpartition("/")[0] or ".") in folders
        }
    return min(shared, default=None)


def _kind(name: str) -> str:
    kind = name.partition(":")[0]
    return "file" if kind == "dir" else kind


def reopened(steps: Sequence[Draft], flows: Mapping[str, Flow]) -> list[Problem]:
    """A problem for each step that comes again: an error when a step in between depends on it or touches what
    it touches, so that it cannot be one step; a warning when not. Metrics cells may stand anywhere.
    """
    problems: list[Problem] = []
    last: dict[str, int] = {}
    for position, step in enumerate(steps):
        earlier = last.get(step.own_name)
        last[step.own_name] = position
        if earlier is None or step.role is Role.METRICS:
            continue
        why = _why_apart(steps, flows, earlier, position)
        fix = Fix(f"Make it step {step.name}", "set-step", {"cell": list(step.tagged), "name": step.name})
        first = step.cells[0]
        message = f"Step {step.own_name} goes on here after other steps"
        if why is None:
            message += f"; it runs as two steps, this part as {step.name}."
        else:
            message += f", but {why}. It cannot be one step."
        severity = Severity.WARNING if why is None else Severity.ERROR
        problems.append(Problem("reopened-step", severity, message, first.index, step=step.name, fix=fix))
    return problems


def _why_apart(steps: Sequence[Draft], flows: Mapping[str, Flow], earlier: int, later: int) -> str | None:
    names = {step.name for step in steps[: later + 1] if step.own_name == steps[later].own_name}
    for between in steps[earlier + 1 : later]:
        if names & set(between.after):
            return f"{between.name} is tagged to run after it"
        if between.name in steps[later].after:
            return f"this part is tagged to run after {between.name}"
        for part in (steps[earlier], steps[later]):
            resource = overlap(flows[part.name], flows[between.name])
            if resource is not None:
                place = part.cells[0].index
                return f"{between.name} and the part from {cell_word(place)} on share {_described(resource)}"
    return None


def _described(resource: str) -> str:
    kind, _, name = resource.partition(":")
    words = {
        "var": "the variable",
        "file": "the file",
        "dir": "the folder",
        "env": "the environment variable",
    }
    if name == "*":
        return "any variable" if kind == "var" else "any file"
    return f"{words.get(kind, 'the state of')} {name}"
