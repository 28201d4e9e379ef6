"""Definitions of functions and classes, and what calling them does: their bodies are executed, with the values of the call."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from .arguments import Arguments
from .caches import found_use_of_cache, is_cache
from .dispatch import call, evaluate, execute_block
from .evaluator import Evaluator
from .frames import Frame
from .scopes import FunctionNode, all_arguments
from .values import (
    IMMUTABLE,
    UNKNOWN,
    Bound,
    ClassFact,
    Const,
    Fact,
    FunctionFact,
    Instance,
    Items,
    Objects,
    Thing,
    Value,
    joined,
    worn,
)

DEEPEST = 16
"""Nested calls that are followed."""

_KINDS = {
    "staticmethod": "static",
    "classmethod": "class",
    "property": "property",
    "cached_property": "property",
    "setter": "setter",
    "getter": "property",
    "deleter": "setter",
}


@contextmanager
def type_parameters(ev: Evaluator, node: ast.AST) -> Iterator[None]:
    """The type parameters of ``def f[T]`` are local names while its annotations and bases are evaluated."""
    parameters = getattr(node, "type_params", [])
    if not parameters:
        yield
        return
    from .scopes import Scope

    scope = Scope("types", None)
    names = {parameter.name: UNKNOWN for parameter in parameters}
    scope.bound.update(names)
    frame = ev.frame
    scope.parent = frame.scope
    ev.frame = Frame(scope, frame.scopes, dict(names), frame.around())
    try:
        yield
    finally:
        ev.frame = frame


# ---- definitions


def define_function(ev: Evaluator, node: FunctionNode) -> Value:
    """The function that a ``def`` or ``lambda`` makes."""
    frame = ev.frame
    names = [argument.arg for argument in [*node.args.posonlyargs, *node.args.args]]
    defaults: dict[str, Value] = {}
    for name, default in zip(reversed(names), reversed(node.args.defaults), strict=False):
        defaults[name] = ev.owned(evaluate(ev, default))
    for argument, keyword_default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if keyword_default is not None:
            defaults[argument.arg] = ev.owned(evaluate(ev, keyword_default))
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    owner: list[ClassFact] = []
    if not ev.depth:
        ev.late |= frame.scopes[node].late_globals
    around = frame.around()
    fact = FunctionFact(
        node=node,
        scope=frame.scopes[node],
        scopes=frame.scopes,
        name=getattr(node, "name", "<lambda>"),
        variables=around,
        defaults=defaults,
        kind=next((_KINDS[n] for d in decorators if (n := _last_name(d)) in _KINDS), "function"),
        generator=_is_generator(node),
        owner=owner,
        token=ev.token,
    )
    captured = {o for v in defaults.values() for o in v.reach}
    for scope, variables in around:
        if scope.kind != "class":
            names_inside = frame.scopes[node].used
            captured.update(o for n, v in variables.items() if n in names_inside for o in v.reach)
    value = Value(fact, frozenset(captured) | {ev.sharing.new()})
    for decorator in reversed(decorators):
        value = _decorated(ev, decorator, value)
    return value


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _last_name(node.func)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _decorated(ev: Evaluator, decorator: ast.expr, value: Value) -> Value:
    """A decorator of a library gives a function that calls the decorated one; one of the notebook is followed."""
    function = evaluate(ev, decorator)
    if isinstance(function.fact, FunctionFact | Bound | ClassFact) or is_cache(function.fact):
        made = call(ev, function, Arguments([value]))
        return made if made.fact is not None else Value(value.fact, made.objects | value.objects)
    ev.link(function, Value(None, value.reach))
    return value


def _is_generator(node: FunctionNode) -> bool:
    waiting: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else list(node.body)
    while waiting:
        item = waiting.pop()
        if isinstance(item, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(item)
    return False


def define_class(ev: Evaluator, node: ast.ClassDef) -> Value:
    """The class that a ``class`` statement makes; its body is executed."""
    frame = ev.frame
    bases = [evaluate(ev, base) for base in node.bases]
    for keyword in node.keywords:
        evaluate(ev, keyword.value)
    variables: dict[str, Value] = {}
    scope = frame.scopes[node]
    inner = Frame(scope, frame.scopes, variables, frame.around(), frame.through)
    ev.inside(inner, lambda: execute_block(ev, node.body))
    ev.left = False
    attributes: dict[str, Fact | None] = {}
    fact = ClassFact(
        node, scope, node.name, tuple(base.fact for base in bases), attributes, _is_dataclass(node)
    )
    captured: set[int | str] = set()
    for name, value in variables.items():
        known = attributes.get(name)
        if isinstance(value.fact, FunctionFact):
            value.fact.owner.append(fact)
            if value.fact.kind == "setter" and isinstance(known, FunctionFact):
                continue
        attributes[name] = value.fact
        captured |= value.reach
    value = Value(fact, frozenset(captured) | {ev.sharing.new()})
    for decorator in reversed(node.decorator_list):
        value = _decorated(ev, decorator, value)
    return value


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any(
        _last_name(decorator) in ("dataclass", "define", "attrs", "s") for decorator in node.decorator_list
    )


# ---- calls


def call_function(
    ev: Evaluator,
    fact: FunctionFact,
    function: Value,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value] | None = None,
    rest: Value | None = None,
) -> Value:
    """Call a function of the notebook. ``function`` is the value through which it was reached, ``rest`` what ``*args`` and
    ``**kwargs`` of the call may contain."""
    found_use_of_cache(ev, fact)
    keywords = keywords or {}
    key = (
        fact,
        function.objects,
        tuple((a.fact, a.reach) for a in arguments),
        tuple((n, v.fact, v.reach) for n, v in keywords.items()),
    )
    known = ev.calls.get((key, ev.version))
    if known is not None:
        return known
    again = ev.active.count(fact.node)
    if again > 1 or len(ev.active) >= DEEPEST or not ev.spend():
        ev.assume(fact)
        return UNKNOWN
    if again:  # it calls itself: with whatever values
        arguments = [_widened(argument) for argument in arguments]
        keywords = {name: _widened(value) for name, value in keywords.items()}
    frame = Frame(
        fact.scope,
        fact.scopes,
        _bound_arguments(ev, fact, arguments, keywords, rest, function.objects),
        fact.variables,
        None if fact.token is ev.token else function.objects,
        fact,
    )
    frame.first = arguments[0] if arguments else UNKNOWN
    version = ev.version
    ev.pinned += fact.token is not ev.token
    result = _execute(ev, fact.node, frame)
    ev.pinned -= fact.token is not ev.token
    if fact.generator:
        held = frozenset({fact})
        result = Value(Thing("generator", held=held), frozenset({ev.sharing.new()}), elements=result.reach)
    if ev.version == version:
        ev.calls[(key, version)] = result
    return result


def _widened(value: Value) -> Value:
    fact = value.fact
    return value.same(IMMUTABLE) if isinstance(fact, Const) else value.same(worn(fact))


def _execute(ev: Evaluator, node: FunctionNode, frame: Frame) -> Value:
    line, loop = ev.line, ev.loop
    ev.active.append(node)
    ev.depth += 1
    result: list[Value] = []

    def body() -> None:
        if isinstance(node, ast.Lambda):
            ev.dropped = node.body  # what list.append and its like return is None
            result.append(evaluate(ev, node.body))
        else:
            execute_block(ev, node.body)

    locals_before = ev.frame.variables
    ev.inside(frame, body)
    if not isinstance(node, ast.Lambda):
        result = list(frame.returned)
        _leave(ev, frame, locals_before)
    ev.depth -= 1
    ev.active.pop()
    ev.line, ev.loop = line, loop
    value = UNKNOWN if result else Value(Const(None, "NoneType"))
    for index, one in enumerate(result):
        value = one if index == 0 else joined(value, one)
    return value


def _leave(ev: Evaluator, frame: Frame, variables: dict[str, Value]) -> None:
    """Merge the states at which a function can have ended; its caller goes on from there."""
    ends = list(frame.exits)
    if not ev.left:
        ends.append(ev.snapshot())
    ev.left = False
    if not ends:  # it raises, or so it seems (an abstract method): go on as if it had returned
        return
    merged = ev.merged(ends)
    ev.globals, ev.definite = dict(merged.globals), set(merged.definite)


def _bound_arguments(
    ev: Evaluator,
    fact: FunctionFact,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    rest: Value | None,
    through: Objects,
) -> dict[str, Value]:
    """The parameters of a call, by name."""
    spec = fact.node.args
    mangled = fact.scope.mangled
    bound: dict[str, Value] = {}
    positional = [argument.arg for argument in [*spec.posonlyargs, *spec.args]]
    arguments = [ev.owned(argument) for argument in arguments]
    for name, value in zip(positional, arguments, strict=False):
        bound[mangled(name)] = value
    more = list(arguments[len(positional) :])
    extra = {
        name: value for name, value in keywords.items() if name not in {a.arg for a in all_arguments(spec)}
    }
    for name, value in keywords.items():
        if name not in extra:
            bound[mangled(name)] = value
    if spec.vararg is not None:
        bound[mangled(spec.vararg.arg)] = _packed("tuple", more, rest)
    if spec.kwarg is not None:
        bound[mangled(spec.kwarg.arg)] = _packed("dict", list(extra.values()), rest)
    for argument in all_arguments(spec):
        name = mangled(argument.arg)
        if name in bound:
            continue
        if rest is not None:
            bound[name] = rest
        elif argument.arg in fact.defaults:
            default = fact.defaults[argument.arg]
            bound[name] = default if fact.token is ev.token else Value(default.fact, through)
        else:
            bound[name] = UNKNOWN
    return bound


def _packed(kind: str, values: list[Value], rest: Value | None) -> Value:
    objects = frozenset(o for value in [*values, *([rest] if rest else [])] for o in value.reach)
    if kind == "tuple" and rest is None:
        return Value(Items("tuple", tuple(value.fact for value in values)), objects, parts=tuple(values))
    return Value(Thing(kind), objects)


def instantiate(
    ev: Evaluator,
    fact: ClassFact,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    rest: Value | None,
) -> Value:
    """Make an object of a class of the notebook."""
    instance = Instance(fact, {})
    made = Value(instance, frozenset({ev.sharing.new()}))
    initializer = fact.lookup("__init__")
    ev.building.add(instance)
    if isinstance(initializer, FunctionFact):
        call_function(ev, initializer, made, [made, *arguments], keywords, rest)
    else:
        _set_fields(ev, fact, instance, made, arguments, keywords, rest)
    prepared = fact.lookup("__post_init__")
    if isinstance(prepared, FunctionFact):
        call_function(ev, prepared, made, [made])
    ev.building.discard(instance)
    return made


def _set_fields(
    ev: Evaluator,
    fact: ClassFact,
    instance: Instance,
    made: Value,
    arguments: Sequence[Value],
    keywords: Mapping[str, Value],
    rest: Value | None,
) -> None:
    """What a data class, or a class of a library, does with the arguments: keep them."""
    fields = [
        statement.target.id
        for cls in reversed(fact.line())
        if cls.dataclass
        for statement in cls.node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    ]
    for name, value in [*zip(fields, arguments, strict=False), *keywords.items()]:
        instance.attributes[name] = value.fact
    for value in [*arguments, *keywords.values(), *([rest] if rest is not None else [])]:
        ev.link(made, value)


def call_perhaps(ev: Evaluator, value: Value, arguments: Sequence[Value]) -> None:
    """A library was given a function of the notebook and may call it, with values that share what ``arguments`` share."""
    inner = Value(None, frozenset(o for argument in arguments for o in argument.reach), loose=True)

    def run() -> None:
        call(ev, value, Arguments(rest=inner))

    ev.perhaps(run)
