"""Cell tags and metadata, written: pure functions from a cell's metadata to its new metadata.

What Kale can say is written as Kale's tags, everything else into ``metadata.kfjlab``. Tags of other tools,
and the order of tags, stay. Each function returns the metadata it was given when there is nothing to change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .pipeline import Role
from .tags import OURS, PAPERMILL, PREFIXES, ROLES, STEP_PREFIXES

Metadata = Mapping[str, Any]


def with_step(metadata: Metadata, name: str | None) -> Metadata:
    """The cell belongs to step ``name`` by a tag of its own; with ``None`` it has no step tag (and belongs to
    the step before).
    """
    if name is None:
        tags = [tag for tag in _tags(metadata) if _prefix(tag) not in STEP_PREFIXES]
        return _with(metadata, tags, _without_keys(metadata, "step"))
    tags = _swapped(
        _tags(metadata), lambda tag: tag in ROLES or _prefix(tag) in STEP_PREFIXES, f"step:{name}"
    )
    return _with(metadata, tags, _without_keys(metadata, "step", "role"))


def with_role(metadata: Metadata, role: Role | None) -> Metadata:
    """The cell has this role (not :attr:`Role.STEP`, which is a matter of :func:`with_step`), or none."""
    if role is Role.STEP:
        raise ValueError("a step has a name: use with_step")
    old = _tags(metadata)
    new = None if role is None else role.value
    if role is Role.PARAMETERS:
        new = next((tag for tag in PAPERMILL if tag in old), new)
    keeps_step = role in (
        None,
        Role.SKIP,
    )  # so that a skipped cell is its step's again once it is not skipped
    tags = _swapped(old, lambda tag: tag in ROLES or (not keeps_step and _prefix(tag) in STEP_PREFIXES), new)
    if role in (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS):
        tags = [tag for tag in tags if _prefix(tag) != "prev"]
    dropped = ("role",) if keeps_step else ("role", "step", "after")
    return _with(metadata, tags, _without_keys(metadata, *dropped))


def with_after(metadata: Metadata, name: str) -> Metadata:
    """The cell's step runs after step ``name``."""
    if name in _own_after(metadata) or f"prev:{name}" in _tags(metadata):
        return metadata
    return _with(metadata, [*_tags(metadata), f"prev:{name}"], metadata.get(OURS))


def without_after(metadata: Metadata, name: str) -> Metadata:
    """The cell no longer asks to run after step ``name``."""
    tags = [tag for tag in _tags(metadata) if tag != f"prev:{name}"]
    own = metadata.get(OURS)
    if name in _own_after(metadata):
        rest = [n for n in _own_after(metadata) if n != name]
        own = _merged(own, {"after": rest or None})
    return _with(metadata, tags, own)


def renamed(metadata: Metadata, old: str, new: str) -> Metadata:
    """Every mention of step ``old`` becomes ``new``."""
    swaps = {f"step:{old}": f"step:{new}", f"block:{old}": f"step:{new}", f"prev:{old}": f"prev:{new}"}
    tags = [swaps.get(tag, tag) if isinstance(tag, str) else tag for tag in _tags(metadata)]
    own = metadata.get(OURS)
    if isinstance(own, dict):
        patch: dict[str, Any] = {}
        if own.get("step") == old:
            patch["step"] = new
        if old in _own_after(metadata):
            patch["after"] = [new if n == old else n for n in _own_after(metadata)]
        own = _merged(own, patch)
    return _with(metadata, list(dict.fromkeys(tags)) if tags != _tags(metadata) else tags, own)


def patched(metadata: Metadata, patch: Mapping[str, Any], key: str = OURS) -> Metadata:
    """``metadata[key]`` changed by a JSON merge patch (RFC 7396): ``None`` removes a field."""
    merged = _merged(metadata.get(key), patch)
    rest = {k: v for k, v in metadata.items() if k != key}
    return {**metadata, key: merged} if merged else rest


def with_tag_replaced(metadata: Metadata, old: str, new: str | None) -> Metadata:
    """Tag ``old`` becomes ``new``, or goes."""
    tags = _tags(metadata)
    swapped = [
        new if tag == old else tag for tag in tags if not (tag == old and (new is None or new in tags))
    ]
    return _with(metadata, swapped, metadata.get(OURS))


def cleared(metadata: Metadata) -> Metadata:
    """Nothing of the pipeline is left: our tags, Kale's and our metadata go; papermill's and other tools'
    tags stay.
    """
    ours = set(ROLES).difference(PAPERMILL)
    tags = [tag for tag in _tags(metadata) if tag not in ours and _prefix(tag) not in PREFIXES]
    return _with(metadata, tags, None)


def _tags(metadata: Metadata) -> list[Any]:
    tags = metadata.get("tags")
    return list(tags) if isinstance(tags, list) else []


def _prefix(tag: Any) -> str:
    prefix, colon, _ = tag.partition(":") if isinstance(tag, str) else ("", "", "")
    return prefix if colon else ""


def _swapped(tags: list[Any], goes: Callable[[Any], bool], new: str | None) -> list[Any]:
    """``tags`` with ``new`` in the place of the first that goes, or at the end."""
    kept: list[Any] = []
    place = None
    for tag in tags:
        if isinstance(tag, str) and goes(tag):
            place = len(kept) if place is None else place
        elif tag != new:
            kept.append(tag)
    if new is not None:
        kept.insert(len(kept) if place is None else place, new)
    return kept


def _own_after(metadata: Metadata) -> list[str]:
    own = metadata.get(OURS)
    after = own.get("after") if isinstance(own, dict) else None
    return [after] if isinstance(after, str) else list(after) if isinstance(after, list) else []


def _without_keys(metadata: Metadata, *keys: str) -> Any:
    own = metadata.get(OURS)
    return {k: v for k, v in own.items() if k not in keys} if isinstance(own, dict) else own


def _merged(target: Any, patch: Mapping[str, Any]) -> dict[str, Any]:
    """RFC 7396, section 2."""
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            result[key] = _merged(result.get(key), value)
        else:
            result[key] = value
    return result


def _with(metadata: Metadata, tags: list[Any], own: Any) -> Metadata:
    """The metadata with these tags and this ``kfjlab`` field; an empty one goes, unless it was there."""
    result = dict(metadata)
    for key, value, empty in (("tags", tags, []), (OURS, own, {})):
        if value or (value == empty and metadata.get(key) == empty):
            result[key] = value
        elif not (key == "tags" and not isinstance(metadata.get("tags", []), list)):
            result.pop(key, None)
    return result
