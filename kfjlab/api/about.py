"""What is installed, and what the administrator allows."""

from __future__ import annotations

import platform
import sys

import jupyter_server

import kfjlab

from .context import Context
from .models import About, Kernel, Policy


def about(context: Context) -> About:
    """Versions and kernels, for the About dialog and for reports of errors."""
    kernels = [
        Kernel(
            name=name,
            display_name=str(entry["spec"].get("display_name", name)),
            language=str(entry["spec"].get("language", "")),
        )
        for name, entry in sorted(context.kernels.items())
    ]
    return About(
        version=kfjlab.__version__,
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        executable=sys.executable,
        platform=platform.platform(),
        jupyter_server=jupyter_server.__version__,
        default_kernel=context.default_kernel,
        kernels=kernels,
    )


def policy(context: Context) -> Policy:
    """What the administrator has decided."""
    return Policy.model_validate(context.policy)
