"""Ambient state of Python itself."""

from __future__ import annotations

import importlib
import locale
import logging
import os
import random
import sys
import time
import warnings
from typing import Any, Dict, List, Optional

from .ambient_base import Entries, Generator, Key, Mapping
from .imports import imported


class Random(Generator):
    """The generator behind the functions of :mod:`random`."""

    name = "random"

    def get(self) -> Any:
        return random.getstate()

    def restore(self, state: Any) -> None:
        random.setstate(state)

    def seed(self) -> None:
        random.seed()


class Environment(Mapping):
    """``os.environ``. polars keeps its options there, too; those belong to the key ``polars.config``."""

    name = "environ"
    early = True

    def read(self) -> Dict[str, Any]:
        mine = dict(os.environ)
        if imported("polars"):
            for name in [name for name in mine if name.startswith("POLARS_")]:
                del mine[name]
        return mine

    def put(self, name: str, value: Any) -> None:
        os.environ[name] = value

    def drop(self, name: str) -> None:
        os.environ.pop(name, None)


class WorkingDirectory(Key):
    """The working directory, relative to the workspace where it is inside."""

    name = "cwd"
    early = True

    def __init__(self, workspace: str) -> None:
        self._workspace = workspace

    def get(self) -> Any:
        now = os.getcwd()
        relative = os.path.relpath(now, self._workspace)
        return now if relative.startswith(os.pardir) else relative

    def set(self, state: Any) -> None:
        os.chdir(os.path.join(self._workspace, state))


class SysPath(Entries):
    """``sys.path``."""

    name = "sys.path"
    early = True

    def read(self) -> List[Any]:
        return list(sys.path)

    def write(self, entries: List[Any]) -> None:
        sys.path[:] = entries


_SETTERS = {
    "sys.getrecursionlimit": "setrecursionlimit",
    "sys.getswitchinterval": "setswitchinterval",
    "sys.get_int_max_str_digits": "set_int_max_str_digits",
    "calendar.firstweekday": "setfirstweekday",
    "socket.getdefaulttimeout": "setdefaulttimeout",
    "csv.field_size_limit": "field_size_limit",
}
"""Functions that tell a setting, and those of the same modules that change it."""


