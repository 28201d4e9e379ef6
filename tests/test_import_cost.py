"""Importing kfjlab brings in nothing that its reader did not ask for: every shell command and every server start pays for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

EMPTY_EXTENSION = """
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.base.handlers import APIHandler
class Empty(ExtensionApp):
    name = "empty"
"""


def third_party(code: str) -> set[str]:
    """Top-level names, outside the standard library, that a new interpreter has imported after ``code``."""
    report = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    answer = subprocess.run(
        [sys.executable, "-c", code + report], check=True, capture_output=True, text=True, timeout=60
    )
    return set(answer.stdout.split()) - sys.stdlib_module_names


@pytest.fixture(scope="module")
def at_start() -> set[str]:
    """What the environment's own start-up hooks import."""
    return third_party("")


def test_the_package_brings_in_nothing(at_start: set[str]) -> None:
    assert third_party("import kfjlab") - at_start == {"kfjlab"}


def test_the_version_brings_in_nothing(at_start: set[str]) -> None:
    assert third_party("import kfjlab; kfjlab.__version__") - at_start == {"kfjlab"}


def test_the_server_extension_brings_in_nothing_that_an_empty_one_does_not() -> None:
    assert third_party("import kfjlab.extension") - third_party(EMPTY_EXTENSION) == {"kfjlab"}
