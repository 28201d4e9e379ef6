"""State that stays in the process of the step that changed it. It is told, and not carried: streams, hooks of IPython …

A step starts with what the prelude has left of it. What libraries change in it is none of the notebook's business, so of what is called
later (formatters, callbacks) only functions of the notebook count.
"""

from __future__ import annotations

import gc
import sys
from typing import Any, Dict, List

from .imports import imported


class Staying:
    """What of this process later steps will not get."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._start: Dict[str, Any] = {}

    def begin(self) -> None:
        """What is changed from now on is the step's doing."""
        self._start = self._read()

    def warnings(self, step: str) -> List[Dict[str, Any]]:
        """What has been changed since, as a warning."""
        now = self._read()
        changed = [name for name in {**self._start, **now} if self._start.get(name) is not now.get(name)]
        if not changed:
            return []
        listed = ", ".join(changed[:5]) + (" …" if len(changed) > 5 else "")
        message = (
            f"{step} changed {listed}, which stays in the process of this step: later steps do not get it. Do it in a cell tagged imports, "
            "which every step starts from, or in each step that needs it."
        )
        return [{"code": "stays-in-step", "message": message, "cell": None}]

    def _read(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {f"sys.{name}": getattr(sys, name) for name in ("stdin", "stdout", "stderr")}
        found["the garbage collector's switch"] = gc.isenabled()
        if imported("multiprocessing"):
            method = sys.modules["multiprocessing"].get_start_method(allow_none=True)
            if method not in (None, sys.modules["multiprocessing"].get_all_start_methods()[0]):
                found["multiprocessing's start method"] = sys.intern(method)
        for formatter in self._shell.display_formatter.formatters.values():
            for kind, function in formatter.type_printers.items():
                if getattr(function, "__module__", None) == "__main__":
                    found[f"the {formatter.format_type} formatter of {kind.__name__}"] = function
        for event, functions in self._shell.events.callbacks.items():
            for function in functions:
                if getattr(function, "__module__", None) == "__main__":
                    found[f"the callback {getattr(function, '__name__', function)} of IPython's {event}"] = (
                        function
                    )
        return found
