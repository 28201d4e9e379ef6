"""What a large notebook takes of the tab's memory, with kfjlab and without."""

from __future__ import annotations

from .harness import Sample, Summary, interleaved, scratch
from .labs import WITH, WITHOUT, Site, open_notebook, open_panel, sites
from .notebooks import write_notebook
from .redraw import steps
from .report import Row, failures_of, times

CELLS = 1000
NAME = "memory.ipynb"
PANEL = "with kfjlab, its panel open"


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    with scratch() as folder, sites(folder) as both:
        for site in both.values():
            write_notebook(site.lab.files / NAME, steps(CELLS))
        found = interleaved(
            {
                WITH: lambda: _heap(both[WITH]),
                PANEL: lambda: _heap(both[WITH], panel=True),
                WITHOUT: lambda: _heap(both[WITHOUT]),
            },
            repetitions,
        )
    theirs = found[WITHOUT]
    return [
        _row(f"notebook of {CELLS:,} cells{more}, the tab's heap", found[name], theirs)
        for name, more in ((WITH, ""), (PANEL, ", graph in the panel"))
    ]


def _heap(site: Site, panel: bool = False) -> Sample:
    """Bytes of live objects of the page's scripts when the notebook is open and idle."""
    with site.page() as page:
        open_notebook(page, NAME)
        if panel:
            open_panel(page)
        page.wait_for_timeout(5000)  # JupyterLab draws more cells while nothing else is to be done
        session = page.context.new_cdp_session(page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
        return Sample(0.0, memory=int(metrics["JSHeapUsedSize"]))


def _row(what: str, ours: Summary, theirs: Summary) -> Row:
    failures = failures_of(kfjlab=ours, **{WITHOUT: theirs})
    if failures:
        return Row(what, str(ours), WITHOUT, str(theirs), failures=failures)
    return Row(what, mib(ours.memory), WITHOUT, mib(theirs.memory), times(ours.memory / theirs.memory))


def mib(size: int) -> str:
    """A size for people."""
    return f"{size / 2**20:.0f} MiB"
