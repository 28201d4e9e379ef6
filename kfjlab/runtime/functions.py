"""Functions ↔ pickles.

Functions of the notebook are pickled by value *without* their globals; rebuilt, they look names up in the namespace that they are loaded
into, as they do in a notebook. A function takes the source of its cell along, for tracebacks and ``inspect.getsource``. Closure cells are
objects of their own, so that functions that share a variable go on sharing it. Functions of libraries that cannot be found by their name
(inner ones) get their module as globals.

A function without a closure has an identity, the same in every process, so that whoever holds it holds the same object after loading.
"""

from __future__ import annotations

import dis
import functools
import gc
import hashlib
import sys
import types
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Set, Tuple

from . import rebuilding
from .cell_files import in_file, remember_source, source_of

if TYPE_CHECKING:
    from .pickling import Pickler

_LOOK_UPS = frozenset(
    {"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
)
THIS_PYTHON = "{} {}.{}".format(sys.implementation.name, *sys.version_info)
"""What the bytecode of functions and the attributes of classes depend on."""
_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_MOST = 100_000
"""How many objects are looked at to find the functions in a value that cannot be pickled."""


class ForeignCodeError(Exception):
    """A stored function or class of another version of Python, whose bytecode means something else. ``names``: the variables."""

    def __init__(self, python: str, names: Sequence[str] = ()) -> None:
        self.python, self.names = python, tuple(names)
        whose = f" ({', '.join(names)})" if names else ""
        super().__init__(
            f"A variable{whose} holds functions or classes compiled by {python}, which this Python ({THIS_PYTHON}) cannot run."
        )


def check_python(python: str) -> None:
    """Raise :class:`ForeignCodeError` unless ``python`` is this one."""
    if python != THIS_PYTHON:
        raise ForeignCodeError(python)


def is_notebook_function(item: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether ``item`` is a function whose globals are the notebook's variables."""
    return isinstance(item, types.FunctionType) and item.__globals__ is namespace


def is_plain(function: types.FunctionType) -> bool:
    """Whether a function has nothing that calling it, or setting its attributes, could change: no closure, no attributes, no defaults."""
    return not (function.__closure__ or function.__dict__ or function.__defaults__ or function.__kwdefaults__)


@functools.lru_cache(maxsize=4096)
def names_looked_up(code: types.CodeType) -> frozenset[str]:
    """The global names that executing ``code``, or code inside it, may look up or bind."""
    names = {str(step.argval) for step in dis.get_instructions(code) if step.opname in _LOOK_UPS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= names_looked_up(constant)
    return frozenset(names)


def needs_of(value: Any, namespace: Mapping[str, Any]) -> Set[str]:
    """The global names that the notebook's functions in ``value`` look up, for a value that cannot be pickled to find out."""
    needs: Set[str] = set()
    seen: Set[int] = {id(namespace)}
    todo: List[Any] = [value]
    while todo and len(seen) < _MOST:
        item = todo.pop()
        if id(item) in seen or isinstance(item, types.ModuleType):
            continue
        seen.add(id(item))
        if isinstance(item, types.FunctionType):
            if item.__globals__ is namespace:
                needs |= names_looked_up(item.__code__)
            parts = (item.__closure__, item.__dict__, item.__defaults__, item.__kwdefaults__)
            todo += [part for part in parts if part]
        elif isinstance(item, type):
            if item.__module__ == "__main__":
                todo += [*vars(item).values(), *item.__bases__]
        else:
            todo += gc.get_referents(item)
    return needs


# Identity ------------------------------------------------------------------------------------------------------------------

_functions: Dict[str, types.FunctionType] = {}
_identities: Dict[int, str] = {}
"""Functions that have an identity, and their identities by ``id``."""


def identify_function(function: types.FunctionType, step: str) -> str:
    """The identity of a function, given now if it has none yet: the step that made it, its name, its code and defaults, and a number.

    Empty for functions with a closure, which alias groups keep together.
    """
    if function.__closure__:
        return ""
    known = _identities.get(id(function))
    if known is None:
        stem = f"{step}/{function.__qualname__}/{definition_digest(function)}/"
        number = 0
        while f"{stem}{number}" in _functions:
            number += 1
        known = f"{stem}{number}"
        _remember(known, function)
    return known


def _remember(identity: str, function: types.FunctionType) -> None:
    _functions[identity] = function
    _identities[id(function)] = identity


def definition_digest(function: types.FunctionType) -> str:
    """A digest of what a ``def`` says, the same in every process."""
    defaults = [value for value in function.__defaults__ or () if isinstance(value, _PLAIN)]
    text = f"{_code_digest(function.__code__)} {defaults!r}"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


@functools.lru_cache(maxsize=4096)
def _code_digest(code: types.CodeType) -> str:
    inner = [_code_digest(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts]
    parts = (code.co_code.hex(), code.co_names, code.co_varnames, code.co_firstlineno, inner)
    return hashlib.sha256(repr(parts).encode("utf-8", "replace")).hexdigest()[:16]


# Pickling ------------------------------------------------------------------------------------------------------------------


def reduce_function(pickler: Pickler, function: types.FunctionType) -> Any:
    """What pickles a function of the notebook by value."""
    pickler.needs |= names_looked_up(function.__code__)
    identity = identify_function(function, pickler.step)
    root = pickler.roots.get(id(function), ())
    if not root and identity and pickler.namespace.get(function.__name__) is function:
        pickler.needs.add(function.__name__)  # its own variable has the last word on its attributes
    source = _source(pickler, function.__code__)
    arguments = (function.__code__, function.__name__, function.__closure__, identity)
    return make_function, arguments, (root, *_state(function), source), None, None, set_function


def reduce_library_function(function: types.FunctionType) -> Any:
    """What pickles an inner function of a library; None if its module cannot be told."""
    name = function.__globals__.get("__name__")
    module = sys.modules.get(name) if isinstance(name, str) else None
    if module is None or vars(module) is not function.__globals__ or name in ("__main__", "__mp_main__"):
        return None
    arguments = (name, function.__code__, function.__name__, function.__closure__)
    return make_library_function, arguments, ((), *_state(function), None), None, None, set_function


def _state(function: types.FunctionType) -> Tuple[Dict[str, Any], Optional[Dict[str, Any]]]:
    attributes = {
        "__code__": function.__code__,  # a function that is here already may have been given other code
        "__defaults__": function.__defaults__,
        "__kwdefaults__": function.__kwdefaults__ and dict(function.__kwdefaults__),
        "__annotations__": dict(function.__annotations__),
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
    }
    if getattr(function, "__type_params__", ()):
        attributes["__type_params__"] = function.__type_params__  # type: ignore[attr-defined]
    return attributes, function.__dict__ or None


def _source(pickler: Pickler, code: types.CodeType) -> Optional[Tuple[str, str]]:
    known = pickler.sources
    if code.co_filename not in known:
        known[code.co_filename] = source_of(code.co_filename)
    source = known[code.co_filename]
    if source is not None:
        pickler.telling = False  # what else is in the function's cell does not matter
    return None if pickler.fingerprint else source


def reduce_code(code: types.CodeType, reduced: Any) -> Any:
    """What pickles code. ``reduced`` is what cloudpickle has made of it. Code that comes from no file (``<string>``), as the methods do
    that dataclasses make, keeps saying so."""
    name = code.co_filename
    if name.startswith("<"):
        return in_file, (in_file(code, ""), name)
    return make_code, (THIS_PYTHON, *reduced[1])


def reduce_cell(cell: types.CellType) -> Any:
    """What pickles a variable of a closure."""
    try:
        content = cell.cell_contents
    except ValueError:
        return empty_cell, ()
    return empty_cell, (), (content,), None, None, set_cell


# What pickles call when they are loaded. Their names are part of the format ------------------------------------------------


def make_code(python: str, *arguments: Any) -> types.CodeType:
    """Code compiled by ``python``. Raises :class:`ForeignCodeError` in another one, which the bytecode could crash."""
    check_python(python)
    return types.CodeType(*arguments)


def make_function(code: types.CodeType, name: str, closure: Any, identity: str) -> types.FunctionType:
    """A function of the notebook, without its attributes yet; the one that is here already, if it has that identity."""
    known = _functions.get(identity)
    if known is not None and known.__globals__ is rebuilding.namespace:
        return known
    function = types.FunctionType(code, rebuilding.namespace, name, None, closure)
    if identity:
        _remember(identity, function)
    _waiting.add(id(function))
    return function


def make_library_function(module: str, code: types.CodeType, name: str, closure: Any) -> types.FunctionType:
    """An inner function of a library."""
    __import__(module)
    function = types.FunctionType(code, vars(sys.modules[module]), name, None, closure)
    _waiting.add(id(function))
    return function


def set_function(
    function: types.FunctionType,
    state: Tuple[Tuple[int, ...], Dict[str, Any], Optional[Dict[str, Any]], Optional[Tuple[str, str]]],
) -> None:
    """Give a function its attributes, unless it has been here before and its own variable says what they are."""
    root, attributes, own, source = state
    if id(function) not in _waiting and rebuilding.refresh.isdisjoint(root):
        return
    _waiting.discard(id(function))
    for name, value in attributes.items():
        setattr(function, name, value)
    function.__dict__.clear()
    function.__dict__.update(own or {})
    if source is not None:
        remember_source(*source)
        function.__code__ = in_file(function.__code__, source[0])


_waiting: Set[int] = set()
"""Functions (their ``id``) that have been made and have no attributes yet."""


def empty_cell() -> types.CellType:
    """A variable of a closure, not bound yet."""
    return types.CellType()


def set_cell(cell: types.CellType, state: Tuple[Any]) -> None:
    """Bind a variable of a closure."""
    cell.cell_contents = state[0]
