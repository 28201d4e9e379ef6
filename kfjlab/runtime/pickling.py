"""Values ↔ bytes: cloudpickle with the meaning that a notebook gives to functions, classes and shared memory.

- Functions of the notebook are pickled by value *without* their globals; rebuilt, they look names up in the namespace they are loaded
  into, as they do in a notebook. Which names they look up is collected in :attr:`Pickled.needs`.
- A function takes the source of its cell along, for tracebacks and ``inspect.getsource``.
- Closure cells are objects of their own, so that functions that share a variable go on sharing it.
- Classes of the notebook are pickled by value under an identity that does not depend on the process, so that an instance and its class
  match wherever they meet. Loading an instance leaves a class that is there already as it is.
- numpy arrays that share memory go on sharing it, when they are pickled together.
- Large contiguous buffers go out of band (pickle protocol 5, PEP 574).
"""

from __future__ import annotations

import array
import contextlib
import dataclasses
import dis
import functools
import hashlib
import io
import pickle
import sys
import types
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence, Set, Tuple, Type

import cloudpickle  # type: ignore[import-untyped]
from cloudpickle import cloudpickle as internals

from . import memory
from .cell_files import in_file, remember_source, source_of
from .lean import has_notes, reduce_lean

OUT_OF_BAND = 64 * 1024
"""Bytes from which a buffer is an object of its own."""

_LOOK_UPS = frozenset(
    {"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
)

_ATOMIC = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type(...), type(NotImplemented),
    types.CodeType, types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    tuple, frozenset, type,
)  # fmt: skip
"""Types whose objects nobody can change, so that sharing one means nothing."""
_ATOMIC_NAMES = frozenset(
    {
        "re.Pattern", "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
        "decimal.Decimal", "fractions.Fraction", "uuid.UUID", "pathlib.PosixPath", "pathlib._local.PosixPath",
        "zoneinfo.ZoneInfo", "pickle.PickleBuffer", "functools.partial", "operator.itemgetter", "operator.attrgetter",
    }
)  # fmt: skip


@dataclass
class Pickled:
    """One pickle. ``buffers``: what went out of band, in order. ``needs``: global names that functions in it look up.
    ``shared``: identities of the objects in it that others could hold, too; ``extents``: the memory that its arrays use; ``alive`` keeps
    all these alive, so that an identity stays one. ``telling``: whether the bytes change only when the value itself does (see
    ``fingerprint`` of :func:`dump`)."""

    data: bytes
    buffers: List[memoryview] = field(default_factory=list)
    needs: Set[str] = field(default_factory=set)
    shared: Set[int] = field(default_factory=set)
    extents: List[memory.Extent] = field(default_factory=list)
    alive: Any = None
    telling: bool = True


def dump(
    values: Tuple[Any, ...], namespace: Mapping[str, Any], step: str, fingerprint: bool = False
) -> Pickled:
    """Pickle ``values``, the variables of a notebook whose globals are ``namespace``.

    ``step`` becomes part of the identity of classes that are met for the first time. ``fingerprint``: the pickle is only to be compared
    with another one of the same kind, so it leaves out what is no part of the values themselves: the state of their classes, and notes
    that a library makes when a value is read. Raises whatever an object raises that cannot be pickled.
    """
    pickled, notes = _dump(values, namespace, step, fingerprint, memory.MemoryNotes())
    regions = notes.shared_regions()
    if regions:  # a second time, now that it is known which arrays share memory
        again, _ = _dump(values, namespace, step, fingerprint, memory.MemoryNotes(regions))
        pickled.data, pickled.buffers = again.data, again.buffers
        pickled.alive = (pickled.alive, again.alive, regions)
    return pickled


