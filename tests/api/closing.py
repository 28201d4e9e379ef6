"""The end of a WebSocket in tests."""

from __future__ import annotations

import asyncio

from tornado.websocket import WebSocketClientConnection


async def close_all(*connections: WebSocketClientConnection) -> None:
    """Close both ends of each: a socket that is only told to close may still be open when the loop ends, and Python complains of it."""
    for connection in connections:
        connection.close()
    for connection in connections:
        while await asyncio.wait_for(connection.read_message(), 30) is not None:
            pass
