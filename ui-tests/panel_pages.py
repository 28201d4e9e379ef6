"""What tests of the Kubeflow panel share."""

from __future__ import annotations

from notebook_pages import run
from playwright.sync_api import Locator, Page, expect


def panel(page: Page) -> Locator:
    run(page, "kfjlab:show-panel")
    shown = page.get_by_role("region", name="Kubeflow")
    expect(shown.get_by_role("tablist")).to_be_visible()
    return shown


def node(place: Locator, name: str) -> Locator:
    return place.locator(f"svg g[data-step='{name}']")
