"""What a step's touches need of the steps around it, once all have been gone through."""

from __future__ import annotations

from collections.abc import Sequence

from .timeline import GENERATORS, Touches

_GENERATOR_KEYS = frozenset(f"ambient:{generator}" for generator in GENERATORS)


def finish(steps: Sequence[Touches], prelude_names: frozenset[str]) -> None:
    """Complete reads and writes in place."""
    _drop_unused_star_names(steps)
    _carry_old_values(steps)
    _read_ambient(steps)
    _read_folders(steps)
    for step in steps:
        if step.opaque:
            step.reads.add("var:*")


def _drop_unused_star_names(steps: Sequence[Touches]) -> None:
    """Of the names that a star import binds only those count that somebody uses."""
    if not any(step.starred for step in steps):
        return
    used = {resource for step in steps for resource in step.reads}
    rebound: dict[str, int] = {}
    for step in steps:
        for name in step.bound:
            rebound[name] = rebound.get(name, 0) + 1
    for step in steps:
        for name in step.starred:
            if f"var:{name}" not in used and rebound[name] == 1:
                step.writes.discard(f"var:{name}")


def _carry_old_values(steps: Sequence[Touches]) -> None:
    """A step that may or may not bind a name needs the old value, in case it does not, when somebody reads the name afterwards."""
    wanted: set[str] = set()
    for step in reversed(steps):
        for name in step.perhaps:
            if name in wanted and name not in step.definite:
                step.reads.add(f"var:{name}")
        wanted -= step.definite
        wanted |= {resource[4:] for resource in step.reads if resource.startswith("var:")}


def _read_ambient(steps: Sequence[Touches]) -> None:
    """Ambient state that a step changed is read by all steps after it; generators only by those that draw."""
    written: set[str] = set()
    for step in steps:
        step.reads |= written
        written |= {r for r in step.writes if r.startswith("ambient:") and r not in _GENERATOR_KEYS}


def _read_folders(steps: Sequence[Touches]) -> None:
    """Who touches a file in a folder that an earlier step makes needs the folder."""
    made: set[str] = set()
    for step in steps:
        if made:
            for resource in [*step.reads, *step.writes]:
                kind, _, path = resource.partition(":")
                if kind == "dir" and f"file:{path}" in made:
                    step.reads.add(f"file:{path}")
                elif kind not in ("file", "dir"):
                    continue
                folder = f"file:{path}"
                while "/" in folder[5:]:
                    folder = folder.rpartition("/")[0]
                    if folder in made:
                        step.reads.add(folder)
        made |= {r for r in step.writes if r.startswith("file:") and r not in step.definite}
