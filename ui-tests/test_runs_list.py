"""The list of runs: found, followed, acted on, and what it says when there is nothing to list."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import pytest
from conftest import SHOTS
from notebook_pages import code, write
from notebook_pages import run as command
from panel_pages import panel
from playwright.sync_api import Browser, Locator, Page, Route, expect
from run_pages import runs_list, start
from serving import Lab

from kfjlab.runs.model import RunState, StepRun
from kfjlab.runs.store import RunStore

Shoot = Callable[[str], None]

HOSTILE = "<img src=x onerror=window.hacked=1>\x1b[31m"
MANY = 230
"""More than two pages of the list."""
ROW = 56
"""Height of a row, as in src/runs/row.tsx."""


@pytest.fixture
def store(lab: Lab) -> Iterator[RunStore]:
    """The server's runs; those that a test adds here are gone afterwards."""
    with RunStore(lab.files.parent / "data" / "kfjlab") as opened:
        before = {run.id for run in opened.list_runs(10_000)}
        yield opened
        for run in opened.list_runs(10_000):
            if run.id not in before and run.state.final:
                opened.delete_run(run.id)


def add(
    store: RunStore, lab: Lab, name: str, state: RunState = RunState.SUCCEEDED, **parameters: object
) -> str:
    """A run that has ended, without anything having been executed; its id."""
    notebook = str(lab.files / f"{name}.ipynb")
    made = store.create_run(
        name=name, notebook=notebook, target="local", parameters=parameters, steps=[StepRun("", "a", 0)]
    )
    error = {"kind": "ValueError", "message": f"no {HOSTILE}"} if state is RunState.FAILED else None
    with store.transaction():
        store.set_run_state(made.id, state, error=error)
        store.append(made.id, "run", data={"state": state.value})
    return made.id


def search(shown: Locator, text: str) -> None:
    shown.get_by_role("searchbox", name="Search runs").fill(text)


def rows(shown: Locator) -> Locator:
    return shown.get_by_role("row")


def test_runs_are_found_among_many(lab_page: Page, lab: Lab, store: RunStore, shoot: Shoot) -> None:
    oldest = add(store, lab, "pebble of quartz")
    with store.transaction():
        for number in range(MANY):
            add(store, lab, f"pebble {number}")
    add(store, lab, "granite", RunState.FAILED, rate=0.5)
    add(store, lab, "granite", RunState.CANCELLED, rate=0.75)
    add(store, lab, f"granite {HOSTILE}", rate=0.5)
    shown = runs_list(lab_page)

    search(shown, "GRANITE rate=0.5")
    expect(rows(shown)).to_have_count(2)
    expect(rows(shown).first).to_contain_text("<img src=x onerror=window.hacked=1>")
    expect(rows(shown).nth(1)).to_contain_text("no <img src=x")
    state = shown.get_by_role("combobox", name="State")
    state.select_option("failed")
    expect(rows(shown)).to_have_count(1)
    state.select_option("stopped")
    expect(shown).to_contain_text("No run fits")
    search(shown, "granite")
    expect(rows(shown)).to_have_count(1)
    expect(rows(shown)).to_contain_text("Cancelled")
    shoot("runs-found")
    assert lab_page.evaluate("() => window.hacked") is None

    # Of many, only those in sight are drawn; older ones come when one goes there.
    state.select_option("all")
    search(shown, "pebble")
    expect(shown.get_by_role("status").last).to_have_text(f"{MANY + 1} runs")
    grid = shown.get_by_role("grid", name="Runs")
    grid.focus()
    for known in (200, MANY + 1):
        lab_page.keyboard.press("End")
        expect(grid.locator("[role=rowgroup]")).to_have_css("height", f"{known * ROW}px")
    lab_page.keyboard.press("End")
    expect(shown.locator(f"#kfj-run-{oldest}")).to_contain_text("quartz")
    assert rows(shown).count() < 60
    shoot("runs-many")


