"""One REST call: what it answers to, and the function that answers. Says nothing of how; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

Method = Literal["GET", "POST", "DELETE"]


@dataclass(frozen=True)
class Endpoint:
    """``path``: below ``<base_url>kfjlab/``, with ``{name}`` for a part that the function takes as an argument. ``function``:
    ``module:name`` in this package, imported at the first call. ``activity``: a person has done something, which keeps an idle
    server from being stopped. ``feature``: what an administrator can switch off (:data:`~kfjlab.api.rules.FEATURES`)."""

    method: Method
    path: str
    function: str
    activity: bool = False
    feature: str = ""

    def load(self) -> Any:
        """The function. Its parameters: ``context`` (:class:`~kfjlab.api.context.Context`), the named parts of the path, ``query`` and
        ``body`` (models of :mod:`kfjlab.api.models`); its return annotation is the model that is answered."""
        module, _, name = self.function.partition(":")
        return getattr(import_module(f"kfjlab.api.{module}"), name)
