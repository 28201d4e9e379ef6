"""Turns are taken, and what fails is said to have failed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from benchmarks import harness
from benchmarks.harness import ProcessFailed, Sample, interleaved, process, seconds


def test_contenders_take_turns_after_a_round_that_does_not_count() -> None:
    order: list[str] = []

    def contender(name: str) -> Sample:
        order.append(name)
        return Sample(float(len(order)))

    found = interleaved({"a": lambda: contender("a"), "b": lambda: contender("b")}, 2)
    assert order == ["a", "b", "b", "a", "a", "b"]
    assert [sample.seconds for sample in found["a"].samples] == [4.0, 5.0]
    assert [sample.seconds for sample in found["b"].samples] == [3.0, 6.0]


def test_slow_contenders_take_part_in_few_rounds() -> None:
    found = interleaved({"quick": lambda: Sample(1.0), "slow": lambda: Sample(9.0)}, 4, slow=("slow",))
    assert len(found["quick"].samples) == 4
    assert len(found["slow"].samples) == harness.SLOW_ROUNDS


def test_one_who_fails_keeps_its_reason_and_no_figure() -> None:
    rounds: list[int] = []

    def failing() -> Sample:
        rounds.append(1)
        if len(rounds) == 3:
            raise ProcessFailed("no disk left")
        return Sample(1.0)

    found = interleaved({"failing": failing, "other": lambda: Sample(2.0)}, 5)
    assert found["failing"].failure == "no disk left"
    assert found["failing"].samples == ()
    assert str(found["failing"]) == "**failed**"
    assert len(rounds) == 3
    assert len(found["other"].samples) == 5


def test_a_summary_shows_the_median_and_the_spread() -> None:
    summary = harness.Summary(tuple(Sample(value, parts={"half": value / 2}) for value in (3.0, 1.0, 2.0)))
    assert str(summary) == "2.00 s (1.00 s–3.00 s)"
    assert str(summary.part("half")) == "1.00 s (500 ms–1.50 s)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(12.345, "12.35 s"), (0.0123, "12 ms"), (-0.0123, "-12 ms"), (0.0042, "4.2 ms"), (0.00005, "50 µs")],
)
def test_durations(value: float, text: str) -> None:
    assert seconds(value) == text


def test_a_process_is_measured() -> None:
    sample = process([sys.executable, "-c", "block = bytearray(64 << 20); print('done')"])
    assert sample.output == "done\n"
    assert sample.seconds > 0
    assert sample.memory > 64 << 20


def test_settings_of_python_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    program = "import os, sys; print(sys.dont_write_bytecode, os.environ['PATH'].split(os.pathsep)[0])"
    assert process([sys.executable, "-c", program]).output.split() == [
        "False",
        str(Path(sys.executable).parent),
    ]


def test_a_process_that_ends_badly_is_a_failure_with_its_last_words() -> None:
    with pytest.raises(ProcessFailed, match=r"ended with 3:\nsorry"):
        process([sys.executable, "-c", "import sys; print('sorry'); sys.exit(3)"])


def test_a_process_that_is_late_is_ended_with_its_children(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(harness, "GRACE", 0.2)
    note = tmp_path / "child"
    program = (
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    with pytest.raises(ProcessFailed, match="took more than 1 s"):
        process([sys.executable, "-c", program], timeout=1)
    for _ in range(100):
        if not _alive(int(note.read_text())):
            return
        time.sleep(0.05)
    pytest.fail("its child lives on")


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_runs_go_to_a_store_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFJLAB_DATA", "elsewhere")
    with harness.scratch() as folder:
        assert Path(os.environ["KFJLAB_DATA"]).parent == folder
    assert os.environ["KFJLAB_DATA"] == "elsewhere"
    assert not folder.exists()
