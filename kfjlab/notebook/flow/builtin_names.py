"""Names that exist in every notebook."""

from __future__ import annotations

import builtins
import re

BUILTINS = frozenset(name for name in dir(builtins) if not name.startswith("_")) | {
    "__import__",
    "__debug__",
    "BaseExceptionGroup",
    "ExceptionGroup",
    "EncodingWarning",
    "PythonFinalizationError",
    "aiter",
    "anext",
}
"""Python's own, of every version that a kernel may have."""

INJECTED = frozenset(
    {"get_ipython", "display", "exit", "quit", "__name__", "__builtins__", "__builtin__", "__doc__", "_dh"}
) | {
    "__loader__",
    "__package__",
    "__spec__",
    "_exit_code",
    "__IPYTHON__",
}
"""IPython's, and those that are part of every module."""


class _History:
    """The names of IPython's output and input history, an endless set."""

    _names = re.compile(r"_{1,3}|_\d+|_i{1,3}|_i\d+|In|Out|_oh|_ih")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._names.fullmatch(name) is not None


HISTORY = _History()
"""``_``, ``__``, ``_3``, ``Out``, ``In``, ``_i`` …"""
