"""The one model of a pipeline that every other room uses. Plain immutable data; made by :mod:`kfjlab.notebook.analyze`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from .problems import Problem, Severity


class Role(str, Enum):
    """What a code cell is for."""

    IMPORTS = "imports"
    FUNCTIONS = "functions"
    PARAMETERS = "pipeline-parameters"
    METRICS = "pipeline-metrics"
    STEP = "step"
    SKIP = "skip"


@dataclass(frozen=True)
class Cell:
    """A code cell that takes part. ``index`` is its 0-based position among all cells of the notebook,
    ``number`` its 1-based position among the non-empty, non-skipped code cells (the execution count of a top-to-bottom run).
    ``may_raise``: an exception does not end the run (nbclient's tag ``raises-exception``)."""

    index: int
    id: str
    number: int
    source: str
    role: Role
    may_raise: bool = False


@dataclass(frozen=True)
class Resources:
    """What a step asks for. ``cpu`` in cores, ``memory`` in bytes, ``gpus`` devices of ``gpu_kind`` (``nvidia.com/gpu``)."""

    cpu: float | None = None
    memory: int | None = None
    gpu_kind: str | None = None
    gpus: int = 0


@dataclass(frozen=True)
class SecretRef:
    """An environment variable whose value is the key of a secret. The value itself is never here."""

    secret: str
    key: str
    env: str


@dataclass(frozen=True)
class VolumeRef:
    """A volume mounted into a step."""

    name: str
    mount_path: str
    kind: str = "pvc"
    sub_path: str = ""
    read_only: bool = False
    size: str | None = None


@dataclass(frozen=True)
class StepSettings:
    """How a step runs. ``timeout`` and ``retry_delay`` (doubling at each retry) in seconds. ``None`` means the target's default."""

    resources: Resources = Resources()
    image: str | None = None
    retries: int = 0
    retry_delay: float = 1.0
    timeout: float | None = None
    cache: bool = True
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[SecretRef, ...] = ()
    volumes: tuple[VolumeRef, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)
    tolerations: tuple[Mapping[str, Any], ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    report: bool = False
    target: str | None = None


@dataclass(frozen=True)
class Flow:
    """What a step is predicted to touch; resource names as in ``docs/architecture.md``.

    ``reads`` are resources whose value at the step's position matters to it, ``writes`` what it may leave changed (binding,
    in-place change, deletion). A read of what the step itself has definitely written before is no read. ``mutates`` ⊆ ``writes``:
    variables changed in place (not rebound). ``opaque``: the step can read any variable (``eval``, ``globals()``, ``%run`` …), then
    ``var:*`` is in ``reads``. ``unseeded``: generator keys (``numpy.random``) that the step draws from although nobody seeds them before
    it, and that shall not order steps (so ``ambient:numpy.random`` is in neither set). ``seeded_first``: generator keys that the step seeds
    before anything can draw, so that their state before it does not matter to it. ``prelude_digest`` is the digest (hex) of the
    prelude statements that the step depends on, ``prelude_parameters`` the parameters whose values these statements read;
    ``code_digest`` is the digest of the step's own cells (comments and layout left out).
    """

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    mutates: frozenset[str] = frozenset()
    opaque: bool = False
    unseeded: frozenset[str] = frozenset()
    seeded_first: frozenset[str] = frozenset()
    code_digest: str = ""
    prelude_digest: str = ""
    prelude_parameters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step. ``after`` are the names of steps it must follow besides dataflow (``prev:``). ``implicit``: it has no tag of its own
    (the code before the first tag, or a whole untagged notebook)."""

    name: str
    cells: tuple[Cell, ...]
    flow: Flow = Flow()
    after: tuple[str, ...] = ()
    settings: StepSettings = StepSettings()
    role: Role = Role.STEP
    implicit: bool = False


@dataclass(frozen=True)
class Parameter:
    """A typed parameter: ``type`` is one of int, float, str, bool, list, dict, or any (a default of ``None`` without annotation);
    ``default`` its JSON value;
    ``description`` comes from the comment beside or above it."""

    name: str
    type: str
    default: Any
    description: str = ""
    cell: int | None = None
    line: int | None = None


@dataclass(frozen=True)
class Edge:
    """``target`` runs after ``source``; ``resources`` are what travels (empty for a ``prev:`` tag alone).
    ``kind``: ``data`` (variables), ``file``, ``ambient``, ``order`` (writer after reader, or a tag)."""

    source: str
    target: str
    resources: tuple[str, ...]
    kind: str


@dataclass(frozen=True)
class Prelude:
    """The cells every step starts from: imports, functions and parameters cells, in notebook order.

    ``binds`` maps each name it binds to the digest of the prelude statements that make it; ``data`` ⊆ ``binds`` are the names that
    hold data (neither a module nor a function or class definition). ``depends``: name → the parameters whose values the
    statements that make it read. ``reads``: the files and variables of the environment that its text shows it to read."""

    cells: tuple[Cell, ...] = ()
    binds: Mapping[str, str] = field(default_factory=dict)
    data: frozenset[str] = frozenset()
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reads: frozenset[str] = frozenset()


@dataclass(frozen=True, repr=False)
class Pipeline:
    """A notebook as a pipeline. ``steps`` are in notebook order, which is the serial order. ``path`` is the notebook's path as given.
    ``kernel`` is the kernelspec's name. ``random`` is ``independent`` or ``serial`` (what unseeded generators mean)."""

    name: str
    path: str
    steps: tuple[Step, ...]
    prelude: Prelude = Prelude()
    parameters: tuple[Parameter, ...] = ()
    edges: tuple[Edge, ...] = ()
    problems: tuple[Problem, ...] = ()
    kernel: str = "python3"
    experiment: str | None = None
    description: str = ""
    random: str = "independent"
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        lines = [f"Pipeline {self.name} of {self.path}"]
        for step in self.steps:
            needs = sorted({edge.source for edge in self.edges if edge.target == step.name})
            lines.append(f"  {step.name}" + (f" after {', '.join(needs)}" if needs else ""))
        lines += [f"  {p.severity.value}: {p.message} [{p.code}]" for p in self.problems]
        return "\n".join(lines)

    def step(self, name: str) -> Step:
        """The step of that name; raises :class:`KeyError` when there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that refuse a run."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready form (enums as strings, sets sorted)."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Pipeline:
        """The Pipeline that :meth:`to_json` made ``data`` of."""
        pipeline: Pipeline = _typed(Pipeline, data)
        return pipeline


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(v) for v in value)
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


def _typed(kind: Any, value: Any) -> Any:
    """``value`` (plain JSON) as an instance of the annotation ``kind``."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is UnionType or origin is Union:
        return None if value is None else _typed(next(a for a in arguments if a is not type(None)), value)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: _typed(hints[f.name], value[f.name]) for f in fields(kind) if f.name in value})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if origin is frozenset:
        return frozenset(value)
    if origin is tuple:
        return tuple(_typed(arguments[0], v) for v in value)
    if origin in (dict, Mapping):
        return {k: _typed(arguments[1], v) for k, v in value.items()}
    return value
