"""The panel in another language than English."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from serving import Lab


def set_locale(lab: Lab, locale: str) -> None:
    request = urllib.request.Request(
        f"{lab.url}/lab/api/settings/@jupyterlab/translation-extension:plugin",
        data=json.dumps({"raw": json.dumps({"locale": locale})}).encode(),
        method="PUT",
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


@pytest.fixture
def german(lab: Lab) -> Iterator[None]:
    """JupyterLab's setting, as its menu Settings → Language writes it."""
    set_locale(lab, "de_DE")
    yield
    set_locale(lab, "default")


def test_the_panel_speaks_german(german: None, lab: Lab, page: Page) -> None:
    page.goto(f"{lab.url}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
    page.evaluate("() => window.jupyterapp.commands.execute('kfjlab:show-panel')")
    panel = page.get_by_role("region", name="Kubeflow")
    expect(panel.get_by_role("tab", name="Läufe")).to_be_visible(timeout=30_000)
    expect(panel).to_contain_text("Kein Notebook ist geöffnet")
