"""Open files and forks: SQLite's connections must not be used, nor even closed, in a child that inherited them
(https://sqlite.org/howtocorrupt.html, section 2.6)."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class ClosesBeforeForks(Protocol):
    """What :func:`close_before_forks` takes."""

    def before_fork(self) -> None:
        """Close what can be closed."""

    def after_fork_in_child(self) -> None:
        """Forget what could not."""


_opened: weakref.WeakSet[ClosesBeforeForks] = weakref.WeakSet()
_abandoned: list[object] = []


def close_before_forks(what: ClosesBeforeForks) -> None:
    """Tell ``what`` of every fork of this process, as long as it lives. Does not concern :mod:`subprocess`,
    since SQLite's files are closed on exec."""
    _opened.add(what)


def abandon(connection: object) -> None:
    """Keep a connection that may not be closed from being closed by the garbage collector."""
    _abandoned.append(connection)


def _before() -> None:
    for one in list(_opened):
        one.before_fork()


def _after_in_child() -> None:
    for one in list(_opened):
        one.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_after_in_child)
