"""Which handler answers where."""

from __future__ import annotations

from typing import Final

from jupyter_server.base.handlers import JupyterHandler

from .about import AboutHandler

ROUTES: Final[list[tuple[str, type[JupyterHandler]]]] = [
    (r"/kfjlab/about", AboutHandler),
]
"""Patterns below the server's base URL."""
