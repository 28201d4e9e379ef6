"""A walk through every screen, for what is looked at in each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from notebook_pages import code, markdown, open_notebook, run, write
from panel_pages import node, panel
from playwright.sync_api import Page, expect
from run_pages import ask, ended, run_page, runs_list, start
from serving import Lab

FAILING = [
    code("n = 3  # how many", "pipeline-parameters"),
    code(
        "import pandas as pd\nframe = pd.DataFrame({'a': range(n)})\nprint('made')\ndisplay(frame)",
        "step:make",
    ),
    code("print('uses')\nframe['b']", "step:use"),
]
UNTAGGED = [
    markdown("# Load data"),
    code("rows = list(range(9))"),
    markdown("# Sum up"),
    code("print(sum(rows))"),
]
STUDY = [
    code("days = 30  # how many days\nrate = 0.5", "pipeline-parameters"),
    code("rain = [day % 7 for day in range(days)]", "step:load_data"),
    code("mean = sum(rain) / days", "step:average", "prev:load_data"),
    code("most = max(rain)", "step:extremes", "prev:load_data"),
    code("print(f'{mean:.2f} of {most}')", "step:report", "prev:average", "prev:extremes"),
    code("loss = rate * mean", "pipeline-metrics"),
]
TABS = ("Graph", "Timeline", "Logs", "Results", "Artifacts", "Parameters and metrics", "Environment")


@dataclass(frozen=True)
class Screen:
    """Something that is on the page now."""

    name: str
    selector: str
    kept: bool = False
    """Whether a picture of it is kept to compare with."""
    ours: bool = True
    """Whether its faults are ours to mend, not JupyterLab's."""


def screens(lab: Lab, page: Page) -> Iterator[Screen]:
    """Every screen of a JupyterLab that has no runs yet, one after the other. What JupyterLab draws around them is left out."""
    yield Screen("launcher", ".jp-LauncherCard[data-category=Kubeflow]", kept=True)
    shown = panel(page)
    expect(shown.get_by_role("listitem").first).to_be_visible()
    yield Screen("panel-empty", ".kfj-Panel", kept=True)

    write(lab, "untagged.ipynb", UNTAGGED)
    open_notebook(page, "untagged.ipynb")
    expect(shown).to_contain_text("has no steps yet")
    yield Screen("panel-untagged", ".kfj-Panel", kept=True)
    shown.get_by_role("button", name="Suggest steps").click()
    expect(shown.get_by_role("region", name="Proposed steps")).to_be_visible()
    yield Screen("panel-proposed", ".kfj-Panel")

    write(lab, "failing.ipynb", [*FAILING, code("print(nobody)", "step:lost", "prev:usee")])
    notebook = open_notebook(page, "failing.ipynb")
    expect(shown.get_by_text("nobody").first).to_be_visible()
    node(shown, "make").click()
    yield Screen("panel-problems", ".kfj-Panel", kept=True)
    yield Screen("chips", ".kfj-Chip")
    yield Screen("status", ".kfj-Status")
    shown.get_by_role("button", name="Show as a list").click()
    yield Screen("panel-list", ".kfj-Panel")
    notebook.locator(".kfj-Chip-button").nth(3).click()
    expect(page.get_by_role("dialog", name="Cell in the pipeline")).to_be_visible()
    yield Screen("editor", ".kfj-Popover", kept=True)
    page.keyboard.press("Escape")
    shown.get_by_role("button", name="Show as a graph").click()

    write(lab, "runs.ipynb", FAILING)
    open_notebook(page, "runs.ipynb")
    expect(node(shown, "use")).to_be_visible()
    shown.get_by_role("button", name=re.compile("^Run")).first.click()
    expect(shown.get_by_role("form")).to_be_visible()
    yield Screen("panel-form", ".kfj-Panel")
    failed = start(lab, "runs.ipynb", parameters={"n": 4})
    ended(lab, failed)
    opened = run_page(page, failed)
    for tab in TABS:
        opened.get_by_role("tab", name=tab, exact=True).click()
        expect(opened.get_by_role("tabpanel")).to_be_visible()
        yield Screen(f"failed-{tab}", ".kfj-RunPage")

    write(lab, "study.ipynb", STUDY)
    open_notebook(page, "study.ipynb")
    expect(node(shown, "report")).to_be_visible()
    shown.get_by_role("button", name=re.compile("^Run")).first.click()
    shown.get_by_role("form").get_by_role("button", name="Run", exact=True).click()
    for name in ("report", "pipeline-metrics"):
        expect(node(shown, name)).to_have_accessible_name(re.compile("succeeded", re.I), timeout=60_000)
    expect(shown.get_by_role("status")).to_contain_text("Succeeded")
    yield Screen("panel-run", ".kfj-Panel", kept=True)
    yield Screen("notebook", ".jp-Notebook", kept=True, ours=False)
    ids = [ask(lab, "runs")["runs"][0]["id"], start(lab, "study.ipynb", parameters={"rate": 0.75})]
    ended(lab, ids[1])
    expect(node(run_page(page, ids[0]), "report")).to_be_visible()
    yield Screen("run", ".kfj-RunPage", kept=True)
    listed = runs_list(page)
    expect(listed.get_by_role("row")).to_have_count(3)
    yield Screen("runs", ".lm-DockPanel .kfj-Runs", kept=True)
    run(page, "kfjlab:compare-runs", ids=ids)
    expect(page.locator(".kfj-Compare").get_by_role("table")).to_be_visible()
    yield Screen("comparison", ".kfj-Compare", kept=True)
