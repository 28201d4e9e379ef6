"""The route for the About dialog, on a real server."""

from __future__ import annotations

import json
import platform
from typing import Any

import jupyter_server
import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

import kfjlab


class NotKfjlab(Authorizer):
    """Lets everybody use everything but kfjlab."""

    def is_authorized(self, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "kfjlab"


async def test_it_tells_what_is_installed(jp_fetch: Any) -> None:
    response = await jp_fetch("kfjlab", "about")
    assert response.headers["Content-Type"].startswith("application/json")
    about = json.loads(response.body)
    assert about["version"] == kfjlab.__version__
    assert about["python"] == platform.python_version()
    assert about["jupyter_server"] == jupyter_server.__version__


async def test_it_lists_the_kernels_of_the_server(jp_fetch: Any, echo_kernel_spec: str) -> None:
    about = json.loads((await jp_fetch("kfjlab", "about")).body)
    kernels = {kernel["name"]: kernel for kernel in about["kernels"]}
    assert kernels["echo"] == {"name": "echo", "display_name": "echo", "language": "echo"}
    assert kernels[about["default_kernel"]]["language"] == "python"


async def test_a_broken_kernel_does_not_hide_the_others(
    jp_fetch: Any, jp_kernel_dir: Any, echo_kernel_spec: str
) -> None:
    broken = jp_kernel_dir / "broken"
    broken.mkdir()
    (broken / "kernel.json").write_text("{ no JSON")
    about = json.loads((await jp_fetch("kfjlab", "about")).body)
    assert [kernel["name"] for kernel in about["kernels"]] == ["echo", "python3"]


async def test_it_obeys_the_authorizer_of_the_server(jp_fetch: Any, jp_serverapp: Any) -> None:
    jp_serverapp.web_app.settings["authorizer"] = NotKfjlab(parent=jp_serverapp)
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("kfjlab", "about")
    assert refused.value.code == 403
