"""What an administrator has locked is there, disabled, and says why; to eyes, to screen readers and to the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from notebook_pages import code, open_notebook, run, write
from panel_pages import node, panel
from playwright.sync_api import Locator, Page, expect
from run_pages import ended, run_page, runs_list, start
from screens import dark
from serving import Lab
from settings_pages import lab_with

Shoot = Callable[[str], None]

WHY = "Team policy; ask platform@team.example."
LIMITED = f"""
c.KfjlabApp.images = ["registry.example/team/*", "python:3.12-slim"]
c.KfjlabApp.max_parallel = 4
c.KfjlabApp.max_memory = "8Gi"
c.KfjlabApp.features = {{"delete": False, "suggest": False, "examples": False, "export": False, "import": False, "preview": False}}
c.KfjlabApp.locks = {{"cache": False, "kernel": "python3"}}
c.KfjlabApp.reason = "{WHY}"
"""
STOPPED = f"""
c.KfjlabApp.features = {{"run": False}}
c.KfjlabApp.reason = "{WHY}"
"""
STEPS = [
    code("n = 3", "pipeline-parameters"),
    code("x = n", "step:load"),
    code("print(x)", "step:report"),
]


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_with(tmp_path_factory.mktemp("limited"), LIMITED) as lab:
        yield lab


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with lab_with(tmp_path_factory.mktemp("stopped"), STOPPED) as lab:
        yield lab


def visit(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)


def is_locked(button: Locator, why: str = WHY) -> None:
    """It is there, says why, can be reached by keyboard, and does nothing."""
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description(re.compile(re.escape(why)))
    button.focus()
    expect(button).to_be_focused()


def test_limits_are_shown_where_a_run_is_asked_for(limited: Lab, page: Page, shoot: Shoot) -> None:
    visit(page, limited)
    write(limited, "steps.ipynb", STEPS)
    shown = panel(page)
    expect(shown).to_contain_text(f"Examples are not offered on this server. {WHY}")
    is_locked(shown.get_by_role("button", name="Import an Elyra pipeline…"))
    shoot("locked-no-notebook")
    open_notebook(page, "steps.ipynb")
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    shown.get_by_role("button", name="Run…").click()
    form = shown.get_by_role("form", name="Run")
    form.get_by_text("Options", exact=True).click()

    cache = form.get_by_role("checkbox", name="Reuse nothing of earlier runs")
    is_locked(cache)
    expect(cache).to_be_checked()
    page.keyboard.press("Space")
    expect(cache).to_be_checked()
    expect(form).to_contain_text(f"Fixed on this server. {WHY}")
    kernel = form.get_by_role("textbox", name="Kernel")
    expect(kernel).to_have_value("python3")
    expect(kernel).not_to_be_editable()
    most = form.get_by_role("spinbutton", name="Steps at the same time, at most")
    expect(most).to_have_attribute("max", "4")
    expect(most).to_have_accessible_description(f"At most 4 on this server. {WHY}")
    shoot("locked-form")
    with dark(page):
        shoot("locked-form-dark")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(form).to_have_count(0)
    expect(shown.get_by_role("status")).to_contain_text("Succeeded", timeout=60_000)


def test_a_step_can_only_ask_for_what_is_allowed(limited: Lab, page: Page, shoot: Shoot) -> None:
    visit(page, limited)
    write(limited, "greedy.ipynb", [code("x = 1", "step:load"), code("print(x)", "step:report")])
    notebook = open_notebook(page, "greedy.ipynb")
    notebook.locator(".kfj-Chip-button").first.click(timeout=30_000)
    editor = page.get_by_role("dialog", name="Cell in the pipeline")
    editor.get_by_text("How the step load runs").click()
    image = editor.get_by_role("combobox", name="Container image")
    memory = editor.get_by_role("textbox", name="Memory")
    expect(image).to_have_accessible_description(
        f"Only these images: registry.example/team/*, python:3.12-slim. {WHY}"
    )
    expect(memory).to_have_accessible_description(f"At most 8Gi. {WHY}")
    shoot("locked-editor")
    image.fill("docker.io/other")
    memory.fill("9Gi")
    expect(editor.get_by_role("alert")).to_have_count(2)
    expect(editor).to_contain_text(
        "asks for the image 'docker.io/other'; allowed are: registry.example/team/*"
    )
    expect(editor.get_by_role("button", name="Apply")).to_be_disabled()
    shoot("locked-editor-refused")
    with dark(page):
        shoot("locked-editor-refused-dark")
    image.fill("registry.example/team/a")
    memory.fill("8Gi")
    expect(editor.get_by_role("alert")).to_have_count(0)
    editor.get_by_role("button", name="Apply").click()
    expect(editor).to_have_count(0)


def test_a_notebook_that_asks_for_too_much_says_so_before_it_runs(limited: Lab, page: Page) -> None:
    visit(page, limited)
    write(limited, "forbidden.ipynb", [code("x = 1", "step:load", "image:docker.io/other")])
    open_notebook(page, "forbidden.ipynb")
    shown = panel(page)
    expect(shown).to_contain_text("asks for the image 'docker.io/other'", timeout=30_000)
    expect(shown).to_contain_text(WHY)
    expect(shown.get_by_role("button", name="Run", exact=True)).to_be_disabled()


def test_suggestions_and_exports_that_are_off(limited: Lab, page: Page, shoot: Shoot) -> None:
    visit(page, limited)
    write(limited, "plain.ipynb", [code("x = 1"), code("print(x)")])
    open_notebook(page, "plain.ipynb")
    shown = panel(page)
    suggest = shown.get_by_role("button", name="Suggest steps")
    is_locked(suggest)
    page.keyboard.press("Enter")
    expect(shown).to_contain_text(f"Steps are not suggested on this server. {WHY}")
    expect(shown.get_by_role("region", name="Proposed steps")).to_have_count(0)
    shoot("locked-suggest")

    run(page, "apputils:activate-command-palette")
    page.locator(".lm-CommandPalette-input:visible").fill("suggest steps")
    item = page.locator(".lm-CommandPalette-item:visible").filter(has_text="Suggest Steps")
    expect(item).to_contain_text(f"locked: Steps are not suggested on this server. {WHY}")
    shoot("locked-palette")
    item.click()
    expect(page.locator(".Toastify__toast")).to_contain_text(WHY)
    expect(shown.get_by_role("region", name="Proposed steps")).to_have_count(0)

    write(limited, "exported.ipynb", STEPS)
    open_notebook(page, "exported.ipynb")
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    node(shown, "report").click(button="right")
    entry = page.get_by_role("menuitem").filter(has_text="Export Graph as SVG")
    expect(entry).to_contain_text(f"locked: Pipelines cannot be exported on this server. {WHY}")
    expect(entry).to_contain_class("lm-mod-disabled")
    shoot("locked-menu")


def test_imports_that_are_off(limited: Lab, page: Page, shoot: Shoot) -> None:
    visit(page, limited)
    locked = f"locked: Pipelines of other tools cannot be imported on this server. {WHY}"
    (limited.files / "elyra.pipeline").write_text("{}")
    run(page, "filebrowser:refresh")
    page.locator(".jp-DirListing-item").filter(has_text="elyra.pipeline").click(button="right")
    entry = page.get_by_role("menuitem").filter(has_text="Import as a kfjlab Notebook")
    expect(entry).to_contain_text(locked)
    expect(entry).to_contain_class("lm-mod-disabled")
    shoot("locked-import-menu")
    page.keyboard.press("Escape")

    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    run(page, "apputils:activate-command-palette")
    page.locator(".lm-CommandPalette-input:visible").fill("import an elyra")
    item = page.locator(".lm-CommandPalette-item:visible").filter(has_text="Import an Elyra Pipeline")
    expect(item).to_contain_text(locked)
    item.click()
    expect(page.locator(".Toastify__toast")).to_contain_text(WHY)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert not [url for url in asked if "/kfjlab/import" in url]


def test_runs_that_cannot_be_deleted(limited: Lab, page: Page, shoot: Shoot) -> None:
    visit(page, limited)
    write(limited, "kept.ipynb", [code("x = [1, 2]", "step:load"), code("print(x)", "step:report")])
    made = start(limited, "kept.ipynb")
    assert ended(limited, made)["options"]["cache"] is False
    listed = runs_list(page)
    row = listed.locator(".kfj-Run").first
    row.hover()
    delete = row.get_by_role("button", name="Delete…")
    expect(delete).to_have_attribute("aria-disabled", "true")
    expect(listed).to_contain_text(f"Runs cannot be deleted on this server. {WHY}")
    expect(listed.get_by_role("grid")).to_have_accessible_description(
        f"Runs cannot be deleted on this server. {WHY}"
    )
    shoot("locked-runs")
    with dark(page):
        shoot("locked-runs-dark")
    listed.get_by_role("grid").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_role("dialog")).to_have_count(0)

    shown = run_page(page, made)
    is_locked(shown.get_by_role("button", name="Delete…"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    shoot("locked-run-page")


def test_a_server_that_starts_no_runs(stopped: Lab, page: Page, shoot: Shoot) -> None:
    visit(page, stopped)
    write(stopped, "still.ipynb", [code("x = 1", "step:load"), code("print(x)", "step:report")])
    open_notebook(page, "still.ipynb")
    shown = panel(page)
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    button = shown.get_by_role("button", name="Run", exact=True)
    is_locked(button)
    page.keyboard.press("Enter")
    expect(shown).to_contain_text(f"Runs cannot be started on this server. {WHY}")
    node(shown, "report").click()
    is_locked(shown.get_by_role("button", name="Run from here"))
    shoot("locked-run")
    with dark(page):
        shoot("locked-run-dark")
    run(page, "kfjlab:open-runs")
    expect(page.locator(".lm-DockPanel .kfj-Runs:visible")).to_contain_text("No runs yet")


def test_a_refusal_after_the_page_was_loaded_says_why_and_is_learnt(lab: Lab, lab_page: Page) -> None:
    """The administrator has decided it while the page was open."""
    write(lab, "later.ipynb", [code("x = 1", "step:load"), code("print(x)", "step:report")])
    open_notebook(lab_page, "later.ipynb")
    shown = panel(lab_page)
    expect(node(shown, "report")).to_be_visible(timeout=30_000)
    policy = lab_page.request.get(f"{lab.url}/kfjlab/policy").json()
    policy = {**policy, "reason": WHY, "features": {**policy["features"], "run": False}}
    refusal = {"message": "This is switched off on this server (run).", "fix": WHY, "problems": []}
    lab_page.route("**/kfjlab/policy*", lambda route: route.fulfill(json=policy))
    lab_page.route("**/kfjlab/runs*", lambda route: route.fulfill(status=403, json=refusal))
    shown.get_by_role("button", name="Run", exact=True).click()
    expect(shown.get_by_role("alert")).to_contain_text(f"switched off on this server (run).{WHY}")
    is_locked(shown.get_by_role("button", name="Run", exact=True))
