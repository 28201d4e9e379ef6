"""How soon the first node of the graph runs after a click on Run."""

from __future__ import annotations

import itertools
import sys

from playwright.sync_api import Page

from .harness import Sample, Summary, interleaved, process, scratch, seconds
from .labs import WITH, Site, command, open_notebook, open_panel, sites
from .notebooks import write_notebook
from .report import Aim, Row, failures_of

SOON = Aim("≤ 300 ms", 0.3, seconds)
ROUNDS = 2
"""Rounds for each that was asked for."""
PEER = "an interpreter that imports IPython"

# From the event of the click to the frame in which the node is seen to run.
STOPWATCH = """() => {
  const node = () => document.querySelector('.kfj-Panel svg [data-step=first] .kfj-mod-running');
  const began = new Promise(done =>
    document.addEventListener('click', event => done(event.timeStamp), {capture: true, once: true}));
  const seen = new Promise(done => {
    const observer = new MutationObserver(() => {
      if (node()) {
        observer.disconnect();
        requestAnimationFrame(() => done(performance.now()));
      }
    });
    observer.observe(document.querySelector('.kfj-Panel'), {subtree: true, childList: true, attributes: true});
  });
  window.measured = Promise.all([began, seen]).then(([start, end]) => end - start);
}"""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    numbers = itertools.count()
    with scratch() as folder, sites(folder) as both:
        site = both[WITH]
        found = interleaved(
            {
                WITH: lambda: _click(site, next(numbers)),
                PEER: lambda: process([sys.executable, "-c", "import IPython"]),
            },
            repetitions * ROUNDS,
        )
    return [_row(found[WITH], found[PEER])]


def _click(site: Site, number: int) -> Sample:
    """A notebook without parameters that was never run, with a step that takes long enough to be seen running."""
    name = f"click-{number}.ipynb"
    cells = [("import time", ["imports"]), (f"time.sleep(3)\nn = {number}", ["step:first"])]
    write_notebook(site.lab.files / name, [*cells, ("print(n)", ["step:second"])])
    with site.page() as page:
        open_notebook(page, name)
        open_panel(page)
        took = _timed(page)
        page.locator(".kfj-Panel svg [data-step=second] .kfj-mod-succeeded").wait_for(state="attached")
        command(page, "notebook:shutdown-kernel")
    return Sample(took)


def _timed(page: Page) -> float:
    button = page.locator(".kfj-Panel").get_by_role("button", name="Run", exact=True)
    button.wait_for()
    page.wait_for_timeout(2000)  # what opening the notebook has caused is over
    page.evaluate(STOPWATCH)
    button.click()
    return float(page.evaluate("window.measured")) / 1000


def _row(ours: Summary, theirs: Summary) -> Row:
    failures = failures_of(kfjlab=ours, **{PEER: theirs})
    ratio = "" if failures else f"{ours.median / theirs.median:.1f}×"
    verdict = "" if failures else SOON.verdict(ours.median)
    return Row(
        "click on Run to the first node running", str(ours), PEER, str(theirs), ratio, verdict, failures
    )