def test_this_notebook_only(lab_page: Page, lab: Lab, store: RunStore) -> None:
    write(lab, "basalt.ipynb", [code("a = 1", "step:a")])
    add(store, lab, "basalt")
    add(store, lab, "slate")
    shown = runs_list(lab_page)
    only = shown.get_by_role("checkbox", name="This notebook only")
    expect(only).to_be_disabled()
    command(lab_page, "docmanager:open", path="basalt.ipynb", factory="Notebook")
    expect(lab_page.locator(".jp-NotebookPanel:visible .jp-Cell").first).to_be_visible(timeout=30_000)
    shown = runs_list(lab_page)
    only.check()
    expect(rows(shown)).to_have_count(1)
    expect(rows(shown)).to_contain_text("basalt")
    only.uncheck()
    expect(rows(shown).filter(has_text="slate")).to_be_visible()


def action(row: Locator, name: str) -> Locator:
    """A button of a row."""
    return row.get_by_role("button", name=name)


@pytest.mark.timeout(240)
def test_a_run_is_followed_stopped_and_resumed(
    lab_page: Page, lab: Lab, store: RunStore, shoot: Shoot
) -> None:
    shown = runs_list(lab_page)
    search(shown, "marble")
    expect(shown).to_contain_text("No run fits")
    wait = "import pathlib, time\nwhile not pathlib.Path('marble-gate').exists():\n    time.sleep(0.05)"
    write(
        lab,
        "marble.ipynb",
        [code("a = 1", "step:a"), code(wait, "step:b", "prev:a")],
    )
    run = start(lab, "marble.ipynb")
    row = shown.locator(f"#kfj-run-{run}")  # it comes by itself
    expect(row).to_contain_text("1 of 2 steps", timeout=30_000)
    expect(row).to_contain_text("Running")
    expect(action(row, "Delete")).to_have_count(0)
    shoot("runs-live")
    action(row, "Cancel").click()
    expect(row).to_contain_text("Cancelled", timeout=30_000)
    action(row, "Resume").click()
    expect(row).to_contain_text("Running", timeout=30_000)
    (lab.files / "marble-gate").touch()
    expect(row).to_contain_text("Succeeded", timeout=60_000)
    expect(action(row, "Resume")).to_have_count(0)


def test_a_run_is_deleted_after_a_question(lab_page: Page, lab: Lab, store: RunStore, shoot: Shoot) -> None:
    run = add(store, lab, "jasper")
    shown = runs_list(lab_page)
    search(shown, "jasper")
    row = shown.locator(f"#kfj-run-{run}")
    question = lab_page.get_by_role("dialog")
    action(row, "Delete").click()
    expect(question).to_contain_text(f"jasper ({run})")
    shoot("runs-delete")
    question.get_by_role("button", name="Keep").click()
    expect(row).to_be_visible()
    action(row, "Delete").click()
    question.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    expect(shown).to_contain_text("No run fits")


def test_several_are_selected_and_deleted(lab_page: Page, lab: Lab, store: RunStore) -> None:
    for number in range(3):
        add(store, lab, f"chalk {number}")
    shown = runs_list(lab_page)
    search(shown, "chalk")
    expect(rows(shown)).to_have_count(3)
    rows(shown).first.get_by_role("checkbox").check()
    compare = shown.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    rows(shown).nth(2).get_by_role("checkbox").check()
    expect(compare).to_be_enabled()
    expect(shown).to_contain_text("2 selected")
    shown.get_by_role("button", name="Delete…", exact=True).click()
    question = lab_page.get_by_role("dialog")
    expect(question).to_contain_text("Delete 2 runs?")
    question.get_by_role("button", name="Delete").click()
    expect(rows(shown)).to_have_count(1)
    expect(rows(shown)).to_contain_text("chalk 1")
    expect(compare).to_have_count(0)


