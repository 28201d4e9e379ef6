"""The code of workspace modules that a step has executed again, carried to later steps: by ``importlib.reload``, or by taking the module
out of ``sys.modules`` and importing it anew.

Functions and classes of modules are pickled by their names. Where the module was executed before, such a name would lead to what it meant
then; so the code is executed before anything else is loaded.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any, Dict, Optional

from .autoreload import execute_as_it_does

_executed: Dict[str, bytes] = {}
"""Module → the source that this process has executed last."""


class Code:
    """The source of the module ``name``; the module has executed it wherever this object is. ``anew``: as another module object than that
    which the imports have."""

    def __init__(self, name: str, source: bytes, anew: bool) -> None:
        self.name = name
        self.source = source
        self.anew = anew

    def __reduce__(self) -> Any:
        return execute, (self.name, self.source, self.anew)


def executed(name: str, origin: str, anew: bool) -> Optional[Code]:
    """Note that the module ``name`` was executed from the file ``origin``. Its code, if later steps must execute it, too: it was executed
    from another one before, or ``anew``."""
    if not origin.endswith(".py"):
        return None
    with open(origin, "rb") as file:
        source = file.read()
    before = _executed.get(name, source)
    _executed[name] = source
    return Code(name, source, anew) if anew or source != before else None


def executed_source(name: str) -> Optional[bytes]:
    """What the module of that name has executed last, if it is one of the workspace."""
    return _executed.get(name)


# What pickles call when they are loaded. Its name is part of the format -----------------------------------------------------


def execute(name: str, source: bytes, anew: bool = False) -> Code:
    """Execute a module's code in it (``anew``: in a new one), unless it is what the module has executed last. Raises what the code and its
    import raise."""
    module = importlib.import_module(name)
    if anew:
        assert module.__spec__ is not None
        module = sys.modules[name] = importlib.util.module_from_spec(module.__spec__)
        parent, _, last = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], last, module)
    code = compile(source, str(module.__file__), "exec", dont_inherit=True)

    own = {key: value for key, value in vars(module).items() if key.startswith("__")}

    def run(module: ModuleType) -> ModuleType:
        vars(module).update(own)  # %autoreload has emptied it
        exec(code, vars(module))
        return module

    if anew:
        run(module)
    elif _executed.get(name) != source:
        execute_as_it_does(module, run)
    _executed[name] = source
    return Code(name, source, anew)
