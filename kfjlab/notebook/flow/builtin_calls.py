"""Calls of Python's builtin functions that are more than a look-up in a table."""

from __future__ import annotations

from collections.abc import Callable

from ..problems import Severity
from .arguments import Arguments
from .attributes import get_attribute, set_attribute
from .code_strings import call_eval, call_exec, call_namespace
from .definitions import call_perhaps
from .dispatch import call, call_method
from .evaluator import Evaluator
from .iteration import combined, consume, element_of
from .results import list_of
from .values import (
    IMMUTABLE,
    MAIN,
    NUMBER,
    UNKNOWN,
    ClassFact,
    Const,
    Dotted,
    Entries,
    Instance,
    Items,
    SuperOf,
    Thing,
    Value,
    callees_of,
    const,
    filled_from,
    joined,
)


def _container(kind: str) -> Callable[[Evaluator, Arguments], Value]:
    def make(ev: Evaluator, arguments: Arguments) -> Value:
        if not arguments.positional:
            return Value(Items(kind, ()) if kind != "frozenset" else IMMUTABLE)
        source = arguments.positional[0]
        consume(ev, source)
        return filled_from(source, list_of(source.fact, kind))

    return make


def _dict(ev: Evaluator, arguments: Arguments) -> Value:
    if not arguments.positional and arguments.rest is None:
        entries = tuple((name, value.fact) for name, value in arguments.keywords.items())
        strong = frozenset(o for value in arguments.keywords.values() if not value.loose for o in value.reach)
        return Value(Entries(entries), frozenset({ev.sharing.new()}), contents=strong)
    made = Value(
        Thing("dict", held=callees_of(*(v.fact for v in arguments.values()))), elements=arguments.objects()
    )
    for value in arguments.positional:
        made = joined(made, filled_from(value, made.fact))
    return made


def _sorted(ev: Evaluator, arguments: Arguments) -> Value | None:
    if not arguments.positional:
        return None
    source = arguments.positional[0]
    consume(ev, source)
    for value in arguments.functions():
        call_perhaps(ev, value, [source])
    return filled_from(source, Thing("list", held=callees_of(source.fact)))


def _enumerate(ev: Evaluator, arguments: Arguments) -> Value | None:
    if not arguments.positional:
        return None
    consume(ev, arguments.positional[0])
    return combined("enumerate", [Value(NUMBER_LIST), arguments.positional[0]])


NUMBER_LIST = Thing("range")


def _zip(ev: Evaluator, arguments: Arguments) -> Value | None:
    if arguments.rest is not None or not arguments.positional:
        return None
    for value in arguments.positional:
        consume(ev, value)
    return combined("zip", arguments.positional)


def _reversed(ev: Evaluator, arguments: Arguments) -> Value | None:
    return (
        Value(arguments.positional[0].fact, arguments.positional[0].reach, loose=True)
        if arguments.positional
        else None
    )


def _map(ev: Evaluator, arguments: Arguments) -> Value | None:
    if len(arguments.positional) < 2:
        return None
    found = _mapped(ev, arguments)
    held = callees_of(arguments.positional[0].fact)
    return Value(Thing("iterator", held=held), frozenset({ev.sharing.new()}), elements=found.reach)


def _filter(ev: Evaluator, arguments: Arguments) -> Value | None:
    if len(arguments.positional) < 2:
        return None
    _mapped(ev, arguments)
    return Value(Thing("iterator"), frozenset({ev.sharing.new()}), elements=arguments.positional[1].reach)


def _mapped(ev: Evaluator, arguments: Arguments) -> Value:
    """What calling the first argument on the elements of the others gives."""
    function, *sources = arguments.positional
    for source in sources:
        consume(ev, source)
    found: list[Value] = []
    elements = [element_of(ev, source) for source in sources]
    ev.perhaps(lambda: found.append(call(ev, function, Arguments(elements))))
    return found[0] if found else UNKNOWN


def _range(ev: Evaluator, arguments: Arguments) -> Value:
    bounds = [
        value.fact.value
        for value in arguments.positional
        if isinstance(value.fact, Const) and value.fact.certain
    ]
    if (
        len(bounds) == len(arguments.positional)
        and all(isinstance(bound, int) for bound in bounds)
        and bounds
    ):
        try:
            count = len(range(*bounds))
        except (ValueError, TypeError, OverflowError):  # the code fails when it runs
            return Value(Thing("range"))
        return Value(Items("range", (NUMBER,) if count else ()))
    return Value(Thing("range"))


def _next(ev: Evaluator, arguments: Arguments) -> Value | None:
    if not arguments.positional:
        return None
    source = arguments.positional[0]
    if isinstance(source.fact, Instance):
        return call_method(ev, source, "__next__", Arguments())
    ev.mutate(source)
    return element_of(ev, source)