def _dump(
    values: Tuple[Any, ...],
    namespace: Mapping[str, Any],
    step: str,
    fingerprint: bool,
    notes: memory.MemoryNotes,
) -> Tuple[Pickled, memory.MemoryNotes]:
    file = io.BytesIO()
    buffers: List[memoryview] = []

    def out_of_band(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < OUT_OF_BAND:
            return True  # into the pickle
        buffers.append(raw)
        return False

    pickler = _Pickler(file, out_of_band, namespace, step, values, notes)
    pickler.fingerprint = fingerprint
    pickler.dump(values)
    memo = pickler.memo.copy()
    shared = set()
    for identity, (_, item) in memo.items():
        if identity not in pickler.ignored and identity not in notes.guarded and can_change(item):
            shared.add(identity)
            if isinstance(item, (bytearray, array.array)):
                notes.note(item, memory.extent_of_bytes(item))
    shared.discard(id(values))
    alive = (memo, pickler.alive, notes)
    return Pickled(
        file.getvalue(), buffers, pickler.needs, shared, notes.extents, alive, pickler.telling
    ), notes


def load(
    data: Any, buffers: Sequence[memoryview], namespace: Dict[str, Any], refresh_classes: bool = False
) -> Tuple[Any, ...]:
    """The values of a pickle. ``refresh_classes``: classes that are here already take the pickle's state (their class attributes)."""
    with _loading(namespace, refresh_classes):
        values: Tuple[Any, ...] = pickle.loads(data, buffers=buffers)
    return values


def can_change(item: Any) -> bool:
    """Whether two names for ``item`` could be told from two copies of it by changing one."""
    kind = type(item)
    if isinstance(item, types.FunctionType):
        return bool(item.__dict__)
    if isinstance(item, _ATOMIC) or f"{kind.__module__}.{kind.__qualname__}" in _ATOMIC_NAMES:
        return False
    module = kind.__module__.partition(".")[0]
    if module == "pyarrow":
        return False
    if module == "numpy":
        return kind.__name__ == "ndarray" or (
            not isinstance(item, getattr(sys.modules["numpy"], "generic", ()))
            and kind.__module__ != "numpy.dtypes"
        )
    if module == "pandas" and (_is_index(item) or kind.__name__.endswith("Dtype")):
        return False
    return not _is_global(item)


def _is_global(item: Any) -> bool:
    """Whether pickles refer to ``item`` by its module and name (a compiled function, a singleton)."""
    if isinstance(item, (list, dict, set)):
        return False
    found: Any = sys.modules.get(getattr(item, "__module__", None) or "")
    name = getattr(item, "__qualname__", None) or getattr(item, "__name__", None)
    if found is None or not isinstance(name, str):
        return False
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is item


def is_notebook_function(item: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether ``item`` is a function whose globals are the notebook's variables."""
    return isinstance(item, types.FunctionType) and item.__globals__ is namespace


@functools.lru_cache(maxsize=4096)
def names_looked_up(code: types.CodeType) -> frozenset[str]:
    """The global names that executing ``code``, or code inside it, may look up or bind."""
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname in _LOOK_UPS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_looked_up(constant)
    return frozenset(names)


def identify(cls: type, step: str) -> None:
    """Give a class of the notebook its identity, unless it has one: the step that made it, its name, and a number."""
    if cls in internals._DYNAMIC_CLASS_TRACKER_BY_CLASS:
        return
    stem = f"{step}/{cls.__qualname__}/"
    known = internals._DYNAMIC_CLASS_TRACKER_BY_ID
    number = sum(1 for identity in known if identity.startswith(stem))
    with internals._DYNAMIC_CLASS_TRACKER_LOCK:
        known[stem + str(number)] = cls
        internals._DYNAMIC_CLASS_TRACKER_BY_CLASS[cls] = stem + str(number)
    _complete.add(cls)
    for value in vars(cls).values():
        identify_function(value, step)


def identify_function(function: Any, step: str) -> str:
    """The identity of a function without a state of its own, the same in every process: the step that made it, its name, its code and
    a number. Empty for all others, whose state is carried by alias groups."""
    if (
        not isinstance(function, types.FunctionType)
        or function.__closure__
        or function.__dict__
        or function.__kwdefaults__
    ):
        return ""
    if function.__defaults__ and not all(
        isinstance(value, _PLAIN_DEFAULTS) for value in function.__defaults__
    ):
        return ""
    known = _identities.get(id(function))
    if known is None:
        stem = f"{step}/{function.__qualname__}/{_code_digest(function.__code__)}/{function.__defaults__!r}/"
        known = stem + str(sum(1 for identity in _functions if identity.startswith(stem)))
        _functions[known] = function
        _identities[id(function)] = known
    return known


@functools.lru_cache(maxsize=4096)
def _code_digest(code: types.CodeType) -> str:
    inner = [_code_digest(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    parts = (code.co_code.hex(), code.co_names, code.co_varnames, code.co_firstlineno, inner)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@functools.lru_cache(maxsize=4096)
def _of_classes(kind: type) -> frozenset[int]:
    """Identities of the lists and dicts that are attributes of a class: every instance's pickle may name them (``DataFrame._metadata``)."""
    values = [value for cls in kind.__mro__ for value in vars(cls).values()]
    return frozenset(id(value) for value in values if isinstance(value, (list, dict, set)))


class _Pickler(cloudpickle.CloudPickler):
    def __init__(
        self,
        file: io.BytesIO,
        out_of_band: Callable[[pickle.PickleBuffer], bool],
        namespace: Mapping[str, Any],
        step: str,
        roots: Tuple[Any, ...],
        notes: memory.MemoryNotes,
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=out_of_band)
        self._namespace = namespace
        self._step = step
        self._roots = {id(root) for root in roots}
        self._notes = notes
        self._sources: Dict[str, Optional[Tuple[str, str]]] = {}
        self.needs: Set[str] = set()
        self.ignored: Set[int] = set()
        self.alive: List[Any] = []
        self.fingerprint = False
        self.telling = True

    def reducer_override(self, obj: Any) -> Any:
        kind = type(obj)
        self.ignored |= _of_classes(kind)  # type: ignore[arg-type]
        if kind is types.FunctionType:
            if obj.__globals__ is self._namespace:
                return self._function(obj)
        elif kind is types.CellType:
            return self._cell(obj)
        elif isinstance(obj, type):
            return self._class(obj)
        elif kind is _LRU_CACHE and getattr(obj, "__wrapped__", None) is not None:
            if is_notebook_function(obj.__wrapped__, self._namespace):
                return _cached, (obj.__wrapped__, obj.cache_parameters()), obj.__dict__ or None
        elif kind.__module__ == "dataclasses":
            for name in _SENTINELS:
                if obj is getattr(dataclasses, name, None):
                    return name  # by reference: dataclasses compares them by identity
        elif isinstance(obj, BaseException) and getattr(kind, "__reduce__", None) is BaseException.__reduce__:
            return (
                _exception,
                (kind, obj.args),
                obj.__dict__ or None,
            )  # its own reduce would call __init__ with other arguments
        elif isinstance(obj, io.IOBase) and not isinstance(obj, (io.BytesIO, io.StringIO)):
            raise pickle.PicklingError(
                "a file cannot be carried"
            )  # cloudpickle would make a copy of its content
        elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
            return self._array(obj)
        elif memory.is_tensor(obj):
            return self._tensor(obj)
        elif memory.is_block_manager(kind):
            return self._blocks(obj)
        elif kind.__module__.startswith("pandas") and _is_index(obj):
            self._ignore_index(obj)
        elif has_notes(obj) and kind not in self.dispatch_table:
            self.telling = False
            if self.fingerprint:
                self._note_blocks(obj)
                return reduce_lean(obj) or super().reducer_override(obj)
        return super().reducer_override(obj)

    def _function(self, obj: types.FunctionType) -> Any:
        self.needs |= names_looked_up(obj.__code__)
        state = {
            "__kwdefaults__": obj.__kwdefaults__ and dict(obj.__kwdefaults__),
            "__annotations__": dict(obj.__annotations__),
            "__doc__": obj.__doc__,
            "__module__": obj.__module__,
            "__qualname__": obj.__qualname__,
        }
        if getattr(obj, "__type_params__", ()):
            state["__type_params__"] = obj.__type_params__  # type: ignore[attr-defined]
        identity = identify_function(obj, self._step)
        arguments = (obj.__code__, obj.__name__, obj.__defaults__, obj.__closure__, identity)
        source = self._sources.setdefault(obj.__code__.co_filename, source_of(obj.__code__.co_filename))
        if source is not None:
            self.telling = False  # what else is in the function's cell does not matter
            source = None if self.fingerprint else source
        return _function, arguments, (state, obj.__dict__ or None, source), None, None, _set_function

    def _cell(self, obj: Any) -> Any:
        try:
            content = obj.cell_contents
        except ValueError:
            return _empty_cell, ()
        return _empty_cell, (), (content,), None, None, _set_cell

    def _class(self, obj: type) -> Any:
        if not internals._should_pickle_by_reference(obj):
            identify(obj, self._step)
            if id(obj) not in self._roots:
                if self._namespace.get(obj.__name__) is obj:
                    self.needs.add(obj.__name__)
                if self.fingerprint:
                    return str, (internals._DYNAMIC_CLASS_TRACKER_BY_CLASS[obj],)
                self.telling = False
        reduced = super().reducer_override(obj)
        if isinstance(reduced, tuple) and len(reduced) == 6:
            return (*reduced[:5], _set_class)
        return reduced

    # Memory ------------------------------------------------------------------------------------------------------------

    def _array(self, obj: Any) -> Any:
        extent = None if id(obj) in self.ignored else memory.extent_of(obj)
        self._notes.note(obj, extent)
        region = self._notes.region_of(extent) if extent is not None else None
        if region is not None and obj is not region.owner:
            return memory.view_of(region, obj)
        if extent is None or obj.dtype.hasobject:
            return super().reducer_override(obj)
        if obj.nbytes < OUT_OF_BAND:
            # numpy's way for protocol 5 would give an array that does not own its memory and cannot be resized
            return obj.__reduce__() if obj.flags.writeable else super().reducer_override(obj)
        if extent[1] - extent[0] > obj.nbytes:  # there is other memory between its elements
            writeable = obj.flags.writeable
            obj = obj.copy(order="C")
            obj.flags.writeable = writeable
            self.alive.append(obj)
            extent = memory.extent_of(obj) or extent
        return memory.view_of(memory.Region(extent[0], extent[1], None, [obj]), obj)

    def _tensor(self, obj: Any) -> Any:
        if obj.grad_fn is not None:
            raise pickle.PicklingError(
                "it is the result of a computation that torch keeps for backward(); keep .detach() of it, or .item()"
            )
        if not memory.plain_tensor(obj):
            return super().reducer_override(obj)
        extent = memory.extent_of_tensor(obj)
        self._notes.note(obj, extent)
        region = None
        if extent is not None:
            region = self._notes.region_of(extent) or memory.Region(*extent, None, [obj])
        return memory.view_of_tensor(region, obj)

    def _note_blocks(self, obj: Any) -> None:
        """A fingerprint is taken of a copy of some frames, but the memory is theirs."""
        manager = getattr(obj, "_mgr", None)
        if manager is not None and memory.is_block_manager(type(manager)):
            if memory.copies_on_write():
                memory.note_blocks(self._notes, manager)
            for block in manager.blocks:
                if type(block.values).__name__ == "ndarray":
                    self._notes.note(block.values, memory.extent_of(block.values))

    def _blocks(self, obj: Any) -> Any:
        """The columns of a frame. pandas itself keeps frames apart that share memory, if it copies on write."""
        if memory.copies_on_write():
            memory.note_blocks(self._notes, obj)
        parts = [
            memory.extent_of(block.values) for block in obj.blocks if type(block.values).__name__ == "ndarray"
        ]
        if any(part is not None and self._notes.region_of(part) for part in parts):
            return memory.reduce_manager(self._notes, obj) or super().reducer_override(obj)
        return super().reducer_override(obj)

    def _ignore_index(self, index: Any) -> None:
        """An index cannot be changed, so sharing its arrays means nothing."""
        parts = [getattr(index, "_data", None), *(getattr(index, "_codes", None) or ())]
        for part in parts:
            for item in (part, getattr(part, "_ndarray", None)):
                if item is not None:
                    self.ignored.add(id(item))
                    self.alive.append(item)


_set_class_state = (
    getattr(internals, "_class_setstate", None) or cloudpickle.cloudpickle_fast._class_setstate
)  # cloudpickle 3 or 2
_PLAIN_DEFAULTS = (type(None), bool, int, float, complex, str, bytes)
_SENTINELS = ("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY")
_LRU_CACHE: type = type(functools.lru_cache(lambda: None))


def _is_index(item: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(item, getattr(pandas, "Index", ()))


# What pickles call when they are loaded. Their names are part of the format ------------------------------------------------

_namespace: Dict[str, Any] = {}
_refresh = False
_functions: Dict[str, types.FunctionType] = {}
_identities: Dict[int, str] = {}
"""Functions of the notebook that have an identity, and their identities by ``id``."""
_complete: Set[type] = set()
"""Classes of the notebook that have their state."""


@contextlib.contextmanager
def _loading(namespace: Dict[str, Any], refresh: bool) -> Iterator[None]:
    global _namespace, _refresh
    before = _namespace, _refresh
    _namespace, _refresh = namespace, refresh
    try:
        yield
    finally:
        _namespace, _refresh = before


def _function(
    code: types.CodeType, name: str, defaults: Any, closure: Any, identity: str
) -> types.FunctionType:
    known = _functions.get(identity)
    if known is not None and known.__globals__ is _namespace:
        return known  # two values that hold it hold the same function
    function = types.FunctionType(code, _namespace, name, defaults, closure)
    if identity:
        _functions[identity] = function
        _identities[id(function)] = identity
    return function


def _set_function(
    function: types.FunctionType,
    state: Tuple[Dict[str, Any], Optional[Dict[str, Any]], Optional[Tuple[str, str]]],
) -> None:
    attributes, own, source = state
    for name, value in attributes.items():
        setattr(function, name, value)
    if own:
        function.__dict__.update(own)
    if source is not None:
        remember_source(*source)
        function.__code__ = in_file(function.__code__, source[0])


def _empty_cell() -> Any:
    return types.CellType()


def _set_cell(cell: Any, state: Tuple[Any]) -> None:
    cell.cell_contents = state[0]


def _set_class(cls: type, state: Any) -> Any:
    if cls in _complete and not _refresh:
        return cls
    _complete.add(cls)
    _set_class_state(cls, state)
    return cls


def _exception(cls: Type[BaseException], args: Tuple[Any, ...]) -> BaseException:
    return cls.__new__(cls, *args)


def _cached(function: Callable[..., Any], parameters: Dict[str, Any]) -> Any:
    return functools.lru_cache(**parameters)(function)
