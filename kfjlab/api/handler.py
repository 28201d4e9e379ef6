"""The one handler of all REST calls: who is there, may he, then the endpoint's function on a thread of its own."""

from __future__ import annotations

import asyncio
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web

from .context import Context
from .endpoint import Endpoint
from .failures import RequestFailure, failure_of
from .rules import Rules

THREADS = 8
"""Calls at the same time; others wait, so that many browsers cannot starve the server."""
LARGEST_BODY = 50 * 1024 * 1024
"""Bytes of a request: the cells of a notebook, without outputs, have far fewer."""
_threads = ThreadPoolExecutor(THREADS, "kfjlab-api")


class EndpointHandler(APIHandler):
    """Answers the endpoints of one path."""

    auth_resource = "kfjlab"

    def initialize(self, endpoints: dict[str, Endpoint], rules: Rules) -> None:
        """``endpoints``: by method."""
        self.endpoints, self.rules = endpoints, rules

    def update_api_activity(self) -> None:
        """Only what a person does is activity: pages that look again and again must not keep an idle server alive."""
        endpoint = self.endpoints.get(self.request.method or "")
        if endpoint is not None and endpoint.activity:
            super().update_api_activity()

    @web.authenticated
    @authorized
    async def get(self, **path: str) -> None:
        """See :mod:`kfjlab.api.routes`."""
        await self._answer(path)

    @web.authenticated
    @authorized
    async def post(self, **path: str) -> None:
        """See :mod:`kfjlab.api.routes`."""
        await self._answer(path)

    @web.authenticated
    @authorized
    async def delete(self, **path: str) -> None:
        """See :mod:`kfjlab.api.routes`."""
        await self._answer(path)

    async def _answer(self, path: dict[str, str]) -> None:
        endpoint = self.endpoints.get(self.request.method or "")
        if endpoint is None:
            raise web.HTTPError(405)
        query = {name: self.get_query_arguments(name) for name in self.request.query_arguments}
        context = await self._context()
        body = self.request.body

        def work() -> bytes:
            from .calling import call

            if len(body) > LARGEST_BODY:
                what = f"The request has {len(body) / 2**20:,.0f} MiB, more than the {LARGEST_BODY / 2**20:,.0f} MiB that are taken."
                raise RequestFailure(413, what, "Move large texts out of the notebook's cells into files.")
            context.rules.check_feature(endpoint.feature)
            return call(endpoint, context, path, query, body)

        try:
            answer = await asyncio.get_running_loop().run_in_executor(_threads, work)
        except Exception as error:
            failure = failure_of(error)
            if failure is None:
                self.log.exception("kfjlab: %s %s failed", self.request.method, self.request.path)
                text = f"kfjlab failed ({type(error).__name__}: {error})."
                failure = RequestFailure(500, text, "The server's log has the details.")
            self.set_status(failure.status)
            answer = json.dumps(failure.answer().model_dump(mode="json")).encode()
        self.finish(answer)

    async def _context(self) -> Context:
        specs = await ensure_async(self.kernel_spec_manager.get_all_specs())
        root = getattr(self.contents_manager, "root_dir", None)
        return Context(
            Path(root) if isinstance(root, str) and root else None,
            specs,
            self.kernel_manager.default_kernel_name,
            self.rules,
            bool(getattr(self.contents_manager, "allow_hidden", False)),
        )


def routes(endpoints: tuple[Endpoint, ...], rules: Rules) -> list[tuple[str, Any, dict[str, Any]]]:
    """The routes for Jupyter Server."""
    paths: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    return [
        (
            "/kfjlab/" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path),
            EndpointHandler,
            {"endpoints": by_method, "rules": rules},
        )
        for path, by_method in paths.items()
    ]
