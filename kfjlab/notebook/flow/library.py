"""Calls of library functions: everything that is known about one is applied."""

from __future__ import annotations

from collections.abc import Callable

from .ambient import ambient_in_library
from .arguments import Arguments
from .builtin_calls import BUILTIN_CALLS
from .caches import CACHE_CALLS
from .definitions import call_perhaps
from .draws import draw_in_library
from .evaluator import Evaluator
from .files import files_in_library, path_call
from .magics import MAGIC_CALLS
from .methods import call_method_of
from .mutation import CHANGES_ARGUMENTS, SHARES_ARGUMENTS, is_doing, keeps_arguments
from .processes import PROCESS_CALLS, found_left_running
from .results import result_of
from .values import MAIN, UNKNOWN, Dotted, Fact, Partial, Thing, Value, callees_of

Special = Callable[[Evaluator, Arguments], Value | None]
_SPECIAL: dict[str, Special] = {**BUILTIN_CALLS, **CACHE_CALLS, **MAGIC_CALLS, **PROCESS_CALLS}
_TYPES = ("list", "dict", "set", "str", "bytes", "tuple", "object", "bytearray")
_PURE = (
    "builtins.",
    "math.",
    "json.",
    "re.",
    "os.path.",
    "numpy.",
    "pandas.",
    "time.",
    "itertools.",
    "collections.",
    "typing.",
)
_TRANSPARENT = frozenset(
    {
        "tqdm.tqdm",
        "tqdm.notebook.tqdm",
        "tqdm.auto.tqdm",
        "tqdm",
        "rich.progress.track",
        "fastprogress.progress_bar",
    }
)
_SINGLE = {"decimal.getcontext": "decimal.getcontext()", "logging.getLogger": "logging.getLogger()"}
"""Functions that give what there is one of (or one of a name), and the path under which attributes of that are known."""
_NEVER_CALLED = frozenset({"builtins.isinstance", "builtins.issubclass", "builtins.type", "builtins.id", "builtins.print", "builtins.repr",
                           "inspect.getsource", "builtins.callable", "builtins.hasattr", "inspect.signature", "pickle.dumps"})  # fmt: skip

_OF_MAIN = frozenset({"unittest.main", "doctest.testmod", "ipytest.run"})
"""Functions that look at every variable unless they are told otherwise."""


def call_library(ev: Evaluator, path: str, arguments: Arguments, function: Value) -> Value:
    """Call the library function at a dotted path."""
    special = _SPECIAL.get(path)
    if special is not None:
        found = special(ev, arguments)
        if found is not None:
            return found
    if (
        path.startswith("builtins.")
        and path.count(".") == 2
        and path.split(".")[1] in _TYPES
        and arguments.positional
    ):
        inner = Arguments(
            arguments.positional[1:], arguments.keywords, arguments.rest, arguments.dropped, arguments.shown
        )
        return call_method_of(ev, arguments.positional[0], path.rpartition(".")[2], inner)
    if path in _SINGLE:
        return Value(Dotted(_SINGLE[path]))
    if path in _TRANSPARENT and arguments.positional:
        return arguments.positional[0]
    if path in ("functools.partial", "functools.partialmethod") and arguments.positional:
        first, *others = arguments.positional
        if first.fact is not None:
            return Value(
                Partial(first.fact, tuple(other.fact for other in others)),
                arguments.objects() | first.objects,
            )
    _effects(ev, path, arguments, function)
    fact = path_call(path, arguments) or result_of(path, arguments)
    return _result(ev, path, arguments, fact)


def _effects(ev: Evaluator, path: str, arguments: Arguments, function: Value) -> None:
    ambient_in_library(ev, path, arguments)
    if path in ("os.chdir", "os.fchdir"):
        ev.change_folder(arguments.text(0, "path"))
    draw_in_library(ev, path, arguments)
    files_in_library(ev, path, arguments)
    found_left_running(ev, path)
    if path in _OF_MAIN or any(value.fact == MAIN for value in arguments.values()):
        ev.reads_every_variable()
    _change_arguments(ev, path, arguments)
    if path not in _NEVER_CALLED:
        for value in arguments.functions():
            call_perhaps(ev, value, list(arguments.values()))
    if function.objects and arguments.dropped and not arguments.shown:
        ev.mutate(function)


def _change_arguments(ev: Evaluator, path: str, arguments: Arguments) -> None:
    positions = CHANGES_ARGUMENTS.get(path)
    if positions is None:
        name = path.rpartition(".")[2]
        positions = ()
        if name.endswith("_") and not name.endswith("__"):
            positions = (0,)
        elif arguments.dropped and is_doing(name) and not path.startswith(_PURE):
            positions = tuple(range(len(arguments.positional)))
            for value in arguments.keywords.values():
                _change(ev, value)
    for position in positions:
        if position < len(arguments.positional):
            _change(ev, arguments.positional[position])
    for name in ("out", "random_state", "rng"):
        given = arguments.keywords.get(name)
        if given is not None and (name == "out" or _is_generator(given.fact)):
            ev.mutate(given)
    if arguments.is_true("inplace") and arguments.positional:
        ev.mutate(arguments.positional[0])


def _change(ev: Evaluator, value: Value) -> None:
    if not value.loose and not (value.fact is not None and value.fact.named):
        ev.mutate(value)


def _is_generator(fact: Fact | None) -> bool:
    return isinstance(fact, Thing) and fact.type == "numpy.random.Generator"


def _result(ev: Evaluator, path: str, arguments: Arguments, fact: Fact | None) -> Value:
    if fact is not None and fact.fixed:
        return Value(fact)
    out = arguments.keywords.get("out")
    if out is not None:
        return out
    held = callees_of(*(value.fact for value in arguments.values()))
    if isinstance(fact, Thing) and held and not path.startswith("builtins."):
        fact = Thing(fact.type, fact.draws, fact.held | held)
    if path in SHARES_ARGUMENTS:
        return Value(fact if fact is not None else _same_kind(path, arguments), arguments.objects())
    objects = arguments.objects()
    if objects and keeps_arguments(path):
        made = Value(fact, frozenset({ev.sharing.new()}))
        ev.sharing.join(
            made.objects
            | frozenset(o for v in arguments.values() if not v.loose and not _plain(v) for o in v.reach)
        )
        return made
    if arguments.keywords.get("copy") is not None and not arguments.is_true("copy"):
        return Value(fact, objects)
    if fact is None and path.rpartition(".")[2] in (
        "wraps",
        "lru_cache",
        "cache",
        "jit",
        "njit",
        "total_ordering",
    ):
        return Value(Dotted(path))
    return Value(fact) if fact is not None else UNKNOWN


def _same_kind(path: str, arguments: Arguments) -> Fact | None:
    if path == "copy.copy" and arguments.positional:
        return arguments.positional[0].fact
    return None


def _plain(value: Value) -> bool:
    """Arrays and tables are copied by most who get them."""
    return isinstance(value.fact, Thing) and value.fact.type in (
        "pandas.DataFrame",
        "numpy.ndarray",
        "polars.DataFrame",
        "pandas.Series",
    )
