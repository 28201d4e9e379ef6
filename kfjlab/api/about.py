"""What is installed, and what the administrator allows."""

from __future__ import annotations

import platform
import sys

import jupyter_server

import kfjlab
from kfjlab.targets.base import target_names

from .context import Context
from .models import About, Kernel, Lock, Policy
from .rules import FEATURES


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
    rules = context.rules
    installed = target_names()
    return Policy(
        targets=[name for name in installed if rules.allows_target(name)],
        forbidden_targets=[name for name in installed if not rules.allows_target(name)],
        images=list(rules.images),
        max_parallel=rules.max_parallel or None,
        max_memory=rules.max_memory or None,
        features={name: rules.features.get(name, True) for name in FEATURES},
        locks=[Lock(setting=name, value=value, reason=rules.reason) for name, value in rules.locks.items()],
        reason=rules.reason,
    )
