"""The example notebooks that come along, copied to where a user wants to try them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from kfjlab.notebook.document import read_document
from kfjlab.notebook.headings import headings
from kfjlab.notebook.names import did_you_mean
from kfjlab.notebook.tags import OURS
from kfjlab.targets.base import RefusedError

_PACKAGE = Path(__file__).parent.parent
_MOST_COPIES = 1000


@dataclass(frozen=True)
class Example:
    """A notebook. ``title`` and ``description``: its heading, and what its metadata says."""

    name: str
    title: str
    description: str
    path: Path


def list_examples() -> list[Example]:
    """The examples, the one to start with first."""
    found = [_example(path) for path in sorted(_folder().glob("*.ipynb"))]
    return sorted(found, key=lambda example: example.name != "first-tour")


def copy_example(name: str, folder: Path) -> Path:
    """Copy an example into a folder; where it is now. An earlier copy stays as it is, the new one gets a number.

    Raises :class:`RefusedError` when there is no such example, or the folder cannot be written.
    """
    known = {example.name: example for example in list_examples()}
    if name not in known:
        raise RefusedError(f"There is no example {name!r}.{did_you_mean(name, known)}")
    if not folder.is_dir():
        raise RefusedError(f"There is no folder {folder}. Make it first.")
    for number in range(_MOST_COPIES):
        target = folder / f"{name}{f'-{number}' if number else ''}.ipynb"
        try:
            with open(known[name].path, "rb") as source, open(target, "xb") as copy:
                shutil.copyfileobj(source, copy)
        except FileExistsError:
            continue
        except OSError as error:
            raise RefusedError(
                f"{target} cannot be written: {error.strerror or error}. Choose another folder."
            ) from error
        return target
    raise RefusedError(f"{folder} has {_MOST_COPIES} copies of {name} already.")


def _folder() -> Path:
    """In the package when it is installed, beside it in a checkout."""
    inside = _PACKAGE / "examples"
    return inside if inside.is_dir() else _PACKAGE.parent / "examples"


def _example(path: Path) -> Example:
    document = read_document(path)
    found = headings(document)
    description = document.metadata.get(OURS, {}).get("description", "")
    return Example(path.stem, found[0].text if found else path.stem, description, path)
