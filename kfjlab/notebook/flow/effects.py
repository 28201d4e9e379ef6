"""What executing a piece of a notebook (a cell, or one statement of the prelude) does, as far as it can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ..problems import Severity
from .values import Fact, Objects


class Certainty(IntEnum):
    """Whether something happens whenever the piece is executed."""

    GUARDED = 0  # in a ``try`` that handles it
    POSSIBLE = 1
    CERTAIN = 2


@dataclass(frozen=True, slots=True)
class Read:
    """The first read of a name's value from before the piece. ``called``: in a function of the notebook; ``wild``: after so many of the
    piece's :class:`Wild` things."""

    name: str
    line: int
    certainty: Certainty
    called: bool = False
    wild: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, before it is known which cell it is in. ``remedy``: what to do."""

    code: str
    severity: Severity
    message: str
    line: int
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Stray:
    """A value that cannot travel to another step, or only changed: ``what`` it is and the ``remedy``."""

    what: str
    remedy: str
    line: int


@dataclass(frozen=True, slots=True)
class Wild:
    """Something that can bind names that the analysis does not see: ``module`` is that of a star import (with leading dots when it is
    relative), empty for other constructs; ``what`` says it in words. ``reads_all``: it can read any variable."""

    what: str
    line: int
    module: str = ""
    reads_all: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """What a name holds after the piece. ``objects``, ``loose``, ``elements`` and ``contents`` as in :class:`~.values.Value`; ``line``:
    where it was bound."""

    fact: Fact | None
    objects: Objects
    loose: bool
    line: int
    elements: Objects = frozenset()
    contents: Objects = frozenset()


@dataclass(frozen=True, slots=True)
class Effects:
    """What a piece does; every name is a global variable.

    - ``reads``: names whose value from before matters; ``indirect``: those that only functions which it reads would look up;
    - ``definite``: names and resources that are certainly determined anew by it (bound, deleted, overwritten, seeded);
      ``binds``: names that it binds or deletes, certainly or perhaps; ``starred``: those that come from a star import;
    - ``mutated``: names of before whose value it may change in place;
    - ``after``: what each name holds afterwards that it bound, or about which less or more is known;
    - ``links``: groups of names of before (``str``) and new objects (``int``) that may share objects afterwards;
    - ``resource_reads``, ``resource_writes``: files, folders, environment variables and ambient state (paths as the code has them);
    - ``draws``: generators drawn from before any seeding in it; ``drawn``: drawn from at all; ``seeds``: seeded;
    - ``changes_environment``: names of environment variables that it sets (``*``: any);
    - ``cached_calls``: functions that remember their results and are called, and the line;
    - ``history``: uses of IPython's output and input history: the name, the number (0: relative) and the line;
    - ``strays``: names bound to what cannot travel;
    - ``builtins``: Python's builtin names that it reads; ``late``: global names that functions defined in it look up;
    - ``shows``: the cell may have an output that ``_`` refers to;
    - ``plain``: it does nothing but import and define.
    """

    reads: tuple[Read, ...] = ()
    indirect: frozenset[str] = frozenset()
    definite: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    starred: frozenset[str] = frozenset()
    mutated: frozenset[str] = frozenset()
    after: Mapping[str, Held] = field(default_factory=dict)
    links: tuple[Objects, ...] = ()
    resource_reads: Mapping[str, int] = field(default_factory=dict)
    resource_writes: Mapping[str, int] = field(default_factory=dict)
    draws: Mapping[str, int] = field(default_factory=dict)
    drawn: frozenset[str] = frozenset()
    seeds: frozenset[str] = frozenset()
    changes_environment: frozenset[str] = frozenset()
    wild: tuple[Wild, ...] = ()
    cached_calls: Mapping[str, int] = field(default_factory=dict)
    history: tuple[tuple[str, int, int], ...] = ()
    strays: Mapping[str, Stray] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    builtins: frozenset[str] = frozenset()
    late: frozenset[str] = frozenset()
    shows: bool = False
    plain: bool = False
