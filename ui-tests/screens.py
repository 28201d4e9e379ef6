"""What tests of whole screens share: themes, and a scan for faults of accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from axe_playwright_python.sync_playwright import Axe
from notebook_pages import run
from playwright.sync_api import Page, expect


@contextmanager
def dark(page: Page) -> Iterator[None]:
    """In the dark theme. It is a setting, which later tests would have, too."""
    run(page, "apputils:change-theme", theme="JupyterLab Dark")
    expect(page.locator("body[data-jp-theme-light=false]")).to_have_count(1)
    yield
    run(page, "apputils:change-theme", theme="JupyterLab Light")
    expect(page.locator("body[data-jp-theme-light=true]")).to_have_count(1)


def faults(page: Page, screen: str) -> list[str]:
    """What axe finds serious in the part of the page that a CSS selector names."""
    expect(page.locator(f"{screen}:visible").first).to_be_visible()
    answer = Axe().run(page, screen, {"resultTypes": ["violations"]}).response
    assert answer["passes"], "nothing was looked at"
    return [
        f"{screen}: {violation['help']} [{violation['id']}]: {part['html'][:160]}"
        for violation in answer["violations"]
        if violation["impact"] in ("serious", "critical")
        for part in violation["nodes"]
    ]
