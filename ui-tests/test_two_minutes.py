"""The main path, end to end: from an ordinary notebook to a pipeline that ran, failed, was mended and went on. No YAML is seen."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from notebook_pages import code, markdown, open_notebook, run, write
from panel_pages import node, panel
from playwright.sync_api import Page, expect
from serving import Lab

Shoot = Callable[[str], None]

NOTEBOOK = [
    markdown("# Bicycle rentals"),
    code("import numpy as np\nimport pandas as pd\nimport matplotlib.pyplot as plt"),
    code("days = 60  # how many days\nbroken = True"),
    markdown("## Load data"),
    code(
        "rng = np.random.default_rng(1)\ntable = pd.DataFrame({'rain': rng.gamma(1, 3, days), 'n': rng.poisson(90, days)})"
    ),
    markdown("## Plot"),
    code("figure, axes = plt.subplots(figsize=(4, 2))\naxes.plot(table['n'])\nfigure"),
    markdown("## Fit model"),
    code(
        "slope = np.polyfit(table['rain'], table['n'], 1)[0]\nif broken:\n    raise ValueError(f'no fit: slope {slope:.2f}')"
    ),
    markdown("## Report"),
    code("top = table.nlargest(3, 'n')\ntop['per mm'] = slope\ntop"),
]


@pytest.mark.timeout(600)
def test_the_two_minutes(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    page = lab_page
    write(lab, "bicycles.ipynb", NOTEBOOK)

    # The launcher leads to the panel, which proposes steps for the notebook.
    page.locator(".jp-LauncherCard").filter(has_text="Pipelines").click()
    expect(page.get_by_role("region", name="Kubeflow")).to_contain_text("No notebook is open")
    notebook = open_notebook(page, "bicycles.ipynb")
    shown = panel(page)
    shown.get_by_role("button", name="Suggest steps").click()
    proposal = shown.get_by_role("region", name="Proposed steps")
    expect(node(proposal, "fit_model")).to_be_visible(timeout=30_000)
    shoot("minutes-1-proposed")
    proposal.get_by_role("button", name="Accept").click()
    expect(node(shown, "fit_model")).to_be_visible()
    chips = notebook.locator(".kfj-Chip")
    expect(chips.filter(has_text="fit_model").first).to_be_visible()
    shoot("minutes-2-tagged")

    # Run asks for the parameters; the nodes follow, and the figure appears under its step.
    shown.get_by_role("button", name=re.compile("^Run")).first.click()
    form = shown.get_by_role("form")
    form.get_by_label("days").fill("40")
    shoot("minutes-3-form")
    form.get_by_role("button", name=re.compile("^Run")).click()
    expect(node(shown, "load_data")).to_have_accessible_name(re.compile("succeeded", re.I), timeout=60_000)
    expect(node(shown, "fit_model")).to_have_accessible_name(re.compile("failed", re.I), timeout=60_000)
    expect(node(shown, "plot").locator("image")).to_be_visible(timeout=30_000)
    shoot("minutes-4-failed")

    # The message says which cell; the step opens as a notebook, its variables come into the kernel.
    node(shown, "fit_model").click()
    step = shown.get_by_role("region", name="Step fit_model")
    expect(step).to_contain_text("no fit: slope")
    expect(step.get_by_role("button", name="Go to cell 9, line 3")).to_be_visible()
    shoot("minutes-5-why")
    step.get_by_role("button", name="Load variables before it").click()
    expect(page.get_by_text(re.compile("^Loaded")).first).to_be_visible(timeout=120_000)
    shoot("minutes-6-loaded")
    step.get_by_role("button", name="Open step").click()
    opened = page.locator(".jp-NotebookPanel:visible")
    expect(opened).to_contain_text("no fit: slope", timeout=30_000)
    expect(node(shown, "report")).to_be_visible()  # the panel stays with the notebook
    shoot("minutes-7-step")
    run(page, "application:close")

    # Mended, it goes on from there.
    page.get_by_role("tab", name="bicycles.ipynb", exact=True).click()
    cell = notebook.locator(".jp-Cell").filter(has_text="broken = True").locator(".cm-content")
    cell.click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\nbroken = False")
    node(shown, "fit_model").click()
    step.get_by_role("button", name="Run from here").click()
    expect(node(shown, "report")).to_have_accessible_name(re.compile("succeeded", re.I), timeout=60_000)
    shoot("minutes-8-succeeded")

    # The browser is closed; next day the runs are in the list, and are compared.
    page.goto(f"{lab.url}/lab?reset")
    page.locator(".jp-LauncherCard").first.wait_for(timeout=60_000)
    run(page, "kfjlab:show-panel")
    panel(page).get_by_role("tab", name="Runs").click()
    rows = panel(page).get_by_role("row").filter(has_text="bicycles")
    expect(rows).to_have_count(2)
    for row in rows.all():
        row.get_by_role("checkbox").check()
    panel(page).get_by_role("button", name="Compare").click()
    compared = page.locator(".kfj-Compare:visible")
    expect(compared.get_by_role("table")).to_contain_text("days")
    shoot("minutes-9-compared")
