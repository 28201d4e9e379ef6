"""Attributes of modules as ambient state: the key ``module:NAME``; and their code, where a step has executed that again:
``module-code:NAME``.

Modules of the workspace are compared whole, with the attributes of their classes. Of other modules (libraries change their own attributes
all the time) those attributes count that the notebook's cells assign: ``module.attribute = …``, ``Class.attribute = …`` or
``setattr(module, "attribute", …)``. What travels is the values of the attributes that were changed since the module was imported (or since
the prelude): ``{"set": {…}, "deleted": […]}``, those of classes under dotted names (``Config.rate``).
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from types import FrameType, FunctionType, ModuleType
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from .ambient import AmbientChanges
from .autoreload import align
from .files import Places
from .module_code import Code, executed, executed_source
from .objects import ObjectStore
from .pickling import can_change
from .protocol import UNTOUCHED, CellSource, Value
from .states import States
from .values import Carrier

PREFIX = "module:"
CODE_PREFIX = "module-code:"


class _Watched:
    """A module of the workspace and the attributes that were changed in it and in its classes."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        self.changed: Set[str] = set()
        self.code: Optional[Code] = None
        """Its code, where that is not what the prelude or its first import has executed."""
        self.again = False
        """Whether the step has executed it again."""
        self._carriers: List[Carrier] = []
        self._data: Dict[str, Any] = {}
        self._code: Dict[str, Any] = {}

    def begin(self, store: ObjectStore) -> None:
        self._data, self._code = _of_classes(self.module)
        label = PREFIX + self.module.__name__
        self._carriers = [Carrier(store, names, label) for names in (self.module.__dict__, self._data)]
        for carrier in self._carriers:
            carrier.begin()

    def look(self) -> bool:
        """Add what has changed since :meth:`begin`; whether anything has. What a ``def`` or ``class`` made anew is no change: who has the
        code has them."""
        data, code = _of_classes(self.module)
        self._data.clear()
        self._data.update(data)
        before = self._code
        names = {name for name in before.keys() | code.keys() if before.get(name) is not code.get(name)}
        if self.again:
            names.clear()
        for carrier in self._carriers:
            changes = carrier.changes()
            names |= {*changes.bound, *changes.rebound, *changes.mutated, *changes.deleted}
        names = {name for name in names if not name.startswith("__")}
        if self.again:
            names = {name for name in names if not self._defines(name)}
        self.changed |= names
        return bool(names) or (self.again and bool(self.changed or self.code))

    def _defines(self, name: str) -> bool:
        value = vars(self.module).get(name)
        return (
            isinstance(value, (type, FunctionType))
            and value.__module__ == self.module.__name__
            and value.__qualname__ == name
        )


