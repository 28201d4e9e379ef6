"""A real Jupyter server with kfjlab on it.

pytest-jupyter is brought in here by its names rather than as a plugin of the whole run: its event loop starts for every
test that sees it, and no other test needs one.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403  (its fixtures and its hooks for coroutine tests)

from kfjlab.runs.store import RunStore

Ask = Callable[..., Awaitable[Any]]


@pytest.fixture  # type: ignore[no-redef]  # in place of pytest-jupyter's own
def jp_server_config() -> dict[str, Any]:
    """As strict as a server can be: a handler that forgets to ask who is there is refused."""
    return {"ServerApp": {"jpserver_extensions": {"kfjlab": True}, "allow_unauthenticated_access": False}}


@pytest.fixture  # type: ignore[no-redef]  # in place of pytest-jupyter's own
def jp_serverapp(jp_server_config: Any, jp_argv: Any, jp_configurable_serverapp: Any) -> Iterator[Any]:
    """The server. Its database of notebooks' signatures is closed: nobody else does it, and Python 3.13 complains."""
    app = jp_configurable_serverapp(config=jp_server_config, argv=jp_argv)
    yield app
    app.contents_manager.notary.store.close()


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where runs are kept; nothing is there yet."""
    folder = tmp_path / "data"
    monkeypatch.setenv("KFJLAB_DATA", str(folder))
    return folder


@pytest.fixture
def store(data: Path) -> Iterator[RunStore]:
    """The store that the server uses."""
    with RunStore(data) as made:
        yield made


@pytest.fixture
def ask(jp_fetch: Any) -> Ask:
    """``await ask("GET", "runs", limit=5)``, ``await ask("POST", "runs", {…})``: the answer's JSON. A refusal is given as
    ``(status, answer)``."""

    async def asked(method: str, path: str, body: Any = None, **query: Any) -> Any:
        response = await jp_fetch(
            *("kfjlab/" + path).split("/"),
            method=method,
            params={name: value for name, value in query.items() if value is not None},
            body=None if method in ("GET", "DELETE") else json.dumps({} if body is None else body),
            raise_error=False,
        )
        answer = json.loads(response.body)
        return answer if response.code == 200 else (response.code, answer)

    return asked
