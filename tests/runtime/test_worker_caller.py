"""Which variables of the caller's environment count as read, and what the imports read of the world."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfjlab.runtime.ambient_caller import variable_digest
from kfjlab.runtime.protocol import ABSENT
from tests.runtime.harness import Bench, cells

HELPER = "import os\ndef mode(): return os.environ['MODE']\n"
READS = [
    "import os; os.environ[''.join(['MO', 'DE'])]",
    "import os; os.environ.get('MODE')",
    "import os; os.getenv('MODE')",
    "import os; 'MODE' in os.environ",
    "import os; os.environb[b'MODE']",
    "import os; os.environ.setdefault('MODE', 'two')",
    "import os; os.path.expandvars('a $MODE')",
    "import os; list(map(os.environ.get, ['MODE']))",
    "import helper; helper.mode()",
]
UNREAD = [
    "import os; dict(os.environ); os.environ.copy(); list(os.environ.items()); {**os.environ}",
    "import os; os.environ['MODE'] = 'mine'; os.environ['MODE']",
    "import os, subprocess; subprocess.run(['true'])",
    "import shutil; shutil.get_terminal_size(); shutil.which('true')",
]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("bench"), {"MODE": "one"})
    (made.workspace / "helper.py").write_text(HELPER)
    yield made
    made.close()


def environment(reads: dict[str, str]) -> dict[str, str]:
    return {name[4:]: digest for name, digest in reads.items() if name.startswith("env:")}


@pytest.mark.parametrize("source", READS)
def test_what_the_notebook_looks_up_is_read(caller: Bench, source: str) -> None:
    assert environment(caller.run(source).reads) == {"MODE": variable_digest("one")}


@pytest.mark.parametrize("source", UNREAD)
def test_what_is_no_look_up_of_the_notebooks_is_not_read(caller: Bench, source: str) -> None:
    record = caller.run(source)
    assert record.state == "succeeded", record.error
    assert environment(record.reads) == {}


def test_a_variable_that_is_not_set_is_absent(caller: Bench) -> None:
    assert environment(caller.run("import os; os.environ.get('NOT_SET')").reads) == {"NOT_SET": ABSENT}


def test_what_an_earlier_step_has_set_is_ambient(caller: Bench) -> None:
    first = caller.run("import os; os.environ['MODE'] = 'mine'")
    second = caller.follow(first, "import os; print(os.environ['MODE'])")
    assert caller.last.text() == "mine\n"
    assert environment(second.reads) == {}
    assert second.reads["ambient:environ"] == first.writes["ambient:environ"]


def test_the_variables_of_a_kernel_are_not_the_callers(bench: Bench) -> None:
    """A kernel sets TERM for itself, whatever the terminal's is."""
    bench.env["TERM"] = "dumb"
    assert environment(bench.run("import os; os.environ['TERM']").reads) == {}


def test_the_environment_still_is_what_it_was(caller: Bench) -> None:
    source = "import os, copy\nprint(type(os.environ), copy.copy(os.environ)['MODE'], 'MODE' in (os.environ | {'A': 'b'}))"
    caller.run(source)
    assert caller.last.text() == "<class 'os._Environ'> one True\n"


def test_what_the_imports_read_is_in_their_record(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"MODE": "one"})
    try:
        (bench.workspace / "data").mkdir()
        (bench.workspace / "data" / "a.txt").write_text("a")
        source = "import os, glob, subprocess\nos.environ.get('MODE')\nglob.glob('data/*.txt')\nos.makedirs('out', exist_ok=True)"
        reads = bench.prelude(*cells(source, role="imports"))["record"]["reads"]
        assert reads["env:MODE"] == variable_digest("one")
        assert json.loads(reads["dir:data"]) == ["a.txt"]
        assert "file:out" not in reads  # whether it made the folder or found it
        assert "file:*" not in reads
        assert environment(bench.run("x = 1").reads) == {}
    finally:
        bench.close()


def test_imports_that_start_a_program_may_read_any_file(bench: Bench) -> None:
    bench.prelude(*cells("import subprocess\nsubprocess.run(['cat', '/dev/null'])", role="imports"))
    assert bench.ready["record"]["reads"]["file:*"] == "any"
