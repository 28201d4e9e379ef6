"""Objects of Python's own types that neither pickle nor cloudpickle carry, or not as what they are."""

from __future__ import annotations

import collections
import contextvars
import dataclasses
import functools
import gc
import io
import pickle
import sys
import types
from typing import Any, Callable, Dict, Mapping, Optional, Tuple, Type

_EMPTY: Any = collections.OrderedDict()
_VIEWS: Dict[type, str] = {
    type({}.keys()): "keys",
    type({}.values()): "values",
    type({}.items()): "items",
    type(_EMPTY.keys()): "keys",
    type(_EMPTY.values()): "values",
    type(_EMPTY.items()): "items",
}
_LRU_CACHE: type = type(functools.lru_cache(lambda: None))
_SENTINELS = ("MISSING", "KW_ONLY", "_HAS_DEFAULT_FACTORY")
_OF_SINGLE_DISPATCH = ("register", "dispatch", "registry", "_clear_cache", "__wrapped__")


def reducer_of(kind: type) -> Optional[Callable[[Any], Any]]:
    """What pickles objects of that type; None for types that are pickled as usual."""
    if kind in _VIEWS:
        return _reduce_view
    if kind is types.MappingProxyType:
        return _reduce_proxy
    if kind is memoryview:
        return _reduce_memoryview
    if kind is _LRU_CACHE:
        return _reduce_lru_cache
    if kind is functools.cached_property:
        return _reduce_cached_property
    if kind is functools.singledispatchmethod:
        return _reduce_single_dispatch_method
    if kind.__module__ == "dataclasses":
        return _reduce_sentinel
    if issubclass(kind, BaseException):
        return _reduce_exception
    if issubclass(kind, io.IOBase) and not issubclass(kind, (io.BytesIO, io.StringIO)):
        return _refuse_file
    return None


def reduce_single_dispatch(function: types.FunctionType) -> Any:
    """What pickles a ``functools.singledispatch`` function; None for others. Its cache consists of weak references."""
    if function.__globals__ is not vars(functools):
        return None
    attributes = function.__dict__
    if not all(name in attributes for name in _OF_SINGLE_DISPATCH):
        return None
    registry = dict(attributes["registry"])
    first = registry.pop(object)
    own = {name: value for name, value in attributes.items() if name not in _OF_SINGLE_DISPATCH}
    return make_single_dispatch, (first,), (registry, own), None, None, set_single_dispatch


def _reduce_view(view: Any) -> Any:
    return make_view, (_VIEWS[type(view)], gc.get_referents(view)[0])


def _reduce_proxy(proxy: Any) -> Any:
    mapping = gc.get_referents(proxy)[0]
    if isinstance(mapping, dict) and isinstance(mapping.get("__dict__"), types.GetSetDescriptorType):
        raise pickle.PicklingError("it is the namespace of a class; keep the class")
    return types.MappingProxyType, (mapping,)


def _reduce_memoryview(view: memoryview) -> Any:
    owner = view.obj
    if not view.contiguous or view.nbytes != memoryview(owner).nbytes:
        raise pickle.PicklingError(
            "it is a view of a part of another object; keep that object, or bytes(…) of the view"
        )
    return make_memoryview, (owner, view.format, view.shape, view.readonly)


def _reduce_lru_cache(cached: Any) -> Any:
    function = getattr(cached, "__wrapped__", None)
    if function is None or _is_found(cached):
        return NotImplemented
    own = {
        name: value for name, value in vars(cached).items() if name not in ("__wrapped__", "cache_parameters")
    }
    return make_lru_cache, (function, cached.cache_parameters()), own or None, None, None, set_attributes


def _is_found(item: Any) -> bool:
    found: Any = sys.modules.get(item.__module__ or "")
    for part in item.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is item and item.__module__ != "__main__"


def _reduce_cached_property(item: Any) -> Any:  # before Python 3.12 it has a lock
    return make_cached_property, (item.func, item.attrname, item.__doc__)


def _reduce_single_dispatch_method(item: Any) -> Any:  # from Python 3.13 on it has a cache of weak references
    own = {name: value for name, value in vars(item).items() if name != "_method_cache"}
    return make_single_dispatch_method, (), own, None, None, set_attributes


def _reduce_sentinel(item: Any) -> Any:  # dataclasses compares them by identity
    for name in _SENTINELS:
        if item is getattr(dataclasses, name, None):
            return name
    return NotImplemented


