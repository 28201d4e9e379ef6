"""Classes ↔ pickles.

Classes of the notebook are pickled by value under an identity that is the same in every process, so that an instance and its class match
wherever they meet. Loading an instance leaves a class that is here already as it is; loading the class's own variable brings its
attributes up to date. cloudpickle does the work; this is about identity, and about bytes that are the same in every process.
"""

from __future__ import annotations

import ast
import hashlib
import types
import typing
import weakref
from enum import Enum
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

import cloudpickle  # type: ignore[import-untyped]
from cloudpickle import cloudpickle as internals

from . import rebuilding
from .functions import THIS_PYTHON, check_python, definition_digest

if TYPE_CHECKING:
    from .pickling import Pickler

_set_class_state = (
    getattr(internals, "_class_setstate", None) or cloudpickle.cloudpickle_fast._class_setstate
)  # cloudpickle 3 or 2
_NOTES = ("__slotnames__",)
"""Attributes in which ``copyreg`` keeps what it has found out about a class when it pickled an instance."""
_KEPT = frozenset(
    {
        "__dict__",
        "__weakref__",
        "__doc__",
        "__module__",
        "__qualname__",
        "__abstractmethods__",
        "_abc_impl",
        *_NOTES,
    }
)
"""Attributes that pickles do not hold, or that cannot be deleted."""
_complete: weakref.WeakSet[type] = weakref.WeakSet()
"""Classes of the notebook that have their state."""
_NAMED = tuple(
    kind
    for kind in (
        getattr(typing, name, None)
        for name in ("TypeVar", "ParamSpec", "TypeVarTuple", "NewType", "TypeAliasType")
    )
    if isinstance(kind, type)
)


_TypeAlias: Any = getattr(typing, "TypeAliasType", None)
_aliases: Dict[str, Any] = {}
_alias_identities: Dict[int, str] = {}
"""Type aliases (``type A = …``) and their identities by ``id``. They cannot be referred to weakly, so they stay."""
_alias_values: Dict[str, Any] = {}
"""What the aliases that were loaded stand for."""


def identify(item: Any, step: str) -> str:
    """The identity of a class of the notebook (or of a type variable), given now if it has none yet: the step that made it, its name, what
    its body says, and a number."""
    lasting = type(item) is _TypeAlias
    identities: Any = _alias_identities if lasting else internals._DYNAMIC_CLASS_TRACKER_BY_CLASS
    key = id(item) if lasting else item
    if key in identities:
        return str(identities[key])
    name = getattr(item, "__qualname__", None) or item.__name__
    stem = f"{step}/{name}/{_body_digest(item)}/"
    known: Any = _aliases if lasting else internals._DYNAMIC_CLASS_TRACKER_BY_ID
    number = 0
    while f"{stem}{number}" in known:
        number += 1
    with internals._DYNAMIC_CLASS_TRACKER_LOCK:
        known[f"{stem}{number}"] = item
        identities[key] = f"{stem}{number}"
    if isinstance(item, type):
        _complete.add(item)
    return f"{stem}{number}"


def _body_digest(item: Any) -> str:
    if not isinstance(item, type):
        return ""
    body = sorted(
        (name, definition_digest(value) if isinstance(value, types.FunctionType) else "")
        for name, value in vars(item).items()
        if name not in _KEPT
    )
    return hashlib.sha256(repr(body).encode("utf-8", "replace")).hexdigest()[:16]


def is_named_type(kind: type) -> bool:
    """Whether objects of that type are type variables, new types and the like."""
    return kind in _NAMED


def reduce_class(pickler: Pickler, cls: type, reduced: Any) -> Any:
    """What pickles a class. ``reduced`` is what cloudpickle has made of it, with the identity that the class has."""
    if not isinstance(reduced, tuple) or len(reduced) != 6:
        return reduced
    root = pickler.roots.get(id(cls), ())
    if not root:
        if pickler.namespace.get(cls.__name__) is cls:
            pickler.needs.add(cls.__name__)
        pickler.telling = False  # its attributes are its own variable's
        if pickler.fingerprint:
            return str, (internals._DYNAMIC_CLASS_TRACKER_BY_CLASS[cls],)
    make, arguments, (attributes, slots) = reduced[:3]
    for name in _NOTES:
        attributes.pop(name, None)
    if "_abc_impl" in attributes:  # the registered classes, in an order that depends on addresses
        attributes["_abc_impl"] = sorted(
            attributes["_abc_impl"], key=lambda c: (c.__module__, c.__qualname__)
        )
    identity = internals._DYNAMIC_CLASS_TRACKER_BY_CLASS[cls]
    return (
        make_class,
        (THIS_PYTHON, identity, make, *arguments),
        (root, attributes, slots),
        None,
        None,
        set_class,
    )


