"""Runs as a person sees them: followed live, opened, their logs, results and steps, compared."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from notebook_pages import code, write
from notebook_pages import run as command
from panel_pages import panel
from playwright.sync_api import Locator, Page, expect
from run_pages import ended, failing, run_page, runs_list, start
from serving import Lab, environment, free_port, quiet, wait_until_it_answers
from serving import command as lab_command

GATE = """import pathlib, time
while not pathlib.Path({name!r}).exists():
    time.sleep(0.05)
"""
"""Source of a cell that ends when the test makes a file."""


def tab(shown: Locator, name: str) -> None:
    shown.get_by_role("tab", name=name).click()


def test_a_run_is_watched_live(lab_page: Page, lab: Lab, shoot: Callable[[str], None]) -> None:
    write(
        lab,
        "live.ipynb",
        [
            code("n = 3", "pipeline-parameters"),
            code("print('loading', n)\ndata = list(range(n))", "step:load"),
            code("print('began')\n" + GATE.format(name="live-gate"), "step:wait", "prev:load"),
            code("total = sum(data)\nprint(total)", "step:sum", "prev:wait"),
        ],
    )
    run = start(lab, "live.ipynb")
    shown = run_page(lab_page, run)
    status = shown.get_by_role("status").first
    expect(status).to_contain_text("Running")
    expect(status).to_contain_text("1 of 3 steps")
    shoot("run-going")
    (lab.files / "live-gate").touch()
    expect(status).to_contain_text("Succeeded", timeout=30_000)
    expect(status).to_contain_text("3 of 3 steps")
    tab(shown, "Timeline")
    expect(shown.get_by_role("rowheader", name="wait")).to_be_visible()
    shoot("run-timeline")
    tab(shown, "Logs")
    shown.get_by_role("combobox", name="Step").select_option("load")
    expect(shown.get_by_role("log")).to_contain_text("loading 3")
    shoot("run-log")


HOSTILE = "<img src=x onerror=window.hacked=1>"


def test_a_failure_shows_its_place_and_leads_to_the_cell(
    lab_page: Page, lab: Lab, shoot: Callable[[str], None]
) -> None:
    run = failing(lab, "fails.ipynb")
    shown = run_page(lab_page, run)
    card = shown.get_by_role("alert", name="What failed")
    expect(card).to_contain_text("Step “use” failed")
    expect(card).to_contain_text("KeyError")
    expect(card).to_contain_text("Cell 2, line 3")
    card.get_by_text("Traceback", exact=True).click()
    expect(card.locator(".ansi-red-fg, pre").first).to_contain_text("KeyError")
    shoot("run-failed")
    command(lab_page, "apputils:change-theme", theme="JupyterLab Dark")
    expect(lab_page.locator("body[data-jp-theme-light=false]")).to_have_count(1)
    shoot("run-failed-dark")
    command(lab_page, "apputils:change-theme", theme="JupyterLab Light")
    expect(lab_page.locator("body[data-jp-theme-light=true]")).to_have_count(1)
    card.get_by_role("button", name="Go to cell").click()
    panel = lab_page.locator(".jp-NotebookPanel:visible")
    expect(panel.locator(".jp-Cell.jp-mod-active")).to_contain_text("words['b']")


def test_a_step_opens_as_a_notebook_that_cannot_be_written(
    lab_page: Page, lab: Lab, shoot: Callable[[str], None]
) -> None:
    run = failing(lab, "opens.ipynb")
    shown = run_page(lab_page, run)
    shown.get_by_role("button", name="Open step").click()
    panel = lab_page.locator(".jp-NotebookPanel:visible")
    expect(panel.locator(".jp-OutputArea-output").filter(has_text="KeyError")).to_be_visible(timeout=30_000)
    expect(
        lab_page.locator(".lm-TabBar-tab.lm-mod-current").filter(has_text=f"use · run {run}")
    ).to_be_visible()
    shoot("run-step")
    sessions = ask_jupyter(lab, "sessions")  # other tests have notebooks open
    assert [session["path"] for session in sessions if run in session["path"]] == []


def ask_jupyter(lab: Lab, path: str) -> Any:
    """A request to Jupyter Server's own API."""
    with urllib.request.urlopen(f"{lab.url}/api/{path}", timeout=60) as answer:
        return json.load(answer)


