"""File accesses of the Python processes that a step starts by ``multiprocessing``, joblib and the like.

Forked children inherit the watch. Spawned ones are new interpreters: the data that ``multiprocessing`` and loky send them to prepare
themselves carries an object that, when it is unpickled there, starts a watch (the way coverage.py measures such processes). Both put what
they see into the step's log.
"""

from __future__ import annotations

import os
import sys
import threading
from types import ModuleType
from typing import Any, Callable, Dict, Optional, Tuple

from .file_journal import Journal
from .file_log import TouchLog
from .file_watch import Watch, activate, active
from .files import Places
from .objects import ObjectStore

_SPAWNERS = (
    "multiprocessing.spawn",
    "multiprocess.spawn",
    "joblib.externals.loky.backend.spawn",
    "loky.backend.spawn",
)

_START = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("_kfjlab_bootstrap", bootstrap)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.make_package(package)
from kfjlab.runtime.file_children import watch_child
watch_child(**settings)
"""


class _Stowaway:
    """Starts a watch in the process where it is unpickled, and is an empty dict there."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self._settings = settings

    def __reduce__(self) -> Tuple[Callable[..., Any], Tuple[Any, ...]]:
        here = os.path.dirname(os.path.abspath(__file__))
        scope = {
            "bootstrap": os.path.join(here, "bootstrap.py"),
            "package": os.path.dirname(here),
            "settings": self._settings,
        }
        return exec, (_START, scope)


_settings: Optional[Dict[str, Any]] = None


def follow_children(journal: Journal, objects: str) -> None:
    """Let the children of this process report to ``journal``'s log from now on. ``objects``: folder of the store."""
    global _settings
    if _settings is None:
        os.register_at_fork(after_in_child=_forked, after_in_parent=_has_child)
    places = journal.places
    _settings = {
        "workspace": places.workspace,
        "hidden": places.hidden,
        "objects": objects,
        "limit": journal.store_limit,
        "folder": journal.log.folder,
        "log": journal.log.path,
    }
    for name in _SPAWNERS:
        if name in sys.modules:
            adopt_spawner(sys.modules[name])


def adopt_spawner(module: ModuleType, origin: Optional[str] = None) -> None:
    """Let a module that spawns processes send the stowaway along (a listener of :class:`~kfjlab.runtime.imports.ImportWatch`)."""
    if module.__name__ not in _SPAWNERS or hasattr(module, "_kfjlab_original"):
        return
    spawner: Any = module
    original = spawner._kfjlab_original = spawner.get_preparation_data

    def get_preparation_data(*arguments: Any, **options: Any) -> Dict[str, Any]:
        data: Dict[str, Any] = original(*arguments, **options)
        watch = active()
        if _settings is not None and watch is not None:
            watch.journal.children = True
            data["kfjlab"] = _Stowaway(_settings)
        return data

    spawner.get_preparation_data = get_preparation_data


def watch_child(
    workspace: str, hidden: Tuple[str, ...], objects: str, limit: int, folder: str, log: str
) -> None:
    """Watch this process, a spawned child of a step."""
    store = ObjectStore(objects)
    journal = Journal(
        Places(workspace, tuple(hidden)), limit, store.put_file, TouchLog(folder, log), forward=True
    )
    activate(Watch(journal))


def _has_child() -> None:
    watch = active()
    if watch is not None:
        watch.journal.children = True


def _forked() -> None:
    watch = active()
    if watch is not None:
        watch.journal.lock = threading.RLock()  # a thread may have held it that is not here
        watch.journal.forward = True
