"""The abstract values of the analysis: what is known about a Python value, and which objects it may share.

A :class:`Fact` says what a value is (a module of a library, a constant, a function of the notebook …). Facts outlive the cell that made
them: they are kept by name and given to the cells that read the name. A :class:`Value` is a fact together with the objects that it may be,
or may contain: changing one of these in place changes the value. Objects are those of one evaluation of one cell: ``str`` is "what that
global name held when the cell started", ``int`` is an object made in the cell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .scopes import FunctionNode, Scope, ScopeMap

Object = str | int
Objects = frozenset[Object]
NOTHING: Objects = frozenset()


class Fact:
    """What is known about a value; ``None`` in place of a fact is "nothing"."""

    __slots__ = ()
    fixed = False
    """It cannot be changed in place, so that sharing it does not matter."""
    named = False
    """A definition or module: sharing it between names is no alias worth storing together."""

    def inner(self) -> Iterable[Fact | None]:
        """What is in the value."""
        return ()


class Unbound(Fact):
    """A name that nothing has bound."""

    __slots__ = ()


UNBOUND = Unbound()


@dataclass(frozen=True, slots=True)
class Dotted(Fact):
    """Something of a library, by the dotted path under which it was imported. ``module``: it was imported as a module."""

    path: str
    module: bool = False
    named = True

    @property
    def fixed(self) -> bool:  # type: ignore[override]
        return self.module  # what is set on a module is ambient state


MAIN = Dotted("__main__", True)
"""The notebook itself, as a module."""


@dataclass(frozen=True, slots=True)
class Const(Fact):
    """A constant; ``kind`` is its type's name (so that ``1``, ``1.0`` and ``True`` differ). Not ``certain``: the default of a parameter
    of the pipeline, which tells which files are probably meant, and no more."""

    value: Any
    kind: str
    certain: bool = True
    fixed = True


@dataclass(frozen=True, slots=True)
class PathFact(Fact):
    """A ``pathlib`` path."""

    path: str
    fixed = True


@dataclass(frozen=True, slots=True)
class Attribute(Fact):
    """An attribute of a value about which nothing is known but its owner: a method, mostly."""

    name: str
    owner: Fact | None

    def inner(self) -> Iterable[Fact | None]:
        return (self.owner,)


@dataclass(frozen=True, slots=True)
class Thing(Fact):
    """An object of some type: ``type`` is a dotted path (``pandas.DataFrame``) or one of our words (``number``, ``text``,
    ``generator``, ``iterator``, ``file`` …). ``draws``: generators (``numpy.random``) that its methods draw from. ``held``: functions and
    classes of the notebook inside. ``deep``: what is in it is known to be changeable."""

    type: str
    draws: frozenset[str] = frozenset()
    held: frozenset[FunctionFact | ClassFact] = frozenset()
    deep: bool = False

    @property
    def fixed(self) -> bool:  # type: ignore[override]
        return self.type in FIXED_TYPES

    def inner(self) -> Iterable[Fact | None]:
        return self.held


FIXED_TYPES = frozenset({"number", "text", "bytes", "immutable"})
NUMBER = Thing("number")
TEXT = Thing("text")
IMMUTABLE = Thing("immutable")


@dataclass(frozen=True, slots=True)
class Items(Fact):
    """A list, tuple or set of known length."""

    kind: str
    items: tuple[Fact | None, ...]

    @property
    def fixed(self) -> bool:  # type: ignore[override]
        return self.kind == "tuple" and all(item is not None and item.fixed for item in self.items)

    def inner(self) -> Iterable[Fact | None]:
        return self.items


@dataclass(frozen=True, slots=True)
class Entries(Fact):
    """A dict with constant keys."""

    entries: tuple[tuple[Any, Fact | None], ...]

    def inner(self) -> Iterable[Fact | None]:
        return (fact for _, fact in self.entries)


@dataclass(frozen=True, slots=True)
class Partial(Fact):
    """``functools.partial(function, …)``."""

    function: Fact
    arguments: tuple[Fact | None, ...]

    def inner(self) -> Iterable[Fact | None]:
        return (self.function, *self.arguments)


@dataclass(frozen=True, eq=False, repr=False)
class FunctionFact(Fact):
    """A function of the notebook. ``variables``: those of the functions around it, innermost first. ``kind``: function, property,
    setter, static or class (methods). ``owner``: the class whose body it is in. ``token``: the evaluation that made it.
    ``remembers``: it has a cache of its results."""

    node: FunctionNode
    scope: Scope
    scopes: ScopeMap
    name: str
    variables: tuple[tuple[Scope, dict[str, Value]], ...] = ()
    defaults: Mapping[str, Value] = field(default_factory=dict)
    kind: str = "function"
    generator: bool = False
    owner: list[ClassFact] = field(default_factory=list)
    token: object = None
    remembers: bool = False
    named = True

    def inner(self) -> Iterable[Fact | None]:
        """What the function has with it besides global names: captured variables and defaults."""
        for _, variables in self.variables:
            for value in list(variables.values()):
                yield value.fact
        for value in self.defaults.values():
            yield value.fact


@dataclass(frozen=True, eq=False, repr=False)
class ClassFact(Fact):
    """A class of the notebook. ``attributes``: what its body bound."""

    node: ast.ClassDef
    scope: Scope
    name: str
    bases: tuple[Fact | None, ...]
    attributes: dict[str, Fact | None]
    dataclass: bool = False
    named = True

    def inner(self) -> Iterable[Fact | None]:
        """Base classes and what the body bound."""
        yield from self.bases
        yield from list(self.attributes.values())

    def lookup(self, name: str) -> Fact | None:
        """What the class, or a base class of the notebook, has under a name."""
        return next((c.attributes[name] for c in self.line() if name in c.attributes), None)

    def line(self) -> list[ClassFact]:
        """The class and its base classes of the notebook, in the order of lookup (depth first)."""
        found: list[ClassFact] = []
        waiting: list[Fact | None] = [self]
        while waiting:
            fact = waiting.pop(0)
            if isinstance(fact, ClassFact) and fact not in found:
                found.append(fact)
                waiting[:0] = fact.bases
        return found

    def foreign_bases(self) -> list[str]:
        """Dotted paths of the base classes that libraries define."""
        return [base.path for cls in self.line() for base in cls.bases if isinstance(base, Dotted)]


@dataclass(frozen=True, eq=False)
class Instance(Fact):
    """An object of a class of the notebook."""

    cls: ClassFact
    attributes: dict[str, Fact | None]

    def inner(self) -> Iterable[Fact | None]:
        return (self.cls, *self.attributes.values())


@dataclass(frozen=True, slots=True)
class Bound(Fact):
    """A method of an object (or, for class methods, of a class) of the notebook."""

    function: FunctionFact
    owner: Fact

    def inner(self) -> Iterable[Fact | None]:
        return (self.function, self.owner)


@dataclass(frozen=True, slots=True)
class SuperOf(Fact):
    """``super()`` in a method: attributes are looked up behind ``cls``."""

    cls: ClassFact
    owner: Fact | None

    def inner(self) -> Iterable[Fact | None]:
        return (self.cls, self.owner)


Callee = FunctionFact | ClassFact
_PLAIN = (Const, Dotted, PathFact, Unbound)


def callees_of(*facts: Fact | None) -> frozenset[Callee]:
    """The notebook's functions and classes in values of which ``facts`` are known (what is in these themselves not followed)."""
    found: set[Callee] = set()
    seen: set[int] = set()
    waiting = [fact for fact in facts if fact is not None and not isinstance(fact, _PLAIN)]
    while waiting:
        fact = waiting.pop()
        if isinstance(fact, FunctionFact | ClassFact):
            found.add(fact)
        elif id(fact) not in seen:
            seen.add(id(fact))
            waiting += [
                inner for inner in fact.inner() if inner is not None and not isinstance(inner, _PLAIN)
            ]
    return frozenset(found)


