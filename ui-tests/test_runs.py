"""Runs as a person sees them: followed live, opened, their logs, results and steps, compared."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from conftest import Lab
from notebook_pages import code, write
from notebook_pages import run as command
from playwright.sync_api import Locator, Page, expect

GATE = """import pathlib, time
while not pathlib.Path({name!r}).exists():
    time.sleep(0.05)
"""
"""Source of a cell that ends when the test makes a file."""


def ask(lab: Lab, path: str, body: dict[str, Any] | None = None, method: str | None = None) -> Any:
    """A request to the server extension, as a script would send it."""
    request = urllib.request.Request(
        f"{lab.url}/kfjlab/{path}",
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def start(lab: Lab, path: str, **options: Any) -> str:
    """Start a run of a notebook; its id."""
    return str(ask(lab, "runs", {"path": path, **options})["run"]["id"])


def ended(lab: Lab, run: str) -> dict[str, Any]:
    """A run, when it has ended."""
    while True:
        detail: dict[str, Any] = ask(lab, f"runs/{run}")
        if detail["summary"]["state"] not in ("queued", "running"):
            return detail


def run_page(page: Page, run: str, step: str | None = None) -> Locator:
    """A run's page."""
    command(page, "kfjlab:open-run", id=run, **({} if step is None else {"step": step}))
    shown = page.locator(".kfj-RunPage:visible")
    expect(shown.get_by_role("tablist")).to_be_visible(timeout=30_000)
    return shown


def runs_list(page: Page) -> Locator:
    """The list of runs in the main area."""
    command(page, "kfjlab:open-runs")
    return page.locator(".lm-DockPanel .kfj-Runs:visible")


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
