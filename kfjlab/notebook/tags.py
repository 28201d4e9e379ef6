"""Cell tags and metadata, read: the only place, with :mod:`kfjlab.notebook.retag` that writes them, that
knows their spelling.

Read are Kale's tags (2.x, and ``block:`` of 0.x), papermill's ``parameters``, Kale's notebook metadata
(``kubeflow_notebook``) and our own ``metadata.kfjlab`` of cells and of the notebook. Tags of other tools are
left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import settings
from .names import did_you_mean, nearest
from .pipeline import Role
from .problems import Fix, Problem, Severity
from .settings import Facets, FieldError

OURS = "kfjlab"
KALE = "kubeflow_notebook"

ROLES = {
    "skip": Role.SKIP,
    "imports": Role.IMPORTS,
    "functions": Role.FUNCTIONS,
    "pipeline-parameters": Role.PARAMETERS,
    "parameters": Role.PARAMETERS,
    "injected-parameters": Role.PARAMETERS,
    "pipeline-metrics": Role.METRICS,
}
"""Tags that give a cell its role. ``parameters`` is papermill's, ``injected-parameters`` what it puts into its results."""
PAPERMILL = ("parameters", "injected-parameters")
MAY_RAISE = "raises-exception"
"""The tag by which nbclient, nbconvert and Jupyter Book know cells whose exception is meant to be seen."""
STEP_PREFIXES = ("step", "block")
PREFIXES = (
    *STEP_PREFIXES,
    "prev",
    "notebook",
    "annotation",
    "label",
    "limit",
    "secret",
    "image",
    "cache",
    "report",
)
_WORDS = tuple(ROLES)
_SWITCH = {"enabled": True, "disabled": False}
_CELL_FIELDS = ("step", "role", "after", *settings.FIELDS)


@dataclass(frozen=True)
class CellTags:
    """What the tags and metadata of one cell say. ``step`` and ``after`` are as written, not yet checked as
    names. A step of a skipped cell is kept. ``reference``: the cell stands for another notebook (Kale's
    ``notebook:``).
    """

    role: Role | None = None
    step: str | None = None
    after: tuple[str, ...] = ()
    facets: Facets = field(default_factory=dict)
    reference: bool = False


UNTAGGED = CellTags()


def problem(
    code: str,
    severity: Severity,
    message: str,
    cell: int | None,
    title: str = "",
    action: str | None = None,
    **arguments: Any,
) -> Problem:
    """A problem of a cell's (or, with ``cell=None``, the notebook's) metadata; its fix gets the cell."""
    fix = Fix(title, action, {"cell": cell, **arguments} if action else {}) if title else None
    return Problem(code, severity, message, cell=cell, fix=fix)


def shown(text: str) -> str:
    """A tag or name for a message: quoted, control characters escaped, not too long."""
    return repr(text if len(text) <= 60 else text[:57] + "…")


def read_cell(index: int, metadata: Mapping[str, Any], problems: list[Problem]) -> CellTags:
    """What a cell's metadata says; faults are appended to ``problems``."""
    tags, own = metadata.get("tags"), metadata.get(OURS)
    if not tags and own is None:
        return UNTAGGED
    reader = CellReader(index, problems)
    if tags is not None:
        reader.read_tags(tags)
    if own is not None:
        reader.read_own(own)
    return reader.result()


