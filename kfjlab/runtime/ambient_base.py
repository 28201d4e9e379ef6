"""What a piece of ambient state is: it can be read, set, compared, and told from what imports do."""

from __future__ import annotations

import pickle
from typing import Any, Dict, List, Optional


class Key:
    """One piece of ambient state of this process. Subclasses say what it is; the objects keep the state it is compared with."""

    name = ""
    generator = False
    """A random generator: read only by steps that draw from it."""
    early = False
    """Set before the variables are loaded, because importing modules may depend on it."""

    def available(self) -> bool:
        """Whether the state exists: its library has been imported."""
        return True

    def get(self) -> Any:
        """The state: picklable, comparable with :func:`same`, not changed by what happens later."""
        raise NotImplementedError

    def set(self, state: Any) -> None:
        """Bring the state about. Imports the library where it must."""
        raise NotImplementedError

    def rebase(self) -> None:
        """From now on the present state is the one that "nothing was changed" means."""

    def before_import(self) -> Any:
        """Called before a module is imported for the first time; the result is given to :meth:`after_import`."""
        return self.available()

    def after_import(self, before: Any) -> bool:
        """Called after that import. Takes what the import itself changed into the base. Whether the state has just become available."""
        return not before and self.available()

    def lost(self, state: Any) -> List[str]:
        """What of ``state`` cannot be brought about in another process, in words."""
        return []


class Generator(Key):
    """A random generator.

    Some libraries draw numbers while they are imported. That is no change as long as nobody has seeded the generator or drawn from it: any
    stream is as right as another then. Afterwards it is one, because the numbers that follow are others than without it.
    """

    generator = True

    def __init__(self) -> None:
        self._unused: Any = self.get() if self.available() else None

    def restore(self, state: Any) -> None:
        """Bring the state about."""
        raise NotImplementedError

    def seed(self) -> None:
        """Seed it from the operating system."""
        raise NotImplementedError

    def set(self, state: Any) -> None:
        self.restore(state)
        self._unused = None

    def refresh(self) -> None:
        """Seed it from the operating system, as nobody's; a generator that does not exist yet will be so anyway."""
        if self.available():
            self.seed()
            self._unused = self.get()

    def rebase(self) -> None:
        if self.available() and not same(self._unused, self.get()):
            self._unused = None

    def before_import(self) -> Any:
        return self.get() if self.available() else None

    def after_import(self, before: Any) -> bool:
        if not self.available() or (before is not None and not same(self._unused, before)):
            return False
        self._unused = self.get()
        return True


class Mapping(Key):
    """State that is a mapping of names to values. What travels are the differences from the base: ``{"set": {…}, "unset": […]}``."""

    def __init__(self) -> None:
        self._base: Optional[Dict[str, Any]] = None

    def read(self) -> Dict[str, Any]:
        """All of it, as it is now."""
        raise NotImplementedError

    def put(self, name: str, value: Any) -> None:
        """Set one entry."""
        raise NotImplementedError

    def drop(self, name: str) -> None:
        """Remove one entry."""
        raise NotImplementedError

    def load(self) -> None:
        """Import the library whose state this is."""

    def rebase(self) -> None:
        self._base = self.read() if self.available() else None

    def get(self) -> Any:
        now = self.read()
        if self._base is None:
            self._base = now
        base = self._base
        changed = {
            name: now[name] for name in sorted(now) if name not in base or not same(base[name], now[name])
        }
        return {"set": changed, "unset": sorted(name for name in base if name not in now)}

    def set(self, state: Any) -> None:
        self.load()
        present = self.get()
        base = self._base or {}
        for name in [*present["set"], *present["unset"]]:
            if name not in state["set"] and name not in state["unset"]:
                if name in base:
                    self.put(name, base[name])
                else:
                    self.drop(name)
        for name in state["unset"]:
            if name not in present["unset"]:
                self.drop(name)
        for name, value in state["set"].items():
            self.put(name, value)

    def before_import(self) -> Any:
        return self.read() if self.available() else None

    def after_import(self, before: Any) -> bool:
        if not self.available():
            return False
        if before is None:
            self.rebase()
            return True
        if self._base is not None:
            after = self.read()
            for name in before.keys() | after.keys():
                if name not in after:
                    self._base.pop(name, None)
                elif name not in before or not same(before[name], after[name]):
                    self._base[name] = after[name]
        return False


class Entries(Key):
    """State that is a list whose order counts. Entries that imports add are no part of it; they stay where a process has them."""

    def __init__(self) -> None:
        self._imported: List[Any] = []

    def read(self) -> List[Any]:
        """All entries, as they are now."""
        raise NotImplementedError

    def write(self, entries: List[Any]) -> None:
        """Replace all entries."""
        raise NotImplementedError

    def get(self) -> Any:
        return [entry for entry in self.read() if entry not in self._imported]

    def set(self, state: Any) -> None:
        self.write(
            [*state, *(entry for entry in self.read() if entry in self._imported and entry not in state)]
        )

    def rebase(self) -> None:
        self._imported = []

    def before_import(self) -> Any:
        return self.read()

    def after_import(self, before: Any) -> bool:
        self._imported += [
            entry for entry in self.read() if entry not in before and entry not in self._imported
        ]
        return False


def same(one: Any, other: Any) -> bool:
    """Whether two pieces of state are equal; what has no usable ``==`` (arrays) is compared pickled."""
    if one is other:
        return True
    try:
        if bool(one == other):
            return True
    except Exception:  # noqa: S110 - an object of the user's may raise anything here, then its pickle decides
        pass
    try:
        return pickle.dumps(one) == pickle.dumps(other)
    except Exception:  # what cannot be pickled is taken for changed, which costs time but is never wrong
        return False