def test_four_runs_are_listed_and_compared(lab_page: Page, lab: Lab, shoot: Callable[[str], None]) -> None:
    write(
        lab,
        "study.ipynb",
        [
            code("rate = 1.0\nkind = 'a'", "pipeline-parameters"),
            code("result = rate * 2", "step:work"),
            code("loss = result\nprint(loss)", "pipeline-metrics"),
        ],
    )
    for number, rate in enumerate((0.5, 0.1, 0.9, 0.3)):
        run = start(lab, "study.ipynb", parameters={"rate": rate, "kind": HOSTILE if number == 3 else "a"})
        assert ended(lab, run)["summary"]["state"] == "succeeded"
    shown = runs_list(lab_page)
    shown.get_by_role("searchbox", name="Search runs").fill("study")
    rows = shown.get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("loss 0.6")
    grid = shown.get_by_role("grid", name="Runs")
    grid.focus()
    for _ in range(4):
        lab_page.keyboard.press("Space")
        lab_page.keyboard.press("ArrowDown")
    shoot("runs-list")
    shown.get_by_role("button", name="Compare").click()
    page = lab_page.locator(".kfj-Compare:visible")
    table = page.get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table).to_contain_text(HOSTILE)
    table.get_by_role("button", name="loss").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("0.2")
    expect(page.get_by_role("img", name="loss over the runs")).to_be_visible()
    shoot("runs-compared")
    page.get_by_role("combobox", name="Plot").select_option("against")
    page.get_by_role("combobox", name="Parameter").select_option("parameter:rate")
    expect(page.get_by_role("img", name="loss against rate")).to_be_visible()
    page.get_by_role("combobox", name="Plot").select_option("parallel")
    expect(page.locator("polyline.kfj-Plot-run")).to_have_count(4)
    shoot("runs-parallel")
    assert lab_page.evaluate("() => window.hacked") is None


def test_a_run_is_run_again_with_other_parameters(
    lab_page: Page, lab: Lab, shoot: Callable[[str], None]
) -> None:
    write(
        lab,
        "again-study.ipynb",
        [
            code("rate = 1.0\nkind = 'a'", "pipeline-parameters"),
            code("result = rate * 2\nprint(kind, result)", "step:work"),
            code("loss = result", "pipeline-metrics"),
        ],
    )
    first = start(lab, "again-study.ipynb", parameters={"rate": 0.5, "kind": HOSTILE})
    assert ended(lab, first)["summary"]["state"] == "succeeded"

    # From its page: the notebook comes, and the form has what the run had.
    run_page(lab_page, first).get_by_role("button", name="Run again…").click()
    shown = panel(lab_page)
    form = shown.get_by_role("form", name="Run")
    expect(form.get_by_label("rate")).to_have_value("0.5", timeout=30_000)
    expect(form.get_by_label("kind")).to_have_value(HOSTILE)
    expect(lab_page.locator(".jp-NotebookPanel:visible")).to_contain_text("result = rate * 2")
    form.get_by_label("rate").fill("0.75")
    shoot("run-again")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(form).to_have_count(0)
    expect(shown.get_by_role("status")).to_contain_text("Succeeded", timeout=60_000)

    listed = runs_list(lab_page)
    listed.get_by_role("searchbox", name="Search runs").fill("again-study")
    rows = listed.get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("loss 1.5")

    # From the list, the newer one.
    rows.first.get_by_role("button", name="Run again").click()
    expect(form.get_by_label("rate")).to_have_value("0.75", timeout=30_000)
    expect(form.get_by_label("kind")).to_have_value(HOSTILE)
    assert lab_page.evaluate("() => window.hacked") is None


def gated(lab: Lab, name: str) -> str:
    """A run that waits for the file ``<name>-gate``; its id."""
    write(
        lab,
        f"{name}.ipynb",
        [
            code("a = 1", "step:first"),
            code(GATE.format(name=f"{name}-gate"), "step:wait", "prev:first"),
        ],
    )
    return start(lab, f"{name}.ipynb")


def status(shown: Locator) -> Locator:
    return shown.get_by_role("status").first


def test_a_page_that_is_loaded_again_shows_what_it_had_shown(lab_page: Page, lab: Lab) -> None:
    run = gated(lab, "again")
    shown = run_page(lab_page, run)
    tab(shown, "Logs")
    shown.get_by_role("combobox", name="Step").select_option("first")
    kept(lab_page, '"step":"first"')
    lab_page.goto(f"{lab.url}/lab")
    expect(shown.get_by_role("tab", name="Logs")).to_have_attribute("aria-selected", "true", timeout=90_000)
    expect(shown.get_by_role("combobox", name="Step")).to_have_value("first")
    expect(status(shown)).to_contain_text("Running")
    (lab.files / "again-gate").touch()
    expect(status(shown)).to_contain_text("Succeeded", timeout=30_000)


def kept(page: Page, text: str) -> None:
    """Wait until JupyterLab has kept its layout with this in it."""
    page.evaluate(
        """async text => {
          const { workspaces } = window.jupyterapp.serviceManager;
          while (!JSON.stringify(await workspaces.fetch('default')).includes(text)) {
            await new Promise(done => setTimeout(done, 100));
          }
        }""",
        text,
    )


