"""The JupyterLab of this environment takes the extension; ``make test-versions`` runs this with the oldest one, too."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupyterlab")
PATIENCE = 60.0
"""Seconds until a server that has not come up is taken to hang."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without any of the user's settings."""
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(scope="module")
def environment(home: Path) -> dict[str, str]:
    own = {
        f"JUPYTER_{kind}_DIR": str(home / kind.lower())
        for kind in ("CONFIG", "DATA", "RUNTIME", "WORKSPACES")
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith("JUPYTER") and k != "PYTHONPATH"}
    return {**kept, **own, "NO_COLOR": "1"}


@pytest.fixture(scope="module")
def listing(home: Path, environment: dict[str, str]) -> str:
    """What JupyterLab says of its extensions."""
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "labextension", "list"],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    shown = re.sub(r"\x1b\[\d*m", "", done.stdout + done.stderr)
    if "kfjlab" not in shown:
        pytest.skip("the extension is not built and installed here (make env does that)")
    return shown


def test_the_extension_is_enabled_and_fits(listing: str) -> None:
    assert re.search(r"kfjlab v\S+ enabled\s+OK", listing), listing


@pytest.fixture(scope="module")
def lab(home: Path, environment: dict[str, str], listing: str) -> Iterator[dict[str, Any]]:
    """What a real JupyterLab says of itself when it has started."""
    arguments = ["--no-browser", "--port=0", f"--ServerApp.root_dir={home}", "--LabApp.news_url=None"]
    arguments += ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *arguments],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield _facts(home, server)
    finally:
        server.terminate()
        server.wait(PATIENCE)


def _facts(home: Path, server: subprocess.Popen[bytes]) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and server.poll() is None:
        for file in (home / "runtime").glob("jpserver-*.json"):
            try:
                found: dict[str, Any] = json.loads(file.read_text("utf-8"))
                socket.create_connection(("127.0.0.1", found["port"]), 1).close()
            except (ValueError, OSError):
                continue  # the file is being written, or it was before the server listens
            return found
        time.sleep(0.1)
    pytest.fail(f"JupyterLab has not started:\n{(home / 'log').read_text('utf-8')}")


def ask(lab: dict[str, Any], path: str) -> str:
    request = urllib.request.Request(lab["url"] + path, headers={"Authorization": f"token {lab['token']}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        text: str = answer.read().decode()
    return text


def test_the_page_has_the_extension(lab: dict[str, Any]) -> None:
    page = ask(lab, "lab")
    found = re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found is not None
    extensions = json.loads(found[1])["federated_extensions"]
    assert "kfjlab" in {extension["name"] for extension in extensions}


def test_the_server_has_the_extension(lab: dict[str, Any]) -> None:
    about = json.loads(ask(lab, "kfjlab/about"))
    assert about["default_kernel"] == "python3"
