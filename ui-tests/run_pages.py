"""What tests of runs share: started as a script would, and shown as a person sees them."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from notebook_pages import code, write
from notebook_pages import run as command
from playwright.sync_api import Locator, Page, expect
from serving import Lab


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
        time.sleep(0.2)


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


def failing(lab: Lab, name: str) -> str:
    """A run of which the second step has failed; its id."""
    write(
        lab,
        name,
        [
            code("x = 20\nwords = {'a': 1}", "step:make"),
            code("y = x + 1\n\nwords['b']", "step:use"),
        ],
    )
    run = start(lab, name)
    assert ended(lab, run)["summary"]["state"] == "failed"
    return run
