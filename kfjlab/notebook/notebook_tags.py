"""The notebook's own metadata, read: Kale's ``kubeflow_notebook`` and our ``metadata.kfjlab``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import settings
from .names import did_you_mean, name_fault, nearest
from .problems import Problem, Severity
from .settings import Facets, FieldError
from .tags import KALE, OURS, CellReader, field_problem, problem, shown, unknown_field

_NOTEBOOK_FIELDS = ("name", "experiment", "description", "defaults", "random", "kernel")


@dataclass(frozen=True)
class NotebookTags:
    """What the notebook's metadata says. ``defaults`` are the settings of all steps."""

    name: str | None = None
    experiment: str | None = None
    description: str = ""
    defaults: Facets = field(default_factory=dict)
    random: str = "independent"
    kernel: str | None = None


def read_notebook(metadata: Mapping[str, Any], problems: list[Problem]) -> NotebookTags:
    """What the notebook's metadata says; faults are appended to ``problems``."""
    kale = metadata.get(KALE)
    own = metadata.get(OURS)
    found = _read_kale(kale, problems) if isinstance(kale, dict) else NotebookTags()
    if own is None:
        return found
    if not isinstance(own, dict):
        problems.append(
            problem(
                "bad-metadata", Severity.ERROR, f"The notebook's metadata.{OURS} must be an object.", None
            )
        )
        return found
    ours: dict[str, Any] = {}
    defaults: Facets = dict(found.defaults)
    for name, value in own.items():
        try:
            if name == "defaults":
                defaults.update(_read_defaults(value))
            elif name not in _NOTEBOOK_FIELDS:
                raise unknown_field(name, _NOTEBOOK_FIELDS)
            elif value is not None and not isinstance(value, str):
                raise FieldError("must be text")
            elif name == "random" and value not in (None, "independent", "serial"):
                raise FieldError(f"must be 'independent' or 'serial', not {value!r}")
            elif value:
                ours[name] = value
        except FieldError as fault:
            problems.append(field_problem(None, own, (name, *fault.path), fault))
    return NotebookTags(
        found.name or _checked_name(ours.get("name"), "name", OURS, problems),
        found.experiment or _checked_name(ours.get("experiment"), "experiment", OURS, problems),
        found.description or ours.get("description", ""),
        defaults,
        ours.get("random", "independent"),
        ours.get("kernel"),
    )


def _read_defaults(value: Any) -> Facets:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise FieldError("must be an object")
    facets: Facets = {}
    for name, item in value.items():
        if name not in settings.FIELDS:
            raise FieldError(
                f"there is no such field.{did_you_mean(name, settings.FIELDS)}",
                (name,),
                nearest(name, settings.FIELDS),
            )
        try:
            facets.update(settings.read_field(name, item))
        except FieldError as fault:
            raise FieldError(str(fault), (name, *fault.path), fault.near) from None
    return facets


def _read_kale(kale: Mapping[str, Any], problems: list[Problem]) -> NotebookTags:
    """Kale's ``kubeflow_notebook``. What is dead in Kale (``katib_run``, ``timeout``, …) is not read."""

    def text(name: str) -> str | None:
        value = kale.get(name)
        if value is None or isinstance(value, str):
            return value or None
        message = f"{KALE}.{name} in the notebook's metadata is not text; it is ignored."
        problems.append(problem("bad-metadata", Severity.WARNING, message, None))
        return None

    facets: Facets = {}
    image = text("base_image") or text("docker_image")
    try:
        if image:
            facets.update(settings.read_field("image", image))
    except FieldError as fault:
        problems.append(problem("bad-metadata", Severity.ERROR, f"{KALE}.base_image: {fault}.", None))
    if isinstance(kale.get("enable_caching"), bool):
        facets["cache", ""] = kale["enable_caching"]
    volumes = kale.get("volumes")
    for item in volumes if isinstance(volumes, list) else []:
        try:
            facets.update(settings.kale_volume(item))
        except FieldError as fault:
            message = f"A volume of {KALE} is ignored: {'.'.join(p for p in fault.path if p)} {fault}."
            problems.append(problem("bad-metadata", Severity.WARNING, message, None))
    steps_defaults = kale.get("steps_defaults")
    found: list[Problem] = []
    reader = CellReader(-1, found)
    reader.read_tags(steps_defaults if isinstance(steps_defaults, list) else [])
    facets.update(reader.facets)
    for fault_found in found:
        message = f"In {KALE}.steps_defaults of the notebook: {fault_found.message}"
        problems.append(Problem(fault_found.code, fault_found.severity, message))
    experiment = text("experiment_name")
    return NotebookTags(
        _checked_name(text("pipeline_name"), "pipeline_name", KALE, problems),
        _checked_name(experiment, "experiment_name", KALE, problems),
        text("pipeline_description") or "",
        facets,
    )


def _checked_name(name: str | None, key: str, where: str, problems: list[Problem]) -> str | None:
    """A pipeline's or experiment's name; a bad one is a problem and counts as none."""
    fault = name_fault(name, extra=".:#()+,&") if name else None
    if fault is None:
        return name
    message = f"The {where}.{key} of the notebook {fault}: {shown(name or '')}."
    problems.append(
        problem("bad-name", Severity.ERROR, message, None, f"Change {where}.{key} in the notebook's metadata")
    )
    return None
