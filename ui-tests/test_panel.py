"""The Kubeflow panel and the graph beside a notebook, as a person uses them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from conftest import SHOTS
from notebook_pages import code, markdown, open_notebook, run, saved, write
from panel_pages import node, panel
from playwright.sync_api import Locator, Page, expect
from screens import dark
from serving import Lab

Shoot = Callable[[str], None]

UNTAGGED = [
    code("import json\nimport math"),
    code("rate = 0.5  # how fast\nrounds = 3"),
    markdown("# Load data"),
    code("rows = [{'x': i, 'y': i * rate} for i in range(10)]"),
    markdown("# Train model"),
    code("weights = [math.sqrt(row['y']) for row in rows for _ in range(rounds)]"),
    markdown("# Report"),
    code("text = json.dumps({'sum': sum(weights)})\nprint(text)"),
]

TAGGED = [
    code("import math", "imports"),
    code("rate = 0.5  # how fast\nnames = ['a']\nfast = True", "pipeline-parameters"),
    code("rows = list(range(10))\nlabels = [row % 2 for row in rows]", "step:load"),
    code("clean = [row for row in rows if row]", "step:clean"),
    code("model = sum(clean) * rate + sum(labels)", "step:train"),
    code("print(model, len(clean))", "step:report"),
]


def nodes(place: Locator) -> list[str]:
    found: list[str] = place.locator("svg g[data-step]").evaluate_all(
        "all => all.map(one => one.dataset.step)"
    )
    return found


def line(place: Locator, source: str, target: str) -> Locator:
    return place.locator(f"svg g[data-link^='{source}'][data-link$='{target}']")


def point_at(page: Page, link: Locator) -> None:
    """Put the mouse on the middle of a line, which is not that of its box."""
    x, y = link.locator(".kfj-Graph-hit").evaluate(
        """path => {
            const middle = path.getPointAtLength(path.getTotalLength() / 2);
            const place = new DOMPoint(middle.x, middle.y).matrixTransform(path.getScreenCTM());
            return [place.x, place.y];
        }"""
    )
    page.mouse.move(x, y)


def test_nothing_open_offers_examples(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    card = lab_page.locator(".jp-LauncherCard").filter(has_text="Pipelines")
    card.click()
    shown = lab_page.get_by_role("region", name="Kubeflow")
    expect(shown).to_contain_text("No notebook is open")
    shoot("panel-empty")
    shown.get_by_role("listitem").get_by_role("button").filter(has_text="tour").first.click()
    expect(node(shown, "train")).to_be_visible(timeout=30_000)
    shoot("panel-example")


def test_steps_are_suggested_changed_and_accepted(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "untagged.ipynb", UNTAGGED)
    open_notebook(lab_page, "untagged.ipynb")
    shown = panel(lab_page)
    expect(shown).to_contain_text("has no steps yet")
    shoot("panel-untagged")
    shown.get_by_role("button", name="Suggest steps").click()
    proposal = shown.get_by_role("region", name="Proposed steps")
    expect(node(proposal, "train_model")).to_be_visible()
    shoot("panel-proposal")

    names = proposal.get_by_role("textbox", name=re.compile("Name of the step"))
    names.nth(1).fill("fit")
    expect(node(proposal, "fit")).to_be_visible()
    names.nth(1).fill("no/slash")
    expect(proposal.get_by_role("alert")).to_contain_text("no/slash")
    expect(proposal.get_by_role("button", name="Accept")).to_be_disabled()
    names.nth(1).fill("fit")
    proposal.get_by_role("checkbox").last.uncheck()
    expect(node(proposal, "report")).to_have_count(0)
    proposal.get_by_role("button", name="Accept").click()

    expect(proposal).to_have_count(0)
    expect(node(shown, "fit")).to_be_visible()
    cells = saved(lab, lab_page, "untagged.ipynb").cells
    tags = [cell.metadata.get("tags") for cell in cells if cell.cell_type == "code"]
    assert tags == [["imports"], ["pipeline-parameters"], ["step:load_data"], ["step:fit"], None]

    run(lab_page, "kfjlab:undo-tagging")
    expect(shown).to_contain_text("has no steps yet")


def test_the_graph_follows_the_notebook_and_leads_into_it(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "tagged.ipynb", TAGGED)
    notebook = open_notebook(lab_page, "tagged.ipynb")
    shown = panel(lab_page)
    expect(node(shown, "report")).to_be_visible()
    assert nodes(shown) == ["load", "clean", "train", "report"]

    # what travels along a line
    point_at(lab_page, line(shown, "load", "clean"))
    expect(shown.get_by_role("tooltip")).to_contain_text("Variables: rows")
    shoot("panel-edge")
    point_at(lab_page, line(shown, "load", "train"))
    expect(shown.get_by_role("tooltip")).to_contain_text("Variables: labels")

    # a click on a node shows its cell
    node(shown, "train").click()
    expect(notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text("model = sum")
    expect(shown.get_by_role("region", name="Step train")).to_contain_text("after load (labels)")
    shoot("panel-step")

    # typing changes the graph
    notebook.locator(".jp-Cell.jp-mod-active .cm-content").click()
    lab_page.keyboard.press("Control+End")
    lab_page.keyboard.type(" + nobody")
    expect(shown).to_contain_text("nobody")
    expect(node(shown, "train")).to_have_accessible_name(re.compile("1 (error|warning)"))
    shoot("panel-problem")
    for _ in " + nobody":
        lab_page.keyboard.press("Backspace")
    expect(shown.get_by_text("nobody")).to_have_count(0)
    lab_page.keyboard.type(" + len(clean[0:rounds_of(labels)])")
    expect(shown).to_contain_text("rounds_of")
    with dark(lab_page):
        shoot("panel-problem-dark")


def test_a_problem_is_mended_by_its_fix_and_its_place_is_a_link(
    lab: Lab, lab_page: Page, shoot: Shoot
) -> None:
    cells = [code("x = 1", "step:one"), code("y = x", "step:two", "prev:oen"), code("z = y", "Step:three")]
    write(lab, "problems.ipynb", cells)
    notebook = open_notebook(lab_page, "problems.ipynb")
    shown = panel(lab_page)
    problems = shown.get_by_role("listitem").filter(has_text="oen")
    expect(problems.first).to_be_visible()
    shoot("panel-problems")
    problems.first.get_by_role("button", name="cell 2").click()
    expect(notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text("y = x")
    problems.first.locator("button.jp-mod-styled").click()
    expect(problems).to_have_count(0)
    tags = saved(lab, lab_page, "problems.ipynb").cells[1].metadata.tags
    assert "prev:one" in tags


def test_the_keyboard_is_enough(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "keys.ipynb", TAGGED)
    notebook = open_notebook(lab_page, "keys.ipynb")
    shown = panel(lab_page)
    expect(node(shown, "load")).to_be_visible()
    tab = shown.get_by_role("tab", name="Pipeline")
    tab.focus()
    lab_page.keyboard.press("ArrowRight")
    expect(shown.get_by_role("tab", name="Runs")).to_be_focused()
    lab_page.keyboard.press("ArrowLeft")
    expect(tab).to_be_focused()
    for _ in range(10):
        lab_page.keyboard.press("Tab")
        if node(shown, "load").evaluate("one => one === document.activeElement"):
            break
    expect(node(shown, "load")).to_be_focused()
    lab_page.keyboard.press("ArrowDown")
    lab_page.keyboard.press("End")
    expect(node(shown, "report")).to_be_focused()
    expect(shown.get_by_role("tooltip")).to_contain_text("after clean (clean); train (model)")
    shoot("panel-keyboard")
    lab_page.keyboard.press("ArrowUp")
    lab_page.keyboard.press("Enter")
    expect(notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text(re.compile("model = |clean = "))

    shown.get_by_role("button", name="Show as a list").press("Enter")
    steps = shown.get_by_role("list", name=re.compile("Pipeline")).get_by_role("listitem")
    expect(steps).to_have_count(4)
    expect(steps.nth(1)).to_contain_text("after load (rows)")
    shoot("panel-list")
    steps.nth(0).get_by_role("button").press("Enter")
    expect(notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text("rows = list")


def test_a_graph_beside_the_notebook_is_there_again_after_a_reload(
    lab: Lab, lab_page: Page, shoot: Shoot
) -> None:
    write(lab, "beside.ipynb", TAGGED)
    open_notebook(lab_page, "beside.ipynb")
    run(lab_page, "kfjlab:open-graph")
    main = lab_page.locator(".kfj-GraphWidget")
    expect(node(main, "train")).to_be_visible()
    shoot("graph-beside")
    with dark(lab_page):
        shoot("graph-beside-dark")
    with lab_page.expect_response(re.compile(r"/lab/api/workspaces/")):
        pass
    lab_page.goto(f"{lab.url}/lab")
    expect(node(main, "train")).to_be_visible(timeout=60_000)
    lab_page.get_by_role("tab", name="beside.ipynb", exact=True).click()
    saved(lab, lab_page, "beside.ipynb")
    lab_page.get_by_role("tab", name="beside.ipynb", exact=True).locator(".lm-TabBar-tabCloseIcon").click()
    expect(main).to_have_count(0)


FIGURE = """from IPython.display import SVG, display
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="50"><circle r="20" cx="45" cy="25"/></svg>'))"""


