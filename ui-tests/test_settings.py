"""A user's settings: they take effect at once and stay; administrators give other defaults and lock some."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from notebook_pages import code, open_notebook, run, write
from panel_pages import node, panel
from playwright.sync_api import Locator, Page, expect
from screens import dark
from serving import Lab
from settings_pages import lab_with

Shoot = Callable[[str], None]

ADMIN = Path(__file__).parent.parent / "docs" / "admin.md"
STEPS = [code("x = 1", "step:load"), code("print(x)", "step:report")]


def documented(language: str) -> str:
    """The example of docs/admin.md."""
    found = re.search(rf"```{language}\n(.*?)```", ADMIN.read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def administered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """As docs/admin.md has it, but for the folder of the runs."""
    root = tmp_path_factory.mktemp("administered")
    config = documented("python").replace("/shared/kfjlab", str(root / "runs"))
    with lab_with(root, config, json.loads(documented("json"))) as lab:
        yield lab


@pytest.fixture
def own_settings(lab: Lab) -> Iterator[None]:
    """Settings of this test alone."""
    yield
    request = urllib.request.Request(
        f"{lab.url}/lab/api/settings/kfjlab:plugin",
        data=json.dumps({"raw": "{}"}).encode(),
        method="PUT",
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=60).close()


def editor(page: Page) -> Locator:
    """JupyterLab's settings editor, on kfjlab's settings."""
    run(page, "settingeditor:open", query="Kubeflow")
    shown = page.locator(".jp-SettingsPanel:visible, .jp-PluginSettings:visible").first
    expect(setting(page, "showChips")).to_be_visible(timeout=60_000)
    return shown


def setting(page: Page, name: str) -> Locator:
    return page.locator(f"[id='jp-SettingsEditor-kfjlab:plugin_{name}']")


def is_beside(page: Page, place: Locator) -> bool:
    """Whether the graph goes to the right."""
    boxes = [node(place, name).bounding_box() for name in ("load", "report")]
    assert boxes[0] and boxes[1]
    return boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"]


def test_they_take_effect_at_once_and_survive_a_reload(
    own_settings: None, lab: Lab, lab_page: Page, shoot: Shoot
) -> None:
    write(lab, "settings.ipynb", STEPS)
    notebook = open_notebook(lab_page, "settings.ipynb")
    shown = panel(lab_page)
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    expect(notebook.locator(".kfj-Chip-button").first).to_be_visible()
    assert not is_beside(lab_page, shown)

    editor(lab_page)
    shoot("settings")
    setting(lab_page, "showChips").uncheck()
    setting(lab_page, "graphDirection").select_option(label="To the right")
    setting(lab_page, "askBeforeRun").select_option(label="Always")
    setting(lab_page, "maxParallel").fill("3")
    setting(lab_page, "reuseResults").uncheck()
    with lab_page.expect_response(
        lambda answer: (
            "kfjlab:plugin" in answer.url
            and answer.request.method == "PUT"
            and '"keepGoing' in str(answer.request.post_data).replace("\\", "")
        )
    ):
        setting(lab_page, "keepGoing").check()
    expect(shown.get_by_role("button", name="Run…")).to_be_visible()

    lab_page.goto(f"{lab.url}/lab?reset")
    lab_page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
    notebook = open_notebook(lab_page, "settings.ipynb")
    shown = panel(lab_page)
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    assert is_beside(lab_page, shown)
    expect(notebook.locator(".kfj-Chip-button").first).to_be_hidden()
    shoot("settings-applied")
    shown.get_by_role("button", name="Run…").click()
    form = shown.get_by_role("form", name="Run")
    expect(form.get_by_role("checkbox", name="Reuse nothing of earlier runs")).to_be_checked()
    expect(form.get_by_role("checkbox", name="Go on with other steps when one fails")).to_be_checked()
    expect(form.get_by_role("spinbutton")).to_have_value("3")


def test_an_administrator_gives_defaults_and_locks(administered: Lab, page: Page, shoot: Shoot) -> None:
    page.goto(f"{administered.url}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
    write(administered, "administered.ipynb", STEPS)
    open_notebook(page, "administered.ipynb")
    shown = panel(page)
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    assert is_beside(page, shown)
    shown.get_by_role("button", name="Run…").click()
    cache = shown.get_by_role("checkbox", name="Reuse nothing of earlier runs")
    expect(cache).to_have_attribute("aria-disabled", "true")

    settings = editor(page)
    why = "Fixed on this server. Team policy; ask platform@team.example."
    expect(settings).to_contain_text(why)
    expect(setting(page, "reuseResults")).to_be_disabled()
    expect(setting(page, "reuseResults")).to_be_checked()
    expect(setting(page, "keepGoing")).to_be_enabled()
    shoot("settings-locked")
    with dark(page):
        shoot("settings-locked-dark")


def test_they_speak_the_users_language(german: None, lab: Lab, page: Page, shoot: Shoot) -> None:
    page.goto(f"{lab.url}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
    settings = editor(page)
    expect(settings).to_contain_text("Richtung von Graphen")
    expect(settings).to_contain_text("Löschen kann nicht rückgängig gemacht werden.")
    shoot("settings-german")
