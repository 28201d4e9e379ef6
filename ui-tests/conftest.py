"""A real JupyterLab with kfjlab in it, driven by the system's Chromium."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from serving import JUPYTER, Lab, chromium, serving

SHOTS = Path(__file__).with_name("shots")
if sys.executable != JUPYTER:
    SHOTS /= Path(JUPYTER).parents[1].name

expect.set_options(timeout=30_000)  # what is expected comes at once, but machines can be busy


def pytest_addoption(parser: pytest.Parser) -> None:
    """pytest's own hook."""
    parser.addoption(
        "--update-snapshots", action="store_true", help="keep how screens look now, in ui-tests/snapshots"
    )


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own fixture."""
    return {**browser_type_launch_args, **chromium()}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's own fixture."""
    return {**browser_context_args, "viewport": {"width": 1280, "height": 800}}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab of our own, with every setting and file of its own."""
    with serving(tmp_path_factory.mktemp("lab")) as started:
        yield started


@pytest.fixture
def lab_page(lab: Lab, page: Page) -> Page:
    """A page with JupyterLab, started anew: no document open, no layout of an earlier test."""
    open_lab(page, lab)
    return page


def open_lab(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lab?reset")
    page.locator("#jp-MainLogo").wait_for(timeout=90_000)
    page.locator(".jp-LauncherCard").first.wait_for(timeout=30_000)


@pytest.fixture
def german(lab: Lab) -> Iterator[None]:
    """JupyterLab's setting, as its menu Settings → Language writes it."""
    set_locale(lab, "de_DE")
    yield
    set_locale(lab, "default")


def set_locale(lab: Lab, locale: str) -> None:
    request = urllib.request.Request(
        f"{lab.url}/lab/api/settings/@jupyterlab/translation-extension:plugin",
        data=json.dumps({"raw": json.dumps({"locale": locale})}).encode(),
        method="PUT",
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


@pytest.fixture
def shoot(page: Page) -> Callable[[str], None]:
    """Keeps a picture of the page for people: ``shoot("about")`` writes ``shots/about.png``."""

    def take(name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png")

    return take
