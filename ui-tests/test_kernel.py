"""A step's variables are loaded into a notebook's kernel: what they replace is kept, and what stands in the way is told."""

from __future__ import annotations

from collections.abc import Callable

from notebook_pages import run as command
from playwright.sync_api import Page, expect
from run_pages import failing, run_page
from serving import Lab

WITHOUT_KFJLAB = """import sys

class Without:
    @staticmethod
    def find_spec(name, *_):
        if name == 'kfjlab':
            raise ModuleNotFoundError("No module named 'kfjlab'", name=name)

for name in [name for name in sys.modules if name.partition('.')[0] == 'kfjlab']:
    del sys.modules[name]
sys.meta_path.insert(0, Without)
"""
"""Makes a kernel's Python one without kfjlab."""
SESSION = "window.jupyterapp.shell.currentWidget.sessionContext"


def loading_tells(page: Page, run: str, told: str, more: str) -> None:
    """Load the variables of a run's failed step, which ends with a notice that has both texts."""
    run_page(page, run).get_by_role("button", name="Load into kernel").click()
    notice = page.locator(".Toastify__toast").filter(has_text=told)
    expect(notice).to_contain_text(more, timeout=60_000)


def test_variables_come_into_the_kernel(lab_page: Page, lab: Lab, shoot: Callable[[str], None]) -> None:
    run = failing(lab, "loads.ipynb")
    loading_tells(lab_page, run, "before step “use”", "words")
    shoot("run-loaded")
    panel = lab_page.locator(".jp-NotebookPanel:visible")
    value = lab_page.evaluate(
        """async () => {
          const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
          const future = kernel.requestExecute({code: '', user_expressions: {x: 'x', words: 'words'}});
          const reply = await future.done;
          return Object.values(reply.content.user_expressions).map(each => each.data['text/plain']);
        }"""
    )
    assert value == ["20", "{'a': 1}"]
    expect(panel).to_be_visible()
    lab_page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def test_what_was_in_the_kernel_is_not_lost(lab_page: Page, lab: Lab, shoot: Callable[[str], None]) -> None:
    run = failing(lab, "keeps.ipynb")

    # No kernel.
    command(
        lab_page, "docmanager:open", path="keeps.ipynb", factory="Notebook", kernel={"shouldStart": False}
    )
    lab_page.wait_for_function(f"() => {SESSION}?.isReady")
    lab_page.evaluate(f"() => {SESSION}.shutdown()")
    loading_tells(lab_page, run, "has no kernel to load variables into", "Kernel → Change Kernel…")
    shoot("run-load-no-kernel")

    # One with a variable of the same name.
    lab_page.evaluate(f"() => {SESSION}.changeKernel({{name: 'python3'}})")
    execute = """async code => {
      const kernel = SESSION.session.kernel;
      const future = kernel.requestExecute({code, user_expressions: {x: 'x, kfjlab_replaced'}});
      return (await future.done).content.user_expressions.x.data?.['text/plain'];
    }""".replace("SESSION", SESSION)
    lab_page.evaluate(execute, "x = 'mine'")
    loading_tells(lab_page, run, "Replaced: x", "what was there is in kfjlab_replaced")
    shoot("run-load-replaced")
    expect(lab_page.locator(".jp-NotebookPanel:visible")).to_be_visible()
    assert lab_page.evaluate(execute, "") == "(20, {'x': ['mine']})"

    # One whose Python has no kfjlab.
    lab_page.evaluate(execute, WITHOUT_KFJLAB)
    loading_tells(lab_page, run, "kfjlab is not installed", "%pip install kfjlab")
    shoot("run-load-no-kfjlab")
    lab_page.evaluate(f"() => {SESSION}.shutdown()")
