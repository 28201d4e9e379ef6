"""Sees every module that is imported for the first time: before and after.

A finder in front of ``sys.meta_path`` asks the finders behind it and wraps the loader that they found, until the module has been executed.
"""

from __future__ import annotations

import sys
import threading
from importlib.machinery import ModuleSpec
from types import FrameType, ModuleType
from typing import Any, Callable, Dict, List, Optional, Sequence, Set, Tuple

Before = Callable[[], Any]
After = Callable[[Any], None]
Executed = Callable[[ModuleType, Optional[str]], None]
Missed = Callable[[str, Sequence[str], FrameType], None]


_executing: Set[str] = set()


def imported(name: str) -> bool:
    """Whether a module has been imported, and is not just being executed for the first time."""
    return name in sys.modules and name not in _executing


class ImportWatch:
    """Calls its listeners around imports once :meth:`install` was called.

    ``outermost``: pairs of functions, called before and after an import that no other import caused (``after`` gets what ``before``
    returned). ``executed``: called with each module that has been executed, and its file. ``missed``: called with the name of each module
    that was not found, the folders where it was looked for, and the frame that wanted it.
    """

    def __init__(self) -> None:
        self.outermost: List[Tuple[Before, After]] = []
        self.executed: List[Executed] = []
        self.missed: List[Missed] = []
        self._thread = threading.local()
        self.problems: Dict[str, None] = {}
        """Failures of listeners, in words; a dict for its order."""

    def install(self) -> None:
        """Start to watch."""
        sys.meta_path.insert(0, self)

    @property
    def importing(self) -> bool:
        """Whether this thread executes a module for the first time right now."""
        return bool(getattr(self._thread, "depth", 0))

    def find_spec(
        self, name: str, path: Optional[Sequence[str]] = None, target: Optional[ModuleType] = None
    ) -> Optional[ModuleSpec]:
        """As in ``importlib.abc.MetaPathFinder``."""
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is self or find is None:
                continue
            spec: Optional[ModuleSpec] = find(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _Loader(spec.loader, self)  # type: ignore[assignment]
                return spec
        importer = _importer()
        for missed in self.missed if importer is not None else ():
            self._call(missed, name, sys.path if path is None else path, importer)
        return None

    def invalidate_caches(self) -> None:
        """Nothing is cached here."""

    def enter(self, name: str) -> List[Any]:
        """A module is about to be executed."""
        _executing.add(name)
        depth = getattr(self._thread, "depth", 0)
        self._thread.depth = depth + 1
        return [self._call(before) for before, _ in self.outermost] if depth == 0 else []

    def leave(self, module: ModuleType, origin: Optional[str], tokens: List[Any]) -> None:
        """A module has been executed, or has failed."""
        _executing.discard(module.__name__)
        self._thread.depth -= 1
        for executed in self.executed:
            self._call(executed, module, origin)
        for (_, after), token in zip(self.outermost, tokens):
            self._call(after, token)

    def _call(self, listener: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return listener(*arguments)
        except Exception as error:  # the import must go on; whoever owns the watch reports it
            self.problems[f"{type(error).__name__}: {error}"] = None
            return None


def _importer() -> Optional[FrameType]:
    """The frame that imports: the nearest one outside Python's import machinery and this module."""
    frame: Optional[FrameType] = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__") or ""
        if name != __name__ and name.partition(".")[0] != "importlib":
            return frame
        frame = frame.f_back
    return None


class _Loader:
    """The loader of one module, with the watch told of its execution. Everything else is the original's."""

    def __init__(self, original: Any, watch: ImportWatch) -> None:
        self._original = original
        self._watch = watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)

    def create_module(self, spec: ModuleSpec) -> Optional[ModuleType]:
        create = getattr(self._original, "create_module", None)
        module: Optional[ModuleType] = None if create is None else create(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        original, watch, spec = self._original, self._watch, module.__spec__
        if spec is not None:
            spec.loader = original
        module.__loader__ = original
        tokens = watch.enter(module.__name__)
        try:
            original.exec_module(module)
        finally:
            watch.leave(module, spec.origin if spec is not None and spec.has_location else None, tokens)

    # Python drops the frames of its import machinery from the traceback of an exception that a module raises, knowing them by this
    # file name: with it, tracebacks are the same as without the watch.
    exec_module.__code__ = exec_module.__code__.replace(co_filename="<frozen importlib._bootstrap>")
