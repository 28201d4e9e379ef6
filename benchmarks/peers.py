"""The environments of other tools, made when they are first needed and kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

MAKE_TIMEOUT = 1800
"""Seconds to make an environment."""


@dataclass(frozen=True)
class Peer:
    """A set of pinned packages with an environment of its own."""

    name: str
    packages: tuple[str, ...]

    def python(self) -> str:
        """Its interpreter; the environment is made when it is not there. Raises :class:`subprocess.CalledProcessError`."""
        key = hashlib.sha256(repr((sys.version_info[:2], self.packages)).encode()).hexdigest()[:10]
        folder = Path(platformdirs.user_cache_dir("kfjlab")) / "benchmarks" / f"{self.name}-{key}"
        python = folder / "bin" / "python"
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"making the environment of {self.name} in {folder}", file=sys.stderr, flush=True)
            uv = [sys.executable, "-m", "uv"]
            subprocess.run(
                [*uv, "venv", "--quiet", "--python", sys.executable, folder], check=True, timeout=MAKE_TIMEOUT
            )
            subprocess.run(
                [*uv, "pip", "install", "--quiet", "--python", python, *self.packages],
                check=True,
                timeout=MAKE_TIMEOUT,
            )
            (folder / "complete").touch()
        return str(python)


KALE = Peer(
    "kale",
    ("kubeflow-kale==2.3.0", "kfp==2.17.0", "dill==0.4.1", "numpy==2.4.6", "pandas==3.1.1", "ipykernel"),
)
"""Kale, kfp and dill."""

ELYRA = Peer("elyra", ("elyra==4.1.1", "pandas==3.1.1", "ipykernel"))
"""Elyra, whose pins exclude those of Kale."""
