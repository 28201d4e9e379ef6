"""Every route asks who is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from kfjlab.api.routes import ENDPOINTS


def calls() -> list[tuple[str, str]]:
    """Each method that we answer, with a path; the same handler answers all methods that there are on any path."""
    return [(endpoint.method, "/kfjlab/" + re.sub(r"\{\w+\}", "x", endpoint.path)) for endpoint in ENDPOINTS]


def test_there_is_something_to_ask() -> None:
    assert ("GET", "/kfjlab/about") in calls()


@pytest.mark.parametrize(("method", "path"), calls())
@pytest.mark.parametrize("authorization", ["", "token wrong"], ids=["no token", "a wrong token"])
async def test_a_stranger_is_refused(jp_fetch: Any, method: str, path: str, authorization: str) -> None:
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch(
            *path.strip("/").split("/"),
            method=method,
            headers={"Authorization": authorization},
            allow_nonstandard_methods=True,
        )
    assert refused.value.code in (401, 403)
