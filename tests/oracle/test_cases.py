"""Small notebooks, cut into steps in different ways: as a pipeline they give what they give from top to bottom."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from .cases import CASES
from .conftest import SOAK
from .oracle import Schedule, compare

pytestmark = pytest.mark.filterwarnings(
    "ignore"
)  # nbclient and its dependencies leave loops and sockets to the garbage collector

NOT_YET = {
    "cached functions": "what functools.lru_cache remembers does not pass to the next step",
    "change through functions": "two names for one function become two functions",
    "change through methods of other objects": "a bound method and its class hold two copies of one function",
    "classes across steps": "a change of a class attribute's list is lost when a subclass is there too",
    "dataclasses, enums, namedtuples": "methods made by dataclass and namedtuple are given a __module__ of their own",
    "defaults that are mutable": "a call that changes a function's default is not seen",
    "environment, directory, path": "a module that is not there yet is not a read, so its importer is not run again",
    "exceptions as values": "an exception with an __init__ of its own is rebuilt by calling it",
    "file names that are computed": "the record of a step that made a folder cannot be reused",
    "a module written by a step": "a module that is not there yet is not a read, so its importer is not run again",
    "partial, map and sorting keys": "what a partial holds is not an alias of the variable",
    "properties, slots, descriptors, metaclasses": "a registry in a metaclass holds a copy of the class",
    "seeds of random": "random.getstate() is not a read of the generator",
}
"""Cases that do not hold yet, and why. They fail this file when they start to hold, so that the entry goes."""


def _cases() -> list[object]:
    return [
        pytest.param(name, marks=pytest.mark.xfail(reason=NOT_YET[name])) if name in NOT_YET else name
        for name in CASES
    ]


@pytest.mark.parametrize("name", _cases())
def test_every_cell_a_step(name: str, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    assert compare(program, Schedule.every_cell(len(program.cells), rng), tmp_path, again=True) == []


@pytest.mark.skipif(not SOAK, reason="only with KFJLAB_SOAK=1")
@pytest.mark.parametrize("repetition", range(5))
@pytest.mark.parametrize("name", _cases())
def test_random_groups(name: str, repetition: int, tmp_path: Path, rng: random.Random) -> None:
    program = CASES[name]
    assert compare(program, Schedule.random_groups(len(program.cells), rng), tmp_path) == []
