"""Values ↔ bytes: cloudpickle with the meaning that a notebook gives to functions, classes and shared memory.

- Functions and classes of the notebook: see :mod:`.functions` and :mod:`.classes`. Which global names a pickle's functions look up is
  collected in :attr:`Pickled.needs`.
- Arrays, tensors and frames that use the same memory: see :mod:`.memory`.
- What libraries note in their objects when these are only read: see :mod:`.lean`.
- Large contiguous buffers go out of band (pickle protocol 5, PEP 574).
"""

from __future__ import annotations

import array
import datetime
import enum
import functools
import io
import pickle
import sys
import threading
import types
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List, Mapping, Optional, Sequence, Set, Tuple

import cloudpickle  # type: ignore[import-untyped]
from cloudpickle import cloudpickle as internals

from . import memory, rebuilding
from .classes import identify, is_named_type, reduce_class, reduce_named_type
from .functions import reduce_cell, reduce_code, reduce_function, reduce_library_function
from .lean import has_notes, is_frame, reduce_lean
from .standard_types import reduce_single_dispatch, reducer_of, visible_state

OUT_OF_BAND = 64 * 1024
"""Bytes from which a buffer is an object of its own."""
_DEEP_STACK = 512 * 1024 * 1024
"""Bytes of stack for pickling what is nested deeper than usual (reserved, not used)."""

_ATOMIC = (
    type(None), bool, int, float, complex, str, bytes, range, slice, type(...), type(NotImplemented),
    types.CodeType, types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    tuple, frozenset, type, enum.Enum, datetime.tzinfo,
)  # fmt: skip
"""Types whose objects nobody can change, so that sharing one means nothing."""
_ATOMIC_NAMES = frozenset(
    {
        "re.Pattern", "datetime.date", "datetime.datetime", "datetime.time", "datetime.timedelta", "datetime.timezone",
        "decimal.Decimal", "fractions.Fraction", "uuid.UUID", "pathlib.PosixPath", "pathlib._local.PosixPath",
        "zoneinfo.ZoneInfo", "pickle.PickleBuffer", "operator.itemgetter", "operator.attrgetter",
        "numpy.ufunc", "numpy._ArrayFunctionDispatcher",
        "torch.dtype", "torch.device", "torch.layout", "torch.memory_format", "torch.qscheme",
    }
)  # fmt: skip


@dataclass
class Pickled:
    """One pickle. ``buffers``: what went out of band, in order. ``needs``: global names that functions in it look up.
    ``shared``: identities of the objects in it that others could hold, too; ``extents``: the memory that its arrays use; ``alive`` keeps
    all these alive, so that an identity stays one. ``telling``: whether the bytes change only when the value itself does (see
    ``fingerprint`` of :func:`dump`); ``untold``: whether something in it could be changed without a trace in the bytes (only of
    ``lenient`` ones); ``indexes``: identities of the indexes of pandas in it; ``root``: the first value; ``memo``: the
    pickler's, each object in the pickle with its number, by identity; ``place``: the number of the value that is meant, where that is
    not ``root`` (see :mod:`.cycles`)."""

    data: bytes
    buffers: List[memoryview] = field(default_factory=list)
    needs: Set[str] = field(default_factory=set)
    shared: Set[int] = field(default_factory=set)
    extents: List[memory.Extent] = field(default_factory=list)
    alive: Any = None
    telling: bool = True
    untold: bool = False
    indexes: Set[int] = field(default_factory=set)
    root: Any = None
    memo: Mapping[int, Tuple[int, Any]] = field(default_factory=dict)
    place: Optional[int] = None


class Reached(Exception):
    """Pickling has come to an object that was sought; it is not finished."""

    def __init__(self, identity: int) -> None:
        super().__init__(identity)
        self.identity = identity