def test_two_pages_follow_a_run_and_one_is_loaded_again(lab_page: Page, lab: Lab) -> None:
    run = gated(lab, "pages")
    other = lab_page.context.new_page()
    other.goto(f"{lab.url}/lab/workspaces/other?reset")
    other.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
    shown = [run_page(lab_page, run), run_page(other, run)]
    for each in shown:
        expect(status(each)).to_contain_text("Running")
    kept(lab_page, run)
    lab_page.goto(f"{lab.url}/lab")  # restored: the page of the run is there again
    expect(status(shown[0])).to_contain_text("Running", timeout=90_000)
    (lab.files / "pages-gate").touch()
    for each in shown:
        expect(status(each)).to_contain_text("Succeeded", timeout=30_000)
    other.close()


def test_a_run_goes_on_while_its_server_is_restarted(
    page: Page, tmp_path_factory: pytest.TempPathFactory, shoot: Callable[[str], None]
) -> None:
    root = tmp_path_factory.mktemp("restarted")
    files = root / "files"
    files.mkdir()
    quiet(root / "config" / "labconfig")
    port = free_port()
    own = Lab(f"http://127.0.0.1:{port}", files)
    log = root / "server.log"

    def serve() -> subprocess.Popen[bytes]:
        with log.open("a") as output:
            server = subprocess.Popen(
                lab_command(port, files), cwd=root, env=environment(root), stdout=output, stderr=output
            )
        wait_until_it_answers(own.url, server, log)
        return server

    server = serve()
    try:
        page.goto(f"{own.url}/lab?reset")
        page.locator(".jp-LauncherCard").first.wait_for(timeout=90_000)
        run = gated(own, "restart")
        shown = run_page(page, run)
        expect(status(shown)).to_contain_text("1 of 2 steps", timeout=30_000)
        server.kill()
        server.wait()
        expect(shown).to_contain_text("The server does not answer", timeout=30_000)
        shoot("run-lost")
        (files / "restart-gate").touch()
        server = serve()
        expect(status(shown)).to_contain_text("Succeeded", timeout=60_000)
        expect(status(shown)).to_contain_text("2 of 2 steps")
        expect(shown).not_to_contain_text("The server does not answer")
    finally:
        server.kill()
        server.wait()


def test_a_large_log_is_shown_by_its_end_and_searched(
    lab_page: Page, lab: Lab, shoot: Callable[[str], None]
) -> None:
    write(
        lab,
        "talks.ipynb",
        [
            code(
                "print('the needle ' + '<img src=x onerror=window.hacked=1>')\n"
                "print('\\n'.join(f'line {i} \\x1b[31mred\\x1b[0m ' + 'x' * 60 for i in range(300_000)))",
                "step:talk",
            )
        ],
    )
    run = start(lab, "talks.ipynb")
    assert ended(lab, run)["summary"]["state"] == "succeeded"
    shown = run_page(lab_page, run)
    tab(shown, "Logs")
    lines = shown.get_by_role("log")
    expect(lines).to_contain_text("line 299999")
    red = lines.locator(".ansi-red-fg").first
    plain = lines.locator(".kfj-Log-line").first
    color = "element => getComputedStyle(element).color"
    assert red.evaluate(color) != plain.evaluate(color)
    assert lines.locator(".kfj-Log-line").count() < 200
    shoot("run-large-log")
    shown.get_by_role("searchbox", name="Search the log").fill("NEEDLE")
    hit = shown.get_by_role("button", name="the needle")
    hit.click()
    expect(lines).to_contain_text(HOSTILE)
    shoot("run-log-search")
    assert lab_page.evaluate("() => window.hacked") is None
    with lab_page.expect_download() as download:
        shown.get_by_role("link", name="Download").click()
    assert download.value.path().stat().st_size > 20_000_000


def test_results_and_artifacts(lab_page: Page, lab: Lab, shoot: Callable[[str], None]) -> None:
    write(
        lab,
        "makes.ipynb",
        [
            code("import pandas as pd\nfrom IPython.display import HTML", "imports"),
            code(
                "table = pd.DataFrame({'name': ['<img src=x onerror=window.hacked=1>'], 'n': [7]})",
                "step:make",
            ),
            code(
                "HTML('<b>bold</b><img src=x onerror=window.hacked=1><script>window.hacked=1</script>')",
                "step:show",
            ),
            code("more = table.assign(m=table.n * 2)\nmore", "step:more"),
        ],
    )
    run = start(lab, "makes.ipynb")
    assert ended(lab, run)["summary"]["state"] == "succeeded"
    shown = run_page(lab_page, run)
    tab(shown, "Results")
    expect(shown.get_by_role("region", name="show").locator("b")).to_have_text("bold")
    shoot("run-results")
    tab(shown, "Artifacts")
    shoot("run-artifacts")
    shown.get_by_role("button", name="more", exact=True).click()
    preview = shown.get_by_role("region", name="Preview of more")
    expect(preview.get_by_role("cell", name="14")).to_be_visible(timeout=60_000)
    expect(shown.get_by_role("region", name="more", exact=True)).to_contain_text("table")
    shoot("run-artifacts")
    assert lab_page.evaluate("() => window.hacked") is None