class WorkspaceModules:
    """The modules of this process as far as they are ambient state."""

    def __init__(self, places: Places, namespace: Mapping[str, Any]) -> None:
        self._places = places
        self._namespace = namespace
        self._watched: Dict[str, _Watched] = {}
        self._store: Optional[ObjectStore] = None
        self._given: Dict[str, Value] = {}
        self._left_behind: Set[str] = set()
        """Modules that were changed before the step imported them anew."""
        self._at_start: Set[str] = set()
        self._foreign: Dict[Tuple[str, str], Any] = {}
        self._assigned: Set[Tuple[str, str]] = set()
        self._targets: List[Tuple[str, ...]] = []
        self.on_import: Callable[[str], None] = lambda path: None
        """Called with the file of each module that is imported, unless it belongs to Python or an installed package."""
        self.on_missing: Callable[[str], None] = lambda path: None
        """Called with each such path where a module was looked for and not found."""

    def executed(self, module: ModuleType, origin: Optional[str]) -> None:
        """A module was imported (a listener of :class:`~kfjlab.runtime.imports.ImportWatch`)."""
        if origin is None or sys.modules.get(module.__name__) is not module or not self._counts(origin):
            return
        self.on_import(origin)
        if not self._is_workspace(origin):
            return
        known = self._watched.get(module.__name__) if module.__name__ in self._at_start else None
        anew = known is not None and (
            known.module is not module or (known.code is not None and known.code.anew)
        )
        code = executed(module.__name__, origin, anew)
        if known is not None and known.module is module:
            known.again, known.code = True, code or known.code
            return
        if known is not None and (known.look() or known.changed):
            self._left_behind.add(module.__name__)
        watched = self._watched[module.__name__] = _Watched(module)
        watched.again, watched.code = code is not None, code
        if self._store is not None:
            watched.begin(self._store)

    def missed(self, name: str, folders: Sequence[str], importer: FrameType) -> None:
        """A module was not found (a listener of :class:`~kfjlab.runtime.imports.ImportWatch`). What libraries try is left out: they do not
        mean files of the notebook."""
        if importer.f_globals is not self._namespace and not self._counts(importer.f_code.co_filename):
            return
        module = name.rpartition(".")[2]
        for folder in folders:
            for file in (f"{module}.py", os.path.join(module, "__init__.py"), module):
                path = os.path.join(folder, file)
                if self._counts(path):
                    self.on_missing(path)

    def rebase(self, store: ObjectStore) -> None:
        """The modules are as the prelude left them."""
        self._store = store

    def set_code(self, values: Mapping[str, Value], states: States) -> None:
        """Execute the stored code of modules, before anything is loaded that may be theirs."""
        for key, value in values.items():
            if not key.startswith(CODE_PREFIX):
                continue
            code: Code = states.get(value)
            module = sys.modules[code.name]
            known = self._watched.get(code.name)
            if known is None or known.module is not module:
                known = self._watched[code.name] = _Watched(module)
            known.code = code
            self._given[key] = value

    def set(self, values: Mapping[str, Value], states: States) -> None:
        """Bring stored states about, by key."""
        for key, value in values.items():
            if not key.startswith(PREFIX):
                continue
            name = key[len(PREFIX) :]
            module = importlib.import_module(name)
            state = states.get(value)
            for attribute, changed in state["set"].items():
                owner, last = _owner(module, attribute)
                if owner is not None:
                    setattr(owner, last, changed)
            for attribute in state["deleted"]:
                owner, last = _owner(module, attribute)
                if owner is not None and last in vars(owner):
                    delattr(owner, last)
            self._given[key] = value
            names = {*state["set"], *state["deleted"]}
            if name in self._watched:
                self._watched[name].changed |= names
            self._assigned |= {(name, attribute) for attribute in names}

    def begin(self, store: ObjectStore, cells: Iterable[CellSource], transform: Callable[[str], str]) -> None:
        """What is changed from now on is the step's doing. ``cells``: those whose code can assign attributes here."""
        self._store = store
        for watched in self._watched.values():
            watched.begin(store)
        self._at_start = set(self._watched)
        sources = [(watched.module, executed_source(name)) for name, watched in self._watched.items()]
        align([(module, source) for module, source in sources if source is not None], self.executed)
        self._targets = _assigned_attributes(cells, transform)
        self._assigned |= self._resolve(self._targets)
        self._foreign = {pair: _attribute(*pair) for pair in self._assigned}

    def end(self, states: States, saving: bool) -> AmbientChanges:
        """Compare with :meth:`begin`; with ``saving`` the changed states are stored."""
        changes = AmbientChanges(
            reads={key: value.content or value.digest for key, value in self._given.items()}
        )
        for name in sorted(self._left_behind if saving else ()):
            message = (
                f"{states.step} imported {name} anew, after it had been changed. What still refers to the module from before finds it in "
                "later steps as the imports left it: import everything of it anew, too."
            )
            changes.warnings.append(
                {"code": "unseen-change", "message": message, "cell": None, "name": f"ambient:{PREFIX}{name}"}
            )
        found: Dict[str, Set[str]] = {}
        for name, watched in self._watched.items():
            if watched.look():
                found[name] = watched.changed
        assigned = self._assigned | self._resolve(self._targets)
        for name, attribute in assigned:
            if name not in self._watched and name in sys.modules:
                before = self._foreign.get((name, attribute), _NOT_SEEN)
                if before is not _attribute(name, attribute):
                    found[name] = {a for n, a in assigned if n == name}
        for name, attributes in found.items():
            key = PREFIX + name
            changes.reads.setdefault(key, UNTOUCHED)
            code = self._watched[name].code if name in self._watched else None
            if saving and code is not None:
                changes.reads.setdefault(CODE_PREFIX + name, UNTOUCHED)
                _store(CODE_PREFIX + name, code, states, changes)
            if saving:
                self._store_module(states, key, sys.modules[name], attributes, changes)
        return changes

    def _store_module(
        self, states: States, key: str, module: ModuleType, attributes: Set[str], changes: AmbientChanges
    ) -> None:
        variables = {id(value): name for name, value in self._namespace.items() if not name.startswith("_")}
        state: Dict[str, Any] = {"set": {}, "deleted": []}
        for attribute in sorted(attributes):
            changed = _attribute(module.__name__, attribute)
            if changed is _ABSENT:
                state["deleted"].append(attribute)
                continue
            _, why = states.put(changed)
            if why is not None:
                message = f"{states.step} changed {module.__name__}.{attribute}, which later steps do not get: {why}"
                changes.warnings.append(
                    {"code": "cannot-travel", "message": message, "cell": None, "name": f"ambient:{key}"}
                )
            else:
                state["set"][attribute] = changed
            if id(changed) in variables and can_change(changed):
                other = f"{module.__name__}.{attribute}"
                message = (
                    f"{states.step} changed {other}, which is also the variable {variables[id(changed)]}. Later steps get two objects: "
                    f"what is done to one of them does not show in the other. Use {other} by this name only."
                )
                changes.warnings.append(
                    {"code": "shared-with-module", "message": message, "cell": None, "name": f"ambient:{key}"}
                )
        _store(key, state, states, changes)

    def _counts(self, origin: str) -> bool:
        return self._places.name(origin) is not None

    def _is_workspace(self, origin: str) -> bool:
        name = self._places.name(origin)
        return name is not None and self._places.inside(name)

    def _resolve(self, targets: Iterable[Tuple[str, ...]]) -> Set[Tuple[str, str]]:
        """Assigned attributes whose owner is a module now, or a class of one: (module name, attribute)."""
        found = set()
        for *path, attribute in targets:
            owner = self._namespace.get(path[0])
            for part in path[1:]:
                owner = vars(owner).get(part) if isinstance(owner, (ModuleType, type)) else None
            if isinstance(owner, ModuleType) and sys.modules.get(owner.__name__) is owner:
                if (owner.__name__, attribute) not in _SEEN_OTHERWISE:
                    found.add((owner.__name__, attribute))
            elif isinstance(owner, type) and owner.__module__ != "__main__":
                if _attribute(owner.__module__, owner.__qualname__) is owner:
                    found.add((owner.__module__, f"{owner.__qualname__}.{attribute}"))
        return found


