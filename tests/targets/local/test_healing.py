"""Stored results that are damaged or missing, and records that this version cannot read: the steps are executed again."""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kfjlab.runs.store import RunStore
from kfjlab.runtime.objects import ObjectStore
from kfjlab.targets.local.reuse import Kept
from kfjlab.verbs.log_pieces import read_logs

from .conftest import Lab, Outcome

Damage = Callable[[Path], None]


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change(path: Path) -> None:
    """As long as before: only reading it all tells."""
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


DAMAGES = pytest.mark.parametrize("damage", [truncate, change, Path.unlink])


def place(digest: str) -> Path:
    with RunStore() as store:
        return Path(ObjectStore(str(store.objects)).path(digest))


def record(outcome: Outcome, step: str) -> dict[str, Any]:
    found = outcome.steps[step].record
    assert found is not None
    return dict(found)


def kept(key_of_step: str) -> list[dict[str, Any]]:
    """The records in the store whose step has left that variable or file."""
    with RunStore() as store, store._db.read() as session:
        rows = [json.loads(row["record"]) for row in session.rows("SELECT record FROM records ORDER BY id")]
    return [data for data in rows if key_of_step in data["record"].get("writes", {})]


@DAMAGES
def test_a_file_that_is_put_back(lab: Lab, damage: Damage) -> None:
    cells = (
        ("step:make", "open('data.txt', 'w').write('seven')"),
        ("step:use", "text = open('data.txt').read()"),
    )
    first = lab.run(*cells)
    damage(place(record(first, "make")["writes"]["file:data.txt"]))
    (lab.folder / "data.txt").unlink()
    outcome = lab.run(*cells)
    assert outcome.state == "succeeded", outcome.run.error
    assert (lab.folder / "data.txt").read_text() == "seven"
    assert outcome.executed() == {"make"}
    assert lab.run(*cells).executed() == set()


def test_a_file_that_a_step_reads(lab: Lab) -> None:
    make = ("step:make", "open('data.txt', 'w').write('seven')")
    first = lab.run(make, ("step:use", "text = open('data.txt').read()"))
    change(place(record(first, "make")["writes"]["file:data.txt"]))
    (lab.folder / "data.txt").write_text("not that of the step")
    outcome = lab.run(make, ("step:use", "text = open('data.txt').read().upper()"))
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("text") == "SEVEN"
    assert outcome.executed() == {"make", "use"}


@DAMAGES
def test_a_buffer(lab: Lab, damage: Damage) -> None:
    """It is mapped without being read."""
    make = ("step:make", "import numpy\nbig = numpy.arange(200_000)")
    first = lab.run(make, ("step:use", "total = int(big.sum())"))
    value = record(first, "make")["values"]["var:big"]
    header = place(value["digest"]).read_bytes().split(b"\n", 1)[0]
    (buffer,) = json.loads(header)["buffers"]
    damage(place(buffer))
    outcome = lab.run(make, ("step:use", "total = int(big.sum()) + 1"))
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("total") == sum(range(200_000)) + 1
    assert outcome.executed() == {"make", "use"}
    again = lab.run(make, ("step:use", "total = int(big.sum()) + 2"))
    assert again.executed() == {"use"}
    assert again.value("total") == sum(range(200_000)) + 2


@pytest.mark.parametrize("what", ["notebook", "log"])
def test_executed_cells_and_logs(lab: Lab, what: str) -> None:
    cells = (("step:say", "print('hello')\nx = 1"),)
    lab.run(*cells)
    change(place(kept("var:x")[0][what]))
    outcome = lab.run(*cells)
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.outputs("say") == "hello\n"
    with RunStore() as store:
        assert store.read_log(outcome.run.id, "say")[0] == "hello\n"


def test_while_the_run_goes_on(lab: Lab) -> None:
    lab.write(
        ("step:make", "x = [1, 2, 3]"),
        ("step:wait", "import time, os\nwhile not os.path.exists('go'): time.sleep(0.02)\ny = 1"),
        ("step:use", "total = sum(x) + y"),
    )
    run_id = lab.start()
    lab.wait_for(run_id, lambda e: e.kind == "step" and e.step == "make" and e.data["state"] == "succeeded")
    with RunStore() as store:
        made = store.get_steps(run_id)[0].record
    assert made is not None
    truncate(place(made["values"]["var:x"]["digest"]))
    (lab.folder / "go").touch()
    outcome = lab.wait(run_id)
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("total") == 7
    assert ("make", "var:x") in outcome.stale()


def test_a_resumed_run(lab: Lab) -> None:
    imports = ("imports", "import time\nstart = [1, 2]")
    lab.write(imports, ("step:make", "x = start + [3]\nopen('f', 'w').write('f')"), ("step:use", "y = x / 0"))
    failed = lab.run()
    made = record(failed, "make")
    truncate(place(made["values"]["var:x"]["digest"]))
    truncate(place(made["writes"]["file:f"]))
    prelude = json.loads((Path(failed.run.folder) / "prelude.json").read_text())
    truncate(place(prelude["record"]["values"]["start"]["digest"]))
    lab.write(
        imports, ("step:make", "x = start + [3]\nopen('f', 'w').write('f')"), ("step:use", "y = sum(x)")
    )
    outcome = lab.resume(failed.run.id)
    assert outcome.state == "succeeded", outcome.run.error
    assert outcome.value("y") == 6


