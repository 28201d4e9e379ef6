"""Where runs, their steps, events, parameters, metrics, artifacts and cached records are kept."""

from __future__ import annotations

from .artifacts import Artifacts
from .cache import Cache
from .errors import StoreError, UnknownRunError
from .events import Events
from .gc import Collection
from .lifecycle import Lifecycle
from .location import default_location
from .logs import Logs
from .steps import Steps

__all__ = ["RunStore", "StoreError", "UnknownRunError", "default_location"]


class RunStore(Lifecycle, Steps, Events, Artifacts, Logs, Cache, Collection):
    """The store in the folder ``location`` (default :func:`default_location`), made when it is not there unless
    ``create`` is False.

    Cheap to open; a context manager. One object may be used by several threads, which take turns. Any number of
    processes may use one store at the same time, of which each call is a transaction of its own unless inside
    :meth:`transaction`; a kill at any instant leaves what was committed and nothing else
    (:mod:`kfjlab.runs.database` tells what a power cut may cost). It may be held across a fork.

    Every call waits at most ``timeout`` seconds for other processes, and raises :class:`StoreError`, whose text
    says what to do, when the store is locked, the disk is full, it cannot be written, is damaged, or was made
    by a newer kfjlab. ``network``: None detects whether the folder is on a network file system.

    Linux first, macOS should work; on Windows nothing is promised.
    """