def test_what_can_be_done_with_a_run_is_reached_by_keyboard(
    lab_page: Page, lab: Lab, store: RunStore
) -> None:
    run = add(store, lab, "onyx", RunState.CANCELLED)
    add(store, lab, "onyx above")
    shown = runs_list(lab_page)
    search(shown, "onyx")
    row = shown.locator(f"#kfj-run-{run}")
    expect(row).to_be_visible()
    grid = shown.get_by_role("grid", name="Runs")
    keys = lab_page.keyboard
    grid.focus()
    keys.press("ArrowDown")
    for name in ("Resume", "Run again", "Delete", "Delete"):
        keys.press("ArrowRight")
        expect(action(row, name)).to_be_focused()
    for name in ("Run again", "Resume"):
        keys.press("ArrowLeft")
        expect(action(row, name)).to_be_focused()
    keys.press("ArrowLeft")
    expect(grid).to_be_focused()
    keys.press("ArrowRight")
    keys.press("Escape")
    expect(grid).to_be_focused()
    for _ in range(3):
        keys.press("ArrowRight")
    keys.press("Enter")
    lab_page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    expect(rows(shown)).to_have_count(1)
    expect(grid).to_be_focused()


SEEN = "element => element.checkVisibility({opacityProperty: true})"


def test_what_can_be_done_with_a_run_is_seen(
    browser: Browser, lab_page: Page, lab: Lab, store: RunStore, shoot: Shoot
) -> None:
    """In a narrow list, where it lies over the text: by who points at a row or goes to it by keyboard, or who can do neither."""
    run = add(store, lab, "agate", RunState.CANCELLED)
    button = action(narrow_row(lab_page, run), "Resume")
    assert button.evaluate(SEEN) is False
    narrow_row(lab_page, run).hover()
    assert button.evaluate(SEEN) is True
    shoot("runs-narrow-hover")
    lab_page.mouse.move(900, 400)
    assert button.evaluate(SEEN) is False
    lab_page.keyboard.press("Tab")
    panel(lab_page).get_by_role("grid", name="Runs").focus()
    assert button.evaluate(SEEN) is True

    with browser.new_context(
        viewport={"width": 1280, "height": 800}, has_touch=True, is_mobile=True
    ) as touched:
        page = touched.new_page()
        page.goto(f"{lab.url}/lab/workspaces/touched?reset")
        page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
        row = narrow_row(page, run)
        assert action(row, "Resume").evaluate(SEEN) is True
        page.screenshot(path=SHOTS / "runs-narrow-touch.png")
        action(row, "Delete").tap()
        expect(page.get_by_role("dialog")).to_contain_text(f"agate ({run})")

    wide = runs_list(lab_page).locator(f"#kfj-run-{run}")
    lab_page.mouse.move(200, 5)
    assert action(wide, "Resume").evaluate(SEEN) is True


def narrow_row(page: Page, run: str) -> Locator:
    """A run's row in the panel at the left."""
    panel(page).get_by_role("tab", name="Runs").click()
    row = panel(page).locator(f"#kfj-run-{run}")
    expect(row).to_be_visible()
    return row


LIST = re.compile(r"/kfjlab/runs\?")


def answering(status: int, body: object) -> Callable[[Route], None]:
    return lambda route: route.fulfill(
        status=status, body=json.dumps(body), headers={"Content-Type": "application/json"}
    )


def test_what_is_said_when_there_is_nothing_to_list(lab_page: Page, shoot: Shoot) -> None:
    page = lab_page
    page.route(LIST, answering(200, {"runs": [], "total": 0, "next": None}))
    shown = runs_list(page)
    expect(shown).to_contain_text("No runs yet")
    expect(shown).to_contain_text("press Run in the Pipeline tab")
    shoot("runs-none")

    page.unroute(LIST)
    page.route(LIST, answering(403, {"message": "Forbidden"}))
    search(shown, "x")
    alert = shown.get_by_role("alert")
    expect(alert).to_contain_text("The Jupyter server refused the request.")
    expect(alert).to_contain_text("ask who runs the server for access")
    shoot("runs-forbidden")

    page.unroute(LIST)
    words = {"message": "The run store is damaged.", "fix": "Move it away.", "problems": []}
    page.route(LIST, answering(503, words))
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_contain_text("The run store is damaged.")
    shoot("runs-error")

    page.unroute(LIST)
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
