"""Pieces of ambient state ↔ the store. They are stored like variables, each alone, without being one."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from .protocol import Value
from .values import CannotTravel, Carrier

_NAME = "__kfjlab_state__"


class States(Carrier):
    """Stores states whose functions and classes are those of the notebook with the carrier's namespace."""

    def put(self, state: Any) -> Tuple[Optional[Value], Optional[CannotTravel]]:
        """Store a state: its Value, or why it cannot be stored. Raises :class:`OSError`."""
        self._namespace[_NAME] = state
        try:
            saved = self.save([_NAME])
        finally:
            del self._namespace[_NAME]
        return saved.values.get(_NAME), saved.failures[0] if saved.failures else None

    def get(self, value: Value) -> Any:
        """Load what :meth:`put` stored. Raises what :meth:`Carrier.load` raises."""
        self.load({_NAME: value})
        return self._namespace.pop(_NAME)

    def _watched(self) -> List[str]:
        return []  # a state shares nothing with variables
