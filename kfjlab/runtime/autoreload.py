"""IPython's ``%autoreload``, which compares the times of files with those it found earlier. In the process of a step neither says which
code a module has executed: it is told here.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from types import ModuleType
from typing import Any, Callable, Dict, Iterable, Optional, Tuple


def align(
    modules: Iterable[Tuple[ModuleType, bytes]], reloaded: Callable[[ModuleType, Optional[str]], None]
) -> None:
    """Let ``%autoreload``, if it is loaded, reload those of ``modules`` whose files are not what they have executed (which is given).
    ``reloaded`` is called with each that it brings up to date without executing it as a whole, and its file."""
    reloader = _reloader()
    if reloader is None:
        return
    patcher = getattr(reloader, "deduper_reloader", None)  # since IPython 8.3x
    for module, source in modules:
        if module.__file__ is None or not os.path.isfile(module.__file__):
            continue
        time = os.stat(module.__file__).st_mtime  # first: what is written in between is then newer
        with open(module.__file__, "rb") as file:
            current = file.read() == source
        reloader.modules_mtimes[module.__name__] = time if current else 0.0
        if patcher is not None:
            patcher.source_by_modname[module.__name__] = importlib.util.decode_source(source)
    if patcher is None:
        return
    patch = patcher.maybe_reload_module

    def maybe_reload_module(module: ModuleType) -> bool:
        done: bool = patch(module)
        if done:
            reloaded(module, module.__file__)
        return done

    patcher.maybe_reload_module = maybe_reload_module


def execute_as_it_does(module: ModuleType, execute: Callable[[ModuleType], ModuleType]) -> None:
    """Execute a module again; where ``%autoreload`` is loaded, what others have of its functions and classes gets the new code."""
    reloader = _reloader()
    if reloader is None:
        execute(module)
        return
    known: Dict[Any, Any] = reloader.old_objects
    sys.modules["IPython.extensions.autoreload"].superreload(module, execute, known)


def _reloader() -> Any:
    if "IPython.extensions.autoreload" not in sys.modules:
        return None
    from IPython import get_ipython

    magics = get_ipython().magics_manager.registry.get("AutoreloadMagics")
    return getattr(magics, "_reloader", None)
