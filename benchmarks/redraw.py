"""How long the graph takes to follow what is typed, and how smoothly a large one moves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playwright.sync_api import Page

from .harness import Sample, Summary, interleaved, scratch, seconds
from .labs import WITH, open_notebook, open_panel, sites
from .notebooks import write_notebook
from .report import Aim, Row, failures_of

CELLS = (20, 200, 1000)
SOON = Aim("≤ 100 ms", 0.1, seconds)
ROUNDS = 4
"""Rounds for each that was asked for: these times are short."""
PARTS = ("wait", "server", "drawing")

# A key changes which step the last one reads from. The clock starts with the key itself, and stops after the frame in which the change
# is seen.
STOPWATCH = """() => {
  const frame = () => new Promise(done => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => done(performance.now());
    port2.postMessage(null);
  }));
  const seen = (node, look) => new Promise(done => {
    const check = () => { if (look()) { observer.disconnect(); frame().then(done); } };
    const observer = new MutationObserver(check);
    observer.observe(node, {subtree: true, childList: true, attributes: true, characterData: true});
  });
  window.stopwatch = link => {
    const wanted = `[data-link="${CSS.escape(link)}"]`;
    performance.clearResourceTimings();
    const began = new Promise(done =>
      document.addEventListener('keydown', event => done(event.timeStamp), {capture: true, once: true}));
    const editor = document.querySelector('.jp-mod-active .cm-content');
    const text = editor.textContent;
    const letter = seen(editor, () => editor.textContent !== text);
    const graph = document.querySelector('.kfj-Panel .kfj-Graph');
    const drawn = seen(graph, () => graph.querySelector(wanted) !== null);
    window.measured = Promise.all([began, letter, drawn]).then(([start, shown, end]) => {
      const asked = performance.getEntriesByType('resource').filter(one =>
        one.name.includes('kfjlab/notebook/analysis') && one.startTime >= start && one.responseEnd <= end).pop();
      return {all: end - start, letter: shown - start,
        wait: asked.startTime - start, server: asked.responseEnd - asked.startTime, drawing: end - asked.responseEnd};
    });
  };
}"""

# Frames that take longer than 50 ms are felt; the browser itself tells of them.
LONG_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver(list => window.longTasks.push(...list.getEntries().map(one => one.duration)))
    .observe({type: 'longtask'});
}"""


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    rows: list[Row] = []
    with scratch() as folder, sites(folder) as both:
        site = both[WITH]
        for count in CELLS:
            name = f"{count}.ipynb"
            write_notebook(site.lab.files / name, steps(count))
            with site.page() as page:
                _begin_typing(page, name, count)
                found = interleaved({f"{count} steps": lambda: _key(page, count)}, repetitions * ROUNDS)  # noqa: B023
            rows += _rows(count, found[f"{count} steps"])
            if count == 200:
                with site.page() as page:
                    rows.append(_moving(page, name))
    return rows


def steps(count: int) -> list[tuple[str, list[str]]]:
    """Cells of a notebook, a step each: most read the one before, each fourth also one far above, as notebooks do."""
    cells = [("v1 = 1", ["step:s1"])]
    for i in range(2, count + 1):
        far = f" + v{max(1, i - 2 - i * 7 % 29)}" if i % 4 == 0 else ""
        before = i - 1 if i % 3 else max(1, i - 3)
        cells.append((f"v{i} = v{before}{far}", [f"step:s{i}"]))
    cells[-1] = (f"v{count} = v1", [f"step:s{count}"])
    return cells


def _begin_typing(page: Page, name: str, count: int) -> None:
    """Put the cursor at the end of the last cell, with the graph in the panel."""
    open_notebook(page, name)
    open_panel(page)
    page.locator(f".kfj-Panel svg [data-step=s{count}]").wait_for(state="attached")
    page.evaluate(
        """async () => {
          const { content } = window.jupyterapp.shell.currentWidget;
          content.activeCellIndex = content.widgets.length - 1;
          await content.scrollToItem(content.activeCellIndex);
          await content.activeCell.ready;
          content.mode = 'edit';
          content.activeCell.editor.setCursorPosition({line: 0, column: content.activeCell.editor.getLine(0).length});
          content.activeCell.editor.focus();
        }"""
    )
    page.evaluate(STOPWATCH)


def _key(page: Page, count: int) -> Sample:
    """Type a digit, which gives the last step another source, and take it back, which is not counted."""
    times = _timed(page, "1", f"s11\\ns{count}")
    _timed(page, "Backspace", f"s1\\ns{count}")
    return Sample(times["all"] / 1000, parts={name: value / 1000 for name, value in times.items()})


def _timed(page: Page, key: str, link: str) -> Mapping[str, float]:
    page.wait_for_timeout(500)  # what the key before has caused is over
    page.evaluate(f"window.stopwatch('{link}')")
    page.keyboard.press(key)
    found: Mapping[str, float] = page.evaluate("window.measured")
    return found


def _rows(count: int, found: Summary) -> list[Row]:
    what = f"key to graph, {count:,} steps"
    if found.failure:
        return [Row(what, str(found), "", "", failures=failures_of(kfjlab=found))]
    letter = found.part("letter")
    parts = ", ".join(f"{name} {seconds(found.part(name).median)}" for name in PARTS)
    return [
        Row(
            what,
            str(found),
            "the key's letter in the editor",
            str(letter),
            f"{found.median / letter.median:.1f}×; {parts}",
            SOON.verdict(found.median) if count == 200 else "",
        )
    ]


def _moving(page: Page, name: str) -> Row:
    """A graph of 200 steps is moved, zoomed and walked through."""
    open_notebook(page, name)
    open_panel(page)
    page.evaluate(LONG_TASKS)
    frame = page.locator(".kfj-Panel .kfj-Graph-frame")
    box: Any = frame.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    moves = 0
    page.mouse.move(x, y)
    for delta in (60, -60) * 15:
        page.mouse.wheel(0, delta)
        moves += 1
    page.keyboard.down("Control")
    for delta in (40, -40) * 15:
        page.mouse.wheel(0, delta)
        moves += 1
    page.keyboard.up("Control")
    page.locator(".kfj-Panel svg [data-step=s1]").focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
        page.keyboard.press(" ")
        moves += 2
    tasks: list[float] = page.evaluate("window.longTasks")
    worst = f", the longest {seconds(max(tasks) / 1000)}" if tasks else ""
    return Row(
        "graph of 200 steps moved, zoomed, walked through",
        f"{len(tasks)} tasks longer than 50 ms during {moves} keys and turns of the wheel{worst}",
        "",
        "",
        aim=f"without stutter: {'**missed**' if tasks else 'reached'}",
    )