def dump(
    values: Tuple[Any, ...],
    namespace: Mapping[str, Any],
    step: str,
    fingerprint: bool = False,
    lenient: bool = False,
    sought: FrozenSet[int] = frozenset(),
) -> Pickled:
    """Pickle ``values``, the variables of a notebook whose globals are ``namespace``.

    ``step`` becomes part of the identity of classes that are met for the first time. ``fingerprint``: the pickle is only to be compared
    with another one of the same kind, so it leaves out what is no part of the values themselves: the state of their classes, and notes
    that a library makes when a value is read. ``lenient``: what cannot be pickled is represented by what can be seen of it (such a pickle
    cannot be loaded). ``sought``: identities of objects, of types that are not Python's own, at which to give up. Raises :class:`Reached`
    when it has come to one of these, and whatever an object raises that cannot be pickled.
    """

    def once(notes: memory.MemoryNotes) -> Tuple[Pickled, memory.MemoryNotes]:
        return _dump_once(values, namespace, step, fingerprint, lenient, sought, notes)

    def work() -> Pickled:
        return _dump(once)

    try:
        return work()
    except (RecursionError, pickle.PicklingError) as error:
        if not isinstance(error, RecursionError) and not isinstance(error.__cause__, RecursionError):
            raise
        return _with_deep_stack(work)


def _dump(once: Callable[[memory.MemoryNotes], Tuple[Pickled, memory.MemoryNotes]]) -> Pickled:
    pickled, notes = once(memory.MemoryNotes())
    regions = notes.shared_regions()
    if regions:  # a second time, now that it is known which arrays share memory
        again, _ = once(memory.MemoryNotes(regions))
        first = pickled.memo
        pickled.data, pickled.buffers, pickled.memo = again.data, again.buffers, again.memo
        pickled.alive = (pickled.alive, first, again.alive, regions)
    return pickled


