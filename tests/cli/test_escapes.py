"""What a notebook prints, or is called, does nothing to the terminal but write on it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from kfjlab.cli.log_writers import Lines
from kfjlab.verbs.log_pieces import LogPiece
from tests.cli.conftest import Command, write_notebook
from tests.cli.fake_target import FakeTarget

EVIL = "\x1b]0;title\x07\x1b[2J\x1b[3A\x9b2J\x1b[31mred\x1b[0m \x1b]52;c;aGk=\x1b\\end\x07\n50%\r100%\n"


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def written(stream: io.StringIO, *texts: str, prefixes: bool = False) -> str:
    writer = Lines(stream, prefixes=prefixes)
    for text in texts:
        writer.write(LogPiece("s", text))
    writer.close()
    return stream.getvalue()


def test_of_what_a_step_prints_a_terminal_gets_the_colours() -> None:
    clean = "\\x9b2J\x1b[31mred\x1b[0m end\\x07\n"
    assert written(Terminal(), EVIL) == f"{clean}50%\r100%\n"
    assert written(Terminal(), EVIL, prefixes=True) == f"s | {clean}s | 100%\n"
    assert written(io.StringIO(), EVIL) == EVIL, "a file gets what was printed"


@pytest.mark.parametrize("at", range(1, len(EVIL)))
def test_control_sequences_may_come_in_pieces(at: int) -> None:
    assert written(Terminal(), EVIL[:at], EVIL[at:]) == written(Terminal(), EVIL)


def test_the_name_of_a_notebook_is_shown_clean(kfjlab: Command, fake: FakeTarget, tmp_path: Path) -> None:
    path = write_notebook(
        tmp_path / "q\x1b[31m\x1b]0;x\x07.ipynb", ("step:one", "x = 1"), ("stepp:two", "y = 1")
    )
    for arguments in (
        ["run", path],
        ["check", path],
        ["check", path, "--fix", "--dry-run"],
        ["runs"],
        ["show"],
        ["diff", "last", "last"],
    ):
        answer = kfjlab(*arguments)
        assert "\x1b" not in answer.out + answer.err and "\x07" not in answer.out + answer.err, arguments
