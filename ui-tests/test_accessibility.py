"""Every screen under axe-core (https://github.com/dequelabs/axe-core), in both themes: no serious finding. What JupyterLab itself
draws around them is not ours to mend, and left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from notebook_pages import code, markdown, open_notebook, run, write
from panel_pages import node, panel
from playwright.sync_api import Page, expect
from run_pages import ended, run_page, runs_list, start
from screens import dark, faults
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
TABS = ("Graph", "Timeline", "Logs", "Results", "Artifacts", "Parameters and metrics", "Environment")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_screen_has_a_serious_fault(lab: Lab, lab_page: Page, theme: str) -> None:
    with dark(lab_page) if theme == "dark" else nullcontext():
        assert list(faults_of_all(lab, lab_page)) == []


def faults_of_all(lab: Lab, page: Page) -> Iterator[str]:
    """What is wrong with each screen, one after the other."""
    shown = panel(page)
    expect(shown.get_by_role("listitem").first).to_be_visible()
    yield from faults(page, ".kfj-Panel")

    write(lab, "untagged-axe.ipynb", UNTAGGED)
    open_notebook(page, "untagged-axe.ipynb")
    expect(shown).to_contain_text("has no steps yet")
    yield from faults(page, ".kfj-Panel")
    shown.get_by_role("button", name="Suggest steps").click()
    expect(shown.get_by_role("region", name="Proposed steps")).to_be_visible()
    yield from faults(page, ".kfj-Panel")

    write(lab, "failing-axe.ipynb", [*FAILING, code("print(nobody)", "step:lost", "prev:usee")])
    notebook = open_notebook(page, "failing-axe.ipynb")
    expect(shown.get_by_text("nobody").first).to_be_visible()
    node(shown, "make").click()
    for screen in (".kfj-Panel", ".kfj-Chip", ".kfj-Status"):
        yield from faults(page, screen)
    shown.get_by_role("button", name="Show as a list").click()
    yield from faults(page, ".kfj-Panel")
    notebook.locator(".kfj-Chip-button").nth(3).click()
    expect(page.get_by_role("dialog", name="Cell in the pipeline")).to_be_visible()
    yield from faults(page, ".kfj-Popover")
    page.keyboard.press("Escape")
    shown.get_by_role("button", name="Show as a graph").click()

    write(lab, "runs-axe.ipynb", FAILING)
    open_notebook(page, "runs-axe.ipynb")
    expect(node(shown, "use")).to_be_visible()
    shown.get_by_role("button", name=re.compile("^Run")).first.click()
    expect(shown.get_by_role("form")).to_be_visible()
    yield from faults(page, ".kfj-Panel")
    ids = [start(lab, "runs-axe.ipynb", parameters={"n": n}) for n in (3, 4)]
    for one in ids:
        ended(lab, one)
    opened = run_page(page, ids[0])
    for tab in TABS:
        opened.get_by_role("tab", name=tab, exact=True).click()
        expect(opened.get_by_role("tabpanel")).to_be_visible()
        yield from (f"{tab}: {fault}" for fault in faults(page, ".kfj-RunPage"))
    expect(runs_list(page).get_by_role("row").nth(1)).to_be_visible()
    yield from faults(page, ".lm-DockPanel .kfj-Runs")
    run(page, "kfjlab:compare-runs", ids=ids)
    expect(page.locator(".kfj-Compare").get_by_role("table")).to_be_visible()
    yield from faults(page, ".kfj-Compare")
