"""Ambient state of the notebook's shell."""

from __future__ import annotations
import __future__

import importlib
from typing import Any, Dict, List

from .ambient_base import Mapping

_COMPILER = "compiler.features"
_FEATURES: int = sum({getattr(__future__, name).compiler_flag for name in __future__.all_feature_names})
_PLAIN = (str, bytes, int, float, bool, type(None))


class ShellMapping(Mapping):
    """State that imports do not change."""

    def before_import(self) -> Any:
        return None

    def after_import(self, before: Any) -> bool:
        return False


class Extensions(ShellMapping):
    """IPython extensions that were loaded (``%load_ext``)."""

    name = "ipython.extensions"

    def __init__(self, shell: Any) -> None:
        super().__init__()
        self._manager = shell.extension_manager

    def read(self) -> Dict[str, Any]:
        return dict.fromkeys(self._manager.loaded, True)

    def put(self, name: str, value: Any) -> None:
        self._manager.load_extension(name)

    def drop(self, name: str) -> None:
        self._manager.unload_extension(name)


class Options(ShellMapping):
    """What ``%config``, ``%precision``, ``ast_node_interactivity`` and the like have set: options of the shell, its formatters and
    the inline back end that differ from their defaults, and the features of later Pythons (``from __future__ import annotations``), which
    IPython keeps for the cells to come."""

    name = "ipython.options"

    def __init__(self, shell: Any) -> None:
        super().__init__()
        self._shell = shell
        self._traits: Dict[type, Dict[str, Any]] = {}

    def read(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        features = self._features()
        if features:
            found[_COMPILER] = features
        for part in self._parts():
            kind = type(part)
            if kind not in self._traits:
                self._traits[kind] = part.traits(config=True)
            for name, trait in self._traits[kind].items():
                value = getattr(part, name)
                if _is_plain(value) and value != trait.default(part):
                    found[f"{kind.__name__}.{name}"] = value
        return found

    def _features(self) -> int:
        flags: int = self._shell.compile.flags
        return flags & _FEATURES

    def put(self, name: str, value: Any) -> None:
        if name == _COMPILER:
            self._shell.compile.flags += value - self._features()
            return
        part, _, trait = name.partition(".")
        setattr(self._part(part), trait, value)

    def drop(self, name: str) -> None:
        if name == _COMPILER:
            self.put(name, 0)
            return
        part, _, trait = name.partition(".")
        holder = self._part(part)
        setattr(holder, trait, holder.traits()[trait].default(holder))

    def _parts(self) -> List[Any]:
        shell = self._shell
        inline = [part for part in shell.configurables if type(part).__name__ == "InlineBackend"]
        return [shell, *inline, shell.display_formatter, *shell.display_formatter.formatters.values()]

    def _part(self, name: str) -> Any:
        if name == "InlineBackend":
            backend = importlib.import_module("matplotlib_inline.config").InlineBackend.instance(
                parent=self._shell
            )
            if backend not in self._shell.configurables:
                self._shell.configurables.append(backend)
            return backend
        for part in self._parts():
            if type(part).__name__ == name:
                return part
        raise LookupError(f"this IPython has no part {name!r}, whose options an earlier step has set")


class Magics(ShellMapping):
    """Magics that the notebook's own cells defined."""

    name = "ipython.magics"

    def __init__(self, shell: Any) -> None:
        super().__init__()
        self._magics = shell.magics_manager.magics

    def read(self) -> Dict[str, Any]:
        return {
            f"{kind} {name}": function
            for kind, functions in self._magics.items()
            for name, function in functions.items()
            if getattr(function, "__module__", None) == "__main__"
        }

    def put(self, name: str, value: Any) -> None:
        kind, _, magic = name.partition(" ")
        self._magics[kind][magic] = value

    def drop(self, name: str) -> None:
        kind, _, magic = name.partition(" ")
        self._magics[kind].pop(magic, None)


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(_is_plain(k) and _is_plain(v) for k, v in value.items())
    return isinstance(value, _PLAIN)