class Value:
    """A fact and the objects that the value may share.

    ``loose``: it is only an element of these, such as a loop variable, and most elements are numbers and text: naming it is not taken for
    an alias. Changing a container does not change what is in it, but changing what is in it changes both: ``contents`` are objects that a
    new container was made of (``[x]``), ``elements`` such whose elements it has taken over (``list(x)``), which mostly cannot be changed.
    ``parts``: of a tuple display (or another one that has no name yet), the values in it.
    """

    __slots__ = ("contents", "elements", "fact", "loose", "objects", "parts")

    def __init__(
        self,
        fact: Fact | None = None,
        objects: Objects = NOTHING,
        loose: bool = False,
        elements: Objects = NOTHING,
        parts: tuple[Value, ...] | None = None,
        contents: Objects = NOTHING,
    ) -> None:
        fixed = fact is not None and fact.fixed
        self.fact = fact
        self.objects = NOTHING if fixed else objects
        self.elements = NOTHING if fixed else elements
        self.contents = NOTHING if fixed else contents
        self.loose = loose
        self.parts = parts

    @property
    def reach(self) -> Objects:
        """The objects that something taken out of the value may share."""
        if self.elements or self.contents:
            return self.objects | self.elements | self.contents
        return self.objects

    def same(self, fact: Fact | None) -> Value:
        """The same value, of which something else is known."""
        return Value(fact, self.objects, self.loose, self.elements, None, self.contents)

    def __repr__(self) -> str:
        return f"Value({self.fact}, {set(self.objects)})"


