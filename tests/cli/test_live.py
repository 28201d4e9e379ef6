"""The live display on a terminal (a pseudo-terminal), and where it must not be."""

from __future__ import annotations

import io
import os
import pty
import select
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Program


def on_terminal(program: Program, *args: str | Path) -> tuple[int, str]:
    """Exit code and everything that a terminal was sent."""
    master, slave = pty.openpty()
    process = program(*args, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    sent, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        if not select.select([master], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not data:
            break
        sent += data
    os.close(master)
    return process.wait(10), sent.decode("utf-8", "replace")


def test_a_terminal_gets_a_live_display(
    program: Program, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    code, sent = on_terminal(program, "run", notebook)
    assert code == 0
    assert "\x1b[?25l" in sent  # the cursor is hidden while it is drawn
    assert "\x1b[?25h" in sent
    assert "steps" in sent


def test_plain_lines_on_a_terminal(program: Program, notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    code, sent = on_terminal(program, "run", notebook, "--plain")
    assert code == 0
    assert "\x1b" not in sent
    assert "running cell 4 (1/1)" in sent


@pytest.mark.parametrize(
    ("kind", "colour", "live"), [("xterm", "", True), ("dumb", "", False), ("xterm", "1", True)]
)
def test_what_a_terminal_can_do(monkeypatch: pytest.MonkeyPatch, kind: str, colour: str, live: bool) -> None:
    from kfjlab.cli.output import Out

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", kind)
    monkeypatch.setenv("NO_COLOR", colour)
    out = Out(Terminal())
    assert out.terminal is live
    assert ("\x1b" in out.styled("x", "red")) is (live and not colour)
    assert Out(io.StringIO()).terminal is False
