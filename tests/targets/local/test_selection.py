from __future__ import annotations

from kfjlab.notebook.pipeline import Edge, Pipeline, Step
from kfjlab.targets.local.selection import forced, selected

STEPS = tuple(Step(name, ()) for name in ("load", "clean", "plot", "train"))
EDGES = (
    Edge("load", "clean", ("var:df",), "data"),
    Edge("clean", "plot", ("var:df",), "data"),
    Edge("clean", "train", ("var:df",), "data"),
)
PIPELINE = Pipeline("p", "p.ipynb", STEPS, edges=EDGES)


def test_no_name_means_all() -> None:
    assert selected(PIPELINE, ()) == {0, 1, 2, 3}


def test_a_step_brings_what_it_needs() -> None:
    assert selected(PIPELINE, ["train"]) == {0, 1, 3}


def test_starting_from_a_step_forces_what_follows_it() -> None:
    assert forced(PIPELINE, ["clean"]) == {1, 2, 3}
    assert forced(PIPELINE, ["plot"]) == {2}
    assert forced(PIPELINE, ()) == set()