def _getattr(ev: Evaluator, arguments: Arguments) -> Value | None:
    name = arguments.text(1)
    if name is None or not name.isidentifier() or not arguments.positional:
        if arguments.positional:
            owner = arguments.positional[0]
            if owner.fact == MAIN:
                ev.reads_every_variable()
            return Value(Thing("", held=callees_of(owner.fact)), owner.reach, owner.loose)
        return None
    return get_attribute(ev, arguments.positional[0], name)


def _setattr(ev: Evaluator, arguments: Arguments) -> Value | None:
    if len(arguments.positional) < 3:
        return None
    owner, _, value = arguments.positional[:3]
    set_attribute(ev, owner, arguments.text(1) or "?", value)
    return UNKNOWN


def _super(ev: Evaluator, arguments: Arguments) -> Value:
    function = ev.frame.function
    if isinstance(arguments.fact(0), ClassFact):
        cls = arguments.fact(0)
        owner = arguments.get(1) or ev.frame.first
        assert isinstance(cls, ClassFact)
        return Value(SuperOf(cls, owner.fact), owner.objects)
    if function is None or not function.owner:
        return Value(None, ev.frame.first.objects)
    return Value(SuperOf(function.owner[0], ev.frame.first.fact), ev.frame.first.objects)


def _print(ev: Evaluator, arguments: Arguments) -> Value:
    for value in arguments.positional:
        _as_text(ev, value)
    target = arguments.keywords.get("file")
    if target is not None:
        ev.mutate(target)
    return Value(const(None))


def _as_text(ev: Evaluator, value: Value) -> None:
    if isinstance(value.fact, Instance):
        for name in ("__str__", "__repr__"):
            if value.fact.cls.lookup(name) is not None:
                call_method(ev, value, name, Arguments())
    elif (
        isinstance(value.fact, Thing)
        and value.fact.type in ("generator", "iterator")
        and value.parts is not None
    ):
        consume(ev, value)


def _length(ev: Evaluator, arguments: Arguments) -> Value:
    for value in arguments.positional:
        if isinstance(value.fact, Instance):
            call_method(ev, value, "__len__", Arguments())
    return Value(NUMBER)


def _reduce(ev: Evaluator, arguments: Arguments) -> Value:
    """``sum``, ``min``, ``max``, ``any``, ``all``: an element, or something made of all."""
    if arguments.positional:
        consume(ev, arguments.positional[0])
        for value in arguments.functions():
            call_perhaps(ev, value, [arguments.positional[0]])
    return UNKNOWN


def _dir(ev: Evaluator, arguments: Arguments) -> Value | None:
    if not arguments.positional and ev.frame.scope.kind == "module":
        ev.run_wild("dir(), which sees every variable")
    if arguments.fact(0) == MAIN:
        ev.reads_every_variable()
    return Value(Thing("labels"))


def _input(ev: Evaluator, arguments: Arguments) -> Value:
    message = "This asks for keyboard input, and a pipeline has nobody at the keyboard."
    ev.find("needs-input", Severity.WARNING, message, "Make it a parameter of the pipeline")
    return Value(Thing("text"))


def _exit(ev: Evaluator, arguments: Arguments) -> Value:
    message = "This ends the kernel, and so the step, but not the steps after it."
    ev.find("exits", Severity.WARNING, message, "Raise an exception to end the run")
    return UNKNOWN


def _import_module(ev: Evaluator, arguments: Arguments) -> Value | None:
    name = arguments.text(0)
    return None if name is None else Value(Dotted(name, True))


BUILTIN_CALLS: dict[str, Callable[[Evaluator, Arguments], Value | None]] = {
    "builtins.list": _container("list"),
    "builtins.tuple": _container("tuple"),
    "builtins.set": _container("set"),
    "builtins.frozenset": _container("frozenset"),
    "builtins.dict": _dict,
    "builtins.sorted": _sorted,
    "builtins.enumerate": _enumerate,
    "builtins.zip": _zip,
    "builtins.reversed": _reversed,
    "builtins.map": _map,
    "builtins.filter": _filter,
    "builtins.range": _range,
    "builtins.next": _next,
    "builtins.getattr": _getattr,
    "builtins.setattr": _setattr,
    "builtins.super": _super,
    "builtins.print": _print,
    "builtins.len": _length,
    "builtins.sum": _reduce,
    "builtins.min": _reduce,
    "builtins.max": _reduce,
    "builtins.any": _reduce,
    "builtins.all": _reduce,
    "builtins.eval": call_eval,
    "builtins.exec": call_exec,
    "builtins.globals": call_namespace,
    "builtins.locals": call_namespace,
    "builtins.vars": call_namespace,
    "builtins.dir": _dir,
    "builtins.input": _input,
    "getpass.getpass": _input,
    "IPython.exit": _exit,
    "IPython.quit": _exit,
    "builtins.exit": _exit,
    "builtins.quit": _exit,
    "sys.exit": _exit,
    "importlib.import_module": _import_module,
    "builtins.__import__": _import_module,
}
