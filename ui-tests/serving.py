"""A real JupyterLab of one's own, and the system's Chromium: what tests and benchmarks in a browser start."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

JUPYTER = os.environ.get("KFJLAB_TEST_LAB") or sys.executable
"""The interpreter whose JupyterLab is started: this one's, or that of ``scripts/lab-env``."""

START_TIMEOUT = 120.0
"""Seconds within which JupyterLab must answer."""
STOP_TIMEOUT = 10.0
"""Seconds that it may take to stop before it is killed."""

# Everything in a page is loaded from this machine; Chromium's own services would only wait for a network.
CHROMIUM_FLAGS = ["--disable-gpu", "--disable-quic"]


class NotStarted(Exception):
    """JupyterLab did not start; the message has the end of its log."""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: where it answers, and the folder that it shows."""

    url: str
    files: Path


def chromium() -> dict[str, Any]:
    """How Playwright launches the system's Chromium instead of a download."""
    return {
        "executable_path": os.environ.get("CHROMIUM") or "/usr/bin/chromium",
        "chromium_sandbox": os.getuid() != 0,  # Chromium refuses a sandbox to root
        "args": CHROMIUM_FLAGS,
    }


@contextmanager
def serving(
    root: Path, options: Sequence[str] = (), settings: Mapping[str, dict[str, Any]] | None = None
) -> Iterator[Lab]:
    """A JupyterLab with every setting and file of its own, in the empty folder ``root``. ``options``: more of its command line;
    ``settings``: of plugins, instead of their defaults. Raises :class:`NotStarted`."""
    files = root / "files"
    files.mkdir(parents=True)
    quiet(root / "config" / "labconfig", settings)
    port = free_port()
    log = root / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command(port, files), *options],
            cwd=root,
            env=environment(root),
            stdout=output,
            stderr=output,
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


def command(port: int, files: Path) -> list[str]:
    return [
        *(JUPYTER, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
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


def quiet(labconfig: Path, settings: Mapping[str, dict[str, Any]] | None = None) -> None:
    """No pop-up about JupyterLab's news; and other defaults of settings."""
    labconfig.mkdir(parents=True)
    overrides = {
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
        **(settings or {}),
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
                raise NotStarted(
                    f"JupyterLab did not start. The end of its log:\n{log.read_text()[-3000:]}"
                ) from None
            time.sleep(0.2)