UNKNOWN = Value()


def is_deep(fact: Fact | None) -> bool:
    """Whether a value is known to be a container of things that can be changed."""
    if isinstance(fact, Thing):
        return fact.deep
    if isinstance(fact, Items) and fact.kind in ("enumerate", "zip", "items"):
        return any(map(is_deep, fact.items))
    return isinstance(fact, Items | Entries) and any(item is None or not item.fixed for item in fact.inner())


def filled_from(source: Value, fact: Fact | None) -> Value:
    """A new container of the elements of ``source``."""
    if is_deep(source.fact):
        return Value(fact, contents=source.reach)
    return Value(fact, elements=source.reach)


def joined_fact(one: Fact | None, other: Fact | None) -> Fact | None:
    """What is known about a value that is one or the other."""
    if one == other:
        return one
    if isinstance(one, Unbound):
        return other
    if isinstance(other, Unbound):
        return one
    if isinstance(one, Dotted) and isinstance(other, Dotted):
        return one  # try: import fast as m / except ImportError: import slow as m
    if one is not None and other is not None and one.fixed and other.fixed:
        return IMMUTABLE
    if isinstance(one, Instance) and isinstance(other, Instance) and one.cls is other.cls:
        names = one.attributes.keys() | other.attributes.keys()
        unset = UNBOUND
        return Instance(
            one.cls,
            {
                n: joined_fact(one.attributes.get(n, unset), other.attributes.get(n, unset))
                for n in sorted(names)
            },
        )
    if isinstance(one, Thing) and isinstance(other, Thing) and one.type == other.type:
        return Thing(one.type, one.draws | other.draws, one.held | other.held, one.deep or other.deep)
    held, deep = callees_of(one, other), is_deep(one) or is_deep(other)
    return Thing("", held=held, deep=deep) if held or deep else None


def joined(one: Value, other: Value) -> Value:
    """A value that is one or the other."""
    if one is other or isinstance(other.fact, Unbound):
        return one
    if isinstance(one.fact, Unbound):
        return other
    fact = joined_fact(one.fact, other.fact)
    objects, elements, contents = (
        one.objects | other.objects,
        one.elements | other.elements,
        one.contents | other.contents,
    )
    return Value(fact, objects, one.loose and other.loose, elements, None, contents)


def worn(fact: Fact | None) -> Fact | None:
    """What is still known about a value after a change in place that could have been any."""
    if isinstance(fact, Items):
        return Thing(fact.kind, held=callees_of(fact), deep=is_deep(fact))
    if isinstance(fact, Entries):
        return Thing("dict", held=callees_of(fact), deep=is_deep(fact))
    return fact


def const(value: Any, certain: bool = True) -> Const:
    """The fact of a constant."""
    return Const(value, type(value).__name__, certain)


def text_of(fact: Fact | None) -> str | None:
    """The text that a constant or path is, if it is one."""
    if isinstance(fact, Const) and isinstance(fact.value, str):
        return fact.value
    return fact.path if isinstance(fact, PathFact) else None
