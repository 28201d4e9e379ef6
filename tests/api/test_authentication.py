"""Every route asks who is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from kfjlab.api.routes import ROUTES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def calls() -> list[tuple[str, str]]:
    """Each method that a handler of ours defines, with a path that its pattern matches."""
    found = []
    for pattern, handler in ROUTES:
        path = re.sub(r"\([^)]*\)", "x", pattern)
        ours = [base for base in handler.__mro__ if base.__module__.startswith("kfjlab.")]
        defined = {name for base in ours for name in vars(base)}
        found += [(method, path) for method in METHODS if method.lower() in defined]
    return found


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
