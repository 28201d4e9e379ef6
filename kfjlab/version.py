"""The version of the installed package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]


def _installed() -> str:
    try:
        # Written by the build; reading the package's metadata instead takes some 20 ms.
        from ._version import __version__ as built
    except ImportError:
        try:
            return version("kfjlab")
        except PackageNotFoundError:  # a checkout that nobody has installed
            return "0+unknown"
    return str(built)


__version__ = _installed()
