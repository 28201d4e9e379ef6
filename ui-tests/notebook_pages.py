"""What tests of open notebooks share: notebooks written for a test, opened and driven as a person does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import nbformat
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from serving import Lab

PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}


def code(source: str, *tags: str, **metadata: Any) -> nbformat.NotebookNode:
    """A code cell."""
    tagged = {"tags": list(tags)} if tags else {}
    cell: nbformat.NotebookNode = nbformat.v4.new_code_cell(source, metadata={**tagged, **metadata})
    return cell


def markdown(source: str) -> nbformat.NotebookNode:
    """A markdown cell."""
    cell: nbformat.NotebookNode = nbformat.v4.new_markdown_cell(source)
    return cell


def write(lab: Lab, name: str, cells: list[nbformat.NotebookNode]) -> None:
    """Write a notebook into the folder that JupyterLab shows."""
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=PYTHON)
    nbformat.write(notebook, lab.files / name)


def open_notebook(page: Page, name: str) -> Locator:
    """Open a notebook; its panel, when its cells are there. No kernel is waited for."""
    page.evaluate(
        "async path => { await window.jupyterapp.commands.execute('docmanager:open', {path, factory: 'Notebook'}) }",
        name,
    )
    panel = page.locator(".jp-NotebookPanel:visible")
    expect(panel.locator(".jp-Cell").first).to_be_visible(timeout=30_000)
    return panel


def run(page: Page, command: str, **arguments: Any) -> None:
    """Execute a command of JupyterLab. What it gives, such as a widget, is not for Python."""
    page.evaluate(
        "async ([id, args]) => { await window.jupyterapp.commands.execute(id, args) }", [command, arguments]
    )


def saved(lab: Lab, page: Page, name: str) -> nbformat.NotebookNode:
    """The notebook in its file, saved now."""
    run(page, "docmanager:save")
    expect(page.locator(".lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty")).to_have_count(0)
    notebook: nbformat.NotebookNode = nbformat.read(lab.files / name, as_version=4)
    return notebook
