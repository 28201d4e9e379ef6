"""Which resources two steps share, wildcards and folders included."""

from __future__ import annotations

import pytest

from kfjlab.notebook.pipeline import Flow
from kfjlab.notebook.reopened import overlap


def flow(reads: str = "", writes: str = "") -> Flow:
    return Flow(frozenset(reads.split()), frozenset(writes.split()))


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        (flow("var:x"), flow("var:x"), None),
        (flow("var:x"), flow("", "var:y"), None),
        (flow("var:x"), flow("", "var:x"), "var:x"),
        (flow("", "var:x"), flow("var:x"), "var:x"),
        (flow("", "var:x"), flow("", "var:x"), "var:x"),
        (flow("var:*"), flow("", "var:y"), "var:y"),
        (flow("var:*"), flow("", "file:a"), None),
        (flow("", "file:*"), flow("file:data/a.csv"), "file:data/a.csv"),
        (flow("", "file:*"), flow("dir:data"), "dir:data"),
        (flow("dir:data"), flow("", "file:data/a.csv"), "file:data/a.csv"),
        (flow("dir:data"), flow("", "file:data/deep/a.csv"), None),
        (flow("dir:."), flow("", "file:a.csv"), "file:a.csv"),
        (flow("dir:data"), flow("file:data/a.csv"), None),
        (flow("ambient:numpy.random"), flow("", "ambient:numpy.random"), "ambient:numpy.random"),
        (flow("env:A"), flow("", "env:B"), None),
    ],
)
def test_overlap(one: Flow, other: Flow, shared: str | None) -> None:
    assert overlap(one, other) == shared
    assert (overlap(other, one) is None) is (shared is None)