def test_what_was_in_a_file_before_the_run_cannot_be_made_again(lab: Lab) -> None:
    """The step that has to see it fails and says so, rather than work on something else."""
    (lab.folder / "data.txt").write_text("before")
    lab.write(
        (
            "step:slow",
            "import os, time\nwhile not os.path.exists('go'): time.sleep(0.02)\n"
            "name = ''.join(['da', 'ta', '.txt'])\ntext = open(name).read()",
        ),
        ("step:fast", "open(''.join(['dat', 'a.txt']), 'w').write('after')"),
    )
    run_id = lab.start(max_parallel=2)
    lab.wait_for(run_id, lambda e: e.kind == "cell" and e.step == "fast" and e.data["state"] == "done")
    change(place(hashlib.sha256(b"before").hexdigest()))
    (lab.folder / "go").touch()
    outcome = lab.wait(run_id)
    error = outcome.steps["slow"].error
    assert outcome.states()["slow"] == "failed" and error is not None
    assert error["kind"] == "FileLost" and "data.txt" in error["message"] and "resume" in error["fix"]


# Records of other versions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '{"entirely": "different"}',
        '{"record": {"state": "succeeded", "values": {"var:x": {"digest": "0", "of": "tomorrow"}}}}',
        '{"format": 2, "record": {"state": "succeeded"}}',
        "not JSON",
    ],
)
def test_records_of_another_format_are_no_hits(lab: Lab, text: str) -> None:
    cells = (("imports", "import math"), ("step:a", "x = math.sqrt(4)"), ("step:b", "y = x / 0"))
    first = lab.run(*cells)
    with RunStore() as store, store._db.write() as session:
        session.run("UPDATE records SET record=?", (text,))
    (Path(first.run.folder) / "prelude.json").write_text(text)
    again = lab.run(*cells)
    assert again.states() == {"a": "succeeded", "b": "failed"}, again.run.error
    assert again.executed() == {"a"}
    with RunStore() as store, store._db.write() as session:
        session.run("UPDATE records SET record=?", (text,))
    lab.write(*cells[:2], ("step:b", "y = x"))
    resumed = lab.resume(first.run.id)
    assert resumed.state == "succeeded", resumed.run.error
    assert resumed.executed() == {"a", "b"}


def test_a_kept_record_comes_back(lab: Lab) -> None:
    lab.run(("step:a", "x = 1"))
    (data,) = kept("var:x")
    found = Kept.from_json(data)
    assert found is not None
    assert json.loads(json.dumps(found.to_json())) == data


# Resuming -------------------------------------------------------------------------------------------------------------


def test_a_resumed_run_keeps_the_times_of_its_steps(lab: Lab) -> None:
    cells = (
        ("step:a", "import time, numpy\ntime.sleep(0.2)\nx = numpy.arange(3)"),
        (
            'step:b {"retries": 1, "retry_delay": 0.01}',
            "import os\nfirst = not os.path.exists('tried')\n"
            "open('tried', 'w').close()\nassert not first\ny = x + 1",
        ),
    )
    first = lab.run(*cells)
    with RunStore() as store:
        lineage = {a.name: a.inputs for a in store.get_artifacts(first.run.id)}
    time.sleep(0.1)
    resumed = lab.resume(first.run.id)
    assert resumed.state == "succeeded" and resumed.executed() == set()
    for name, step in first.steps.items():
        after = resumed.steps[name]
        assert step.started is not None and step.ended is not None
        for field in ("started", "ended", "seconds", "attempt", "peak_memory"):
            assert getattr(after, field) == getattr(step, field), (name, field)
    with RunStore() as store:
        assert {a.name: a.inputs for a in store.get_artifacts(first.run.id)} == lineage
    assert lineage["y"]


def test_the_log_is_that_of_the_attempt_that_holds(lab: Lab) -> None:
    """The first attempt of ``later`` starts at once, since nothing shows that it reads what ``first`` changes."""
    cells = (
        ("imports", "import random, time\nimport helper_of_logs"),
        ("step:first", "time.sleep(0.5)\nrandom.seed(7)"),
        ("step:later", "print('drew', helper_of_logs.pull())"),
    )
    (lab.folder / "helper_of_logs.py").write_text("import random\ndef pull():\n    return random.random()\n")
    outcome = lab.run(*cells)
    assert any(event.kind == "stale" for event in outcome.events), "the test needs a discarded attempt"
    expected = f"drew {random.Random(7).random()}\n"
    with RunStore(create=False) as store:
        whole = store.read_log(outcome.run.id, "later")[0]
        now = [piece.text for piece in read_logs(store, outcome.run.id, "later")]
        everything = "".join(
            piece.text for piece in read_logs(store, outcome.run.id, "later", all_attempts=True)
        )
    assert now == [expected]
    assert everything == whole
    assert whole.count("drew") == 2 and "[kfjlab: attempt 2 begins" in whole
    again = lab.run(*cells)
    assert again.steps["later"].cached
    with RunStore(create=False) as store:
        assert [piece.text for piece in read_logs(store, again.run.id, "later")] == [expected]
