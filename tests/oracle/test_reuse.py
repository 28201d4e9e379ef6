"""What is taken from the cache, as a user sees it."""

from __future__ import annotations

from pathlib import Path

from .oracle import Program, Schedule, as_pipeline, prepare


def test_the_store_may_lie_in_the_notebooks_folder(tmp_path: Path) -> None:
    """As it does for a notebook in the home directory."""
    program = Program(("x = 1", "y = x + 1"))
    notebook = prepare(program, Schedule((0, 1), (0.0, 0.0), 2), tmp_path, None)
    first = as_pipeline(notebook)
    assert [problem["code"] for problem in first.problems] == []
    assert all(as_pipeline(notebook).cached.values())
