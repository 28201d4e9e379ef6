"""How a step runs, as written in tags and metadata → :class:`~kfjlab.notebook.pipeline.StepSettings`.

Settings are collected as *facets*: ``("image", "")`` or ``("env", "HOME")`` → value, so that those of several
cells of a step, and the notebook's defaults, can be merged one by one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .names import did_you_mean, nearest
from .pipeline import Resources, SecretRef, StepSettings, VolumeRef
from .quantities import parse_bytes, parse_cores, parse_count, parse_quantity, parse_seconds

Facet = tuple[str, str]
Facets = dict[Facet, Any]

DEFAULT_GPU = "nvidia.com/gpu"
VOLUME_KINDS = ("pvc", "new_pvc", "clone", "snapshot", "empty_dir", "config_map", "secret")
"""``pvc`` is an existing claim, ``new_pvc`` one made for the run; ``clone`` and ``snapshot`` come from Kale's
metadata.
"""

_SEGMENT = r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_DNS = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_QUALIFIED = re.compile(rf"(?:(?=.{{1,253}}/){_DNS}(?:\.{_DNS})*/)?{_SEGMENT}")
_LABEL_VALUE = re.compile(rf"(?:{_SEGMENT})?")
_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_DNS}(?:\.{_DNS})*")
_SECRET_KEY = re.compile(r"[-._A-Za-z0-9]{1,253}")
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_IMAGE = re.compile(r"[A-Za-z0-9][\w.:/@+-]{0,511}", re.ASCII)
_TOLERATION = {
    "key": str,
    "operator": str,
    "value": str,
    "effect": str,
    "tolerationSeconds": int,
}


class FieldError(ValueError):
    """A setting that cannot be read. ``path`` are the keys that lead to it; ``near`` is the name that was
    probably meant.
    """

    def __init__(self, message: str, path: tuple[str, ...] = (), near: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.near = near


# ---- single values


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise FieldError(f"must be text, not {_kind(value)}")
    if any((ord(c) < 32 and c not in "\n\t") or ord(c) == 127 for c in value):
        raise FieldError(f"holds a control character: {value[:40]!r}")
    return value


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not pattern.fullmatch(_text(value)):
            raise FieldError(f"{value[:80]!r} is not {what}")
        return str(value)

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FieldError(f"must be true or false, not {_kind(value)}")
    return value


def _retries(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise FieldError(f"must be a whole number from 0 to 100, not {value!r}")
    return value


def _timeout(value: Any) -> float:
    seconds = parse_seconds(value)
    if seconds <= 0:
        raise FieldError("must be above zero")
    return seconds


def _size(value: Any) -> str:
    if parse_quantity(value) <= 0:
        raise FieldError(f"{value!r} is not above zero")
    return str(value)


def _kind(value: Any) -> str:
    names = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "text",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), "null")


label_key = _matching(_QUALIFIED, "a Kubernetes key (such as 'team' or 'example.org/team')")
label_value = _matching(_LABEL_VALUE, "a Kubernetes label value (at most 63 letters, digits, '-', '_', '.')")
env_name = _matching(_ENV, "the name of an environment variable (letters, digits and '_')")
image_name = _matching(_IMAGE, "an image reference (such as 'python:3.12-slim')")
secret_name = _matching(_SUBDOMAIN, "the name of a Kubernetes secret")
secret_key = _matching(_SECRET_KEY, "a key of a Kubernetes secret")
claim_name = _matching(_SUBDOMAIN, "the name of a Kubernetes volume (lower-case letters, digits, '-', '.')")


def _mount_path(value: Any) -> str:
    path = _text(value)
    if not path.startswith("/") or ".." in path.split("/") or ":" in path:
        raise FieldError(f"{path[:80]!r} is not an absolute path without '..' and ':'")
    return path


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise FieldError(f"must be one of {', '.join(choices)}, not {value!r}")
        return str(value)

    return read


# ---- structures

_SCALARS: dict[str, Callable[[Any], Any]] = {
    "image": image_name,
    "retries": _retries,
    "retry_delay": parse_seconds,
    "timeout": _timeout,
    "cache": _flag,
    "report": _flag,
    "target": _text,
}
_MAPPINGS: dict[str, tuple[Callable[[Any], str], Callable[[Any], str]]] = {
    "env": (env_name, _text),
    "node_selector": (label_key, label_value),
    "labels": (label_key, label_value),
    "annotations": (label_key, _text),
}
FIELDS = (*_SCALARS, *_MAPPINGS, "resources", "secrets", "volumes", "tolerations")
"""The settings that ``metadata.kfjlab`` of a cell, and ``defaults`` of a notebook, can hold."""


def read_field(name: str, value: Any) -> Facets:
    """The facets of one field of our own metadata. Raises :class:`FieldError` (its ``path`` starts below the
    field).
    """
    if value is None:
        return {}
    if name in _SCALARS:
        return {(name, ""): _at((), _SCALARS[name], value)}
    if name in _MAPPINGS:
        read_key, read_value = _MAPPINGS[name]
        return {
            (name, _at((key,), read_key, key)): _at((key,), read_value, item)
            for key, item in _object(value).items()
            if item is not None
        }
    if name == "resources":
        return _resources(_object(value))
    if name == "secrets":
        found = (_secret(item, str(i)) for i, item in enumerate(_list(value)))
        return {("secrets", secret.env): secret for secret in found}
    if name == "volumes":
        mounts = (_volume(item, str(i)) for i, item in enumerate(_list(value)))
        return {("volumes", volume.mount_path): volume for volume in mounts}
    tolerations = (_toleration(item, str(i)) for i, item in enumerate(_list(value)))
    return {("tolerations", repr(sorted(item.items()))): item for item in tolerations}


def _at(path: tuple[str, ...], read: Callable[[Any], Any], value: Any) -> Any:
    """``read(value)``; an error gets the path."""
    try:
        return read(value)
    except FieldError as error:
        raise FieldError(str(error), path + error.path, error.near) from None
    except ValueError as error:
        raise FieldError(str(error), path) from None


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FieldError(f"must be an object, not {_kind(value)}")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise FieldError(f"must be a list, not {_kind(value)}")
    return value


def _known(value: Mapping[str, Any], names: Iterable[str], path: tuple[str, ...] = ()) -> None:
    """Refuses keys that are not among ``names``."""
    names = list(names)
    for key in value:
        if key not in names:
            raise FieldError(
                f"there is no such field.{did_you_mean(key, names)}", (*path, key), nearest(key, names)
            )


def _resources(value: Mapping[str, Any]) -> Facets:
    _known(value, ("cpu", "memory", "gpu"))
    facets: Facets = {}
    if value.get("cpu") is not None:
        facets["resources", "cpu"] = _at(("cpu",), parse_cores, value["cpu"])
    if value.get("memory") is not None:
        facets["resources", "memory"] = _at(("memory",), parse_bytes, value["memory"])
    gpu = value.get("gpu")
    if gpu is not None:
        if not isinstance(gpu, dict):
            gpu = {"count": gpu}
        _known(gpu, ("kind", "count"), ("gpu",))
        kind = _at(("gpu", "kind"), label_key, gpu.get("kind") or DEFAULT_GPU)
        facets["resources", "gpu"] = (kind, _at(("gpu", "count"), parse_count, gpu.get("count", 1)))
    return facets


def _secret(value: Any, place: str) -> SecretRef:
    item = _at((place,), _object, value)
    _known(item, ("secret", "key", "env"), (place,))
    readers = {"secret": secret_name, "key": secret_key, "env": env_name}
    return SecretRef(**{name: _at((place, name), read, item.get(name)) for name, read in readers.items()})


def _volume(value: Any, place: str) -> VolumeRef:
    item = _at((place,), _object, value)
    readers: dict[str, Callable[[Any], Any]] = {
        "name": claim_name,
        "mount_path": _mount_path,
        "kind": _one_of(*VOLUME_KINDS),
        "sub_path": _text,
        "read_only": _flag,
        "size": _size,
    }
    _known(item, readers, (place,))
    given = {n: _at((place, n), read, item[n]) for n, read in readers.items() if item.get(n) is not None}
    for name in ("name", "mount_path"):
        if name not in given:
            raise FieldError("is missing", (place, name))
    return VolumeRef(**given)


def _toleration(value: Any, place: str) -> Mapping[str, Any]:
    item = _at((place,), _object, value)
    _known(item, _TOLERATION, (place,))
    for name, kind in _TOLERATION.items():
        if name in item and type(item[name]) is not kind:
            raise FieldError(
                f"must be {'text' if kind is str else 'a number'}, not {_kind(item[name])}", (place, name)
            )
    choices = {"operator": ("Exists", "Equal"), "effect": ("NoSchedule", "PreferNoSchedule", "NoExecute")}
    for name, allowed in choices.items():
        if name in item:
            _at((place, name), _one_of(*allowed), item[name])
    return dict(item)


# ---- Kale's way of saying it


def limit(key: str, value: str) -> Facets:
    """The facets of ``limit:KEY:VALUE``. Raises :class:`FieldError` when the value is no quantity,
    :class:`LookupError` when kfjlab has no such resource. Names with a domain (``nvidia.com/gpu``,
    ``nvidia.com/mig-1g.5gb``) are devices.
    """
    if key == "cpu":
        return {("resources", "cpu"): _at((), parse_cores, value)}
    if key == "memory":
        return {("resources", "memory"): _at((), parse_bytes, value)}
    if "/" in key:
        return {("resources", "gpu"): (_at((), label_key, key), _at((), parse_count, value))}
    raise LookupError(key)


def secret(name: str, key: str, env: str) -> Facets:
    """The facets of ``secret:NAME:KEY:ENV``."""
    return {("secrets", env): _secret({"secret": name, "key": key, "env": env}, "secret")}


def kale_volume(item: Any) -> Facets:
    """The facets of one entry of Kale's ``volumes``: ``name``, ``mount_point``, ``type``, ``size`` with
    ``size_type``.
    """
    entry = _object(item)
    size = entry.get("size")
    ours = {
        "name": entry.get("name"),
        "mount_path": entry.get("mount_point"),
        "kind": entry.get("type") or "pvc",
        "size": None if size in (None, "", 0) else f"{size}{entry.get('size_type') or ''}",
    }
    volume = _volume(ours, "")
    return {("volumes", volume.mount_path): volume}


# ---- together


def build(facets: Mapping[Facet, Any]) -> StepSettings:
    """The settings that the facets make."""
    fields: dict[str, Any] = {name: value for (name, key), value in facets.items() if not key}
    groups: dict[str, dict[str, Any]] = {}
    for (name, key), value in facets.items():
        if key:
            groups.setdefault(name, {})[key] = value
    wanted = groups.pop("resources", {})
    kind, count = wanted.get("gpu", (None, 0))
    fields["resources"] = Resources(wanted.get("cpu"), wanted.get("memory"), kind if count else None, count)
    for name, group in groups.items():
        fields[name] = group if name in _MAPPINGS else tuple(group.values())
    return StepSettings(**fields)
