"""Variables described by value, as plain JSON, so that those of two processes can be compared.

It is executed by path inside the notebook that is examined (:data:`oracle.DUMP_CELL`), so it imports only the standard library and binds
nothing there. What two descriptions show:

- values, exactly (floats by ``repr``, so NaN equals NaN; arrays and columns by a digest of their bytes);
- aliases: the second time that a mutable object, function or class is met, its description is ``["same as", N]``. Variables are
  described in the order of their names, so equal states number their objects alike;
- classes and functions of the notebook by their code, those of libraries by their name;
- what no process can hand to another (generators, files, locks, …) only by its type: ``["opaque", TYPE]``.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import json
import sys
import types
from collections.abc import Callable
from typing import Any

IPYTHON_NAMES = frozenset(["In", "Out", "exit", "quit", "open", "get_ipython", "display"])
OPAQUE_MODULES = (
    "matplotlib",
    "IPython",
    "ipykernel",
    "threading",
    "_thread",
    "_io",
    "weakref",
    "_weakref",
    "subprocess",
    "socket",
)
OPAQUE_TYPES: tuple[type, ...] = (
    types.GeneratorType,
    types.CoroutineType,
    types.AsyncGeneratorType,
    types.FrameType,
    memoryview,
    type(iter([])),
    map,
    filter,
    zip,
)
CLASS_NOISE = frozenset(
    [
        "__module__",
        "__dict__",
        "__weakref__",
        "__firstlineno__",
        "__static_attributes__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "_abc_impl",
        "__dataclass_params__",
        "__dataclass_fields__",
        "__match_args__",
        "__slotnames__",  # what copyreg notes when an instance is pickled
    ]
)
SCALARS = (type(None), bool, int, float, complex, str, bytes)


def interesting(name: str) -> bool:
    """Whether a global name is the user's: neither IPython's history nor its helpers."""
    if name in IPYTHON_NAMES or name.startswith("__"):
        return False
    return not (
        name == "_"
        or (
            name.startswith("_")
            and (name[1:].isdigit() or name[1:2] == "i" or name in ("_oh", "_dh", "_exit_code"))
        )
    )


MEASURED = frozenset({"mean_fit_time", "std_fit_time", "mean_score_time", "std_score_time", "refit_time_"})
"""Results of scikit-learn's searches that are seconds, so that no two runs agree."""


def describe_all(namespace: dict[str, Any]) -> dict[str, Any]:
    """Each interesting variable's description, by name."""
    describer = Describer()
    return {name: describer.describe(namespace[name]) for name in sorted(namespace) if interesting(name)}


