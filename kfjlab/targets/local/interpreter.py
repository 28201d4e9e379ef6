"""Which Python executes the steps: that of the notebook's kernelspec."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kfjlab.targets.base import RefusedError

QUERY_TIMEOUT = 60.0
"""Seconds that another interpreter gets to say what it is."""

_QUERY = "import json, sys; print(json.dumps([list(sys.version_info[:3]), sys.path]))"


@dataclass(frozen=True)
class Interpreter:
    """A Python that can execute steps. ``env``: variables that the kernelspec sets."""

    kernel: str
    python: str
    env: dict[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """A digest of the Python version and of every installed distribution with its version.

        Read from the names of the ``*.dist-info`` folders, so that it costs milliseconds and imports nothing. Raises
        :class:`RefusedError` when the interpreter does not start.
        """
        version, path = self._facts()
        installed = sorted(name for folder in path for name in _distributions(folder))
        return hashlib.sha256(json.dumps([version, installed]).encode()).hexdigest()

    def _facts(self) -> tuple[list[int], list[str]]:
        if self._is_this_one():
            return list(sys.version_info[:3]), sys.path
        try:
            done = subprocess.run(
                [self.python, "-c", _QUERY], capture_output=True, text=True, timeout=QUERY_TIMEOUT, check=True
            )
            version, path = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise RefusedError(
                f"The kernel {self.kernel!r} starts {self.python}, which does not run: {error}. "
                "Choose another kernel for the notebook, or repair this one (jupyter kernelspec list)."
            ) from error
        return version, path

    def _is_this_one(self) -> bool:
        if self.python == sys.executable:
            return True
        same_file = os.path.realpath(self.python) == os.path.realpath(sys.executable)
        return same_file and sys.prefix in self.python  # environments share the file that they link to


def find_interpreter(kernel: str) -> Interpreter:
    """The interpreter of the kernelspec named ``kernel``.

    The names ``python3`` and ``python`` mean this interpreter where no kernelspec has them (ipykernel makes one of that name itself,
    without a file). The kernel.json files are read here and not by jupyter_client, whose import (with zmq) costs more than a whole
    cached run.

    Raises
    ------
    RefusedError
        When there is no such kernelspec, or it is not a Python one.
    """
    specs = dict(_kernelspecs())
    if kernel in specs:
        spec = specs[kernel]
        if str(spec.get("language", "python")).lower() != "python":
            raise RefusedError(
                f"The kernel {kernel!r} is for {spec.get('language')}; steps need a Python kernel."
            )
        argv = spec.get("argv") or [sys.executable]
        program = str(argv[0])
        found = shutil.which(program)
        if program in ("python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
            found = (
                sys.executable
            )  # as jupyter_client does: a bare name means the environment Jupyter runs in
        if found is None:
            raise RefusedError(
                f"The kernel {kernel!r} starts {program}, which does not exist. "
                "Choose another kernel for the notebook (jupyter kernelspec list shows them)."
            )
        env = {str(k): str(v) for k, v in (spec.get("env") or {}).items()}
        return Interpreter(kernel, found, env)
    if kernel in ("python3", "python", ""):
        return Interpreter(kernel or "python3", sys.executable)
    known = ", ".join(sorted(specs)) or "none"
    raise RefusedError(
        f"The notebook wants the kernel {kernel!r}, which is not installed here. Installed: {known}. "
        f"Run with --kernel {next(iter(sorted(specs)), 'NAME')}, or install the Python environment that it names as a kernel."
    )


def _kernelspecs() -> Iterator[tuple[str, dict[str, Any]]]:
    from jupyter_core.paths import jupyter_path

    for folder in reversed(jupyter_path("kernels")):
        for file in sorted(Path(folder).glob("*/kernel.json")):
            try:
                spec = json.loads(file.read_text("utf-8"))
            except (OSError, ValueError):
                continue  # a broken kernelspec is not offered; asking for it names those that are there
            if isinstance(spec, dict):
                yield file.parent.name, spec


def _distributions(folder: str) -> list[str]:
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []  # entries of sys.path need not exist
    return [name for name in names if name.endswith((".dist-info", ".egg-info"))]
