"""The questions can be asked; how long the answers take is not looked at."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import analysis, notebooks, reuse, startup
from benchmarks.answering import answering
from benchmarks.harness import ProcessFailed, Sample
from benchmarks.peers import Peer
from benchmarks.report import Row
from kfjlab.notebook.analyze import analyze


@pytest.fixture
def no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments of other tools are not made in tests: these tools fail."""

    def python(peer: Peer) -> str:
        raise ProcessFailed(f"{peer.name} is not here")

    monkeypatch.setattr(Peer, "python", python)


@pytest.mark.usefixtures("no_peers")
def test_startup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "ROUNDS", 1)
    rows = startup.measure(1)
    assert [row.what for row in rows if row.aim] == [
        "import kfjlab",
        "kfjlab --help",
        "an empty server extension and kfjlab's",
    ]
    assert not any(name == "kfjlab" for row in rows for name, _ in row.failures)
    assert {row.theirs for row in rows if row.peer in ("kale --help", "import kfp")} == {"**failed**"}


@pytest.mark.usefixtures("no_peers")
def test_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysis, "SIZES", (10,))
    rows = analysis.measure(1)
    assert [row.what for row in rows][:2] == [
        "10 cells, all of them new",
        "10 cells, one changed since the last time",
    ]
    assert all(row.theirs == "**failed**" for row in rows)
    assert all("ms" in row.ours or "µs" in row.ours for row in rows[:2])
    assert not any(name == "kfjlab" for row in rows for name, _ in row.failures)


def test_an_unchanged_run_that_executes_a_step_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [{"name": "s0", "cached": True}, {"name": "s1", "cached": False}]
    monkeypatch.setattr(reuse, "STEPS", 2)
    monkeypatch.setattr(reuse, "process", lambda *_: Sample(0.1, output=json.dumps({"steps": steps})))
    with pytest.raises(ProcessFailed, match="s1"):
        reuse._again([], Path())


def test_the_chain_is_a_chain_and_the_fan_is_flat(tmp_path: Path) -> None:
    chain = analyze(notebooks.tagged(notebooks.chain(4), tmp_path / "chain.ipynb"))
    fan = analyze(notebooks.tagged(notebooks.fan_out(4), tmp_path / "fan.ipynb"))
    assert [(e.source, e.target) for e in chain.edges] == [("s0", "s1"), ("s1", "s2"), ("s2", "s3")]
    assert sorted((e.source, e.target) for e in fan.edges) == [("s0", f"s{i}") for i in range(1, 5)]
    assert not (chain.problems or fan.problems)


def test_the_tool_of_the_analysis_answers_and_says_why_it_cannot(tmp_path: Path) -> None:
    cells = analysis._cells(11)
    with answering(sys.executable, "kfjlab") as tool:
        sample = tool.ask(notebooks.write_notebook(tmp_path / "made.ipynb", cells))
        assert sample.parts["steps"] == 2
        assert sample.memory > 1 << 20
        with pytest.raises(ProcessFailed, match=r"(?s)gone\.ipynb: the tool ended with 1: .*gone\.ipynb"):
            tool.ask(tmp_path / "gone.ipynb")
        with pytest.raises(ProcessFailed, match=r"made\.ipynb: the tool ended"):
            tool.ask(tmp_path / "made.ipynb")


def test_all_cells_are_new_in_each_round(tmp_path: Path) -> None:
    seen: list[list[str]] = []

    def ask(path: Path) -> Sample:
        seen.append([cell["source"] for cell in json.loads(path.read_text())["cells"]])
        return Sample(1.0)

    cells = [("a = 1", ["step:a"]), ("b = 2", ["step:b"]), ("print(a)", ["pipeline-metrics"])]
    notebook = notebooks.write_notebook(tmp_path / "made.ipynb", cells)
    for change, expected in (
        (
            analysis.all_new,
            [["a = 1\n# 0", "b = 2\n# 0", "print(a)"], ["a = 1\n# 1", "b = 2\n# 1", "print(a)"]],
        ),
        (analysis.one_new, [["a = 1", "b = 2\n# 0", "print(a)"], ["a = 1", "b = 2\n# 1", "print(a)"]]),
    ):
        seen.clear()
        contender = analysis._asking(ask, [notebook, notebook], tmp_path / change.__name__, change)
        assert [contender().seconds, contender().seconds] == [2.0, 2.0]
        assert seen[::2] == expected == seen[1::2]


@pytest.mark.parametrize("failing", ["kfjlab", "other"])
def test_the_program_keeps_the_table_and_fails_when_kfjlab_failed(
    failing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{program.BEGIN}\nold\n{program.END}\nafter\n")
    row = Row("question", "1 s", "other", "2 s", failures=((failing, "no"),))
    monkeypatch.setattr(program, "README", readme)
    monkeypatch.setattr(program, "QUESTIONS", {"question": lambda _: [row]})
    monkeypatch.setattr(sys, "argv", ["benchmarks", "--write"])
    assert program.main() == (failing == "kfjlab")
    text = readme.read_text()
    assert text.startswith(f"before\n{program.BEGIN}\n\n| ") and text.endswith(f"\n\n{program.END}\nafter\n")
    assert "old" not in text and f"{failing} failed: no" in text
    assert "| question | 1 s | other | 2 s |" in capsys.readouterr().out


def test_a_question_that_cannot_be_asked_is_in_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(repetitions: int) -> list[Row]:
        raise ProcessFailed("the first run ended with 1")

    monkeypatch.setattr(program, "QUESTIONS", {"question": measure})
    monkeypatch.setattr(sys, "argv", ["benchmarks"])
    assert program.main() == 1
    assert "| question | **failed** |" in capsys.readouterr().out


def test_the_table_has_its_place_in_the_readme() -> None:
    text = program.README.read_text("utf-8")
    assert 0 < text.index(program.BEGIN) < text.index(program.END)
