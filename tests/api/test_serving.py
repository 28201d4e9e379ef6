"""How calls are served: off the event loop, as activity or not, with XSRF, and on after the server was killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado.websocket import websocket_connect

from kfjlab.api import calling, downloads
from kfjlab.runs.store import RunStore
from tests.api.closing import close_all
from tests.api.conftest import Ask
from tests.cli.conftest import write_notebook
from tests.runs.helpers import finish, new_run

PATIENCE = 60.0


@pytest.mark.parametrize("path", ["runs", "runs/last/log/download"])
async def test_work_is_not_done_on_the_loop(
    jp_fetch: Any, path: str, store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The work waits for something that happens on the loop: were it done there, it would wait for ever."""
    new_run(store)
    store.append_log(new_run(store).id, None, "x")
    beat = threading.Event()
    real_call, real_log = calling.call, downloads._log

    def call(*arguments: Any) -> bytes:
        assert beat.wait(PATIENCE), "the loop stands still"
        return real_call(*arguments)

    def log(*arguments: Any) -> Any:
        assert beat.wait(PATIENCE), "the loop stands still"
        return real_log(*arguments)

    monkeypatch.setattr(calling, "call", call)
    monkeypatch.setattr(downloads, "_log", log)
    asked = asyncio.ensure_future(jp_fetch(*("kfjlab/" + path).split("/"), request_timeout=2 * PATIENCE))
    await asyncio.sleep(0.2)
    beat.set()
    assert (await asked).code == 200


async def test_only_what_a_person_does_is_activity(
    ask: Ask, jp_serverapp: Any, jp_ws_fetch: Any, jp_root_dir: Path, store: RunStore
) -> None:
    def last() -> Any:
        return jp_serverapp.web_app.settings.get("api_last_activity")

    before = last()
    run = new_run(store)
    finish(store, run)
    for path in ("runs", f"runs/{run.id}", f"runs/{run.id}/events", f"runs/{run.id}/log", "policy", "about"):
        assert not isinstance(await ask("GET", path), tuple)
    cells = [{"id": "a", "cell_type": "code", "source": "x = 1"}]
    assert (await ask("POST", "notebook/analysis", {"path": "a.ipynb", "cells": cells}))["cells"]
    connection = await jp_ws_fetch("kfjlab", "stream")
    await connection.write_message(json.dumps({"type": "follow", "run": run.id}))
    assert await connection.read_message()
    await close_all(connection)
    assert last() == before
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a", "x = 1"))
    await ask("POST", "runs", {"path": "nb.ipynb"})
    assert last() != before


async def test_a_form_of_another_site_starts_nothing(
    jp_fetch: Any, jp_serverapp: Any, http_server_client: Any, jp_base_url: str, jp_root_dir: Path, ask: Ask
) -> None:
    """Signed in by a cookie alone, as behind a hub: what changes something needs the page's XSRF token too."""
    write_notebook(jp_root_dir / "nb.ipynb", ("step:a", "x = 1"))
    signed_in = await jp_fetch("kfjlab", "about")
    cookies = [cookie.partition(";")[0] for cookie in signed_in.headers.get_list("Set-Cookie")]
    page = await jp_fetch("no-such-page", raise_error=False)
    cookies += [cookie.partition(";")[0] for cookie in page.headers.get_list("Set-Cookie")]
    xsrf = next(cookie.partition("=")[2] for cookie in cookies if cookie.startswith("_xsrf="))
    headers = {"Cookie": "; ".join(dict.fromkeys(cookies))}
    own = f"http://127.0.0.1:{jp_serverapp.port}"
    body = json.dumps({"path": "nb.ipynb"})

    async def start(**more: str) -> int:
        response = await http_server_client.fetch(
            f"{jp_base_url}kfjlab/runs",
            method="POST",
            body=body,
            headers={**headers, **more},
            raise_error=False,
        )
        code: int = response.code
        return code

    assert await start() == 403
    assert await start(**{"X-XSRFToken": "wrong"}) == 403
    assert (await ask("GET", "runs"))["total"] == 0
    assert await start(**{"X-XSRFToken": xsrf, "Referer": own + jp_base_url}) == 200


class Server:
    """A Jupyter server in a process of its own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"127.0.0.1:{port}/hub/user"
        arguments = ["--no-browser", f"--port={port}", "--ServerApp.port_retries=0", "--ip=127.0.0.1"]
        arguments += ["--ServerApp.base_url=/hub/user/", "--IdentityProvider.token=secret", "--allow-root"]
        arguments += [f"--ServerApp.root_dir={folder}", "--ServerApp.jpserver_extensions=kfjlab=True"]
        own = {
            f"JUPYTER_{kind}_DIR": str(folder / f".{kind.lower()}") for kind in ("CONFIG", "DATA", "RUNTIME")
        }
        self.log = (folder / "server.log").open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyter_server", *arguments],
            cwd=folder,
            env={**os.environ, **own},
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self.ask("about")
            except OSError:
                assert time.monotonic() < end and self.process.poll() is None, "the server has not started"
                time.sleep(0.1)
            else:
                return

    def ask(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://{self.url}/kfjlab/{path}", data, {"Authorization": "token secret"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.loads(answer.read())

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.log.close()


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for server in made:
        server.kill()


def test_a_run_goes_on_and_is_followed_on_when_the_server_is_killed(
    tmp_path: Path, port: int, servers: list[Server]
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    wait = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)\nprint('gone on')"
    write_notebook(
        root / "nb.ipynb",
        ("step:first", "x = 1"),
        ("step:second", wait + "\ny = x"),
        ("step:third", "print(y)"),
    )
    servers.append(Server(root, port))
    run = servers[0].ask("runs", {"path": "nb.ipynb"})["run"]["id"]

    async def follow(after: int, enough: Any) -> list[dict[str, Any]]:
        from tornado.httpclient import HTTPRequest

        request = HTTPRequest(
            f"ws://{servers[0].url}/kfjlab/stream", headers={"Authorization": "token secret"}
        )
        connection = await websocket_connect(request)
        await connection.write_message(json.dumps({"type": "follow", "run": run, "after": after}))
        events: list[dict[str, Any]] = []
        while True:
            text = await asyncio.wait_for(connection.read_message(), PATIENCE)
            assert isinstance(text, str)
            message = json.loads(text)
            events += message["events"]
            if enough(message):
                await close_all(connection)
                return events

    def second_runs(message: Any) -> bool:
        return any(e["step"] == "second" and e["data"].get("state") == "running" for e in message["events"])

    events = asyncio.run(follow(0, second_runs))
    servers[0].kill()
    (root / "go").touch()
    servers.append(Server(root, port))
    events += asyncio.run(follow(events[-1]["offset"], lambda message: message["over"]))
    assert [e["offset"] for e in events] == list(range(1, len(events) + 1))
    assert events[-1]["data"]["state"] == "succeeded"
    assert servers[1].ask(f"runs/{run}/log?step=second")["text"].startswith("gone on\n")
