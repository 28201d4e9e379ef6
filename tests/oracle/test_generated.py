"""Random programs: as pipelines they print, leave and write what they do from top to bottom.

For speed the reference is the simplest thing that could be right: the cells executed one after another in one dictionary, in a process of
their own (:mod:`plain`). That nbclient agrees with it is checked too.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from . import plain
from .conftest import SOAK
from .oracle import (
    NOTEBOOK,
    Outcome,
    Program,
    Schedule,
    as_pipeline,
    disagreements,
    from_top_to_bottom,
    normal_text,
    prepare,
)
from .oracle import folder_digests as digests
from .programs import programs

pytestmark = pytest.mark.timeout(36_000 if SOAK else 300)

EXAMPLES = 1500 if SOAK else 25
COMMON = settings(
    deadline=None,
    database=None,
    derandomize=not SOAK,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


def executed_plainly(notebook: Path, dump: Path) -> Outcome:
    """The reference without IPython."""
    command = [sys.executable, plain.__file__, str(notebook)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    answer = subprocess.run(
        command, cwd=notebook.parent, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert answer.returncode == 0, answer.stderr
    printed = json.loads(answer.stdout.splitlines()[-1])
    outputs = [
        {"count": i + 1, "stdout": normal_text(text), "stderr": "", "rich": []}
        for i, text in enumerate(printed[:-1])
    ]
    return Outcome(json.loads(dump.read_text("utf-8")), outputs, digests(notebook.parent))


@settings(COMMON, max_examples=EXAMPLES)
@given(programs, st.integers(0, 1000))
def test_random_programs(program: Program, seed: int) -> None:
    rng = random.Random(seed)
    count = len(program.cells)
    schedule = rng.choice([Schedule.every_cell, Schedule.random_groups])(count, rng)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, other = folder / "one.json", folder / "other.json"
        reference = executed_plainly(prepare(program, schedule, folder / "reference", one), one)
        result = as_pipeline(
            prepare(program, schedule, folder / "pipeline", other), other, parallel=schedule.parallel
        )
        found = disagreements(reference, result.outcome)
        assert found == [], (folder / "pipeline" / NOTEBOOK).read_text("utf-8")


@settings(COMMON, max_examples=50 if SOAK else 3)
@given(programs)
def test_the_plain_reference_agrees_with_nbclient(program: Program) -> None:
    schedule = Schedule.every_cell(len(program.cells), random.Random(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, other = folder / "one.json", folder / "other.json"
        plainly = executed_plainly(prepare(program, schedule, folder / "plain", one), one)
        assert (
            disagreements(
                from_top_to_bottom(prepare(program, schedule, folder / "kernel", other), other), plainly
            )
            == []
        )
