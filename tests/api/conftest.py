"""A real Jupyter server with kfjlab on it.

pytest-jupyter is brought in here by its names rather than as a plugin of the whole run: its event loop starts for every
test that sees it, and no other test needs one.
"""

from __future__ import annotations

from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403  (its fixtures and its hooks for coroutine tests)


@pytest.fixture  # type: ignore[no-redef]  # in place of pytest-jupyter's own
def jp_server_config() -> dict[str, Any]:
    """As strict as a server can be: a handler that forgets to ask who is there is refused."""
    return {"ServerApp": {"jpserver_extensions": {"kfjlab": True}, "allow_unauthenticated_access": False}}
