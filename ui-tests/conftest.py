"""A real JupyterLab with kfjlab in it, driven by Debian's Chromium."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

START_TIMEOUT = 120.0
"""Seconds within which JupyterLab must answer."""
STOP_TIMEOUT = 10.0
"""Seconds that it may take to stop before it is killed."""

# Everything in a page is loaded from this machine; Chromium's own services would only wait for a network.
CHROMIUM_FLAGS = ["--disable-gpu", "--disable-quic"]

SHOTS = Path(__file__).with_name("shots")


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it answers, and the folder that it shows."""

    url: str
    files: Path


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own fixture: the system's Chromium instead of a download."""
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "chromium_sandbox": os.getuid() != 0,  # Chromium refuses a sandbox to root
        "args": CHROMIUM_FLAGS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own fixture."""
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab of our own, with every setting and file of its own."""
    root = tmp_path_factory.mktemp("lab")
    files = root / "files"
    files.mkdir()
    quiet(root / "config" / "labconfig")
    port = free_port()
    log = root / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            command(port, files), cwd=root, env=environment(root), stdout=output, stderr=output
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(url, server, log)
        yield Lab(url, files)
    finally:
        server.terminate()
        try:
            server.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(STOP_TIMEOUT)


@pytest.fixture
def lab_page(lab: Lab, page: Page) -> Page:
    """A page with JupyterLab, started anew: no document open, no layout of an earlier test."""
    page.goto(f"{lab.url}/lab?reset")
    page.locator("#jp-MainLogo").wait_for(timeout=90_000)
    page.locator(".jp-LauncherCard").first.wait_for(timeout=30_000)
    return page


@pytest.fixture
def shoot(page: Page) -> Callable[[str], None]:
    """Keeps a picture of the page for people: ``shoot("about")`` writes ``shots/about.png``."""

    def take(name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return take


def command(port: int, files: Path) -> list[str]:
    return [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={files}"),
        *("--IdentityProvider.token=", "--ServerApp.disable_check_xsrf=True"),
        "--LabApp.expose_app_in_browser=True",
        # Nothing of JupyterLab's own may ask the network.
        *("--LabApp.extension_manager=readonly", "--LabApp.news_url=None"),
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]


def environment(root: Path) -> dict[str, str]:
    return {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(root / "config"),
        "JUPYTER_DATA_DIR": str(root / "data"),
        "JUPYTER_RUNTIME_DIR": str(root / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(root / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
    }


def quiet(labconfig: Path) -> None:
    """No pop-up about JupyterLab's news."""
    labconfig.mkdir(parents=True)
    overrides = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
    }
    (labconfig / "default_setting_overrides.json").write_text(json.dumps(overrides))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until_it_answers(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while True:
        try:
            with urllib.request.urlopen(f"{url}/api", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"JupyterLab did not start. The end of its log:\n{log.read_text()[-3000:]}")
            time.sleep(0.2)
