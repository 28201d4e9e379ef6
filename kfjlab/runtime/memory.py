"""Memory that several objects use: numpy arrays, torch tensors, frames, bytearrays.

Pickles know identity, but not that two arrays are views of one memory. So every array's extent (first and last address) is noted while
pickling. Where extents overlap, the memory becomes an object of its own, a :class:`Region`, and the arrays are pickled as views of it.
An array that is all of a region, as the base of views is, stands for the region, so that ``view.base is base`` holds after loading.

pandas' copy on write (always from 3.0) shares memory between frames and copies it when one of them is written to; it knows by the
blocks' references. What shares memory only under that guard is independent. Where it must stay together for other reasons,
the references are made again.
"""

from __future__ import annotations

import array
import bisect
import ctypes
import pickle
import sys
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from .kinds import module_of
from .mappings import address_of


class Extent(NamedTuple):
    """The memory from ``low`` up to ``high`` is used by ``holder`` (an ``id``), guarded by ``guard`` (0: by nothing)."""

    low: int
    high: int
    holder: int
    guard: int


class Region:
    """Memory that several objects use. ``owner``: the object that is all of it, or None."""

    def __init__(self, low: int, high: int, owner: Any, users: Sequence[Any]) -> None:
        self.low = low
        self.high = high
        self.owner = owner
        self._users = users  # they keep the memory alive

    @property
    def source(self) -> Any:
        """What stands for the memory in a pickle."""
        return self if self.owner is None else self.owner

    def __reduce__(self) -> Any:
        raw = (ctypes.c_char * (self.high - self.low)).from_address(self.low)
        return same, (pickle.PickleBuffer(raw),)


class MemoryNotes:
    """What one pickle learns of memory. ``regions``: those that an earlier pickle of the same values has found."""

    def __init__(self, regions: Sequence[Region] = ()) -> None:
        self.extents: List[Extent] = []
        self.users: Dict[int, Any] = {}
        self.guarded: Dict[int, int] = {}
        """Identities of arrays, and of what pandas wraps around them → identity of the references that guard them."""
        self._regions = sorted(regions, key=lambda region: region.low)
        self._starts = [region.low for region in self._regions]
        self._references: Dict[int, References] = {}

    def note(self, user: Any, extent: Optional[Tuple[int, int]]) -> None:
        """``user`` uses that memory."""
        if extent is not None:
            self.users[id(user)] = user
            self.extents.append(Extent(*extent, id(user), self.guarded.get(id(user), 0)))

    def region_of(self, extent: Tuple[int, int]) -> Optional[Region]:
        """The region that memory is in."""
        position = bisect.bisect_right(self._starts, extent[0]) - 1
        if position < 0 or extent[1] > self._regions[position].high:
            return None
        return self._regions[position]

    def shared_regions(self) -> List[Region]:
        """The memory that more than one object of the pickle uses."""
        return [self._region(run) for run in overlaps(self.extents) if len({part.holder for part in run}) > 1]

    def references(self, refs: Any) -> References:
        """What stands for pandas' references ``refs`` in this pickle."""
        return self._references.setdefault(id(refs), References())

    def _region(self, run: Sequence[Extent]) -> Region:
        low, high = run[0].low, max(part.high for part in run)
        users = [self.users[part.holder] for part in run]
        whole = [user for user, part in zip(users, run) if (part.low, part.high) == (low, high)]
        writable = any(_writable(user) for user in users)
        owners = [user for user in whole if _can_own(user) and (_writable(user) or not writable)]
        owners.sort(key=lambda user: getattr(user, "base", None) is not None)
        if not owners and any(_has_objects(user) for user in users):
            owners = [_base(user) for user in users if _has_objects(user)]
            low, high = extent_of(owners[0]) or (low, high)
        return Region(low, high, owners[0] if owners else None, users)


def overlaps(extents: Iterable[Extent]) -> List[List[Extent]]:
    """The extents in groups that touch no byte of each other."""
    runs: List[List[Extent]] = []
    end = 0
    for part in sorted(extents):
        if runs and part.low < end:
            runs[-1].append(part)
        else:
            runs.append([part])
        end = max(end, part.high)
    return runs


