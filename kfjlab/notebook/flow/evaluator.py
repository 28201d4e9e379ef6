"""The state of one abstract execution of a piece of a notebook, and what it notes down.

An evaluation sees the rest of the notebook only through :meth:`Evaluator.entry`, and notes which names it asked for and what it was
told: a later evaluation with the same answers can reuse the result (:mod:`.pieces`).
"""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable, Iterable

from .builtin_names import BUILTINS, HISTORY, INJECTED
from .frames import Frame, Loop, Snapshot, Variables
from .notes import Notes
from .scopes import Scope, ScopeMap
from .values import (
    UNBOUND,
    UNKNOWN,
    Callee,
    ClassFact,
    Const,
    Dotted,
    Fact,
    FunctionFact,
    Instance,
    Items,
    Thing,
    Unbound,
    Value,
    callees_of,
    const,
    joined,
    text_of,
    worn,
)

BUDGET = 2_000
"""Calls of the notebook's functions that one evaluation follows; further ones are taken for what the functions look up and bind."""

WORKING_DIRECTORY = "%cwd"
"""Stands among the global names for the working directory; no name in code can be that."""


class Evaluator(Notes):
    """See the module's text. ``given``: what is known about a name before the piece (:data:`~.values.UNBOUND`: nothing binds it)."""

    def __init__(self, given: Callable[[str], Fact | None], module: Scope, scopes: ScopeMap) -> None:
        super().__init__()
        self._given = given
        self.asked: dict[str, Fact | None] = {}
        self.frame = Frame(module, scopes)
        self.stack: list[Frame] = []
        self.token = object()
        # state that branches fork
        self.globals: Variables = {}
        self.left = False  # control has left the present block
        # where we are
        self.loop: Loop | None = None
        self.dropped: ast.AST | None = None  # the expression whose value nobody takes
        self.shown: ast.AST | None = None  # the expression whose value is the cell's output
        self.active: list[ast.AST] = []
        self.building: set[Instance] = set()
        self.restored: set[str] = set()  # ambient state that a ``with`` around us puts back
        self._left_to_spend = BUDGET
        self.version = 0
        self._needed: set[tuple[Callee, int]] = set()
        self.calls: dict[object, Value] = {}

    # ---- budget

    def spend(self) -> bool:
        """Count one call that is followed; whether there is budget for it."""
        self._left_to_spend -= 1
        return self._left_to_spend > 0

    # ---- names

    def entry(self, name: str) -> Fact | None:
        """What is known about a global name before the piece."""
        try:
            return self.asked[name]
        except KeyError:
            fact = self.asked[name] = self._given(name)
            return fact

    def is_known(self, name: str) -> bool:
        """Whether something in the notebook may have bound a global name."""
        value = self.globals.get(name)
        fact = self.entry(name) if value is None else value.fact
        return not isinstance(fact, Unbound)

    def peek(self, name: str) -> Value:
        """What a global name holds, without noting a read."""
        value = self.globals.get(name)
        if value is None:
            value = Value(self.entry(name), frozenset({name}))
        return value

    def read_global(self, name: str) -> Value:
        """The value of a global name."""
        value = self.globals.get(name)
        if value is None or isinstance(value.fact, Unbound):
            if value is None:
                value = Value(self.entry(name), frozenset({name}))
            if isinstance(value.fact, Unbound):
                if name in HISTORY and name not in self.bound:
                    self.history.append((name, 0, self.line))
                    return UNKNOWN
                if name in BUILTINS:
                    self.builtins.add(name)
                    return Value(Dotted(f"builtins.{name}"))
                if name in INJECTED:
                    return Value(Dotted(f"IPython.{name}"))
        self.note_read(name)
        if value.fact is not None and not value.fact.fixed:
            self.need(value.fact)
        if self.wild and isinstance(value.fact, Const):
            return Value(
                Const(value.fact.value, value.fact.kind, False)
            )  # something unseen may have bound it anew
        return UNKNOWN if isinstance(value.fact, Unbound) else value

    def read_of_main(self, name: str) -> Value:
        """``__main__.name``, where a missing one is no ``NameError``."""
        if name.startswith("__") and name.endswith("__"):
            return UNKNOWN
        self.guarded += 1
        value = self.read_global(name)
        self.guarded -= 1
        return value

    def need(self, fact: Fact | None) -> None:
        """Note the global names that the notebook's functions and classes in a value look up when they are called."""
        waiting = list(callees_of(fact))
        while waiting:
            callee = waiting.pop()
            if (callee, self.version) in self._needed:
                continue
            self._needed.add((callee, self.version))
            for name in callee.scope.late_globals:
                value = self.peek(name)
                if isinstance(value.fact, Unbound):
                    continue
                if name not in self.definite:
                    self.indirect.add(name)
                waiting += callees_of(value.fact)
            waiting += callees_of(*callee.inner())

    def assume(self, fact: FunctionFact) -> None:
        """A function is called that is not followed: it may bind what it declares global."""
        self.need(fact)
        names = sorted(fact.scope.late_bound)
        if names:
            self.perhaps(lambda: self._bind_unknown(names))

    def _bind_unknown(self, names: Iterable[str]) -> None:
        for name in names:
            self.bind_global(name, UNKNOWN)

    def bind_global(self, name: str, value: Value) -> None:
        """Give a global name a value."""
        self.globals[name] = self.owned(value)
        self.definite.add(name)
        self.bound[name] = self.line
        self.strays.pop(name, None)
        self.version += 1

    def delete_global(self, name: str) -> None:
        """Unbind a global name."""
        self.note_read(name)
        self.globals[name] = Value(UNBOUND)
        self.definite.add(name)
        self.bound[name] = self.line
        self.version += 1

    def read(self, name: str) -> Value:
        """The value of a name, in the present scope."""
        frame = self.frame
        name = frame.scope.mangled(name)
        if frame.scope.kind == "module":
            return self.read_global(name)
        value = frame.variables.get(name)
        if value is not None:
            return value
        kind = frame.scope.resolve(name)
        if kind == "global" or (kind == "local" and frame.scope.kind == "class"):
            home = frame.scope.home(name) if kind == "local" else None
            if home is None:
                return self.read_global(name)
        elif kind == "local":
            return UNKNOWN
        return self._captured(name)

    def _captured(self, name: str) -> Value:
        for scope, variables in self.frame.outer:
            if name in variables and scope.kind != "class":
                value = variables[name]
                return value if self.frame.through is None else Value(value.fact, self.frame.through)
        return UNKNOWN

    def bind(self, name: str, value: Value) -> None:
        """Bind a name in the present scope."""
        frame = self.frame
        if value.parts is not None and not (isinstance(value.fact, Items) and value.fact.kind == "tuple"):
            value = value.same(value.fact)
        name = frame.scope.mangled(name)
        if frame.scope.kind == "module" or name in frame.scope.declared_global:
            self.bind_global(name, value)
        elif frame.scope.owns(name) or frame.scope.kind == "class":
            frame.variables[name] = self.owned(value)
        else:
            self._bind_captured(name, self.owned(value))

    def _bind_captured(self, name: str, value: Value) -> None:
        """``nonlocal``: the variable of an enclosing function; changing it changes the function that has captured it."""
        if self.frame.scope.kind == "comprehension":
            self.frame.variables[name] = value
        for scope, variables in self.frame.outer:
            if scope.owns(name):
                if self.frame.scope.kind == "comprehension" and not self.conditional:
                    variables[name] = value
                else:
                    variables[name] = joined(variables.get(name, value), value)
                break
        if self.frame.through is not None:
            self.mutate(Value(None, self.frame.through))

    def delete(self, name: str) -> None:
        """``del name``."""
        frame = self.frame
        name = frame.scope.mangled(name)
        if frame.scope.kind == "module" or frame.scope.resolve(name) == "global":
            self.delete_global(name)
        else:
            frame.variables.pop(name, None)

    def folder(self) -> str | None:
        """The working directory, relative to the workspace; ``None`` when it is not known."""
        fact = self.peek(WORKING_DIRECTORY).fact
        return "" if isinstance(fact, Unbound) else text_of(fact)

    def change_folder(self, text: str | None) -> None:
        """The working directory becomes another (``None``: an unknown one)."""
        before = self.folder()
        if text is not None and before is not None:
            text = posixpath.normpath(posixpath.join(before, posixpath.expanduser(text)))
            self.globals[WORKING_DIRECTORY] = Value(const(text))
        else:
            self.globals[WORKING_DIRECTORY] = Value(
                const(text) if text is not None and text.startswith("/") else None
            )

    def owned(self, value: Value) -> Value:
        """``value`` with an object of its own, if it has none and could be changed in place."""
        if value.objects or (value.fact is not None and value.fact.fixed):
            return value
        objects = frozenset({self.sharing.new()})
        if value.elements and len(self.sharing.group(value.elements)) > len(value.elements):
            self.sharing.join(objects | value.elements)  # there are things in these that can be changed
        return Value(value.fact, objects, False, value.elements, value.parts, value.contents)

    # ---- objects

    def mutate(self, value: Value) -> None:
        """The objects of a value may be changed in place."""
        if not value.objects:
            return
        self.plain = False
        touched = self.sharing.group(value.objects)
        for item in touched:
            if isinstance(item, str):
                self.mutated.add(item)
        for variables in (self.globals, *(frame.variables for frame in self.stack), self.frame.variables):
            for name, other in variables.items():
                if other.fact is not None and not touched.isdisjoint(other.reach):
                    fact = worn(other.fact)
                    if fact is not other.fact:
                        variables[name] = other.same(fact)
        for item in touched:
            if isinstance(item, str) and item not in self.globals and item not in self.bound:
                fact = self.entry(item)
                if worn(fact) is not fact:
                    self.globals[item] = Value(worn(fact), frozenset({item}))

    def link(self, holder: Value, content: Value) -> None:
        """``content`` is put into ``holder``."""
        if content.loose or (content.fact is not None and content.fact.named):
            return
        if holder.objects and content.reach:
            self.sharing.join(holder.objects | content.reach)

    def replace_fact(self, old: Fact, new: Fact) -> None:
        """More is known now about what was known as ``old``."""
        for variables in (self.globals, self.frame.variables):
            for name, value in variables.items():
                if value.fact is old:
                    variables[name] = value.same(new)

    def keep_inside(self, holder: Value, content: Fact | None) -> None:
        """Note that functions of the notebook got into a value that is not one of its objects (``handlers.append(f)``)."""
        held = callees_of(content)
        if not held:
            return
        if isinstance(holder.fact, Instance):
            new: Fact = Instance(holder.fact.cls, {**holder.fact.attributes, "": content})
        else:
            kind = holder.fact.type if isinstance(holder.fact, Thing) else ""
            new = Thing(kind, held=held | callees_of(holder.fact))
        for variables in (self.globals, self.frame.variables):
            for name, value in list(variables.items()):
                if value.objects & holder.objects and not isinstance(value.fact, FunctionFact | ClassFact):
                    variables[name] = value.same(new)
        for item in holder.objects:
            if isinstance(item, str) and item not in self.globals:
                self.globals[item] = Value(new, frozenset({item}))

    # ---- branches

    def snapshot(self) -> Snapshot:
        """The present state."""
        return Snapshot(dict(self.globals), set(self.definite), dict(self.frame.variables))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back (or on) to a state; the dict of local variables keeps its identity, for functions that captured it."""
        self.globals = dict(snapshot.globals)
        self.definite = set(snapshot.definite)
        if self.frame.variables != snapshot.variables:
            self.frame.variables.clear()
            self.frame.variables.update(snapshot.variables)

    def merged(self, states: list[Snapshot]) -> Snapshot:
        """The state of which it is only known that it is one of ``states``."""
        if len(states) == 1:
            return states[0]
        first, *others = states
        definite = set(first.definite).intersection(*(other.definite for other in others))
        variables = dict(first.variables)
        for other in others:
            for name, value in other.variables.items():
                variables[name] = joined(variables[name], value) if name in variables else value
        return Snapshot(self._merged_globals(states), definite, variables)

    def _merged_globals(self, states: list[Snapshot]) -> Variables:
        merged: Variables = {}
        for name in {name for state in states for name in state.globals}:
            value: Value | None = None
            for state in states:
                one = state.globals.get(name)
                if one is None:  # as before the piece; that a name shares its own objects makes no alias
                    one = Value(self.entry(name), frozenset({name}), loose=True)
                if isinstance(one.fact, Unbound):
                    one = Value(UNBOUND)
                value = one if value is None else joined(value, one)
            assert value is not None
            merged[name] = value
        return merged

    def branches(self, alternatives: Iterable[Callable[[], None]]) -> None:
        """One of ``alternatives`` happens."""
        start = self.snapshot()
        ends: list[Snapshot] = []
        self.conditional += 1
        for run in alternatives:
            self.restore(start)
            self.left = False
            run()
            if not self.left:
                ends.append(self.snapshot())
        self.conditional -= 1
        self.left = not ends
        self.restore(self.merged(ends) if ends else start)

    def perhaps(self, run: Callable[[], None]) -> None:
        """``run`` happens, or it does not."""
        self.branches([lambda: None, run])

    def inside(self, frame: Frame, run: Callable[[], None]) -> None:
        """``run`` in another frame."""
        outer, self.frame = self.frame, frame
        loop, self.loop = self.loop, None
        self.stack.append(outer)
        run()
        self.stack.pop()
        self.frame, self.loop = outer, loop
