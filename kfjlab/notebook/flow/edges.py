"""The graph that follows from what steps touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..pipeline import Edge


class Touching(Protocol):
    """A step as far as edges depend on it."""

    reads: set[str]
    writes: set[str]


_KINDS = {"var": "data", "env": "data", "file": "file", "dir": "file", "ambient": "ambient"}
_ORDER = {"data": 0, "file": 1, "ambient": 2, "order": 3}


def edges_between(
    names: Sequence[str], touches: Sequence[Touching], after: Sequence[Iterable[str]]
) -> tuple[Edge, ...]:
    """The edges of the steps with these names, in notebook order: from the last writer to each reader, from readers (and the last
    writer) of a file to its next writer, and where a tag says so."""
    positions = {name: i for i, name in enumerate(names)}
    writer: dict[str, int] = {}
    readers: dict[str, list[int]] = {}
    found: list[Edge] = []
    for position, step in enumerate(touches):
        travels: dict[tuple[int, str], set[str]] = {}
        for resource in step.reads:
            for source, what in _sources(resource, writer):
                travels.setdefault((source, _KINDS[what.partition(":")[0]]), set()).add(what)
        for resource in step.writes:
            if resource.startswith("file:"):
                for source in _earlier_users(resource, writer, readers):
                    if (source, "file") not in travels or resource not in travels[source, "file"]:
                        travels.setdefault((source, "order"), set()).add(resource)
        for name in after[position]:
            source = positions.get(name, position)
            if source < position and not any(key[0] == source for key in travels):
                travels[source, "order"] = set()
        for (source, kind), resources in sorted(
            travels.items(), key=lambda item: (item[0][0], _ORDER[item[0][1]])
        ):
            if source != position:
                found.append(Edge(names[source], names[position], tuple(sorted(resources)), kind))
        _enter(position, step, writer, readers)
    return tuple(found)


def _sources(resource: str, writer: Mapping[str, int]) -> list[tuple[int, str]]:
    """Who wrote what a read of ``resource`` sees."""
    if resource == "var:*":
        return [(source, name) for name, source in writer.items() if name.startswith("var:")]
    if resource == "file:*":
        return [(source, name) for name, source in writer.items() if name.startswith("file:")]
    if resource.startswith("dir:"):
        folder = resource[4:]
        return [(source, name) for name, source in writer.items() if _is_below(name, folder)]
    found = writer.get(resource)
    return [] if found is None else [(found, resource)]


def _is_below(resource: str, folder: str) -> bool:
    """Whether a resource is a file in a folder, or in one inside it."""
    if not resource.startswith("file:") or resource == "file:*":
        return False
    if folder == ".":
        return not resource.startswith(("file:/", "file:.."))
    return resource.startswith(f"file:{folder.rstrip('/')}/")


def _earlier_users(resource: str, writer: Mapping[str, int], readers: Mapping[str, list[int]]) -> list[int]:
    """Who must be done with a file before it is written."""
    users = list(readers.get(resource, ())) + list(readers.get("file:*", ()))
    folder = resource[5:].rpartition("/")[0] or "."
    users += readers.get(f"dir:{folder}", ())
    if resource in writer:
        users.append(writer[resource])
    return users


def _enter(position: int, step: Touching, writer: dict[str, int], readers: dict[str, list[int]]) -> None:
    for resource in step.writes:
        writer[resource] = position
        readers.pop(resource, None)
    for resource in step.reads:
        if resource.startswith(("file:", "dir:")):
            readers.setdefault(resource, []).append(position)