def extent_of(item: Any) -> Optional[Tuple[int, int]]:
    """The memory that an array's elements are in; None where there is none, or where it cannot be shared: records with objects in them."""
    if not item.size or not item.itemsize:
        return None
    held = _base(item).dtype
    if held.hasobject and (held.kind != "O" or item.dtype != held):
        return None
    low = high = int(item.__array_interface__["data"][0])
    for size, stride in zip(item.shape, item.strides):
        if stride < 0:
            low += (size - 1) * stride
        else:
            high += (size - 1) * stride
    return low, high + item.itemsize


def is_mapped_file(kind: type) -> bool:
    """Whether arrays of that type are files that are mapped into memory."""
    return any(
        cls.__name__ == "memmap" and module_of(cls).partition(".")[0] == "numpy" for cls in kind.__mro__
    )


def writes_to_file(item: Any) -> bool:
    """Whether an array, or what it is a view of, is a file that changes with it."""
    while _is_array(item):
        if getattr(item, "_mmap", None) is not None:
            return getattr(item, "mode", "") in ("r+", "w+")
        item = item.base
    return False


def extent_of_bytes(item: Any) -> Optional[Tuple[int, int]]:
    """The memory of a ``bytearray`` or ``array.array``."""
    size = memoryview(item).nbytes
    start = address_of(item)
    return (start, start + size) if size else None


def view_of(region: Region, item: Any) -> Tuple[Any, ...]:
    """How an array that uses a region's memory is pickled."""
    source = region.source
    start = extent_of(source)[0] if _is_array(source) else region.low  # type: ignore[index]
    address = int(item.__array_interface__["data"][0])
    return view, (source, address - start, item.shape, item.strides, item.dtype, item.flags.writeable)


