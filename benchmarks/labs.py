"""JupyterLab in Chromium with kfjlab as its users get it, and without it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, sync_playwright

from .harness import ProcessFailed

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "ui-tests"))

from serving import Lab, NotStarted, chromium, serving  # noqa: E402

WITH, WITHOUT = "with kfjlab", "without kfjlab"
TIMEOUT = 300_000.0
"""Milliseconds for one thing in a page."""

RESTORED = """Object.defineProperty(window, 'jupyterapp', {
  configurable: true,
  set(app) {
    Object.defineProperty(window, 'jupyterapp', {value: app, writable: true});
    app.restored.then(() => { window.restoredAt = performance.now(); });
  }
});"""
"""Notes when JupyterLab is ready, in milliseconds since the page was asked for."""


@dataclass(frozen=True)
class Site:
    """A JupyterLab, and a browser for it whose caches are its own."""

    lab: Lab
    browser: Browser

    @contextmanager
    def page(self, before: Callable[[Page], object] = lambda page: None) -> Iterator[Page]:
        """A page with JupyterLab when it is ready. ``before``: what is done before it is asked for. Raises
        :class:`ProcessFailed`, also for what fails while the page is used."""
        page = self.browser.contexts[0].new_page()
        page.set_default_timeout(TIMEOUT)
        try:
            page.add_init_script(RESTORED)
            before(page)
            page.goto(f"{self.lab.url}/lab?reset")
            page.wait_for_function("window.restoredAt !== undefined")
            yield page
        except Error as error:
            raise ProcessFailed(f"In the page: {error}") from error
        finally:
            page.close()


@contextmanager
def sites(folder: Path) -> Iterator[dict[str, Site]]:
    """Both, by :data:`WITH` and :data:`WITHOUT`. Raises :class:`ProcessFailed` when one cannot be had."""
    extension = _built(folder / "extension")
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        found = {}
        for name, options in ((WITH, _only_ours(extension)), (WITHOUT, _none_of_ours())):
            try:
                lab = stack.enter_context(serving(folder / name.replace(" ", "-"), options))
                browser = playwright.chromium.launch(**chromium())
            except (NotStarted, Error) as error:
                raise ProcessFailed(str(error)) from error
            stack.callback(browser.close)
            browser.new_context(viewport={"width": 1280, "height": 800})
            found[name] = Site(lab, browser)
        yield found


def open_notebook(page: Page, name: str) -> None:
    """Open a notebook of the site's folder, and wait for its first cell."""
    command(page, "docmanager:open", path=name, factory="Notebook")
    page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()


def command(page: Page, name: str, **arguments: Any) -> None:
    """Execute a command of JupyterLab, and wait for it. What it gives stays in the page: it may be large."""
    page.evaluate(
        "([id, args]) => window.jupyterapp.commands.execute(id, args).then(() => null)", [name, arguments]
    )


def open_panel(page: Page) -> None:
    """Show kfjlab's panel, and wait for the graph in it."""
    command(page, "kfjlab:show-panel")
    page.locator(".kfj-Panel svg [data-step]").first.wait_for(state="attached")


def _built(folder: Path) -> Path:
    """The extension as packages contain it: the checkout's is made for developing."""
    folder.mkdir()
    for name in ("package.json", "lib", "style", "schema", "node_modules", "yarn.lock"):
        (folder / name).symlink_to(ROOT / name)
    made = subprocess.run(
        [Path(sys.executable).with_name("jupyter-builder"), "build", "."],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    if made.returncode:
        raise ProcessFailed(f"The extension could not be built:\n{made.stdout}{made.stderr}")
    return folder / "kfjlab" / "labextension"


def _only_ours(extension: Path) -> list[str]:
    """Options of a server with no other extension than kfjlab, which is in ``extension``."""
    folder = extension.parents[1] / "labextensions"
    folder.mkdir()
    (folder / "kfjlab").symlink_to(extension)
    return [f"--LabApp.labextensions_path={folder}", "--ServerApp.jpserver_extensions=kfjlab=True"]


def _none_of_ours() -> list[str]:
    return ["--LabApp.labextensions_path=/dev/null/none", "--ServerApp.jpserver_extensions=kfjlab=False"]
