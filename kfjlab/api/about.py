"""``GET kfjlab/about``: what is installed, for the About dialog and for reports of errors."""

from __future__ import annotations

import json
import platform
import sys
from typing import Any

import jupyter_server
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web

import kfjlab


class AboutHandler(APIHandler):
    """Versions, and the kernels that the server offers."""

    auth_resource = "kfjlab"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the object that ``IAbout`` in ``src/api/client.ts`` describes."""
        specs: dict[str, dict[str, Any]] = await ensure_async(self.kernel_spec_manager.get_all_specs())
        kernels = [
            {
                "name": name,
                "display_name": entry["spec"].get("display_name", name),
                "language": entry["spec"].get("language", ""),
            }
            for name, entry in sorted(specs.items())
        ]
        self.finish(
            json.dumps(
                {
                    "version": kfjlab.__version__,
                    "python": platform.python_version(),
                    "implementation": platform.python_implementation(),
                    "executable": sys.executable,
                    "platform": platform.platform(),
                    "jupyter_server": jupyter_server.__version__,
                    "default_kernel": self.kernel_manager.default_kernel_name,
                    "kernels": kernels,
                }
            )
        )