def _is_array(item: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(item, numpy.ndarray)


def _has_objects(item: Any) -> bool:
    return _is_array(item) and item.dtype.hasobject


def _writable(item: Any) -> bool:
    return not _is_array(item) or bool(item.flags.writeable)


def _can_own(item: Any) -> bool:
    if _is_array(item):
        return type(item).__module__ == "numpy" and bool(item.flags.c_contiguous or item.flags.f_contiguous)
    return isinstance(item, (bytearray, array.array))


def _base(item: Any) -> Any:
    while type(item.base) is type(item):
        item = item.base
    return item


# What pickles call when they are loaded. Their names are part of the format ------------------------------------------------


def same(buffer: Any) -> Any:
    """A region's memory."""
    return buffer


def view(source: Any, offset: int, shape: Any, strides: Any, dtype: Any, writeable: bool) -> Any:
    """An array on the memory of ``source``, ``offset`` bytes from its start."""
    numpy = sys.modules["numpy"]
    if dtype.hasobject:
        flat = source.reshape(-1, order="A")[offset // dtype.itemsize :]
        found = numpy.lib.stride_tricks.as_strided(flat, shape, strides)
    else:
        found = numpy.ndarray(shape, dtype, buffer=_flat(source), offset=offset, strides=strides)
    if not writeable:
        found.flags.writeable = False
    return found


def _flat(source: Any) -> Any:
    if not _is_array(source):
        return source
    return source.reshape(-1, order="A").view(sys.modules["numpy"].uint8)


# pandas' copy on write -----------------------------------------------------------------------------------------------------


class References:
    """The references of one memory of frames (``BlockValuesRefs``), made again when the first of its blocks is."""

    def __init__(self) -> None:
        self.made: Any = None

    def __reduce__(self) -> Any:
        return References, ()


def copies_on_write() -> bool:
    """Whether pandas guards the memory that its frames share."""
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return False
    if int(pandas.__version__.partition(".")[0]) >= 3:
        return True
    try:
        return pandas.get_option("mode.copy_on_write") is True
    except (KeyError, AttributeError):  # before 1.5, or while pandas is being imported
        return False


def is_block_manager(kind: type) -> bool:
    """Whether objects of that type hold the blocks of a frame or a series."""
    return kind.__module__ == "pandas.core.internals.managers" and kind.__name__ in (
        "BlockManager",
        "SingleBlockManager",
    )


def note_blocks(notes: MemoryNotes, manager: Any) -> None:
    """Note which arrays a frame's references guard."""
    for block in manager.blocks:
        refs = getattr(block, "refs", None)
        if refs is not None:
            for item in _wrapped(block.values, 3):
                notes.guarded[id(item)] = id(refs)
                notes.users[id(item)] = item


def reduce_manager(notes: MemoryNotes, manager: Any) -> Any:
    """How a frame's blocks are pickled that share memory with others; None for blocks without references (pandas 1)."""
    if not all(hasattr(block, "refs") for block in manager.blocks):
        return None
    make, arguments, state = (*manager.__reduce_ex__(pickle.HIGHEST_PROTOCOL), None)[:3]
    references = [notes.references(block.refs) for block in manager.blocks]
    return make, arguments, (state, references), None, None, set_manager


def set_manager(manager: Any, state: Tuple[Any, List[References]]) -> None:
    """Complete a frame's blocks."""
    if state[0] is not None:
        manager.__setstate__(state[0])
    for block, references in zip(manager.blocks, state[1]):
        if references.made is None:
            references.made = block.refs
        else:
            block.refs = references.made
            references.made.add_reference(block)


def _wrapped(values: Any, depth: int) -> List[Any]:
    """An array, or pandas' wrapper around arrays with those in it."""
    found = [values]
    if depth and not _is_array(values):
        for name in ("_ndarray", "_codes", "_data", "_mask", "_left", "_right"):
            inner = getattr(values, name, None)
            if inner is not None and module_of(type(inner)).partition(".")[0] in ("numpy", "pandas"):
                found += _wrapped(inner, depth - 1)
    return found


# torch ---------------------------------------------------------------------------------------------------------------------


def is_tensor(item: Any) -> bool:
    """Whether this is a torch tensor, of any kind."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(item, getattr(torch, "Tensor", ()))


def plain_tensor(item: Any) -> bool:
    """Whether a tensor is a plain array in this machine's memory."""
    torch = sys.modules["torch"]
    return (
        type(item) in (torch.Tensor, torch.nn.Parameter)
        and item.layout is torch.strided
        and item.device.type == "cpu"
        and not (item.is_quantized or item.is_conj() or item.is_neg())
        and not getattr(item, "_backward_hooks", None)
    )


def extent_of_tensor(item: Any) -> Optional[Tuple[int, int]]:
    """The memory that a plain tensor's elements are in; None where there is none."""
    if not item.numel():
        return None
    low = int(item.data_ptr())
    steps = sum((size - 1) * stride for size, stride in zip(item.size(), item.stride()))
    return low, low + (steps + 1) * item.element_size()


def view_of_tensor(region: Optional[Region], item: Any) -> Tuple[Any, ...]:
    """How a plain tensor is pickled (``region`` None: one without elements)."""
    torch = sys.modules["torch"]
    source, offset = None, 0
    if region is not None:
        source, offset = region.source, int(item.data_ptr()) - region.low
    parameter = type(item) is torch.nn.Parameter
    layout = (item.dtype, tuple(item.size()), tuple(item.stride()))
    state = (item.grad if item.is_leaf else None, dict(item.__dict__) or None)
    arguments = (source, offset, layout, bool(item.requires_grad), parameter)
    return tensor, arguments, state, None, None, set_tensor


def tensor(
    source: Any, offset: int, layout: Tuple[Any, Any, Any], requires_grad: bool, parameter: bool
) -> Any:
    """A tensor on the memory of ``source``, ``offset`` bytes from its start."""
    torch = sys.modules["torch"]
    dtype, size, stride = layout
    if source is None:
        made = torch.empty_strided(size, stride, dtype=dtype)
    else:
        count = 1 + sum((length - 1) * step for length, step in zip(size, stride))
        memory = torch.frombuffer(_flat(source), dtype=dtype, count=count, offset=offset)
        made = torch.empty(0, dtype=dtype).set_(
            memory.untyped_storage(), memory.storage_offset(), size, stride
        )
    if parameter:
        return torch.nn.Parameter(made, requires_grad=requires_grad)
    return made.requires_grad_(requires_grad)


def set_tensor(made: Any, state: Tuple[Any, Optional[Dict[str, Any]]]) -> None:
    """Give a tensor its gradient and its attributes."""
    if state[0] is not None:
        made.grad = state[0]
    if state[1]:
        made.__dict__.update(state[1])