def test_a_run_is_asked_for_started_and_shown_in_the_graph(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    cells = [
        code("size = 3  # how many\nfast = True", "pipeline-parameters"),
        code("rows = list(range(size))", "step:load"),
        code(FIGURE, "step:draw"),
        code("share = 1 / len(rows[3:])", "step:divide"),
        code("print(share)", "step:tell"),
    ]
    write(lab, "run.ipynb", cells)
    notebook = open_notebook(lab_page, "run.ipynb")
    shown = panel(lab_page)
    shown.get_by_role("button", name="Run…").click()
    form = shown.get_by_role("form", name="Run")
    size = form.get_by_role("textbox", name=re.compile("size"))
    expect(size).to_be_focused()
    size.fill("many")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(form.get_by_role("alert")).to_contain_text("whole number")
    expect(size).to_be_focused()
    shoot("panel-form")
    size.fill("3")
    size.press("Enter")
    expect(form).to_have_count(0, timeout=20_000)

    failed = node(shown, "divide")
    expect(failed).to_have_accessible_name(re.compile("Failed"), timeout=60_000)
    expect(node(shown, "load")).to_have_accessible_name(re.compile("Succeeded"))
    expect(node(shown, "tell")).to_have_accessible_name(re.compile("Skipped"))
    expect(node(shown, "draw").locator("image")).to_have_count(1)
    expect(shown.get_by_role("status").filter(has_text="Failed")).to_be_visible()
    failed.click()
    step = shown.get_by_role("region", name="Step divide")
    expect(step.get_by_role("alert")).to_contain_text("division by zero")
    shoot("panel-failed")
    with dark(lab_page):
        shoot("panel-failed-dark")
    step.get_by_role("button", name="Go to cell 4").click()
    expect(notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text("share =")

    # with other parameters it goes well
    run(lab_page, "kfjlab:run", parameters={"size": 5})
    expect(size).to_have_value("5")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(node(shown, "tell")).to_have_accessible_name(re.compile("Succeeded"), timeout=60_000)
    expect(node(shown, "draw")).to_have_accessible_name(re.compile("Reused"))

    # and again from one step on, by its menu
    node(shown, "divide").click(button="right")
    lab_page.get_by_role("menuitem", name="Run From Here").click()
    expect(node(shown, "load")).to_have_accessible_name(re.compile("Reused"), timeout=60_000)
    expect(node(shown, "tell")).to_have_accessible_name(re.compile("Succeeded"), timeout=60_000)


def test_an_error_refuses_the_run_and_says_where(lab: Lab, lab_page: Page, shoot: Shoot) -> None:
    write(lab, "error.ipynb", [code("x = 1", "step:one"), code("y = x +", "step:two")])
    notebook = open_notebook(lab_page, "error.ipynb")
    shown = panel(lab_page)
    reason = shown.get_by_role("status").filter(has_text="must be mended")
    expect(reason).to_be_visible()
    expect(shown.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    shoot("panel-blocked")
    reason.get_by_role("button").click()
    expect(notebook.locator(".jp-Cell.jp-mod-active")).to_contain_text("y = x +")


@pytest.mark.parametrize("kind", ["svg", "png", "mermaid", "python"])
def test_the_graph_is_exported(kind: str, lab: Lab, lab_page: Page) -> None:
    write(lab, "exported.ipynb", TAGGED)
    open_notebook(lab_page, "exported.ipynb")
    expect(node(panel(lab_page), "train")).to_be_visible()
    with lab_page.expect_download() as download:
        run(lab_page, "kfjlab:export-graph", format=kind)
    path = SHOTS / f"exported.{kind}"
    download.value.save_as(path)
    content = path.read_bytes()
    if kind == "png":
        assert content.startswith(b"\x89PNG") and len(content) > 5000
    elif kind == "svg":
        text = content.decode()
        assert (
            "train" in text
            and "var(" not in text
            and "class=" not in text
            and "http://www.w3.org/2000/svg" in text
        )
    elif kind == "python":
        assert download.value.suggested_filename == "exported.py"
        assert "# %% step: train\n" in content.decode()
        compile(content, "exported.py", "exec")
    else:
        assert "train" in content.decode() and content.startswith(b"flowchart")