def dump(namespace: dict[str, Any], path: str) -> None:
    """Write the description of all interesting variables of ``namespace`` to the JSON file ``path``."""
    described = describe_all(dict(namespace))
    with open(path, "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(described, file)


def digest(data: bytes) -> str:
    """A short digest for descriptions."""
    return hashlib.sha256(data).hexdigest()[:16]


def type_name(kind: type) -> str:
    """A type's dotted name."""
    return f"{kind.__module__}.{kind.__qualname__}"


class Describer:
    """Descriptions that share one numbering of objects."""

    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._alive: list[Any] = []  # an object that was freed could give its id to another

    def describe(self, value: Any) -> Any:
        """The description of one value."""
        kind = type(value)
        if kind in SCALARS:
            return [kind.__name__, value if kind in (type(None), bool, str) else repr(value)]
        if isinstance(value, types.ModuleType):
            return ["module", value.__name__]
        if isinstance(value, enum.Enum):
            return ["enum", type_name(kind), value.name]
        if isinstance(value, OPAQUE_TYPES) or kind.__module__.split(".")[0] in OPAQUE_MODULES:
            return ["opaque", type_name(kind)]
        if kind is tuple:
            return self._sequence(value)
        if kind is frozenset:
            return self._set(value)
        if isinstance(value, (type, types.FunctionType)) and not _of_notebook(value):
            return ["global", value.__module__, value.__qualname__]
        number = self._numbers.get(id(value))
        if number is not None:
            return ["same as", number]
        self._numbers[id(value)] = len(self._numbers)
        self._alive.append(value)
        return self._new(value, kind)

    def _new(self, value: Any, kind: type) -> Any:
        if isinstance(value, type):
            return self._class(value)
        if isinstance(value, types.FunctionType):
            return self._function(value)
        if isinstance(value, types.BuiltinFunctionType) and (
            value.__self__ is None or isinstance(value.__self__, types.ModuleType)
        ):
            return ["builtin", value.__module__, value.__qualname__]
        if isinstance(value, types.MethodType):
            return ["method", self.describe(value.__func__), self.describe(value.__self__)]
        if isinstance(value, (staticmethod, classmethod)):
            return [kind.__name__, self.describe(value.__func__)]
        if isinstance(value, property):
            return ["property", self.describe([value.fget, value.fset, value.fdel])]
        if isinstance(value, functools.partial):
            return ["partial", self.describe([value.func, value.args, value.keywords])]
        if kind in (list, bytearray):
            return self._sequence(value)
        if kind is dict:
            return ["dict", self._pairs(value)]
        if kind is set:
            return self._set(value)
        for library, method in (("numpy", self._numpy), ("pandas", self._pandas)):
            if kind.__module__.split(".")[0] == library and library in sys.modules:
                described = method(value, sys.modules[library])
                if described is not None:
                    return described
        return self._object(value, kind)

    def _sequence(self, value: Any) -> Any:
        if len(value) > 200 and all(type(item) in SCALARS for item in value):
            return [
                type(value).__name__,
                len(value),
                digest(repr(list(value)).encode("utf-8", "backslashreplace")),
            ]
        return [type(value).__name__, [self.describe(item) for item in value]]

    def _set(self, value: Any) -> Any:
        # In an order of their own, since iteration depends on hashes.
        return [type(value).__name__, sorted((Describer().describe(item) for item in value), key=repr)]

    def _pairs(self, value: Any) -> Any:
        return [
            [self.describe(key), "<measured>" if key in MEASURED else self.describe(item)]
            for key, item in value.items()
        ]

    def _class(self, value: type) -> Any:
        own = {
            name: item
            for name, item in vars(value).items()
            if name not in CLASS_NOISE and not _derived(value, name, item)
        }
        # `__doc__` None is there or not depending on how the class came to be.
        own = {name: item for name, item in own.items() if (name, item) != ("__doc__", None)}
        bases = [self.describe(base) for base in value.__bases__]
        return [
            "class",
            value.__qualname__,
            bases,
            [[name, self.describe(own[name])] for name in sorted(own, key=str)],
        ]

    def _function(self, value: types.FunctionType) -> Any:
        cells = []
        for cell in value.__closure__ or ():
            try:
                cells.append(self.describe(cell.cell_contents))
            except ValueError:
                cells.append(["empty cell"])
        return [
            "function",
            value.__qualname__,
            _code(value.__code__),
            self.describe([value.__defaults__, value.__kwdefaults__, vars(value)]),
            cells,
        ]

    def _numpy(self, value: Any, numpy: Any) -> Any:
        if isinstance(value, numpy.ndarray) and type(value).__module__.split(".")[0] == "numpy":
            head = [type(value).__name__, str(value.dtype), list(value.shape)]
            if value.dtype.hasobject:
                return [*head, [self.describe(item) for item in value.ravel().tolist()]]
            return [*head, digest(numpy.ascontiguousarray(value).tobytes())]
        if isinstance(value, numpy.generic):
            return ["scalar", str(value.dtype), repr(value.item())]
        if isinstance(value, numpy.dtype):
            return ["dtype", str(value)]
        if isinstance(value, numpy.random.RandomState):
            return ["RandomState", Describer().describe(value.get_state(legacy=False))]
        if isinstance(value, numpy.random.Generator):
            return ["Generator", Describer().describe(value.bit_generator.state)]
        if isinstance(value, numpy.ufunc):
            return ["ufunc", value.__name__]
        return None

    def _pandas(self, value: Any, pandas: Any) -> Any:
        if isinstance(value, pandas.DataFrame):
            columns = [self._column(value.iloc[:, i]) for i in range(value.shape[1])]
            return [
                type(value).__name__,
                list(value.shape),
                self._index(value.columns),
                self._index(value.index),
                columns,
            ]
        if isinstance(value, pandas.Series):
            return [
                type(value).__name__,
                Describer().describe(value.name),
                self._index(value.index),
                self._column(value),
            ]
        if isinstance(value, pandas.Index):
            return self._index(value)
        if (
            isinstance(value, (pandas.Timestamp, pandas.Timedelta, pandas.Period, pandas.Interval))
            or value is pandas.NaT
            or value is pandas.NA
        ):
            return [type(value).__name__, repr(value)]
        if isinstance(value, pandas.api.extensions.ExtensionDtype):
            return ["dtype", str(value)]
        return None

    def _index(self, value: Any) -> Any:
        return [
            type(value).__name__,
            str(value.dtype),
            repr(list(value.names)),
            digest(repr(value.tolist()).encode("utf-8", "backslashreplace")),
        ]

    def _column(self, value: Any) -> Any:
        values = value.tolist()
        if value.dtype == object:
            return [str(value.dtype), [Describer().describe(item) for item in values]]
        return [str(value.dtype), digest(repr(values).encode("utf-8", "backslashreplace"))]

    def _object(self, value: Any, kind: type) -> Any:
        """Any other instance: by its attributes, or by what :mod:`pickle` would be told of it."""
        if dataclasses.is_dataclass(value) or _plain(kind):
            state: Any = dict(getattr(value, "__dict__", {}))
            for base in kind.__mro__:
                slots = base.__dict__.get("__slots__", ())
                for slot in (slots,) if isinstance(slots, str) else slots:
                    if slot not in ("__dict__", "__weakref__") and hasattr(value, slot):
                        state[slot] = getattr(value, slot)
            parts = [
                [name, self.describe(item)]
                for name, item in sorted(state.items(), key=lambda pair: str(pair[0]))
            ]
            content = None
            containers: tuple[Any, ...] = (dict, list, tuple, set, str, int, float)
            for container in containers:
                if isinstance(value, container):
                    content = self.describe(container(value))
                    break
            return ["object", self._type(kind), parts, content]
        try:
            reduced = value.__reduce_ex__(4)
        except Exception:  # noqa: BLE001 - whatever a class raises there, it means that it cannot be carried
            return ["opaque", type_name(kind)]
        if isinstance(reduced, str):
            return ["global", reduced]
        maker, arguments, *rest = reduced
        # The maker's name is enough: it is a function of a library or of copyreg.
        described = [
            getattr(maker, "__qualname__", repr(maker)),
            *(self.describe(argument) for argument in arguments),
        ]
        state = rest[0] if rest and kind.__name__ != "Bunch" else None  # which drops it by itself on loading
        items = [self.describe(item) for item in (rest[1] or ())] if len(rest) > 1 else []
        pairs = [self.describe(list(pair)) for pair in (rest[2] or ())] if len(rest) > 2 else []
        return ["object", self._type(kind), described, self._state(state), items, pairs]

    def _state(self, state: Any) -> Any:
        if type(state) is dict:  # made for the occasion, so its identity says nothing
            return [
                [name, "<measured>" if name in MEASURED else self.describe(item)]
                for name, item in sorted(state.items(), key=lambda pair: str(pair[0]))
            ]
        return self.describe(state)

    def _type(self, kind: type) -> Any:
        return self.describe(kind) if _of_notebook(kind) else type_name(kind)


def _of_notebook(value: Any) -> bool:
    return value.__module__ in ("__main__", None)


def _derived(owner: type, name: str, item: Any) -> bool:
    """Whether a class attribute was made by a decorator of the standard library from what is described anyway."""
    if isinstance(item, (types.MemberDescriptorType, types.GetSetDescriptorType)):
        return True
    if issubclass(owner, enum.Enum) and (name.startswith("_") or name == "__new__"):
        return True
    if not isinstance(item, (types.FunctionType, classmethod, staticmethod)):
        return False
    code = getattr(getattr(item, "__func__", item), "__code__", None)
    return (code is not None and code.co_filename.startswith("<string>")) or getattr(
        item, "__module__", "__main__"
    ) in ("dataclasses", "reprlib")


def _plain(kind: type) -> bool:
    """Whether a class of the notebook says nothing of its own about pickling."""
    if not _of_notebook(kind):
        return False
    own = [base for base in kind.__mro__ if base is not object]
    return not any(
        name in base.__dict__
        for base in own
        for name in ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__")
    )


def _code(code: types.CodeType) -> str:
    """A digest of what code does: neither where it stands nor what its file is called."""
    constants = [
        _code(c)
        if isinstance(c, types.CodeType)
        else repr(c)
        if not isinstance(c, frozenset)
        else repr(sorted(map(repr, c)))
        for c in code.co_consts
    ]
    return digest(
        repr(
            [
                code.co_name,
                code.co_code,
                constants,
                code.co_names,
                code.co_varnames,
                code.co_freevars,
                code.co_cellvars,
            ]
        ).encode("utf-8", "backslashreplace")
    )


def differences(expected: Any, found: Any, where: str = "") -> list[str]:
    """Where two descriptions differ, in words; empty when they agree."""
    out: list[str] = []
    _compare(expected, found, where, out.append)
    return out


def _compare(expected: Any, found: Any, where: str, report: Callable[[str], None]) -> None:
    if expected == found:
        return
    if (
        isinstance(expected, list)
        and isinstance(found, list)
        and len(expected) == len(found)
        and expected[:1] == found[:1]
        and len(expected) > 1
    ):
        for position, (one, other) in enumerate(zip(expected, found, strict=True)):
            _compare(one, other, f"{where}/{position}", report)
        return
    report(f"{where}: expected {_short(expected)}, found {_short(found)}")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 300 else text[:300] + " …"