def _reduce_exception(error: BaseException) -> Any:
    """An exception with its cause and context, which pickle drops (its traceback consists of frames and is lost)."""
    kind = type(error)
    reduced: Any
    if kind.__reduce__ is BaseException.__reduce__:
        reduced = (
            make_exception,
            (kind, error.args),
            error.__dict__ or None,
        )  # its own way calls __init__ with other arguments
    else:
        reduced = error.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
    chain = (error.__cause__, error.__context__, error.__suppress_context__)
    if chain == (None, None, False) or not isinstance(reduced, tuple) or len(reduced) > 3:
        return reduced
    make, arguments, state = (*reduced, None)[:3]
    return make, arguments, (state, *chain), None, None, set_exception


def _refuse_file(file: Any) -> Any:
    raise pickle.PicklingError("a file cannot be carried")  # cloudpickle would carry a copy of its content


_TELLING = (
    "closed",
    "tell",
    "locked",
    "total_changes",
    "in_transaction",
    "done",
    "is_set",
    "is_alive",
    "gi_frame",
    "cr_frame",
    "ag_frame",
    "hexdigest",
)
"""Attributes and methods without arguments that tell what was done with an object that cannot be pickled."""


def visible_state(item: Any) -> Tuple[str, bool]:
    """What can be seen of the state of an object that cannot be pickled: which one it is, how far a generator or a file has got … And
    whether that tells if somebody has changed it."""
    seen = [type(item).__qualname__, id(item)]
    told = False
    for name in _TELLING:
        try:
            value = getattr(item, name)
            value = value() if callable(value) else value
        except Exception:  # noqa: S112 - the object has no such attribute, or is closed
            continue
        seen.append(getattr(value, "f_lasti", None) if isinstance(value, types.FrameType) else value)
        told = told or name != "closed"
    for look in (_value_of_variable, _schema_in_memory):
        try:
            value = look(item)
        except Exception:  # noqa: S112 - as above
            continue
        if value is not None:
            seen.append(value)
            told = True
    return repr(seen), told


def _value_of_variable(item: Any) -> Any:
    if not isinstance(item, contextvars.ContextVar):
        return None
    value = item.get(None)
    return f"{id(value)} {value!r}"


def _schema_in_memory(item: Any) -> Any:
    """The number of the schema of an SQLite database that no file holds; ``total_changes`` does not count what changes the schema."""
    if (type(item).__module__, type(item).__name__) != ("sqlite3", "Connection"):
        return None
    cursor = item.cursor()
    cursor.row_factory = None
    if any(file for _, _, file in cursor.execute("PRAGMA database_list")):
        return None
    return cursor.execute("PRAGMA schema_version").fetchone()


# What pickles call when they are loaded. Their names are part of the format ------------------------------------------------


def make_view(kind: str, mapping: Mapping[Any, Any]) -> Any:
    """The keys, values or items of a dict."""
    return getattr(mapping, kind)()


def make_memoryview(owner: Any, form: str, shape: Tuple[int, ...], readonly: bool) -> memoryview:
    """A view of all of an object's memory."""
    view = memoryview(owner)
    if (view.format, view.shape) != (form, shape):
        view = view.cast("B").cast(form, list(shape))  # type: ignore[call-overload]
    return view.toreadonly() if readonly else view


def make_lru_cache(function: Callable[..., Any], parameters: Dict[str, Any]) -> Any:
    """A cached function; its cache is empty."""
    return functools.lru_cache(**parameters)(function)


def set_attributes(item: Any, attributes: Optional[Dict[str, Any]]) -> None:
    """Set attributes."""
    for name, value in (attributes or {}).items():
        setattr(item, name, value)


def make_cached_property(function: Callable[..., Any], name: Optional[str], doc: Optional[str]) -> Any:
    """A ``functools.cached_property``."""
    made = functools.cached_property(function)
    made.attrname, made.__doc__ = name, doc
    return made


def make_single_dispatch_method() -> Any:
    """A ``functools.singledispatchmethod`` without its function yet."""
    return functools.singledispatchmethod(lambda _: None)


def make_exception(kind: Type[BaseException], arguments: Tuple[Any, ...]) -> BaseException:
    """An exception, without calling its ``__init__``."""
    return kind.__new__(kind, *arguments)


def set_exception(error: BaseException, state: Tuple[Any, Any, Any, bool]) -> None:
    """Give an exception its attributes, cause and context."""
    own, error.__cause__, error.__context__, error.__suppress_context__ = state
    if own is not None:
        error.__setstate__(own)


def make_single_dispatch(function: Callable[..., Any]) -> Any:
    """A ``functools.singledispatch`` function for any type."""
    return functools.singledispatch(function)


def set_single_dispatch(function: Any, state: Tuple[Dict[type, Any], Dict[str, Any]]) -> None:
    """Register the other types."""
    registry, own = state
    for kind, implementation in registry.items():
        function.register(kind, implementation)
    function.__dict__.update(own)
