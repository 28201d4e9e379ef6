"""How an Elyra node runs (image, resources, environment, Kubernetes) → the settings of a step, as ``metadata.kfjlab`` has them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from kfjlab.notebook.settings import FieldError, read_field

from .notes import Note, left_out, quoted

_NO_SETTINGS = {
    "filename",
    "label",
    "dependencies",
    "include_subdirectories",
    "outputs",
    "pipeline_parameters",
    "inputs_header",
    "outputs_header",
    "additional_properties_header",
}
"""Properties that are dealt with elsewhere, or only structure Elyra's form."""

Item = Mapping[str, Any]


def read_settings(properties: Mapping[str, Any], node: str, notes: list[Note]) -> dict[str, Any]:
    """The settings that the properties of a node (or, without ``node``, of all nodes) mean, each checked. What has no counterpart, or
    cannot be, is appended to ``notes``."""
    return _Settings(properties, node, notes).read()


class _Settings:
    def __init__(self, properties: Mapping[str, Any], node: str, notes: list[Note]) -> None:
        self.properties, self.node, self.notes = properties, node, notes
        self.found: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        readers: dict[str, Callable[[Any], None]] = {
            "runtime_image": lambda value: self._set("image", value, "The runtime image"),
            "env_vars": self._environment,
            "kubernetes_secrets": self._secrets,
            "mounted_volumes": self._volumes,
            "kubernetes_tolerations": self._tolerations,
            "kubernetes_pod_labels": lambda value: self._pairs("labels", "The label", value),
            "kubernetes_pod_annotations": lambda value: self._pairs("annotations", "The annotation", value),
            "disable_node_caching": self._caching,
            "kubernetes_shared_mem_size": self._shared_memory,
        }
        resources = ("cpu", "cpu_limit", "memory", "memory_limit", "gpu", "gpu_vendor")
        for name, value in self.properties.items():
            if name in _NO_SETTINGS or name in resources or value in (None, "", [], {}):
                continue
            if name in readers:
                readers[name](value)
            elif name == "cos_object_prefix":
                why = "kfjlab keeps files with the run, not in an object store."
                self._drop("The prefix of object names", value, why)
            else:
                self._drop(f"The property {quoted(name, 40)}", value, "kfjlab knows no such setting.")
        self._resources()
        return self.found

    # ---- what is known

    def _environment(self, value: Any) -> None:
        for item in self._items(value, "env_vars", lambda text: _split(text, "=", "env_var", "value")):
            text = item.get("value")
            if text in (None, ""):
                continue  # Elyra leaves these out, too
            if isinstance(text, bool | int | float):
                text = str(text)
            name = item.get("env_var")
            self._entry("env", name, text, f"The environment variable {quoted(name, 40)}")

    def _pairs(self, field: str, what: str, value: Any) -> None:
        for item in self._items(value, field, lambda text: _split(text, "=", "key", "value")):
            self._entry(
                field, item.get("key"), item.get("value") or "", f"{what} {quoted(item.get('key'), 60)}"
            )

    def _secrets(self, value: Any) -> None:
        def parse(text: str) -> Item:
            env, _, rest = text.partition("=")
            return {"env_var": env.strip(), **_split(rest, ":", "name", "key")}

        for item in self._items(value, "kubernetes_secrets", parse):
            made = {"secret": item.get("name"), "key": item.get("key"), "env": item.get("env_var")}
            self._append("secrets", made, f"The secret for {quoted(item.get('env_var'), 40)}")

    def _volumes(self, value: Any) -> None:
        for item in self._items(value, "mounted_volumes", lambda text: _split(text, "=", "path", "pvc_name")):
            path = item.get("path")
            made = {
                "name": item.get("pvc_name"),
                "mount_path": f"/{path.strip('/')}" if isinstance(path, str) else path,
                "kind": "pvc",
                "sub_path": item.get("sub_path") or None,
                "read_only": item.get("read_only") or None,
            }
            if any(item.get(name) for name in ("path", "pvc_name", "sub_path")):
                self._append("volumes", _without_none(made), f"The volume at {quoted(path, 60)}")

    def _tolerations(self, value: Any) -> None:
        def parse(text: str) -> Item:
            parts = text.partition("=")[2].split(":")
            return dict(zip(("key", "operator", "value", "effect"), parts, strict=False))

        for item in self._items(value, "kubernetes_tolerations", parse):
            made = {n: item.get(n) or None for n in ("key", "operator", "value", "effect")}
            self._append(
                "tolerations",
                _without_none(made),
                f"The toleration of {quoted(item.get('key') or 'all', 60)}",
            )

    def _caching(self, value: Any) -> None:
        if str(value).lower() == "true":
            self.found["cache"] = False

    def _shared_memory(self, value: Any) -> None:
        size = value.get("size") if isinstance(value, dict) else value
        if size:
            self._drop("The size of shared memory", f"{size} GB", "kfjlab has no such setting.")

    def _resources(self) -> None:
        made: dict[str, Any] = {}
        for name in ("cpu", "cpu_limit", "memory", "memory_limit", "gpu"):
            value = self.properties.get(name)
            if value not in (None, "", 0, "0") and not _number(value):
                self._drop(f"The number for {name}", value, "It is no number above zero.")
        for name, unit in (("cpu", ""), ("memory", "G")):
            asked, most = self.properties.get(name), self.properties.get(f"{name}_limit")
            number = _number(asked) or _number(most)
            if number:
                made[name] = f"{number:g}{unit}"
            if _number(asked) and _number(most) and _number(asked) != _number(most):
                why = f"kfjlab has one number for a step, which is what was asked for ({made[name]})."
                self._drop(f"The limit of {name}", f"{most}{unit}", why)
        count = _number(self.properties.get("gpu"))
        if count:
            kind = self.properties.get("gpu_vendor") or None
            made["gpu"] = _without_none({"kind": kind, "count": int(count) if count == int(count) else count})
        for name, value in made.items():
            if self._is_sound("resources", {name: value}, f"The {name} of the node"):
                self.found.setdefault("resources", {})[name] = value

    # ---- checked

    def _set(self, field: str, value: Any, what: str) -> None:
        value = value.strip() if isinstance(value, str) else value
        if self._is_sound(field, value, what):
            self.found[field] = value

    def _entry(self, field: str, key: Any, value: Any, what: str) -> None:
        key = key.strip() if isinstance(key, str) else key
        if not isinstance(key, str):
            self._drop(what, value, "It has no name.")
        elif self._is_sound(field, {key: value}, what):
            self.found.setdefault(field, {})[key] = value

    def _append(self, field: str, value: Item, what: str) -> None:
        if self._is_sound(field, [value], what):
            self.found.setdefault(field, []).append(value)

    def _is_sound(self, field: str, value: Any, what: str) -> bool:
        try:
            read_field(field, value)
        except FieldError as fault:
            where = ".".join(part for part in fault.path if not part.isdigit())
            self.notes.append(
                left_out(
                    self.node,
                    what,
                    f"{where + ': ' if where else ''}{fault}.",
                    "Set it in the step's settings, if it is needed",
                )
            )
            return False
        return True

    def _items(self, value: Any, field: str, parse: Callable[[str], Item]) -> list[Item]:
        """The items of a list: objects since version 8, texts before."""
        if not isinstance(value, list):
            self._drop(f"The property {quoted(field, 40)}", value, "It is not a list.")
            return []
        found: list[Item] = []
        for item in value:
            if isinstance(item, dict):
                found.append({k: v.strip() if isinstance(v, str) else v for k, v in item.items()})
            elif isinstance(item, str) and item.strip():
                found.append(parse(item.strip()))
            elif item not in (None, ""):
                self._drop(f"An entry of {quoted(field, 40)}", item, "It cannot be read.")
        return found

    def _drop(self, what: str, value: Any, why: str) -> None:
        self.notes.append(left_out(self.node, f"{what} ({quoted(value, 60)})", why))


def _split(text: str, sign: str, first: str, second: str) -> dict[str, str]:
    left, _, right = text.partition(sign)
    return {first: left.strip(), second: right.strip()}


def _without_none(value: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in value.items() if v is not None}


def _number(value: Any) -> float:
    """A number above zero; 0 for what is none."""
    try:
        number = float(value) if not isinstance(value, bool) else 0.0
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return number if math.isfinite(number) and number > 0 else 0.0