def reduce_named_type(pickler: Pickler, item: Any) -> Any:
    """What pickles a type variable of the notebook by value. typing's own way would look for it in the module ``__main__``."""
    kind = type(item)
    identity = identify(item, pickler.step)
    if kind is getattr(typing, "NewType", None):
        return make_new_type, (identity, item.__name__, item.__supertype__, item.__module__)
    if kind is _TypeAlias and not item.__type_params__:
        state = (identity, item.__value__)
        return make_alias, (identity, item.__name__, item.__module__), state, None, None, set_alias
    if kind is _TypeAlias:
        return make_named_type, (
            identity,
            kind,
            item.__name__,
            (item.__value__,),
            {"type_params": item.__type_params__},
        )
    options: Dict[str, Any] = {}
    for option in ("bound", "covariant", "contravariant", "infer_variance"):
        value = getattr(item, f"__{option}__", None)
        if value:
            options[option] = value
    if hasattr(item, "has_default") and item.has_default():  # Python 3.13
        options["default"] = item.__default__
    constraints = getattr(item, "__constraints__", ())
    return make_named_type, (identity, kind, item.__name__, constraints, options)


# What pickles call when they are loaded. Their names are part of the format ------------------------------------------------


def make_class(python: str, identity: str, make: Callable[..., type], *arguments: Any) -> type:
    """A class without its attributes; the one that is here already, if it has that identity. Making it anew would run what its metaclass
    and its bases do with new classes.

    Raises :class:`~kfjlab.runtime.functions.ForeignCodeError` when another ``python`` has stored it: its methods are code, and what
    dataclasses and enumerations keep in their classes is not the same in all versions.
    """
    check_python(python)
    known: Optional[type] = internals._DYNAMIC_CLASS_TRACKER_BY_ID.get(identity)
    if known is None:
        known = rebuilding.stand_ins.get(identity.rsplit("/", 2)[0])
    return make(*arguments) if known is None else known


def set_class(cls: type, state: Tuple[Tuple[int, ...], Dict[str, Any], Dict[str, Any]]) -> type:
    """Give a class its attributes, unless it has been here before and its own variable says what they are."""
    root, attributes, slots = state
    if any(cls is other for other in rebuilding.stand_ins.values()):
        return cls
    if cls in _complete:
        if rebuilding.refresh.isdisjoint(root):
            return cls
        if not issubclass(cls, Enum):
            _delete_others(cls, attributes)
    _complete.add(cls)
    _set_class_state(cls, (attributes, slots))
    return cls


def _delete_others(cls: type, attributes: Dict[str, Any]) -> None:
    for name, value in list(vars(cls).items()):
        if name in attributes or name in _KEPT:
            continue
        if isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType)):
            continue  # slots
        delattr(cls, name)


def make_named_type(
    identity: str, kind: Any, name: str, arguments: Tuple[Any, ...], options: Dict[str, Any]
) -> Any:
    """A type variable or alias; the one that is here already, if it has that identity."""
    if kind is _TypeAlias:
        if identity not in _aliases:
            _aliases[identity] = kind(name, *arguments, **options)
            _alias_identities[id(_aliases[identity])] = identity
        return _aliases[identity]
    return internals._lookup_class_or_track(identity, kind(name, *arguments, **options))


def make_alias(identity: str, name: str, module: str) -> Any:
    """A type alias that does not know its value yet, because that may contain the alias (``type Tree = list[Tree] | int``)."""
    if identity not in _aliases:
        tree = ast.parse("type name = value()")
        tree.body[0].name.id = name  # type: ignore[attr-defined]
        variables: Dict[str, Any] = {"__name__": module, "value": lambda: _alias_values[identity]}
        exec(compile(tree, "<alias>", "exec"), variables)
        _aliases[identity] = variables[name]
        _alias_identities[id(variables[name])] = identity
    return _aliases[identity]


def set_alias(_: Any, state: Tuple[str, Any]) -> None:
    """Say what a type alias stands for."""
    identity, value = state
    _alias_values.setdefault(identity, value)


def make_new_type(identity: str, name: str, supertype: Any, module: str) -> Any:
    """A ``typing.NewType``."""
    new_type: Any = typing.NewType
    made = new_type(name, supertype)
    made.__module__ = module
    return internals._lookup_class_or_track(identity, made)
