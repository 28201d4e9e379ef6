"""The panel in another language than English."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from serving import Lab


def test_the_panel_speaks_german(german: None, lab: Lab, page: Page) -> None:
    page.goto(f"{lab.url}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
    page.evaluate("() => window.jupyterapp.commands.execute('kfjlab:show-panel')")
    panel = page.get_by_role("region", name="Kubeflow")
    expect(panel.get_by_role("tab", name="Läufe")).to_be_visible(timeout=30_000)
    expect(panel).to_contain_text("Kein Notebook ist geöffnet")
