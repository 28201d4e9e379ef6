"""A JupyterLab whose administrator has decided something, as `docs/admin.md` says it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from serving import Lab, serving


@contextmanager
def lab_with(root: Path, config: str, overrides: dict[str, Any] | None = None) -> Iterator[Lab]:
    """A JupyterLab with this `jupyter_server_config.py`, and with these settings in `overrides.json`."""
    file = root / "administrator.py"
    file.write_text(config)
    with serving(root / "lab", [f"--config={file}"], overrides) as lab:
        yield lab
