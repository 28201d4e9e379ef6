"""The environments of other tools, made when they are first needed and kept in the user's cache folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from .harness import ProcessFailed

MAKE_TIMEOUT = 1800
"""Seconds to make an environment."""


@dataclass(frozen=True)
class Peer:
    """A set of pinned packages with an environment of its own."""

    name: str
    packages: tuple[str, ...]

    def python(self) -> str:
        """Its interpreter; the environment is made when it is not there. Raises :class:`ProcessFailed` when that does not work."""
        key = hashlib.sha256(repr((sys.version_info[:2], self.packages)).encode()).hexdigest()[:10]
        folder = Path(platformdirs.user_cache_dir("kfjlab")) / "benchmarks" / f"{self.name}-{key}"
        python = folder / "bin" / "python"
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            print(f"making the environment of {self.name} in {folder}", file=sys.stderr, flush=True)
            uv = [sys.executable, "-m", "uv", "--quiet"]
            _run([*uv, "venv", "--python", sys.executable, str(folder)])
            # Compiled at once, as pip does it: else the first starts of a program would be slower than all later ones.
            _run([*uv, "pip", "install", "--compile-bytecode", "--python", str(python), *self.packages])
            (folder / "complete").touch()
        return str(python)


def _run(command: list[str]) -> None:
    try:
        subprocess.run(command, check=True, timeout=MAKE_TIMEOUT, stderr=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as error:
        raise ProcessFailed(f"its environment could not be made: {error.stderr[-1000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise ProcessFailed(f"its environment was not made within {MAKE_TIMEOUT} s") from error


KALE = Peer(
    "kale",
    ("kubeflow-kale==2.3.0", "kfp==2.17.0", "dill==0.4.1", "numpy==2.4.6", "pandas==3.1.1", "ipykernel"),
)
"""Kale, kfp and dill."""

ELYRA = Peer("elyra", ("elyra==4.1.1", "pandas==3.1.1", "ipykernel"))
"""Elyra, whose pins exclude those of Kale."""
