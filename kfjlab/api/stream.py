"""The event stream: one WebSocket for each page, over which it follows runs. Messages: :mod:`kfjlab.api.models`."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized, ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.websocket import WebSocketClosedError, WebSocketHandler

if TYPE_CHECKING:
    from .feed import Feed

LARGEST_MESSAGE = 64 * 1024
"""Bytes of a message of the browser."""


class SharedFeed:
    """The one feed of a server, made when it is first needed: what it imports is nothing for the server's start."""

    def __init__(self, log: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        self._log = log
        self._lock = threading.Lock()
        self._feed: Feed | None = None

    def get(self) -> Feed:
        """The feed. May take long."""
        with self._lock:
            if self._feed is None:
                from .feed import Feed

                self._feed = Feed(self._log)
            return self._feed


class StreamHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """A page's connection. It is no activity: a page that is left open does not keep an idle server alive."""

    auth_resource = "kfjlab"

    def initialize(self, shared: SharedFeed) -> None:
        """``shared``: the feed of all connections."""
        self._shared = shared
        self._feed: Feed | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def set_default_headers(self) -> None:
        """A WebSocket has none of a page's headers."""

    @property
    def max_message_size(self) -> int:
        """Tornado closes the connection when a message is larger."""
        return LARGEST_MESSAGE

    @ws_authenticated
    @authorized
    async def get(self, *arguments: Any, **named: Any) -> None:
        """Upgrade to a WebSocket."""
        await super().get(*arguments, **named)

    async def open(self, *arguments: Any, **named: Any) -> None:
        """Called by Tornado, which reads no message before this has returned."""
        super().open(*arguments, **named)
        self._loop = asyncio.get_running_loop()
        self._feed = await self._loop.run_in_executor(None, self._shared.get)

    async def on_message(self, message: str | bytes) -> None:
        """Called by Tornado, which reads no further message before this has returned."""
        refusal = await self._loop.run_in_executor(None, self._obey, message)
        if refusal is not None:
            try:
                await self.write_message(refusal)
            except WebSocketClosedError:
                pass  # who asked is gone

    def on_close(self) -> None:
        """Called by Tornado."""
        if self._feed is not None:
            self._feed.leave(self)
        super().on_close()

    def send(self, message: bytes) -> None:
        """Called by the feed, in its thread."""
        try:
            self._loop.call_soon_threadsafe(self._begin, message)
        except RuntimeError:  # the loop is closed: the server ends
            if self._feed is not None:
                self._feed.leave(self)

    def _begin(self, message: bytes) -> None:
        task = self._loop.create_task(self._write(message))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, message: bytes) -> None:
        assert self._feed is not None
        try:
            await self.write_message(message)  # returns when the system has taken all of it
        except WebSocketClosedError:
            self._feed.leave(self)
        else:
            self._feed.sent(self)

    def _obey(self, text: str | bytes) -> bytes | None:
        """Do what a message says, or give the message that refuses it."""
        from pydantic import TypeAdapter, ValidationError

        from . import models
        from .encoding import json_of
        from .feed import MOST_FOLLOWED

        assert self._feed is not None
        why = ""
        try:
            message = TypeAdapter(models.ClientMessage).validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            why = f"The message was not understood ({'.'.join(map(str, first['loc']))}: {first['msg']})."
        else:
            match message:
                case models.Follow():
                    if not self._feed.follow(self, message.run, message.after):
                        why = f"One page can follow {MOST_FOLLOWED} runs at a time."
                case models.Unfollow():
                    self._feed.unfollow(self, message.run)
                case models.Watch():
                    self._feed.watch(self)
                case models.Unwatch():
                    self._feed.unwatch(self)
        if not why:
            return None
        failure = models.FailureMessage(failure=models.Failure(message=why))
        return json_of(TypeAdapter(models.FailureMessage), failure)


def rule(log: logging.Logger | logging.LoggerAdapter[Any]) -> tuple[str, Any, dict[str, Any]]:
    """The route for Jupyter Server."""
    return "/kfjlab/stream", StreamHandler, {"shared": SharedFeed(log)}
