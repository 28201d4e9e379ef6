"""Steps in the cells of a notebook: shown, edited, taken back; by mouse and by keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from notebook_pages import code, markdown, open_notebook, run, saved, write
from playwright.sync_api import Locator, Page, expect

if TYPE_CHECKING:
    from serving import Lab

Shoot = Callable[[str], None]

SHORT = [
    markdown("# Title"),
    code("import math", "imports"),
    code("rate = 0.1  # how fast", "pipeline-parameters"),
    code("x = math.pi * rate", "step:load"),
    code("z = x\nprint(z)"),
    code("y = z + 1\nprint(y)", "step:train"),
]


def chip(panel: Locator, cell: int) -> Locator:
    """The chip of a cell, by its place in the notebook."""
    return panel.locator(".jp-Cell").nth(cell).locator(".kfj-Chip-button")


def editor(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Cell in the pipeline")


def tags(lab: Lab, page: Page, name: str) -> list[list[str]]:
    """The tags of each cell, as saved."""
    return [list(cell.metadata.get("tags", [])) for cell in saved(lab, page, name).cells]


def select(page: Page, first: int, last: int) -> None:
    """Make a range of cells the selection, in command mode."""
    page.evaluate(
        """([first, last]) => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.activeCellIndex = first;
          content.deselectAll();
          if (last > first) content.extendContiguousSelectionTo(last);
          content.mode = 'command';
          content.activate();
        }""",
        [first, last],
    )


def test_chips_tell_what_cells_are(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "chips.ipynb", SHORT)
    panel = open_notebook(lab_page, "chips.ipynb")
    expect(chip(panel, 1)).to_have_accessible_name("Imports, no problems")
    expect(chip(panel, 2)).to_have_accessible_name("Parameters, no problems")
    expect(chip(panel, 3)).to_have_accessible_name("Step load, no problems")
    expect(chip(panel, 4)).to_have_accessible_name("Step load, follows the cell above, no problems")
    expect(chip(panel, 5)).to_have_text("train")
    expect(panel.locator(".jp-MarkdownCell .kfj-Chip-button")).to_have_count(0)
    button = panel.locator(".jp-NotebookPanel-toolbar [data-jp-item-name=kfjlab-panel]")
    expect(button.locator("svg")).to_be_visible()
    expect(button).to_have_text("")
    expect(lab_page.get_by_role("button", name="2 steps · no problems")).to_be_visible()
    shoot("chips")
    run(lab_page, "apputils:change-theme", theme="JupyterLab Dark")
    expect(lab_page.locator("body")).to_have_attribute("data-jp-theme-light", "false")
    shoot("chips-dark")
    run(lab_page, "apputils:change-theme", theme="JupyterLab Light")


def test_a_notebook_without_tags_looks_as_ever(lab: Lab, lab_page: Page) -> None:
    write(lab, "plain.ipynb", [code("x = 1"), code("print(x + nobody)")])
    panel = open_notebook(lab_page, "plain.ipynb")
    expect(chip(panel, 1)).to_have_accessible_name("No tag, part of the step plain, no problems")
    expect(panel.locator(".kfj-Chip:not(.kfj-mod-quiet), .kfj-Cell")).to_have_count(0)
    assert panel.locator(".kfj-Chip").evaluate_all("all => all.map(one => one.offsetHeight)") == [0, 0]


def test_tagged_by_keyboard_alone(lab: Lab, lab_page: Page) -> None:
    write(lab, "keys.ipynb", SHORT)
    panel = open_notebook(lab_page, "keys.ipynb")
    expect(chip(panel, 4)).to_be_attached()
    select(lab_page, 4, 4)
    lab_page.keyboard.press("Alt+t")
    expect(editor(lab_page).get_by_label("Step", exact=True)).to_be_focused()
    lab_page.keyboard.type("show")
    lab_page.keyboard.press("Enter")
    expect(editor(lab_page)).to_have_count(0)
    expect(chip(panel, 4)).to_have_accessible_name("Step show, no problems")
    expect(panel.locator(".jp-Cell").nth(4)).to_contain_text("show")

    # The focus is in the notebook again, and Tab goes to the chip of the active cell, which Enter presses.
    lab_page.keyboard.press("Tab")
    expect(chip(panel, 4)).to_be_focused()
    lab_page.keyboard.press("Enter")
    expect(editor(lab_page)).to_be_visible()
    for _ in range(15):
        lab_page.keyboard.press("Tab")
        assert lab_page.evaluate("document.activeElement.closest('.kfj-Popover') !== null")
    lab_page.keyboard.press("Escape")
    expect(editor(lab_page)).to_have_count(0)
    expect(chip(panel, 4)).to_be_focused()

    lab_page.keyboard.press("Escape")
    lab_page.keyboard.press("Alt+u")
    expect(chip(panel, 4)).to_have_accessible_name("Step load, follows the cell above, no problems")
    lab_page.keyboard.press("Alt+Shift+U")
    expect(chip(panel, 4)).to_have_accessible_name("Step show, no problems")
    assert tags(lab, lab_page, "keys.ipynb")[4] == ["step:show"]


def test_the_server_refuses_beside_the_field(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "refused.ipynb", SHORT)
    panel = open_notebook(lab_page, "refused.ipynb")
    chip(panel, 5).click()
    name = editor(lab_page).get_by_label("Step", exact=True)
    name.fill("a/b")
    expect(editor(lab_page).get_by_role("alert")).to_contain_text("'/'")
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(editor(lab_page).get_by_role("button", name="Apply")).to_be_disabled()
    name.fill("train")
    expect(editor(lab_page).get_by_role("alert")).to_have_count(0)
    editor(lab_page).get_by_text("How the step train runs").click()
    editor(lab_page).get_by_label("Memory").fill("4 elephants")
    expect(editor(lab_page).get_by_role("alert")).to_contain_text("is not a quantity")
    shoot("editor-refused")
    lab_page.keyboard.press("Enter")
    expect(editor(lab_page)).to_be_visible()
    assert tags(lab, lab_page, "refused.ipynb")[5] == ["step:train"]


def test_every_field_of_the_editor_reaches_the_file(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "fields.ipynb", SHORT)
    panel = open_notebook(lab_page, "fields.ipynb")
    chip(panel, 5).click()
    form = editor(lab_page)
    form.get_by_label("load").check()
    form.get_by_text("How the step train runs").click()
    texts = {
        "CPU cores": "0.5",
        "Memory": "4Gi",
        "GPUs": "1",
        "Kind of GPU": "amd.com/gpu",
        "Retries": "2",
        "Time limit": "30m",
        "Container image": "python:3.12-slim",
        "Environment variables, one on each line": "LEVEL=info\nMODE=a=b",
    }
    for label, text in texts.items():
        form.get_by_label(label, exact=True).fill(text)
    form.get_by_label("Results of earlier runs").select_option(label="Never use them")
    shoot("editor")
    form.get_by_role("button", name="Apply").click()
    expect(form).to_have_count(0)
    cell = saved(lab, lab_page, "fields.ipynb").cells[5]
    assert cell.metadata["tags"] == ["step:train", "prev:load"]
    assert cell.metadata["kfjlab"] == {
        "resources": {"cpu": 0.5, "memory": "4Gi", "gpu": {"count": 1, "kind": "amd.com/gpu"}},
        "retries": 2,
        "timeout": "30m",
        "image": "python:3.12-slim",
        "cache": False,
        "env": {"LEVEL": "info", "MODE": "a=b"},
    }
    chip(panel, 5).click()
    for label, text in texts.items():
        expect(form.get_by_label(label, exact=True)).to_have_value(text)
    form.get_by_label("load").uncheck()
    for label in texts:
        form.get_by_label(label, exact=True).fill("")
    form.get_by_label("Results of earlier runs").select_option("")
    form.get_by_role("button", name="Apply").click()
    expect(form).to_have_count(0)
    assert "kfjlab" not in saved(lab, lab_page, "fields.ipynb").cells[5].metadata


def test_a_role_is_chosen(lab: Lab, lab_page: Page) -> None:
    write(lab, "roles.ipynb", SHORT)
    panel = open_notebook(lab_page, "roles.ipynb")
    for role, tag in {
        "Skipped": ["skip"],
        "Metrics": ["pipeline-metrics"],
        "Follows the cell above": [],
    }.items():
        chip(panel, 5).click()
        editor(lab_page).get_by_label("Role").select_option(label=role)
        editor(lab_page).get_by_role("button", name="Apply").click()
        expect(editor(lab_page)).to_have_count(0)
        assert [t for t in tags(lab, lab_page, "roles.ipynb")[5] if not t.startswith("step:")] == tag


def test_a_problem_is_shown_and_mended(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "mend.ipynb", [*SHORT, code("print(y)", "Step:report")])
    panel = open_notebook(lab_page, "mend.ipynb")
    expect(chip(panel, 6)).to_have_accessible_name("Step train, follows the cell above, 1 problem (Warning)")
    select(lab_page, 0, 0)
    lab_page.get_by_role("button", name="2 steps · 1 problem").click()
    expect(panel.locator(".jp-Cell").nth(6)).to_contain_class("jp-mod-active")
    chip(panel, 6).click()
    problems = editor(lab_page).get_by_role("list", name="Problems")
    expect(problems.get_by_role("listitem")).to_have_count(1)
    shoot("editor-problem")
    problems.get_by_role("button").click()
    expect(chip(panel, 6)).to_have_accessible_name("Step report, no problems")
    expect(problems).to_have_count(0)
    assert tags(lab, lab_page, "mend.ipynb")[6] == ["step:report"]


def test_many_cells_become_a_step_which_is_renamed_and_cleared(lab: Lab, lab_page: Page) -> None:
    cells = [code("x = 1"), code("y = x"), code("z = y"), code("print(z)", "step:show", "prev:all")]
    write(lab, "many.ipynb", cells)
    panel = open_notebook(lab_page, "many.ipynb")
    expect(chip(panel, 3)).to_be_attached()
    select(lab_page, 0, 2)
    run(lab_page, "kfjlab:tag-cell")
    form = lab_page.get_by_role("dialog", name="Step of the 3 selected cells")
    expect(form.locator("input")).to_be_focused()
    lab_page.keyboard.type("all")
    expect(form.get_by_role("button", name="Apply")).to_be_enabled()
    lab_page.keyboard.press("Enter")
    expect(form).to_have_count(0)
    name = "many.ipynb"
    assert tags(lab, lab_page, name) == [["step:all"], ["step:all"], ["step:all"], ["step:show", "prev:all"]]

    select(lab_page, 1, 1)
    lab_page.evaluate("window.jupyterapp.commands.execute('kfjlab:rename-step')")
    form = lab_page.get_by_role("dialog", name="New name of the step all")
    expect(form.locator("input")).to_be_focused()
    lab_page.keyboard.type("show")
    expect(form.get_by_role("alert")).to_contain_text("There is a step 'show' already")
    form.locator("input").fill("everything")
    lab_page.keyboard.press("Enter")
    expect(form).to_have_count(0)
    renamed = [["step:everything"]] * 3
    assert tags(lab, lab_page, name) == [*renamed, ["step:show", "prev:everything"]]
    run(lab_page, "kfjlab:undo-tagging")
    assert tags(lab, lab_page, name)[3] == ["step:show", "prev:all"]
    run(lab_page, "kfjlab:redo-tagging")

    select(lab_page, 1, 2)
    run(lab_page, "kfjlab:clear-tags")
    expect(chip(panel, 1)).to_have_accessible_name("Step everything, follows the cell above, no problems")
    assert tags(lab, lab_page, name) == [["step:everything"], [], [], ["step:show", "prev:everything"]]


def test_a_read_only_notebook_shows_its_steps_and_says_why_they_stay(
    lab: Lab, lab_page: Page, shoot: Shoot
) -> None:
    write(lab, "locked.ipynb", SHORT)

    def read_only(route: Any) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "writable": False})

    lab_page.route("**/api/contents/locked.ipynb?*", read_only)
    panel = open_notebook(lab_page, "locked.ipynb")
    chip(panel, 5).click()
    expect(editor(lab_page).get_by_role("status")).to_contain_text("read-only")
    expect(editor(lab_page).get_by_label("Step", exact=True)).to_be_disabled()
    expect(editor(lab_page).get_by_role("button", name="Apply")).to_be_disabled()
    shoot("editor-read-only")
    editor(lab_page).get_by_role("button", name="Cancel").click()
    for command in ("clear-tags", "rename-step", "undo-tagging"):
        assert not lab_page.evaluate("id => window.jupyterapp.commands.isEnabled(id)", f"kfjlab:{command}"), (
            command
        )


def test_hostile_names_and_sources_are_text(lab: Lab, lab_page: Page) -> None:
    evil = "<img src=x onerror=window.hurt=1>"
    write(
        lab,
        "evil.ipynb",
        [
            code("x = 1", f"step:{evil}", f"prev:{evil}"),
            code(f"print('{evil}', {{}})\n[missing\x1b[31m", "step:b", kfjlab={"step": evil, evil: evil}),
        ],
    )
    panel = open_notebook(lab_page, "evil.ipynb")
    expect(chip(panel, 0)).to_be_visible()
    chip(panel, 0).click()
    expect(editor(lab_page).get_by_role("list", name="Problems")).to_contain_text("<img")
    expect(lab_page.locator(".kfj-Popover img, .kfj-Chip img")).to_have_count(0)
    assert lab_page.evaluate("window.hurt") is None


def test_the_property_inspector_has_the_same_editor(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "inspector.ipynb", SHORT)
    panel = open_notebook(lab_page, "inspector.ipynb")
    expect(chip(panel, 5)).to_be_attached()
    run(lab_page, "property-inspector:show-panel")
    select(lab_page, 5, 5)
    form = lab_page.get_by_role("form", name="Cell in the pipeline")
    expect(form.get_by_label("Step", exact=True)).to_have_value("train")
    select(lab_page, 3, 3)
    expect(form.get_by_label("Step", exact=True)).to_have_value("load")
    form.get_by_label("Step", exact=True).fill("fetch")
    form.get_by_role("button", name="Apply").click()
    expect(chip(panel, 3)).to_have_accessible_name("Step fetch, no problems")
    shoot("inspector")


def test_typing_and_moving_are_followed(lab: Lab, lab_page: Page) -> None:
    write(lab, "live.ipynb", SHORT)
    panel = open_notebook(lab_page, "live.ipynb")
    expect(chip(panel, 5)).to_have_accessible_name("Step train, no problems")
    panel.locator(".jp-Cell").nth(5).locator(".cm-content").click()
    lab_page.keyboard.press("Control+End")
    lab_page.keyboard.type("\nnobody")
    expect(chip(panel, 5)).to_have_accessible_name("Step train, 1 problem (Error)")
    select(lab_page, 5, 5)
    run(lab_page, "notebook:insert-cell-below")
    expect(chip(panel, 6)).to_have_accessible_name("Not part of a step, no problems")
    panel.locator(".jp-Cell").nth(6).locator(".cm-content").click()
    lab_page.keyboard.type("z + 2")
    expect(chip(panel, 6)).to_have_accessible_name("Step train, follows the cell above, no problems")
    select(lab_page, 6, 6)
    run(lab_page, "notebook:change-cell-to-markdown")
    expect(panel.locator(".jp-Cell").nth(6).locator(".kfj-Chip-button")).to_have_count(0)
    run(lab_page, "notebook:change-cell-to-code")
    expect(chip(panel, 6)).to_be_attached()
    run(lab_page, "notebook:move-cell-up")
    expect(chip(panel, 6)).to_have_accessible_name("Step train, 1 problem (Error)")
    select(lab_page, 6, 6)
    run(lab_page, "notebook:delete-cell")
    expect(lab_page.get_by_role("button", name="1 step · no problems")).to_be_visible()
