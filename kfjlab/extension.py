"""The Jupyter server extension: settings and routes. Nothing heavy is imported here; every server start pays for it."""

from __future__ import annotations

from jupyter_server.extension.application import ExtensionApp

from .api import downloads, stream
from .api.handler import rules
from .api.routes import ENDPOINTS


class KfjlabApp(ExtensionApp):
    """Serves what the JupyterLab panel asks for, below ``<base_url>kfjlab/``."""

    name = "kfjlab"

    def initialize_handlers(self) -> None:
        """Called by Jupyter Server when it links the extension."""
        policy = {"targets": ["local"], "features": {}, "locks": []}
        self.handlers.extend([*rules(ENDPOINTS, policy), stream.rule(self.log), downloads.rule()])