class CellReader:
    """Reads the tags and our own metadata of one cell into facets, roles and names."""

    def __init__(self, cell: int, problems: list[Problem]) -> None:
        self.cell, self.problems = cell, problems
        self.roles: list[tuple[str, Role]] = []
        self.steps: list[tuple[str, str]] = []
        self.after: list[str] = []
        self.facets: Facets = {}
        self.reference: str | None = None

    def error(
        self, code: str, message: str, title: str = "", action: str | None = None, **arguments: Any
    ) -> None:
        self.problems.append(problem(code, Severity.ERROR, message, self.cell, title, action, **arguments))

    def warn(
        self, code: str, message: str, title: str = "", action: str | None = None, **arguments: Any
    ) -> None:
        self.problems.append(problem(code, Severity.WARNING, message, self.cell, title, action, **arguments))

    def read_tags(self, tags: Any) -> None:
        if not isinstance(tags, list):
            self.error(
                "bad-tags",
                f"The cell's tags are {type(tags).__name__}, not a list.",
                "Make tags a list of texts",
            )
            return
        for tag in tags:
            if isinstance(tag, str):
                self.read_tag(tag)
            else:
                self.error(
                    "bad-tags", f"The tag {shown(str(tag))} is not text.", "Remove it from the cell's tags"
                )

    def read_tag(self, tag: str) -> None:
        if tag in ROLES:
            self.roles.append((tag, ROLES[tag]))
            return
        prefix, colon, rest = tag.partition(":")
        if not colon or prefix not in PREFIXES:
            self.near_miss(tag, prefix, colon, rest)
        elif prefix in STEP_PREFIXES:
            if rest:
                self.steps.append((tag, rest))
            else:  # Kale's editor writes it on cells that belong to the step before
                self.nameless(
                    tag, "does nothing; the cell belongs to the step before it, as untagged cells do"
                )
        elif prefix == "prev":
            if rest:
                self.after.append(rest)
            else:
                self.nameless(tag, "orders nothing")
        elif prefix == "notebook":
            self.reference = rest
        else:
            self.read_setting(tag, prefix, rest)

    def nameless(self, tag: str, effect: str) -> None:
        self.warn(
            "nameless-tag",
            f"The tag {shown(tag)} names no step, so it {effect}.",
            f"Remove the tag {shown(tag)}, or write a name behind the colon",
            "replace-tag",
            old=tag,
            new=None,
        )

    def read_setting(self, tag: str, prefix: str, rest: str) -> None:
        parts = rest.split(":", 2 if prefix == "secret" else 1)
        try:
            if prefix == "secret":
                if len(parts) != 3:
                    raise FieldError("write secret:NAME:KEY:VARIABLE")
                found = settings.secret(*parts)
            elif prefix in ("cache", "report"):
                if rest not in _SWITCH:
                    raise FieldError(f"write {prefix}:enabled or {prefix}:disabled")
                found = {(prefix, ""): _SWITCH[rest]}
            elif prefix == "image":
                found = settings.read_field("image", rest)
            elif len(parts) != 2:
                raise FieldError(f"write {prefix}:KEY:VALUE")
            elif prefix == "limit":
                found = settings.limit(*parts)
            else:
                found = settings.read_field(f"{prefix}s", {parts[0]: parts[1]})
        except LookupError:
            self.warn(
                "unknown-limit",
                f"The tag {shown(tag)} is ignored: what can be limited is cpu, memory and devices.",
                f"Remove the tag {shown(tag)}",
                "replace-tag",
                old=tag,
                new=None,
            )
            return
        except FieldError as fault:
            self.error("bad-tag", f"The tag {shown(tag)} cannot be read: {fault}.")
            return
        self.add(found, tag)

    def add(self, found: Facets, source: str) -> None:
        for facet, value in found.items():
            if facet in self.facets and self.facets[facet] != value:
                name = ".".join(part for part in facet if part)
                self.error(
                    "contradiction",
                    f"The cell says two different things about {name} ({shown(source)} is one).",
                )
            self.facets[facet] = value

    def near_miss(self, tag: str, prefix: str, colon: str, rest: str) -> None:
        """A warning when a foreign tag looks like a misspelling of one of ours."""
        meant = None
        if colon:
            near = nearest(prefix.strip().replace("_", "-"), PREFIXES, 0.8)
            if near is not None and rest.strip():
                meant = f"{near}:{rest.strip()}"
        else:
            meant = nearest(tag.strip().replace("_", "-"), _WORDS, 0.8)
        if meant is not None and meant != tag:
            self.warn(
                "misspelt-tag",
                f"The tag {shown(tag)} means nothing; was {shown(meant)} meant?",
                f"Write {shown(meant)}",
                "replace-tag",
                old=tag,
                new=meant,
            )

    def read_own(self, own: Any) -> None:
        if not isinstance(own, dict):
            self.error("bad-metadata", f"The cell's metadata.{OURS} must be an object.", "Make it an object")
            return
        for name, value in own.items():
            try:
                self.read_own_field(name, value)
            except FieldError as fault:
                self.problems.append(field_problem(self.cell, own, (name, *fault.path), fault))

    def read_own_field(self, name: str, value: Any) -> None:
        if name in settings.FIELDS:
            self.add(settings.read_field(name, value), f"{OURS}.{name}")
        elif value is None and name in _CELL_FIELDS:
            return
        elif name == "step":
            if not isinstance(value, str):
                raise FieldError("must be text")
            self.steps.append((f"{OURS}.step", value))
        elif name == "role":
            if value == "step":
                return
            if value not in ROLES and value != "metrics":
                raise FieldError(f"{value!r} is not a role.{did_you_mean(str(value), [*ROLES, 'step'])}")
            self.roles.append((f"{OURS}.role", ROLES.get(value, Role.METRICS)))
        elif name == "after":
            names = [value] if isinstance(value, str) else value
            if not isinstance(names, list) or not all(isinstance(n, str) for n in names):
                raise FieldError("must be the name of a step or a list of names")
            self.after.extend(names)
        else:
            raise unknown_field(name, _CELL_FIELDS)

    def result(self) -> CellTags:
        role = self.choose_role()
        step = self.choose_step(role)
        after = tuple(dict.fromkeys(self.after))
        if role in (Role.IMPORTS, Role.FUNCTIONS, Role.PARAMETERS) and (after or self.facets):
            what = f"prev:{after[0]}" if after else next(iter(self.facets))[0]
            self.warn(
                "tag-without-step",
                f"{what[:60]!r} has no effect on a cell that is {role.value}: it is part of no step.",
            )
            after = ()
            self.facets = {}
        if self.reference is not None and role is not Role.SKIP:
            self.error(
                "sub-pipeline",
                f"The cell stands for another notebook ({shown(self.reference)}): sub-pipelines come with "
                "the Kubeflow target, and this machine cannot run them.",
                "Skip the cell and run that notebook by itself",
                "set-role",
                role="skip",
            )
        return CellTags(role, step, after, self.facets, self.reference is not None)

    def choose_role(self) -> Role | None:
        """The first role, as Kale has it; ``imports`` with ``functions`` is the same thing twice."""
        if not self.roles:
            return None
        role = self.roles[0][1]
        distinct = dict.fromkeys(r for _, r in self.roles)
        if len(distinct) > 1 and set(distinct) != {Role.IMPORTS, Role.FUNCTIONS}:
            names = " and ".join(r.value for r in distinct)
            self.warn(
                "conflicting-roles",
                f"The cell cannot be {names}; it is taken as {role.value}.",
                f"Keep {role.value} only",
                "set-role",
                role=role.value,
            )
        return role

    def choose_step(self, role: Role | None) -> str | None:
        if not self.steps:
            return None
        names = list(dict.fromkeys(name for _, name in self.steps))
        if role is Role.SKIP:  # known only so that others may name it
            return names[0]
        if role is not None:
            self.warn(
                "conflicting-roles",
                f"The cell cannot be {role.value} and in step {shown(names[0])}; it is {role.value}.",
                f"Keep {role.value} only",
                "set-role",
                role=role.value,
            )
            return None
        if len(names) > 1:
            listed = ", ".join(shown(n) for n in names)
            self.error(
                "several-steps",
                f"The cell is tagged with several steps ({listed}); a cell belongs to one.",
                f"Keep step {shown(names[0])} only",
                "set-step",
                name=names[0],
            )
        return names[0]


def unknown_field(name: str, known: tuple[str, ...]) -> FieldError:
    """The error of a field that does not exist."""
    return FieldError(f"there is no such field.{did_you_mean(name, known)}", (), nearest(name, known))


def field_problem(
    cell: int | None, own: Mapping[str, Any], path: tuple[str, ...], fault: FieldError
) -> Problem:
    """The problem of a fault in our own metadata; a misspelt field gets a fix that renames it (a JSON merge
    patch).
    """
    place = ".".join((OURS, *path))
    text = str(fault)
    owner = "notebook" if cell is None else "cell"
    message = f"{place[:120]!r} in the {owner}'s metadata: {text}{'' if text[-1] in '.?' else '.'}"
    if fault.near is None or not path:
        return problem("bad-metadata", Severity.ERROR, message, cell)
    value: Any = own
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:  # inside a list, where a merge patch cannot reach
        return problem("bad-metadata", Severity.ERROR, message, cell, f"Write {fault.near!r}")
    patch: dict[str, Any] = {path[-1]: None, fault.near: value}
    for key in reversed(path[:-1]):
        patch = {key: patch}
    return problem(
        "bad-metadata", Severity.ERROR, message, cell, f"Write {fault.near!r}", "set-metadata", patch=patch
    )
