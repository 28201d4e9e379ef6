"""A JupyterLab whose administrator has decided something, as `docs/admin.md` says it is done."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import STOP_TIMEOUT, Lab, command, environment, free_port, quiet, wait_until_it_answers


@contextmanager
def lab_with(root: Path, config: str, overrides: dict[str, Any] | None = None) -> Iterator[Lab]:
    """A JupyterLab with this `jupyter_server_config.py` and these settings in `overrides.json`."""
    files = root / "files"
    files.mkdir()
    quiet(root / "config" / "labconfig")
    (root / "config" / "jupyter_server_config.py").write_text(config)
    path = root / "config" / "labconfig" / "default_setting_overrides.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **(overrides or {})}))
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
