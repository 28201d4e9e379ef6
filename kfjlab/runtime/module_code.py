"""The code of workspace modules that a step has executed again (``importlib.reload``), carried to later steps.

Functions and classes of modules are pickled by their names. Where the module was executed before the reload, such a name would lead to what
it meant then; so the new code goes in front of them into the pickle, and is executed when that is loaded.
"""

from __future__ import annotations

import importlib
from typing import Any, Dict, Optional

_executed: Dict[str, bytes] = {}
"""Module → the source that this process has executed last."""


class Code:
    """The source of the module ``name``; the module has executed it wherever this object is."""

    def __init__(self, name: str, source: bytes) -> None:
        self.name = name
        self.source = source

    def __reduce__(self) -> Any:
        return execute, (self.name, self.source)


def executed(name: str, origin: str) -> Optional[Code]:
    """Note that the module ``name`` was executed from the file ``origin``. Its code, if it was executed from another one before."""
    if not origin.endswith(".py"):
        return None
    with open(origin, "rb") as file:
        source = file.read()
    before = _executed.get(name, source)
    _executed[name] = source
    return None if source == before else Code(name, source)


# What pickles call when they are loaded. Its name is part of the format -----------------------------------------------------


def execute(name: str, source: bytes) -> Code:
    """Execute a module's code in it, unless it is what the module has executed last. Raises what the code and its import raise."""
    module = importlib.import_module(name)
    if _executed.get(name) != source:
        exec(compile(source, str(module.__file__), "exec", dont_inherit=True), vars(module))
        _executed[name] = source
    return Code(name, source)
