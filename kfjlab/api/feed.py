"""What happens in runs, read for all who listen: by one thread, which is there while somebody listens.

A listener has at most one message for each run that it follows on its way. While it has, its place in the run stays where it is,
and what happens meanwhile stays in the store: a slow listener costs no memory and holds up nobody. Listeners that are at the same
place get the same text, so that a run is read once, however many follow it.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import TypeAdapter

from kfjlab.runs.errors import StoreError, UnknownRunError
from kfjlab.runs.store import RunStore

from .encoding import json_of
from .models import EventsMessage, Failure, FailureMessage, GoneMessage, RunsMessage, ServerMessage

PAGE = 200
"""Events in a message at most."""
LARGEST = 1024 * 1024
"""Bytes after which a message gets no further event."""
MOST_FOLLOWED = 64
"""Runs that a listener may follow at a time."""
_MOST_NAMED = 500
_SHORTEST_PAUSE = 0.05
_LIVENESS_EVERY = 2.0
_RETRY = 1.0
_MESSAGE: TypeAdapter[Any] = TypeAdapter(ServerMessage)

Version = tuple[object, ...]


class Listener(Protocol):
    """Somebody who gets messages."""

    def send(self, message: bytes) -> None:
        """Take a message, and see to it that :meth:`Feed.sent` is called when it is on its way. Must not wait. Called in the
        feed's thread."""


@dataclass
class _Follow:
    """``seen``: the version of the store at which there was nothing more; ``over``: the listener knows that the run has ended."""

    after: int
    seen: Version | None = None
    over: bool = False


@dataclass
class _Wishes:
    """What a listener wants, and how many messages for it are on their way. ``changed``: runs that it is still to be told of; None when
    it does not watch, :data:`_ANY` when it has to look at all of them."""

    follows: dict[str, _Follow] = field(default_factory=dict)
    changed: set[str] | None = None
    pending: int = 0
    knows_failure: bool = False


_ANY = ""
"""Stands for any run in ``changed``."""