def _store(key: str, state: Any, states: States, changes: AmbientChanges) -> None:
    value, _ = states.put(state)
    if value is not None:
        changes.writes[key], changes.values[key] = value.content or value.digest, value


_SEEN_OTHERWISE = frozenset(("sys", name) for name in ("argv", "path", "stdin", "stdout", "stderr"))
"""Attributes of modules that are ambient state of their own, or stay in the step's process (``ambient_staying.py``)."""
_NOT_SEEN = object()
_ABSENT = object()


def _attribute(module: str, attribute: str) -> Any:
    """An attribute of a module or (dotted) of a class in it, as it is stored there."""
    if module not in sys.modules:
        return _NOT_SEEN
    owner, last = _owner(sys.modules[module], attribute)
    return _ABSENT if owner is None else vars(owner).get(last, _ABSENT)


def _owner(module: ModuleType, attribute: str) -> Tuple[Any, str]:
    """The module or class that has an attribute (None: there is no such class any more), and the attribute's own name."""
    *path, last = attribute.split(".")
    owner: Any = module
    for part in path:
        owner = vars(owner).get(part)
        if not isinstance(owner, type):
            return None, last
    return owner, last


def _of_classes(module: ModuleType) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The attributes of the classes that a module defines, by dotted name: data, and code (functions, properties and the like), which is
    told by its identity."""
    data: Dict[str, Any] = {}
    code: Dict[str, Any] = {}
    waiting: List[Tuple[str, Mapping[str, Any]]] = [("", vars(module))]
    seen: Set[type] = set()
    while waiting:
        prefix, attributes = waiting.pop()
        for name, value in list(attributes.items()):
            if isinstance(value, type) and value.__module__ == module.__name__ and value not in seen:
                seen.add(value)
                waiting.append((f"{prefix}{name}.", vars(value)))
            if prefix and not name.startswith(("__", "_abc_")):
                (code if hasattr(type(value), "__get__") else data)[prefix + name] = value
    return data, code


def _assigned_attributes(
    cells: Iterable[CellSource], transform: Callable[[str], str]
) -> List[Tuple[str, ...]]:
    """Dotted targets that the cells assign or delete anywhere: ``np.random.rand = …`` gives ``("np", "random", "rand")``."""
    found: List[Tuple[str, ...]] = []
    for cell in cells:
        if "." not in cell.source and "setattr" not in cell.source:
            continue
        try:
            tree = ast.parse(transform(cell.source))
        except SyntaxError:
            continue  # it did not run either
        for node in ast.walk(tree):
            path: Optional[Tuple[str, ...]] = None
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, (ast.Store, ast.Del)):
                path = _dotted(node)
            elif (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("setattr", "delattr")
            ):
                if (
                    len(node.args) >= 2
                    and isinstance(node.args[1], ast.Constant)
                    and isinstance(node.args[1].value, str)
                ):
                    owner = _dotted(node.args[0])
                    path = None if owner is None else (*owner, node.args[1].value)
            if path is not None and len(path) > 1:
                found.append(path)
    return found


def _dotted(node: ast.AST) -> Optional[Tuple[str, ...]]:
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value)
        return None if owner is None else (*owner, node.attr)
    return None
