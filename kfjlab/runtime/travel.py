"""Why a variable cannot be carried to another process, in words that help."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Tuple

from .kinds import type_name

DEPTH = 6
"""How deep the culprit is looked for."""
WIDTH = 2000
"""How many parts of one object are looked at."""

_IN_STEP = "Make it in the step that uses it."
_REASONS = (
    (
        ("generator", "async_generator", "coroutine"),
        "is a {type}, which is tied to running code",
        "Turn it into a list, or make it in the step that uses it.",
    ),
    (
        ("TextIOWrapper", "BufferedReader", "BufferedWriter", "BufferedRandom", "FileIO"),
        "is an open file (or one that was open)",
        "Open the file in the step that uses it.",
    ),
    (
        ("lock", "RLock", "Condition", "Event", "Semaphore", "BoundedSemaphore", "_local", "_ThreadHandle"),
        "is a {type}, which means nothing in another process",
        _IN_STEP,
    ),
    (
        ("Thread", "Process", "Task", "Future", "ThreadPoolExecutor", "ProcessPoolExecutor", "Popen"),
        "is running work ({type})",
        "Wait for it and keep its result.",
    ),
    (
        ("socket", "SSLSocket", "Connection", "Cursor", "Session", "Engine", "Client"),
        "is a connection ({type})",
        _IN_STEP,
    ),
    (
        ("memmap",),
        "is a file that is mapped into memory",
        "Map it again in the step that uses it (numpy.memmap with mode 'r+').",
    ),
    (("mmap", "memoryview"), "is a view of memory ({type})", "Keep a copy (bytes or an array)."),
    (
        ("ReferenceType", "WeakValueDictionary", "WeakKeyDictionary", "WeakSet"),
        "is a weak reference",
        "Keep the object itself.",
    ),
)


@dataclass(frozen=True)
class CannotTravel:
    """A variable that cannot be stored. ``part`` is the part of it that is to blame (``model.lock``), ``type`` that part's type."""

    name: str
    type: str
    reason: str
    part: str = ""
    fix: str = ""

    def __str__(self) -> str:
        return f"{self.part or self.name} {self.reason}, so {self.name!r} cannot be carried to another step. {self.fix}".rstrip()


def explain(name: str, value: Any, error: BaseException, can_travel: Callable[[Any], bool]) -> CannotTravel:
    """Find the part of ``value`` that cannot be pickled. ``error`` is what pickling the whole raised."""
    part, culprit = name, value
    for _ in range(DEPTH):
        found = next(((p, v) for p, v in _parts(part, culprit) if not can_travel(v)), None)
        if found is None:
            break
        part, culprit = found
    kind = type_name(culprit)
    for names, reason, fix in _REASONS:
        if any(base.__name__ in names for base in type(culprit).__mro__):
            return CannotTravel(name, kind, reason.format(type=kind), part, fix)
    reason = f"({kind}) cannot be pickled: {str(error) or type(error).__name__}"
    return CannotTravel(
        name, kind, reason, part, "Make it in the step that uses it, or give its class a __reduce__ method."
    )


def _parts(path: str, value: Any) -> Iterator[Tuple[str, Any]]:
    """The parts of a value, each with the expression that leads to it."""
    return itertools.islice(_all_parts(path, value), WIDTH)


def _all_parts(path: str, value: Any) -> Iterator[Tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{path}[{key!r}]", item) for key, item in list(value.items()))
    elif isinstance(value, (list, tuple)):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from ((f"an item of {path}", item) for item in list(value))
    closure = getattr(value, "__closure__", None)
    if isinstance(closure, tuple):
        for name, cell in zip(value.__code__.co_freevars, closure):
            try:
                yield f"{name} (a variable that {path} uses)", cell.cell_contents
            except ValueError:
                continue  # not bound yet
    attributes = getattr(value, "__dict__", None) if type(value).__name__ != "memmap" else None
    if isinstance(attributes, dict):
        yield from ((f"{path}.{name}", item) for name, item in list(attributes.items()))
