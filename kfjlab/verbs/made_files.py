"""Files that a verb makes for the user: whole or not at all, and never over another file unless that was asked for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection
from pathlib import Path

from kfjlab.targets.base import RefusedError


def write_made(
    target: Path, content: bytes, *, replace: bool, sources: Collection[Path] = (), instead: str = ""
) -> None:
    """Write a file. ``replace``: also over another one, but never over one of ``sources``, which it is made of. ``instead``: what to do
    when the file is there already. Raises :class:`RefusedError`."""
    try:
        if target.is_dir():
            raise IsADirectoryError
        if any(source.exists() and target.exists() and source.samefile(target) for source in sources):
            raise RefusedError(f"{target} is what this is made of, and is not replaced. Choose another name.")
        if replace and target.exists():
            _replace(Path(os.path.realpath(target)), content)
        else:
            _create(target, content)
    except FileExistsError:
        raise RefusedError(f"There is a file {target} already.{f' {instead}' if instead else ''}") from None
    except IsADirectoryError:
        raise RefusedError(f"{target} is a folder. Give the name of a file in it.") from None
    except FileNotFoundError:
        raise RefusedError(f"There is no folder {target.parent}. Make it first.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise RefusedError(f"{target} cannot be written: {reason}.") from error


def _create(target: Path, content: bytes) -> None:
    with open(target, "xb") as file:
        try:
            file.write(content)
        except OSError:
            target.unlink(missing_ok=True)  # half a file is of no use to anybody
            raise


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".kfjlab-", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
