"""The ambient state of a process: what code can see and change that is neither a variable nor a file.

===========================  =========================================================================================
key                          state
===========================  =========================================================================================
``random``                   the generator of Python's ``random``
``numpy.random``             numpy's legacy global generator
``torch.random``             torch's default generators
``environ``                  environment variables
``cwd``                      the working directory
``sys.path``                 where modules are looked for
``settings``                 ``sys.argv``, the recursion limit, ``csv.field_size_limit`` and the like
``timezone``                 ``time.tzset``
``warnings``                 warning filters
``locale``                   the process's locale
``decimal.context``          precision, rounding, traps …
``logging``                  levels, handlers, switches of loggers
``numpy.printoptions``       ``numpy.set_printoptions``
``numpy.errstate``           ``numpy.seterr``
``pandas.options``           ``pandas.set_option``
``polars.config``            ``polars.Config``
``matplotlib.rcParams``      also styles, and the back end where the notebook chose one
``sklearn.config``           ``sklearn.set_config``
``ipython.extensions``       ``%load_ext``
``ipython.options``          ``%config``, ``ast_node_interactivity``, ``%precision`` …
``ipython.magics``           magics that cells defined
``module-code:NAME``         code that a module has executed again
``module:NAME``              attributes of a module (see :mod:`~kfjlab.runtime.ambient_modules`)
===========================  =========================================================================================

Imports change ambient state, too (scikit-learn adds warning filters and environment variables). Such changes are no part of the state:
whoever imports the module makes them again, and taking them for the step's would let every import order all later steps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Dict, Iterable, List, Mapping, Tuple

from .ambient_base import Generator, Key, same
from .ambient_ipython import Extensions, Magics, Options
from .ambient_libraries import (
    MatplotlibParameters,
    NumpyErrorState,
    NumpyPrintOptions,
    NumpyRandom,
    PandasOptions,
    PolarsConfig,
    SklearnConfig,
    TorchRandom,
)
from .ambient_staying import Staying
from .ambient_stdlib import (
    DecimalContext,
    Environment,
    Locale,
    Logging,
    Random,
    Settings,
    SysPath,
    TimeZone,
    WarningFilters,
    WorkingDirectory,
)
from .imports import ImportWatch
from .protocol import UNTOUCHED, Value
from .states import States


@dataclass
class AmbientChanges:
    """What a step read and left: key → digest, and the stored values of what it left."""

    reads: Dict[str, str] = field(default_factory=dict)
    writes: Dict[str, str] = field(default_factory=dict)
    values: Dict[str, Value] = field(default_factory=dict)
    warnings: List[Dict[str, Any]] = field(default_factory=list)


class Ambient:
    """The ambient state of this process, as far as it is not that of modules."""

    def __init__(self, shell: Any, workspace: str) -> None:
        keys: Tuple[Key, ...] = (
            Random(),
            NumpyRandom(),
            TorchRandom(),
            Environment(),
            WorkingDirectory(workspace),
            SysPath(),
            Settings(),
            TimeZone(),
            WarningFilters(),
            Locale(),
            DecimalContext(),
            Logging(),
            NumpyPrintOptions(),
            NumpyErrorState(),
            PandasOptions(),
            PolarsConfig(),
            MatplotlibParameters(),
            SklearnConfig(),
            Extensions(shell),
            Options(shell),
            Magics(shell),
        )
        self._keys = {key.name: key for key in keys}
        self._staying = Staying(shell)
        self._prelude: Dict[str, Any] = {}
        self._start: Dict[str, Any] = {}
        self._given: Dict[str, str] = {}
        self._fresh: frozenset[str] = frozenset()
        self.rebase()

    def knows(self, key: str) -> bool:
        """Whether ``key`` is one of these."""
        return key in self._keys

    def watch(self, imports: ImportWatch) -> None:
        """Tell what imports change from what the notebook changes, from now on."""
        imports.outermost.append((self._before_import, self._after_import))

    def rebase(self) -> None:
        """From now on the present state is the untouched one (the prelude's)."""
        for key in self._available():
            key.rebase()
        self._prelude = {key.name: key.get() for key in self._available()}
        self._start = dict(self._prelude)
        self._given.clear()

    def rebase_environment(self) -> None:
        """The variables that were set for the step from outside are no change of the notebook's."""
        self._keys["environ"].rebase()

    def states(self, states: States) -> Tuple[Dict[str, Value], List[Dict[str, Any]]]:
        """Store the state of every key, relative to the untouched one; with what could not be stored."""
        changes = AmbientChanges()
        for key in self._available():
            self._store(key, key.get(), states, changes)
        return changes.values, changes.warnings

    def set(self, values: Mapping[str, Value], states: States, early: bool) -> None:
        """Bring stored states about: those that must be there before variables are loaded (``early``), or the others."""
        for name, value in values.items():
            key = self._keys.get(name)
            if key is not None and key.early == early:
                key.set(states.get(value))
                self._given[name] = value.content or value.digest

    def refresh(self, generators: Iterable[str]) -> None:
        """Give generators a state of their own, from the operating system."""
        self._fresh = frozenset(generators)
        for name in self._fresh:
            key = self._keys.get(name)
            if isinstance(key, Generator):
                key.refresh()

    def begin(self) -> None:
        """What is changed from now on is the step's doing."""
        self._staying.begin()
        for key in self._available():
            if key.name in self._given or key.name in self._fresh or key.name not in self._start:
                self._start[key.name] = key.get()

    def end(self, states: States, saving: bool) -> AmbientChanges:
        """Compare with :meth:`begin`; with ``saving`` the changed states are stored."""
        changes = AmbientChanges(warnings=self._staying.warnings(states.step) if saving else [])
        for key in self._available():
            state = key.get()
            start = self._start.get(key.name)
            changed = key.name in self._start and not same(start, state)
            if not key.generator or (changed and key.name not in self._fresh):
                changes.reads[key.name] = self._given.get(key.name, UNTOUCHED)
            if changed and saving:
                if key.name in self._prelude and same(self._prelude[key.name], state):
                    changes.writes[key.name] = UNTOUCHED
                else:
                    self._store(key, state, states, changes)
        return changes

    def _available(self) -> List[Key]:
        return [key for key in self._keys.values() if key.available()]

    def _store(self, key: Key, state: Any, states: States, changes: AmbientChanges) -> None:
        lost = key.lost(state)
        value, failure = states.put(state)
        if value is None:
            changes.writes[key.name] = "cannot-travel:" + hashlib.sha256(str(failure).encode()).hexdigest()
            lost.append(str(failure))
        else:
            changes.writes[key.name], changes.values[key.name] = value.content or value.digest, value
        if lost:
            message = (
                f"{states.step} changed {key.name}; later steps do not get all of it: {'; '.join(lost)}."
            )
            changes.warnings.append(
                {"code": "cannot-travel", "message": message, "cell": None, "name": f"ambient:{key.name}"}
            )

    def _before_import(self) -> List[Tuple[Key, Any]]:
        return [(key, key.before_import()) for key in self._keys.values()]

    def _after_import(self, tokens: List[Tuple[Key, Any]]) -> None:
        for key, before in tokens or ():
            if key.after_import(before):
                self._start[key.name] = key.get()