class Feed:
    """See the module."""

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        self._log = log
        self._condition = threading.Condition()
        self._wishes: dict[Listener, _Wishes] = {}
        self._woken = False
        self._thread: threading.Thread | None = None
        self._store: RunStore | None = None
        self._opens = 0
        self._states: dict[str, str] | None = None
        self._states_seen: Version | None = None
        self._next_states = 0.0
        self._next_check = 0.0

    # What listeners ask, from any thread ------------------------------------------------------------------------------

    def follow(self, listener: Listener, run: str, after: int) -> bool:
        """Send the events of a run that follow offset ``after``; False when the listener follows too many runs already."""
        with self._condition:
            follows = self._wishes.setdefault(listener, _Wishes()).follows
            if run not in follows and len(follows) >= MOST_FOLLOWED:
                return False
            follows[run] = _Follow(after)
            self._wake()
            return True

    def unfollow(self, listener: Listener, run: str) -> None:
        """Send no more of a run's events. What is on its way still comes."""
        with self._condition:
            if listener in self._wishes:
                self._wishes[listener].follows.pop(run, None)
                self._forget(listener)

    def watch(self, listener: Listener) -> None:
        """Tell which runs are started, change their state or are deleted; first, that any may have."""
        with self._condition:
            self._wishes.setdefault(listener, _Wishes()).changed = {_ANY}
            self._wake()

    def unwatch(self, listener: Listener) -> None:
        """Tell that no more."""
        with self._condition:
            if listener in self._wishes:
                self._wishes[listener].changed = None
                self._forget(listener)

    def leave(self, listener: Listener) -> None:
        """The listener is gone."""
        with self._condition:
            self._wishes.pop(listener, None)
            self._condition.notify()

    def sent(self, listener: Listener) -> None:
        """A message of the listener's is on its way, so that the next can follow."""
        with self._condition:
            wishes = self._wishes.get(listener)
            if wishes is not None:
                wishes.pending -= 1
                self._forget(listener)
                if listener in self._wishes and not wishes.pending:
                    self._wake()

    def _forget(self, listener: Listener) -> None:
        """Drop a listener that wants nothing, unless messages are on their way, which :meth:`sent` counts."""
        wishes = self._wishes[listener]
        if not wishes.follows and wishes.changed is None and not wishes.pending:
            del self._wishes[listener]

    def _wake(self) -> None:
        self._woken = True
        self._condition.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._read_on, name="kfjlab-feed", daemon=True)
            self._thread.start()

    # The thread -------------------------------------------------------------------------------------------------------

    def _read_on(self) -> None:
        pause = 0.0
        while True:
            with self._condition:
                if not self._woken:
                    self._condition.wait(pause)
                self._woken = False
                idle = not any(w.follows or w.changed is not None for w in self._wishes.values())
                if idle:
                    store, self._store, self._states, self._thread = self._store, None, None, None
            if idle:
                if store is not None:
                    store.close()
                return
            try:
                news = self._look()
                longest = _RETRY if self._store is None else self._store.longest_poll
                pause = _SHORTEST_PAUSE if news else min(max(_SHORTEST_PAUSE, pause * 1.5), longest)
            except StoreError as error:
                self._fail(Failure(message=error.message, fix=error.fix))
                pause = _RETRY
            except Exception as error:  # noqa: BLE001  (it is logged and told; without the thread all pages would wait for ever)
                self._log.exception("kfjlab: reading runs for the event stream failed")
                self._fail(Failure(message=f"kfjlab failed ({type(error).__name__}: {error}).", fix=_SEE_LOG))
                pause = _RETRY

    def _look(self) -> bool:
        """Send what is new to those who can take it; whether there was anything."""
        store = self._opened()
        if store is not None and time.monotonic() >= self._next_check:
            store.mark_interrupted()
            self._next_check = time.monotonic() + _LIVENESS_EVERY
        version: Version = (self._opens,) if store is None else (self._opens, *store.version())
        news = self._look_at_runs(store, version)
        self._look_at_states(store, version)
        return self._tell_watchers() or news

    def _look_at_runs(self, store: RunStore | None, version: Version) -> bool:
        groups: dict[tuple[str, int], list[tuple[Listener, _Follow]]] = {}
        with self._condition:
            for listener, wishes in self._wishes.items():
                if wishes.pending:
                    continue
                for run, follow in wishes.follows.items():
                    if follow.seen != version:
                        groups.setdefault((run, follow.after), []).append((listener, follow))
        news = False
        for (run, after), members in groups.items():
            news |= self._look_at_run(store, version, run, after, members)
        return news

    def _look_at_run(
        self,
        store: RunStore | None,
        version: Version,
        run: str,
        after: int,
        members: list[tuple[Listener, _Follow]],
    ) -> bool:
        """Send a page of events to listeners that are at the same place."""
        try:
            if store is None:
                raise UnknownRunError("There are no runs.")
            events, over = store.page(run, after, PAGE)
        except UnknownRunError:
            text = json_of(_MESSAGE, GoneMessage(run=run))
            for listener, follow in members:
                self._send(listener, text, run, follow, gone=True)
            return True
        complete = len(events) < PAGE
        message = EventsMessage(run=run, events=events, over=over and complete)
        text = json_of(_MESSAGE, message)
        while len(text) > LARGEST and len(message.events) > 1:
            complete = False
            message = EventsMessage(run=run, events=message.events[: len(message.events) // 2], over=False)
            text = json_of(_MESSAGE, message)
        last = message.events[-1].offset if message.events else after
        for listener, follow in members:
            if message.events or message.over != follow.over:
                self._send(listener, text, run, follow)
            follow.after, follow.over, follow.seen = last, message.over, version if complete else None
        return bool(message.events)

    def _look_at_states(self, store: RunStore | None, version: Version) -> None:
        """Note for those who watch which runs have changed."""
        start = time.monotonic()
        with self._condition:
            if all(wishes.changed is None for wishes in self._wishes.values()):
                self._states = None
                return
        if self._states is not None and (version == self._states_seen or start < self._next_states):
            return
        states = {} if store is None else store.run_states()
        # Of 10,000 runs this takes some ms: not more than a part of the time.
        self._next_states = start + max(0.1, 20 * (time.monotonic() - start))
        old, self._states, self._states_seen = self._states, states, version
        if old is None or old == states:
            return
        changed = {run for run, _ in old.items() ^ states.items()}
        with self._condition:
            for wishes in self._wishes.values():
                if wishes.changed is not None:
                    wishes.changed |= changed if len(changed) <= _MOST_NAMED else {_ANY}

    def _tell_watchers(self) -> bool:
        if self._states is None:
            return False
        with self._condition:
            due = [(who, w, w.changed) for who, w in self._wishes.items() if w.changed and not w.pending]
            for _, wishes, _ in due:
                wishes.changed = set()
        for listener, _, changed in due:
            named = [] if _ANY in changed or len(changed) > _MOST_NAMED else sorted(changed)
            self._send(listener, json_of(_MESSAGE, RunsMessage(runs=named)))
        return bool(due)

    def _send(
        self,
        listener: Listener,
        text: bytes,
        run: str | None = None,
        follow: _Follow | None = None,
        *,
        gone: bool = False,
    ) -> None:
        """Send a message, unless the listener does not want it any more: has left, or follows the run from elsewhere."""
        with self._condition:
            wishes = self._wishes.get(listener)
            if wishes is None or (run is not None and wishes.follows.get(run) is not follow):
                return
            if gone and run is not None:
                del wishes.follows[run]
            wishes.pending += 1
            wishes.knows_failure = False
        listener.send(text)

    def _fail(self, failure: Failure) -> None:
        """Tell everybody, once, that runs cannot be read, and begin anew."""
        with self._condition:
            due = [(who, w) for who, w in self._wishes.items() if not w.knows_failure and not w.pending]
            for wishes in self._wishes.values():
                if wishes.changed is not None:
                    wishes.changed = {_ANY}
        for listener, wishes in due:
            self._send(listener, json_of(_MESSAGE, FailureMessage(failure=failure)))
            wishes.knows_failure = True
        store, self._store, self._states = self._store, None, None
        if store is not None:
            store.close()

    def _opened(self) -> RunStore | None:
        """The store; None while there are no runs yet."""
        if self._store is None:
            try:
                self._store = RunStore(create=False)
            except StoreError as error:
                if error.kind != "missing":
                    raise
            else:
                self._opens += 1
        return self._store


_SEE_LOG = "The server's log has the details. It is tried again."
