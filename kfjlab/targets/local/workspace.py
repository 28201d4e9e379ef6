"""The notebook's folder as the ledger sees it: files before the first step, and files put back to the version a step must see."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from pathlib import Path

from kfjlab.runtime.files import (
    DIRECTORY,
    LINK,
    Signature,
    file_digest,
    folder_names,
    hidden_folders,
    signature,
    survey,
)
from kfjlab.runtime.objects import CorruptObject, ObjectStore
from kfjlab.runtime.protocol import ABSENT, StepRecord

from .keys import digest_of
from .ledger import ANY_FILE, Inputs, Slot
from .reuse import is_stored

LOST = "lost"
"""Stands for the digest of what was in a file before a step changed it, where nobody knows that any more."""


class Workspace:
    """The files of one run. Paths are those of ``file:`` resources: relative to ``root``, or absolute outside it.

    Digests before the first step are taken when first asked for and kept; a record's pre-image, taken just before the first
    write, is better knowledge and replaces them.
    """

    def __init__(self, root: Path, objects: ObjectStore, store_limit: int) -> None:
        self._root = root
        self._objects = objects
        self._store_limit = store_limit
        self._base: dict[str, str] = {}
        self._preimages: dict[str, str] = {}
        self._written: set[str] = set()
        self._inferred: set[str] = set()
        self._rest: str | None = None

    def learn(self, record: StepRecord) -> None:
        """Take over what a record says about files as they were before steps wrote them."""
        for resource, digest in record.preimages.items():
            self._preimages.setdefault(resource, digest)
        for resource in record.writes.keys() - record.preimages.keys():
            if resource.startswith("file:"):
                self._preimages.setdefault(resource, self._base.get(resource, LOST))
        self._written.update(name for name in record.writes if name.startswith("file:"))
        self._inferred.update(record.inferred)

    def recall(self, before: Mapping[str, str]) -> None:
        """Take over what was in files before the first step, which earlier parts of the run have changed."""
        self._preimages.update(before)
        self._written.update(before)

    @property
    def before(self) -> Mapping[str, str]:
        """Resource → digest before the first step, of all files that steps are known to have changed."""
        return self._preimages

    def adopt(self, record: StepRecord) -> None:
        """Take over a record of an earlier run: its files were before it as they are now. That is kept, for who has to see it."""
        for resource in record.writes:
            if not resource.startswith("file:") or resource in self._preimages:
                continue
            before = self._preimages[resource] = self.base(resource)
            if is_stored(before) and not self.can_restore(before) and self.digest(resource) == before:
                self._objects.put_file(str(self.path(resource)))
        self._written.update(name for name in record.writes if name.startswith("file:"))
        self._inferred.update(record.inferred)

    def base(self, resource: str) -> str:
        """The digest of a ``file:`` resource before the first step (:data:`ANY_FILE`: of everything that no step wrote)."""
        if resource == ANY_FILE:
            return self._everything_else()
        if resource in self._preimages:
            return self._preimages[resource]
        if resource not in self._base:
            self._base[resource] = self.digest(resource)
        return self._base[resource]

    def is_lost(self, resource: str) -> bool:
        """Whether nobody knows what was in a file before the first step."""
        return self._preimages.get(resource) == LOST

    def refresh(self, resource: str) -> None:
        """Somebody outside the run changed a file: take its state now for its state before the first step."""
        if resource.startswith("file:") and resource not in self._preimages:
            self._base.pop(resource, None)
            self._rest = None

    def accept(self, record: StepRecord) -> None:
        """Take what a failed attempt left in files for the state before the first step: a retry may go on from it (a checkpoint)."""
        for resource in {*record.writes, *record.preimages}:
            self._preimages.pop(resource, None)
            self._base.pop(resource, None)
            self._written.discard(resource)
        self._rest = None

    def touched(self) -> dict[str, Slot]:
        """The state before the first step of every file that some attempt changed, whatever became of the attempt."""
        return {resource: Slot(digest) for resource, digest in self._preimages.items()}

    def digest(self, resource: str) -> str:
        """The digest of a ``file:`` resource now."""
        return file_digest(str(self.path(resource)), self._store_limit)

    def path(self, resource: str) -> Path:
        """Where a ``file:`` resource is."""
        return self._root / resource.split(":", 1)[1]

    def listing(self, folder: str) -> set[str]:
        """The names in a folder before the first step."""
        names = set(folder_names(str(self._root / folder)))
        prefix = "" if folder in ("", ".") else folder.rstrip("/") + "/"
        for resource in self._written:
            path = resource.split(":", 1)[1]
            if path.startswith(prefix) and "/" not in path[len(prefix) :]:
                name = path[len(prefix) :]
                if self._preimages.get(resource) == ABSENT:
                    names.discard(name)
                elif resource in self._preimages:
                    names.add(name)
        return names

    def wanted(self, inputs: Inputs) -> dict[str, Slot]:
        """The files that a step has to find in a version that is known: those it reads, and in the folders that it lists all that some
        attempt has touched. Nothing is in a folder that it must not find."""
        gone = [
            name for name, slot in inputs.slots.items() if slot.digest == ABSENT and name.startswith("file:")
        ]
        gone = [name for name in gone if self.path(name).is_dir() and not self.path(name).is_symlink()]
        later = {
            name: Slot(ABSENT)
            for name in self._preimages
            if any(_is_below(name, f[len("file:") :]) for f in gone)
        }
        folders = inputs.folders()
        touched = {**self.touched(), **inputs.files} if folders else {}
        listed = {name: slot for name, slot in touched.items() if any(_is_below(name, f) for f in folders)}
        return {**listed, **later, **inputs.slots}

    def misplaced(self, slots: Mapping[str, Slot]) -> dict[str, str]:
        """Files on disk that are not in the version that ``slots`` wants and that can be put back: resource → digest."""
        found = {}
        for resource, slot in slots.items():
            if not resource.startswith("file:") or resource == ANY_FILE or slot.digest is None:
                continue
            if resource in self._inferred or (slot.writer is None and resource not in self._preimages):
                continue  # nobody was seen to touch it
            stored = slot.writer is not None and is_stored(slot.digest)
            if self.digest(resource) != slot.digest and (stored or self.can_restore(slot.digest)):
                found[resource] = slot.digest
        return found

    def holds(self, record: StepRecord) -> bool:
        """Whether the files that a record's step seems to have written, but was not seen to, still are as it left them."""
        return all(self.digest(name) == record.writes.get(name) for name in record.inferred)

    def can_restore(self, digest: str) -> bool:
        """Whether the content of that digest is in the store (or is a folder, a link, or nothing)."""
        if digest in (ABSENT, DIRECTORY) or digest.startswith(LINK):
            return True
        return len(digest) == 64 and self._objects.contains(digest)

    def restore(self, files: Mapping[str, str]) -> list[str]:
        """Put files back: resource → digest, as :meth:`misplaced` gives them. Returns the resources whose content is missing from the store
        or damaged there. Raises :class:`OSError` when the disk does not take them."""
        lost = []
        for resource, digest in sorted(files.items(), key=_from_leaves_or_root):
            path = self.path(resource)
            try:
                self._put_back(path, digest)
            except CorruptObject:
                lost.append(resource)
            except OSError as error:
                what = f"{path} could not be put back as a step had left it: {error.strerror or error}"
                raise OSError(error.errno, what) from error
        return lost

    def _put_back(self, path: Path, digest: str) -> None:
        if path.is_symlink():
            path.unlink()
        if digest == ABSENT and path.is_dir():
            with contextlib.suppress(OSError):  # not empty: something else in it is wanted
                path.rmdir()
        elif digest == ABSENT:
            path.unlink(missing_ok=True)
        elif digest == DIRECTORY:
            path.mkdir(parents=True, exist_ok=True)
        elif digest.startswith(LINK):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            path.symlink_to(digest[len(LINK) :])
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._objects.restore_file(digest, str(path))

    def _everything_else(self) -> str:
        """One digest of the files that no step of this run is known to write."""
        if self._rest is None:
            self._rest = self.everything_but(self._written)
        return self._rest

    @property
    def written(self) -> frozenset[str]:
        """The ``file:`` resources that steps of this run are known to write."""
        return frozenset(self._written)

    def everything_but(self, resources: Collection[str]) -> str:
        """One digest of the names, sizes and times of all files but ``resources``.

        For code that started a subprocess, whose reads nobody sees. Notebooks are left out: they change whenever they are saved.
        """
        found = survey(str(self._root), hidden_folders(self._objects.root, str(self._root)))
        files = {**found.files, **{f"{link}/": _led_to(self._root / link) for link in found.links}}
        kept = [
            (p, repr(s))
            for p, s in files.items()
            if not p.endswith(".ipynb") and f"file:{p}" not in resources
        ]
        return digest_of(sorted(kept))


def _led_to(link: Path) -> Signature | None:
    """The version of the file that a link leads to, which may be outside the workspace."""
    try:
        return signature(link.stat())
    except OSError:
        return None


def _is_below(resource: str, folder: str) -> bool:
    path = resource.split(":", 1)[1]
    return path.startswith(folder.rstrip("/") + "/") or (folder in ("", ".") and not path.startswith("/"))


def _from_leaves_or_root(item: tuple[str, str]) -> tuple[bool, int]:
    """What goes is taken away before what holds it, and what comes is put into what is there."""
    resource, digest = item
    depth = resource.count("/")
    return (False, -depth) if digest == ABSENT else (True, depth)
