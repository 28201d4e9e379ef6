"""What the functions behind the endpoints may know of the server: no handler, no request."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .failures import RequestFailure
from .rules import Rules


@dataclass(frozen=True)
class Context:
    """``root``: the folder that the contents API shows, None when contents are no files here. ``kernels``: name → kernelspec. ``hidden``:
    it also shows what has a dot at the beginning of its name."""

    root: Path | None
    kernels: Mapping[str, Mapping[str, Any]]
    default_kernel: str
    rules: Rules
    hidden: bool = False

    def file(self, path: str) -> Path:
        """The file behind a path of the contents API. Raises :class:`RequestFailure` where there can be none."""
        file = self.folder(path)
        if file == self.root:
            raise RequestFailure(
                422, f"{path!r} is no path of a notebook.", "Save the notebook, then try again."
            )
        return file

    def folder(self, path: str) -> Path:
        """The folder behind a path of the contents API. Raises :class:`RequestFailure` where there can be none."""
        if self.root is None:
            raise RequestFailure(
                422,
                "This server does not keep notebooks as files, so that their steps could not find them.",
                "Use a server whose contents manager has a root folder.",
            )
        parts = [part for part in path.split("/") if part]
        if any(part in (".", "..") or "\0" in part for part in parts):
            raise RequestFailure(422, f"{path!r} is no path of the server's files.")
        if not self.hidden and any(part.startswith(".") for part in parts):
            raise RequestFailure(
                422, f"{path!r} is hidden, and this server does not show hidden files.", "Rename it."
            )
        return self.root.joinpath(*parts)

    def contents_path(self, file: str) -> str | None:
        """The path for the contents API of a file on the machine; None when it is outside of the root."""
        if self.root is None:
            return None
        try:
            relative = Path(file).relative_to(self.root)
        except ValueError:
            return None
        return "/".join(relative.parts) if os.pardir not in relative.parts else None