def _dump_once(
    values: Tuple[Any, ...],
    namespace: Mapping[str, Any],
    step: str,
    fingerprint: bool,
    lenient: bool,
    sought: FrozenSet[int],
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

    pickler = Pickler(file, out_of_band, namespace, step, values, notes)
    pickler.fingerprint, pickler.lenient, pickler.sought = fingerprint, lenient, sought
    pickler.dump(values)
    memo = pickler.memo.copy()
    shared, indexes = set(), set()
    for identity, (_, item) in memo.items():
        if type(item) in _ATOMIC or identity in pickler.ignored or identity in notes.guarded:
            continue
        if can_change(item):
            shared.add(identity)
            if isinstance(item, (bytearray, array.array)):
                notes.note(item, memory.extent_of_bytes(item))
        elif is_index(item):
            indexes.add(identity)
    shared.discard(id(values))
    alive = (pickler.alive, notes)
    pickled = Pickled(file.getvalue(), buffers, pickler.needs, shared, notes.extents, alive)
    pickled.telling, pickled.untold, pickled.indexes = pickler.telling, pickler.untold, indexes
    pickled.root, pickled.memo = values[0], memo
    return pickled, notes


def _with_deep_stack(work: Callable[[], Pickled]) -> Pickled:
    """Call ``work`` where nesting may be very deep. From Python 3.12 on its C code has a limit of its own that nobody can raise."""
    done: List[Pickled] = []
    failed: List[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as error:
            failed.append(error)

    limit, stack = sys.getrecursionlimit(), threading.stack_size(_DEEP_STACK)
    sys.setrecursionlimit(1_000_000)
    try:
        thread = threading.Thread(target=run, name="kfjlab-deep")
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(stack)
    if failed:
        raise failed[0]
    return done[0]


def load(
    data: Any,
    buffers: Sequence[memoryview],
    namespace: Dict[str, Any],
    refresh: FrozenSet[int] = frozenset(),
    stand_ins: Mapping[str, type] = types.MappingProxyType({}),
) -> Tuple[Any, ...]:
    """The values of a pickle. ``refresh``: positions of the classes and functions among them that take the pickle's state, even if they
    are here already; ``stand_ins``: see :meth:`kfjlab.runtime.values.Carrier.load`."""
    with rebuilding.into(namespace, refresh, stand_ins):
        values: Tuple[Any, ...] = pickle.loads(data, buffers=buffers)
    return values


def can_change(item: Any) -> bool:
    """Whether two names for ``item`` could be told from two copies of it by changing one."""
    kind = type(item)
    if isinstance(item, types.FunctionType):
        return bool(item.__dict__)
    if isinstance(item, _ATOMIC) or f"{kind.__module__}.{kind.__qualname__}" in _ATOMIC_NAMES:
        return False
    library = str(kind.__module__).partition(".")[0]
    if library == "pyarrow":
        return False
    if library == "numpy":
        generic = getattr(sys.modules["numpy"], "generic", ())
        return (
            not isinstance(item, generic)
            and not kind.__module__.startswith("numpy.dtype")
            and kind.__name__ != "dtype"
        )
    if library == "pandas" and (_is_index(kind) or kind.__name__.endswith("Dtype") or _is_date(kind)):
        return False
    return not (callable(item) and is_global(item))


def is_index(item: Any) -> bool:
    """Whether it is an index of pandas. It cannot be changed but for its name; that two tables share one shall not tie them together."""
    kind = type(item)
    return str(kind.__module__).startswith("pandas") and _is_index(kind)


def is_global(item: Any) -> bool:
    """Whether pickles refer to a function or class by its module and name."""
    module = getattr(item, "__module__", None) or ""
    found: Any = sys.modules.get(module)
    name = getattr(item, "__qualname__", None) or getattr(item, "__name__", None)
    if found is None or module == "__main__" or not isinstance(name, str):
        return False
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is item


def _is_index(kind: type) -> bool:
    return any(cls.__name__ == "Index" and cls.__module__.startswith("pandas") for cls in kind.__mro__)


def _is_date(kind: type) -> bool:
    """Timestamps, frequencies and their like."""
    return any(
        cls.__module__.startswith(("pandas._libs.tslibs.", "pandas._libs.interval")) for cls in kind.__mro__
    )


def _is_tensor(kind: type) -> bool:
    return any(cls.__name__ == "Tensor" and cls.__module__ == "torch" for cls in kind.__mro__)


class Pickler(cloudpickle.CloudPickler):
    """Pickles one tuple of values. ``roots``: their positions by ``id``."""

    def __init__(
        self,
        file: io.BytesIO,
        out_of_band: Callable[[pickle.PickleBuffer], bool],
        namespace: Mapping[str, Any],
        step: str,
        values: Tuple[Any, ...],
        notes: memory.MemoryNotes,
    ) -> None:
        super().__init__(file, protocol=5, buffer_callback=out_of_band)
        self.namespace = namespace
        self.step = step
        self.roots: Dict[int, Tuple[int, ...]] = {}
        for position, value in enumerate(values):
            self.roots[id(value)] = (*self.roots.get(id(value), ()), position)
        self.sources: Dict[str, Optional[Tuple[str, str]]] = {}
        self.needs: Set[str] = set()
        self.ignored: Set[int] = set()
        self.alive: List[Any] = []
        self.fingerprint = self.lenient = False
        self.sought: FrozenSet[int] = frozenset()
        self.telling = True
        self.untold = False
        self._notes = notes
        self._seen: Set[type] = set()

    def reducer_override(self, obj: Any) -> Any:
        if id(obj) in self.sought:
            raise Reached(id(obj))
        kind: Any = type(obj)
        if kind not in self._seen:
            self._seen.add(kind)
            self.ignored |= _of_classes(kind)
        way = _way(kind)
        if self.lenient:
            return self._lenient(obj, way)
        return super().reducer_override(obj) if way is None else way(self, obj)

    def _lenient(self, obj: Any, way: Optional[Callable[[Pickler, Any], Any]]) -> Any:
        try:
            reduced = super().reducer_override(obj) if way is None else way(self, obj)
            if reduced is NotImplemented and not isinstance(obj, (type, types.FunctionType)):
                own = self.dispatch_table.get(type(obj))
                reduced = own(obj) if own is not None else obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        except Exception:  # that is what makes it impossible to pickle
            state, told = visible_state(obj)
            attributes = getattr(obj, "__dict__", None) or None
            self.untold = self.untold or not (told or attributes)
            return str, (state,), attributes
        return reduced

    # Python's own types ------------------------------------------------------------------------------------------------

    def _function(self, obj: types.FunctionType) -> Any:
        if obj.__globals__ is self.namespace:
            return reduce_function(self, obj)
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented:  # it is found by its name
            return reduced
        return reduce_single_dispatch(obj) or reduce_library_function(obj) or reduced

    def _code(self, obj: types.CodeType) -> Any:
        return reduce_code(obj, self.dispatch_table[types.CodeType](obj))

    def _cell(self, obj: types.CellType) -> Any:
        return reduce_cell(obj)

    def _class(self, obj: type) -> Any:
        if not internals._should_pickle_by_reference(obj):
            identify(obj, self.step)
        return reduce_class(self, obj, super().reducer_override(obj))

    def _named_type(self, obj: Any) -> Any:
        if internals._lookup_module_and_qualname(obj, name=obj.__name__) is not None:
            return super().reducer_override(obj)
        return reduce_named_type(self, obj)

    def _standard(self, obj: Any) -> Any:
        reducer = reducer_of(type(obj))
        reduced = reducer(obj) if reducer is not None else NotImplemented
        return super().reducer_override(obj) if reduced is NotImplemented else reduced

    # Libraries' types --------------------------------------------------------------------------------------------------

    def _noted(self, obj: Any) -> Any:
        """An object of a library that keeps notes when it is read."""
        self.telling = False
        if not self.fingerprint or type(obj) in self.dispatch_table:
            return super().reducer_override(obj)
        if is_frame(type(obj)):
            self._note_blocks(obj)
        return reduce_lean(obj) or super().reducer_override(obj)

    def _mapped_file(self, obj: Any) -> Any:
        """An array that is a file. Of one that cannot be written to, or whose changes stay in memory, its content is all there is."""
        if memory.writes_to_file(obj) and not self.lenient:
            raise pickle.PicklingError("what is written to it goes into a file that is mapped into memory")
        return super().reducer_override(obj)

    def _array(self, obj: Any) -> Any:
        if obj.base is not None and memory.writes_to_file(obj) and not self.lenient:
            return self._mapped_file(obj)
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
        manager = obj._mgr
        if memory.is_block_manager(type(manager)):
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

    def _index(self, obj: Any) -> Any:
        """An index of pandas. It cannot be changed, so sharing its arrays means nothing."""
        parts = [getattr(obj, "_data", None), *(getattr(obj, "_codes", None) or ())]
        for part in parts:
            for item in (part, getattr(part, "_ndarray", None)):
                if item is not None:
                    own = getattr(item, "__dict__", None) or {}
                    self.ignored |= {id(item), id(own), *map(id, own.values())}
                    self.alive.append((item, own))
        return super().reducer_override(obj)


@functools.lru_cache(maxsize=4096)
def _way(kind: Any) -> Optional[Callable[[Pickler, Any], Any]]:
    """The method that pickles objects of that type; None: cloudpickle's."""
    if kind is types.FunctionType:
        return Pickler._function
    if kind is types.CodeType:
        return Pickler._code
    if kind is types.CellType:
        return Pickler._cell
    if issubclass(kind, type):
        return Pickler._class
    if is_named_type(kind):
        return Pickler._named_type
    if reducer_of(kind) is not None:
        return Pickler._standard
    if kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        return Pickler._array
    if memory.is_mapped_file(kind):
        return Pickler._mapped_file
    if _is_tensor(kind):
        return Pickler._tensor
    if memory.is_block_manager(kind):
        return Pickler._blocks
    if _is_index(kind):
        return Pickler._index
    return Pickler._noted if has_notes(kind) else None


@functools.lru_cache(maxsize=4096)
def _of_classes(kind: Any) -> FrozenSet[int]:
    """Identities of the lists and dicts that are attributes of a class: every instance's pickle may name them (``DataFrame._metadata``)."""
    values = [value for cls in kind.__mro__ for value in vars(cls).values()]
    return frozenset(id(value) for value in values if isinstance(value, (list, dict, set)))
