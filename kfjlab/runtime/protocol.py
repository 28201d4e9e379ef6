"""What goes into a step attempt and what comes out: plain JSON, so that any target can carry it.

A target writes a :class:`StepSpec`, starts a worker on it and reads its *messages*, one JSON object a line, from a stream
(a socket on the local target). Resource names are those of ``docs/architecture.md``. Messages of a worker:

- ``{"type": "started", "pid": …}``
- ``{"type": "phase", "phase": "loading" | "running" | "saving"}``
- ``{"type": "cell", "cell": INDEX, "state": "running" | "done" | "failed", "seconds": …}``
- ``{"type": "log", "stream": "stdout" | "stderr", "text": …, "cell": INDEX}``
- ``{"type": "display", "cell": INDEX, "mime": ["image/png", …]}`` (the data itself is in the executed notebook)
- ``{"type": "record", …}`` with the fields of :class:`StepRecord`: the last message of an attempt that ended by itself.

Starting (``bootstrap.py`` is run by path, so that any interpreter with IPython and cloudpickle can be used)::

    python …/runtime/bootstrap.py zygote PRELUDE_SPEC.json FD          # FD: an inherited socket, the control channel
    python …/runtime/bootstrap.py worker PRELUDE_SPEC.json STEP_SPEC.json FD   # prelude and one step, where fork is not safe

The zygote says ``{"type": "ready", "pid", "can_fork", "why", "record": PreludeRecord}`` or ``{"type": "failed",
"error": StepError}``, then takes
``{"op": "fork", "id": N, "spec": PATH}`` with the worker's message socket passed as a file descriptor
(``SCM_RIGHTS``, first byte of the
line) and ``{"op": "stop"}``; it answers ``{"type": "forked", "id", "pid"}`` and, when the child has ended,
``{"type": "exited", "id", "pid", "status"}`` (``status`` as from ``os.waitpid``). A worker is the leader of a
process group of its own. SIGINT
interrupts the running cell. When the message socket's other end is closed, the worker kills its process group.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

ABSENT = "absent"
"""Digest of a variable that is not bound, or of a file that does not exist."""

UNTOUCHED = "untouched"
"""Digest of a piece of ambient state that is as the prelude left it."""

CHANGED = "changed"
"""Digest of a resource that was changed by someone else while it was being read; equal to nothing."""


@dataclass(frozen=True)
class Value:
    """A stored variable or piece of ambient state.

    ``digest`` (sha256, hex) names the stored object that holds it; several variables of one alias group share a digest and
    are told apart by their names. ``group``: all names stored in that object. ``needs``: global names that functions inside look
    up. ``kind``: ``table``, ``array``, ``model``, ``figure``, ``function``, ``class``, ``scalar``, ``text``, ``collection`` or
    ``object``. ``type``: dotted type name. ``size``: bytes stored. ``summary``: one line for people (``DataFrame 150 × 4``).
    ``cell``: index of the cell that bound or changed it last. ``content``: digest of this variable's own content, the same
    whichever variables share its object (empty: that of the object).
    """

    digest: str
    group: List[str] = field(default_factory=list)
    needs: List[str] = field(default_factory=list)
    kind: str = "object"
    type: str = ""
    size: int = 0
    summary: str = ""
    cell: Optional[int] = None
    content: str = ""


@dataclass(frozen=True)
class CellSource:
    """One cell to execute. ``number`` becomes its execution count. ``may_raise``: an exception does not end the step."""

    index: int
    id: str
    number: int
    source: str
    role: str = "step"
    may_raise: bool = False


@dataclass(frozen=True)
class PreludeSpec:
    """What a zygote executes before it forks. ``parameters``: overrides, assigned after the parameters cell (as papermill does).
    ``restore``: the record of an earlier execution of the same prelude in the same run; its data values and ambient state replace
    what executing it again gave. ``output``: where the executed prelude cells are written as a notebook."""

    cells: List[CellSource]
    objects: str
    workspace: str
    output: str
    parameters: Dict[str, Any] = field(default_factory=dict)
    env: Dict[str, str] = field(default_factory=dict)
    restore: Optional[Dict[str, Any]] = None
    metadata: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PreludeRecord:
    """What the prelude left: ``values`` of the data names it bound (functions, classes and modules are not stored),
    ``needs``: for each function, class or data value, the global names it looks up; ``ambient``: the state of every
    key at its end;
    ``reads``: resource → digest of the files (local modules among them), listings and variables of the environment that it read;
    ``file:*`` when it started a program. Records of before these were noted have files only."""

    values: Dict[str, Value] = field(default_factory=dict)
    needs: Dict[str, List[str]] = field(default_factory=dict)
    ambient: Dict[str, Value] = field(default_factory=dict)
    reads: Dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    warnings: List[Dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class StepSpec:
    """One attempt of one step.

    ``objects``: folder of the content-addressed store. ``workspace``: the notebook's folder, the step's working directory at
    start. ``output``: path where the executed cells are written as a notebook (``metadata``: that notebook's metadata).
    ``variables``: what is loaded into the namespace, by name. ``unset``: prelude names deleted before this step.
    ``withheld``: names that earlier steps have bound anew or deleted and that the step is not expected to read: it finds nothing there,
    so that a read of one is noticed.
    ``ambient``: state to set before the first cell, by key (``numpy.random``). ``fresh_random``: generator keys to give a fresh
    state of their own (seeded by nobody). ``env``: environment variables to set. ``consumers``: name → the step that
    wants it, for the
    names that later steps are known to read (only for error texts; everything written is stored). ``metrics``: report the numbers
    this step's cells assign or print. ``attempt`` counts from 1. ``watch_files``: report the workspace files read and written.
    ``store_limit``: bytes; a written file larger than this is not stored, its digest is ``stat:<size>:<mtime_ns>``.
    """

    run_id: str
    step: str
    cells: List[CellSource]
    objects: str
    workspace: str
    output: str
    attempt: int = 1
    variables: Dict[str, Value] = field(default_factory=dict)
    unset: List[str] = field(default_factory=list)
    withheld: List[str] = field(default_factory=list)
    ambient: Dict[str, Value] = field(default_factory=dict)
    fresh_random: List[str] = field(default_factory=list)
    env: Dict[str, str] = field(default_factory=dict)
    consumers: Dict[str, str] = field(default_factory=dict)
    metrics: bool = False
    watch_files: bool = True
    store_limit: int = 256 * 1024 * 1024
    metadata: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StepError:
    """Why an attempt failed. ``cell`` 0-based index in the notebook, ``line`` 1-based in that cell; ``kind`` is the exception's
    class name or a reason of our own (``CannotTravel``, ``OutOfMemory``, ``TimedOut``, ``Killed``, ``DiskFull``, ``Cancelled``);
    ``message`` says what happened; ``fix`` what to do; ``traceback`` is plain text."""

    kind: str
    message: str
    cell: Optional[int] = None
    line: Optional[int] = None
    fix: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class StepRecord:
    """What an attempt did: the transaction of ``docs/architecture.md``.

    ``reads``: resource → digest as the step saw it. For ``dir:`` resources the digest is the JSON list of the sorted names
    seen. ``writes``: resource → digest that it left (``absent`` = deleted); of a variable, the digest of its own content.
    ``values``: the stored value of each written ``var:``/``ambient:`` resource. ``given``: for each variable that was loaded
    and that the step also wrote, the digest of the stored object it came from (an alias group must not have changed since).
    ``preimages``: ``file:`` resource → digest of the stored content that the step overwrote or deleted (``absent`` for a new
    file). ``inferred``: the ``file:`` resources among ``writes`` that nobody saw the step write: they changed while it ran. They
    order steps, and are never put back over what is there. ``metrics``: name → number (``metrics`` steps). ``peak_memory``
    bytes, ``seconds`` wall time of the cells. ``warnings``: what could not be observed or carried but did not fail (each
    ``{"code", "message", "cell"}``).
    """

    state: str
    reads: Dict[str, str] = field(default_factory=dict)
    writes: Dict[str, str] = field(default_factory=dict)
    values: Dict[str, Value] = field(default_factory=dict)
    given: Dict[str, str] = field(default_factory=dict)
    metrics: Dict[str, float] = field(default_factory=dict)
    preimages: Dict[str, str] = field(default_factory=dict)
    inferred: List[str] = field(default_factory=list)
    seconds: float = 0.0
    peak_memory: int = 0
    error: Optional[StepError] = None
    warnings: List[Dict[str, Any]] = field(default_factory=list)


def to_json(value: Any) -> Any:
    """Plain JSON data of a protocol value."""
    return dataclasses.asdict(value)


def value_from_json(data: Dict[str, Any]) -> Value:
    """The :class:`Value` that :func:`to_json` made ``data`` of."""
    return Value(**data)


def spec_from_json(data: Dict[str, Any]) -> StepSpec:
    """The :class:`StepSpec` that :func:`to_json` made ``data`` of."""
    return StepSpec(
        **{
            **data,
            "cells": [CellSource(**c) for c in data["cells"]],
            "variables": {k: Value(**v) for k, v in data["variables"].items()},
            "ambient": {k: Value(**v) for k, v in data["ambient"].items()},
        }
    )


def record_from_json(data: Dict[str, Any]) -> StepRecord:
    """The :class:`StepRecord` that :func:`to_json` made ``data`` of (unknown keys, such as ``type``, are ignored)."""
    known = {f.name for f in dataclasses.fields(StepRecord)}
    kept = {k: v for k, v in data.items() if k in known}
    kept["values"] = {k: Value(**v) for k, v in kept.get("values", {}).items()}
    error = kept.get("error")
    kept["error"] = StepError(**error) if error else None
    return StepRecord(**kept)


def prelude_spec_from_json(data: Dict[str, Any]) -> PreludeSpec:
    """The :class:`PreludeSpec` that :func:`to_json` made ``data`` of."""
    return PreludeSpec(**{**data, "cells": [CellSource(**c) for c in data["cells"]]})


def prelude_record_from_json(data: Dict[str, Any]) -> PreludeRecord:
    """The :class:`PreludeRecord` that :func:`to_json` made ``data`` of."""
    return PreludeRecord(
        **{
            **data,
            "values": {k: Value(**v) for k, v in data["values"].items()},
            "ambient": {k: Value(**v) for k, v in data["ambient"].items()},
        }
    )
