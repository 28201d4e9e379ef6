"""Whole logs as files, sent piece by piece: the one answer that is no JSON and does not fit into memory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import JupyterHandler
from tornado import web
from tornado.iostream import StreamClosedError

from .failures import failure_of

PIECE = 1024 * 1024


class LogDownload(JupyterHandler):
    """``runs/{run}/log/download?step=``: a step's log as it is now. No activity: it may be a page that asks."""

    auth_resource = "kfjlab"

    @web.authenticated
    @authorized
    async def get(self, run: str) -> None:
        """Send the file."""
        step = self.get_query_argument("step", "")
        loop = asyncio.get_running_loop()
        try:
            path, name = await loop.run_in_executor(None, _log, run, step)
            file = await loop.run_in_executor(None, open, path, "rb")
        except FileNotFoundError:
            raise web.HTTPError(404, "Nothing was printed.") from None
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                raise
            raise web.HTTPError(failure.status, failure.message) from error
        with file:
            left = path.stat().st_size  # what is added meanwhile is for the next time
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.set_header("Content-Length", left)
            self.set_header("X-Content-Type-Options", "nosniff")
            self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(name)}")
            try:
                while left > 0 and (data := await loop.run_in_executor(None, file.read, min(PIECE, left))):
                    left -= len(data)
                    self.write(data)
                    await self.flush()  # no more than a piece waits for a slow reader
            except StreamClosedError:
                return  # who asked has gone


def _log(run: str, step: str) -> tuple[Path, str]:
    """The file, and what to call it."""
    from kfjlab.runs.store import RunStore

    with RunStore(create=False) as store:
        found = store.get_run(run)
        path = store.log_path(found.id, step or None)
    return path, f"{found.id}-{path.name.lstrip('_')}"


def rule() -> tuple[str, Any]:
    """The route for Jupyter Server."""
    return r"/kfjlab/runs/(?P<run>[^/]+)/log/download", LogDownload
