"""A pipeline of Elyra becomes a notebook, as a person imports it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from notebook_pages import code, markdown, open_notebook, run, write
from panel_pages import node, panel
from playwright.sync_api import Locator, Page, expect
from screens import dark, faults
from serving import Lab

Shoot = Callable[[str], None]


def elyra_node(name: str, file: str, *after: str, **properties: Any) -> dict[str, Any]:
    op = {"ipynb": "execute-notebook-node", "r": "execute-r-node"}[file.rpartition(".")[2]]
    links = [{"id": f"{one}{name}", "node_id_ref": one, "port_id_ref": "outPort"} for one in after]
    return {
        "id": name,
        "type": "execution_node",
        "op": op,
        "app_data": {
            "component_parameters": {"filename": file, "runtime_image": "python:3.12", **properties},
            "label": name,
            "ui_data": {},
        },
        "inputs": [{"id": "inPort", "links": links}],
    }


def elyra(lab: Lab, name: str, *nodes: dict[str, Any]) -> None:
    """Write a pipeline into the folder that JupyterLab shows."""
    data = {"version": 8, "properties": {"name": "weather"}, "ui_data": {"comments": []}}
    content = {"primary_pipeline": "p", "pipelines": [{"id": "p", "nodes": list(nodes), "app_data": data}]}
    (lab.files / name).write_text(json.dumps(content))


def weather(lab: Lab, name: str) -> None:
    """A pipeline of which not all can be imported."""
    write(lab, "load.ipynb", [markdown("Loads"), code("sum = 3\nopen('rows.txt', 'w').write(str(sum))")])
    write(lab, "tell.ipynb", [code("print(sum(map(int, open('rows.txt').read())))")])
    elyra(
        lab,
        name,
        elyra_node("load", "load.ipynb", kubernetes_shared_mem_size={"size": 2}, dependencies=["gone.csv"]),
        elyra_node("fit <b>it</b>", "model.r", "load"),
        elyra_node("tell", "tell.ipynb", "fit <b>it</b>"),
    )


def in_browser(page: Page, name: str) -> Locator:
    """A file in the file browser."""
    run(page, "filebrowser:refresh")
    item = page.locator(".jp-DirListing-item").filter(has_text=name)
    expect(item).to_be_visible(timeout=15_000)
    return item


def test_the_menu_of_a_file_imports_it_and_what_is_left_out_is_told(
    lab: Lab, lab_page: Page, shoot: Shoot
) -> None:
    weather(lab, "weather.pipeline")
    in_browser(lab_page, "weather.pipeline").click(button="right")
    lab_page.get_by_role("menuitem", name="Import as a kfjlab Notebook").click()
    dialog = lab_page.get_by_role("dialog")
    expect(dialog).to_contain_text("Imported: weather", timeout=30_000)
    for text in ("Left out", "fit <b>it</b>", "It runs an R script", "The size of shared memory"):
        expect(dialog).to_contain_text(text)
    expect(dialog.get_by_role("heading")).to_have_count(3)
    expect(dialog.locator("b")).to_have_count(0)
    shoot("import-told")
    assert not faults(lab_page, ".kfj-Import")
    with dark(lab_page):
        shoot("import-told-dark")
        assert not faults(lab_page, ".kfj-Import")
    dialog.get_by_role("button", name="Close").click()
    expect(lab_page.locator(".jp-NotebookPanel:visible")).to_contain_text("Loads", timeout=30_000)
    shown = panel(lab_page)
    expect(node(shown, "tell")).to_be_visible(timeout=30_000)
    shoot("import-opened")


def test_a_notebook_that_is_there_is_kept_unless_said_otherwise(
    lab: Lab, lab_page: Page, shoot: Shoot
) -> None:
    weather(lab, "kept.pipeline")
    mine = lab.files / "kept.ipynb"
    mine.write_text("mine")
    in_browser(lab_page, "kept.pipeline").click(button="right")
    lab_page.get_by_role("menuitem", name="Import as a kfjlab Notebook").click()
    dialog = lab_page.get_by_role("dialog")
    expect(dialog).to_contain_text("There is a notebook kept.ipynb already", timeout=30_000)
    shoot("import-asked")
    dialog.get_by_role("button", name="Keep both").click()
    expect(dialog).to_contain_text("Imported: weather", timeout=30_000)
    dialog.get_by_role("button", name="Close").click()
    expect(lab_page.locator(".lm-DockPanel-tabBar")).to_contain_text("kept1.ipynb")
    assert mine.read_text() == "mine"


def test_an_open_notebook_that_is_replaced_shows_the_new_one(lab: Lab, lab_page: Page) -> None:
    weather(lab, "again.pipeline")
    write(lab, "again.ipynb", [markdown("an older one")])
    notebook = open_notebook(lab_page, "again.ipynb")
    expect(notebook).to_contain_text("an older one")
    in_browser(lab_page, "again.pipeline").click(button="right")
    lab_page.get_by_role("menuitem", name="Import as a kfjlab Notebook").click()
    dialog = lab_page.get_by_role("dialog")
    dialog.get_by_role("button", name="Replace").click()
    expect(dialog).to_contain_text("Imported: weather")
    dialog.get_by_role("button", name="Close").click()
    expect(notebook).to_contain_text("Loads")
    expect(notebook).not_to_contain_text("an older one")
    expect(lab_page.locator(".lm-DockPanel-tabBar .lm-mod-current.jp-mod-dirty")).to_have_count(0)


def test_what_cannot_be_imported_says_why(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    elyra(lab, "only-r.pipeline", elyra_node("fit", "model.r"), elyra_node("more", "gone.ipynb", "fit"))
    write(lab, "plain.ipynb", [code("x = 1")])
    in_browser(lab_page, "plain.ipynb").click(button="right")
    expect(lab_page.get_by_role("menuitem", name="Rename")).to_be_visible()
    expect(lab_page.get_by_role("menuitem", name="Import as a kfjlab Notebook")).to_have_count(0)
    lab_page.keyboard.press("Escape")
    in_browser(lab_page, "only-r.pipeline").click(button="right")
    lab_page.get_by_role("menuitem", name="Import as a kfjlab Notebook").click()
    dialog = lab_page.get_by_role("dialog")
    for text in ("only-r.pipeline could not be imported", "R script", "There is no file gone.ipynb", "To do"):
        expect(dialog).to_contain_text(text, timeout=30_000)
    shoot("import-failed")


def test_the_panel_asks_for_the_file(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    weather(lab, "asked.pipeline")
    shown = panel(lab_page)
    shown.get_by_role("button", name="Import an Elyra pipeline").click()
    chooser = lab_page.get_by_role("dialog")
    chooser.locator(".jp-DirListing-item").filter(has_text="asked.pipeline").click(timeout=30_000)
    expect(chooser.locator(".jp-DirListing-item").filter(has_text=".ipynb")).to_have_count(0)
    shoot("import-chooser")
    chooser.get_by_role("button", name="Select").click()
    expect(lab_page.get_by_role("dialog")).to_contain_text("Imported: weather", timeout=30_000)
