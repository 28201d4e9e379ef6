"""The live display on a terminal (a pseudo-terminal), and where it must not be."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

Program = Callable[..., subprocess.Popen[str]]


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
    try:
        return process.wait(10), sent.decode("utf-8", "replace")
    finally:
        process.kill()


def test_a_terminal_gets_a_live_display(
    program: Program, notebook: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    code, sent = on_terminal(program, "run", notebook)
    assert code == 0
    assert "\x1b[?25l" in sent  # the cursor is hidden while it is drawn
    assert "\x1b[?25h" in sent
    assert "steps" in sent


@pytest.mark.parametrize("way", ["--plain", "TERM"])
def test_plain_lines_on_a_terminal(
    program: Program, notebook: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("TERM", "dumb" if way == "TERM" else "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    code, sent = on_terminal(program, "run", notebook, *(["--plain"] if way == "--plain" else []))
    assert code == 0
    assert "\x1b" not in sent
    assert "running cell 3 (1/1)" in sent
