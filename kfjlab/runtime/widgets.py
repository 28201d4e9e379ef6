"""The states of Jupyter widgets (progress bars, sliders), kept in the executed notebook as nbclient keeps them.

Widgets talk to a browser through the package ``comm``; here nobody answers, but what they say is what a browser needs to draw them later.
"""

from __future__ import annotations

import base64
import sys
from types import ModuleType
from typing import Any, Callable, Dict, List, Mapping, Optional

MIME = "application/vnd.jupyter.widget-state+json"

Publish = Callable[[str, Mapping[str, Any], List[bytes]], None]
"""Takes a widget's id, the data of a message and its buffers."""


class WidgetStates:
    """The states of the widgets of one notebook. Follows ``nbclient.NotebookClient.handle_comm_msg``."""

    def __init__(self) -> None:
        self._states: Dict[str, Dict[str, Any]] = {}
        self._buffers: Dict[str, Dict[str, Dict[str, Any]]] = {}

    def take(self, widget: str, data: Mapping[str, Any], buffers: List[bytes]) -> None:
        """Take a message of a widget."""
        if "state" not in data:
            return
        self._states.setdefault(widget, {}).update(data["state"])
        for path, buffer in zip(data.get("buffer_paths") or (), buffers):
            encoded = {
                "data": base64.b64encode(buffer).decode("ascii"),
                "encoding": "base64",
                "path": list(path),
            }
            self._buffers.setdefault(widget, {})[repr(path)] = encoded

    def metadata(self) -> Optional[Dict[str, Any]]:
        """The notebook's ``widgets`` metadata; None when there are no widgets."""
        states = {}
        for widget, state in self._states.items():
            if "_model_name" in state:
                states[widget] = {
                    "model_name": state.get("_model_name"),
                    "model_module": state.get("_model_module"),
                    "model_module_version": state.get("_model_module_version"),
                    "state": state,
                }
                if widget in self._buffers:
                    states[widget]["buffers"] = list(self._buffers[widget].values())
        return {MIME: {"state": states, "version_major": 2, "version_minor": 0}} if states else None


def comm_listener(publish: Publish) -> Callable[[ModuleType, Optional[str]], None]:
    """A listener of :class:`~kfjlab.runtime.imports.ImportWatch` that makes the package ``comm`` hand its messages to ``publish``."""

    def listener(module: ModuleType, origin: Optional[str]) -> None:
        base = sys.modules.get("comm.base_comm")
        if module.__name__ != "comm" or base is None:
            return
        base_comm: Any = base.__dict__["BaseComm"]

        class StepComm(base_comm):
            """A comm whose other end is the executed notebook."""

            def publish_msg(
                self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
            ) -> None:
                publish(self.comm_id, data or {}, [bytes(buffer) for buffer in buffers or ()])

        module.__dict__["create_comm"] = StepComm

    return listener