class Settings(Mapping):
    """``sys.argv``, and what modules of the standard library keep behind a pair of functions."""

    name = "settings"
    early = True

    def read(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {"sys.argv": list(sys.argv)}
        for name in _SETTERS:
            module, _, getter = name.partition(".")
            if imported(module) and hasattr(sys.modules[module], getter):
                found[name] = getattr(sys.modules[module], getter)()
        return found

    def put(self, name: str, value: Any) -> None:
        if name == "sys.argv":
            sys.argv[:] = value
        else:
            getattr(importlib.import_module(name.partition(".")[0]), _SETTERS[name])(value)

    def drop(self, name: str) -> None:
        """They have a value always."""


class TimeZone(Key):
    """The time zone that the C library took from the variable ``TZ``, when ``time.tzset`` was called."""

    name = "timezone"

    def available(self) -> bool:
        return hasattr(time, "tzset")

    def get(self) -> Any:
        return [list(time.tzname), time.timezone, time.altzone]

    def set(self, state: Any) -> None:
        if self.get() != state:
            time.tzset()


class WarningFilters(Entries):
    """``warnings.filters``."""

    name = "warnings"

    def read(self) -> List[Any]:
        return list(warnings.filters)

    def write(self, entries: List[Any]) -> None:
        warnings.filters[:] = [tuple(entry) for entry in entries]  # type: ignore[index]
        refresh = getattr(warnings, "_filters_mutated", None) or getattr(
            warnings, "_filters_mutated_lock_held", None
        )
        if refresh is not None:
            refresh()


class Locale(Key):
    """The locale of the process."""

    name = "locale"

    def get(self) -> Any:
        return locale.setlocale(locale.LC_ALL, None)

    def set(self, state: Any) -> None:
        locale.setlocale(locale.LC_ALL, state)


class DecimalContext(Mapping):
    """The current context of :mod:`decimal`, without the flags that operations set."""

    name = "decimal.context"
    _FIELDS = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def available(self) -> bool:
        return imported("decimal")

    def load(self) -> None:
        import decimal  # noqa: F401

    def read(self) -> Dict[str, Any]:
        import decimal

        context = decimal.getcontext()
        found: Dict[str, Any] = {name: getattr(context, name) for name in self._FIELDS}
        found["traps"] = sorted(signal.__name__ for signal, on in context.traps.items() if on)
        return found

    def put(self, name: str, value: Any) -> None:
        import decimal

        context = decimal.getcontext()
        if name == "traps":
            for signal in context.traps:
                context.traps[signal] = signal.__name__ in value
        else:
            setattr(context, name, value)


class Logging(Mapping):
    """Levels, handlers and switches of loggers. Handlers that write to stdout, stderr or a file travel; others are reported."""

    name = "logging"

    def read(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        manager = logging.root.manager
        if manager.disable:
            found["disable"] = manager.disable
        loggers = [
            ("", logging.root),
            *((n, lg) for n, lg in list(manager.loggerDict.items()) if isinstance(lg, logging.Logger)),
        ]
        for name, logger in loggers:
            if logger.level != (logging.WARNING if name == "" else logging.NOTSET):
                found[f"level:{name}"] = logger.level
            if logger.disabled:
                found[f"disabled:{name}"] = True
            if not logger.propagate:
                found[f"propagate:{name}"] = False
            handlers = [
                _describe(handler)
                for handler in logger.handlers
                if not isinstance(handler, logging.NullHandler)
            ]
            if handlers:
                found[f"handlers:{name}"] = handlers
        return found

    def put(self, name: str, value: Any) -> None:
        what, _, logger = name.partition(":")
        self._apply(what, logging.getLogger(logger), value)

    def drop(self, name: str) -> None:
        what, _, logger = name.partition(":")
        default: Dict[str, Any] = {
            "level": logging.WARNING if logger == "" else logging.NOTSET,
            "propagate": True,
            "handlers": [],
        }
        self._apply(what, logging.getLogger(logger), default.get(what, 0))

    def _apply(self, what: str, logger: logging.Logger, value: Any) -> None:
        if what == "disable":
            logging.disable(value)
        elif what == "level":
            logger.setLevel(value)
        elif what == "disabled":
            logger.disabled = bool(value)
        elif what == "propagate":
            logger.propagate = bool(value)
        else:
            for handler in list(logger.handlers):
                if _describe(handler)["kind"] != "other" and _describe(handler) not in value:
                    logger.removeHandler(handler)
            present = [_describe(handler) for handler in logger.handlers]
            for description in value:
                if description["kind"] != "other" and description not in present:
                    logger.addHandler(_make_handler(description))

    def lost(self, state: Any) -> List[str]:
        found = []
        for name, value in state["set"].items():
            if name.startswith("handlers:"):
                logger = name.partition(":")[2] or "root"
                found += [f"the {d['class']} of logger {logger!r}" for d in value if d["kind"] == "other"]
        return found


def _describe(handler: logging.Handler) -> Dict[str, Any]:
    """A handler as plain data; ``kind`` is ``other`` when it cannot be made again from that."""
    text: Dict[str, Any] = {"kind": "other", "class": type(handler).__name__, "level": handler.level}
    formatter = handler.formatter
    if formatter is not None and type(formatter) is not logging.Formatter:
        return text
    if formatter is not None:
        style = {logging.PercentStyle: "%", logging.StrFormatStyle: "{", logging.StringTemplateStyle: "$"}[
            type(formatter._style)
        ]
        text["format"] = [formatter._fmt, formatter.datefmt, style]
    if type(handler) is logging.FileHandler:
        text.update(kind="file", path=handler.baseFilename, encoding=handler.encoding)
    elif type(handler) is logging.StreamHandler and handler.stream in (sys.stdout, sys.stderr):
        text.update(kind="stream", stream="stdout" if handler.stream is sys.stdout else "stderr")
    return text


def _make_handler(description: Dict[str, Any]) -> logging.Handler:
    handler: logging.Handler
    if description["kind"] == "file":
        handler = logging.FileHandler(description["path"], "a", description["encoding"])
    else:
        handler = logging.StreamHandler(sys.stdout if description["stream"] == "stdout" else sys.stderr)
    handler.setLevel(description["level"])
    pattern: Optional[List[Any]] = description.get("format")
    if pattern is not None:
        handler.setFormatter(logging.Formatter(*pattern))
    return handler
