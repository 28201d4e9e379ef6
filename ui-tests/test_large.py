"""Large notebooks in each of JupyterLab's ways of drawing cells: chips are shown, followed and edited."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from notebook_pages import code, open_notebook, write
from panel_pages import node, panel
from playwright.sync_api import Locator, Page, expect
from serving import Lab

CELLS = {"full": 1000}
"""By the way of drawing. In the others JupyterLab draws all cells one after the other before it is at the last: alone, it takes minutes for
1,000 (benchmarks/README.md)."""
FEWER = 200
PATIENCE = 120_000
"""Milliseconds: where nothing is left out, the browser itself draws for long."""


@pytest.fixture(params=["full", "defer", "none", None], ids=str)
def drawing(request: pytest.FixtureRequest, lab_page: Page) -> Iterator[str]:
    """JupyterLab that draws cells in a way; None: its own choice."""
    mode: str | None = request.param

    def choose(mode: str | None) -> None:
        lab_page.evaluate(
            """raw => window.jupyterapp.serviceManager.settings.save('@jupyterlab/notebook-extension:tracker', raw)""",
            json.dumps({"windowingMode": mode} if mode else {}),
        )

    choose(mode)
    lab_page.reload()
    lab_page.locator(".jp-LauncherCard").first.wait_for(timeout=PATIENCE)
    yield str(mode)
    choose(None)


def chip_of(page: Page, notebook: Locator, index: int) -> Locator:
    """The chip of a cell that is scrolled to and made active."""
    page.evaluate(
        """async index => {
          const { content } = window.jupyterapp.shell.currentWidget;
          await content.scrollToItem(index, 'center');
          content.activeCellIndex = index;
        }""",
        index,
    )
    return notebook.locator(".jp-Cell.jp-mod-active .kfj-Chip-button")


@pytest.mark.timeout(600)
def test_many_cells(drawing: str, lab: Lab, lab_page: Page, shoot: Callable[[str], None]) -> None:
    count = CELLS.get(drawing, FEWER)
    last = f"s{count // 2 - 1}"
    cells = [
        code(f"x{i} = {i}", f"step:s{i // 2}") if i % 2 == 0 else code(f"y{i} = x{i - 1}")
        for i in range(count)
    ]
    name = f"large-{drawing}.ipynb"
    write(lab, name, cells)
    notebook = open_notebook(lab_page, name)
    expect(lab_page.get_by_role("button", name=f"{count // 2} steps · no problems")).to_be_visible(
        timeout=PATIENCE
    )
    for index in (0, count // 2 - 1, count - 2, count // 4 + 1):
        relation = "" if index % 2 == 0 else "follows the cell above, "
        expect(chip_of(lab_page, notebook, index)).to_have_accessible_name(
            f"Step s{index // 2}, {relation}no problems", timeout=PATIENCE
        )
    if drawing == "full":
        assert (
            notebook.locator(".kfj-Chip").count() < count / 2
        )  # chips are made for cells that have been in sight

    # The graph of all steps follows a cell at the very end, in which a name of the first step is typed.
    graph = panel(lab_page)
    expect(node(graph, last)).to_be_attached(timeout=PATIENCE)
    chip_of(lab_page, notebook, count - 1).click()
    expect(lab_page.get_by_role("dialog", name="Cell in the pipeline")).to_be_visible(timeout=PATIENCE)
    lab_page.keyboard.press("Escape")
    editor = notebook.locator(".jp-Cell.jp-mod-active .cm-content")
    editor.click()
    lab_page.keyboard.press("ControlOrMeta+End")
    lab_page.keyboard.type(" + x0")
    expect(node(graph, last)).to_have_accessible_name(f"{last}. after s0 (x0)", timeout=PATIENCE)
    lab_page.keyboard.type("000")
    expect(chip_of(lab_page, notebook, count - 1)).to_have_accessible_name(
        f"Step {last}, follows the cell above, 1 problem (Error)", timeout=PATIENCE
    )
    shoot(f"large-{drawing}")
