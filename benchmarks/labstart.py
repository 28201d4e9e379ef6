"""What kfjlab adds to the start of JupyterLab in the browser: time, and bytes to load."""

from __future__ import annotations

import gzip
import urllib.request
from urllib.parse import urlsplit

from playwright.sync_api import CDPSession, Page

from .harness import Sample, Summary, interleaved, scratch, seconds
from .labs import WITH, WITHOUT, Site, sites
from .report import Aim, Row, compare_difference

MORE = Aim("≤ 50 ms more", 0.05, seconds)
ROUNDS = 3
"""Rounds for each that was asked for: the difference is small."""
KIB = 1024


def kib(size: float) -> str:
    """A size for people."""
    return f"{size / KIB:.0f} KiB"


SMALL = Aim("≤ 300 KiB", 300.0 * KIB, kib)


def measure(repetitions: int) -> list[Row]:
    """Rows of the table."""
    with scratch() as folder, sites(folder) as both:
        found = interleaved(
            {name: lambda site=site: _start(site) for name, site in both.items()},  # type: ignore[misc]
            repetitions * ROUNDS,
        )
        size, own = _loaded(both[WITH])
    ours, theirs = found[WITH], found[WITHOUT]
    return [
        compare_difference("JupyterLab ready in the browser", ours, WITHOUT, theirs),
        compare_difference(
            "the same, CPU time of the page's main thread",
            _cpu(ours),
            WITHOUT,
            _cpu(theirs),
            MORE,
        ),
        Row(
            "loaded at start, gzip",
            kib(own),
            "all of JupyterLab's scripts and styles",
            kib(size),
            f"{own / size:.3f}×",
            SMALL.verdict(own),
        ),
    ]


def _cpu(summary: Summary) -> Summary:
    return summary if summary.failure else summary.part("cpu")


def _start(site: Site) -> Sample:
    """The time from asking for the page to JupyterLab being ready; part ``cpu``: what the page's main thread has computed until then,
    which the machine's other work does not change much."""
    sessions: list[CDPSession] = []

    def count(page: Page) -> None:
        """Chromium counts from here on, so this comes before the page is asked for."""
        sessions.append(page.context.new_cdp_session(page))
        sessions[0].send("Performance.enable", {"timeDomain": "threadTicks"})

    with site.page(count) as page:
        metrics = {one["name"]: one["value"] for one in sessions[0].send("Performance.getMetrics")["metrics"]}
        ready = float(page.evaluate("window.restoredAt")) / 1000
        return Sample(ready, parts={"cpu": metrics["TaskDuration"]})


def _loaded(site: Site) -> tuple[int, int]:
    """Bytes of scripts and styles that a page loads until it is ready, each compressed: all, and those of kfjlab."""
    with site.page(
        lambda page: page.add_init_script("performance.setResourceTimingBufferSize(5000)")
    ) as page:
        urls: list[str] = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.name)")
    sizes = {url: _compressed(url) for url in urls if urlsplit(url).path.endswith((".js", ".css"))}
    return sum(sizes.values()), sum(size for url, size in sizes.items() if "/extensions/kfjlab/" in url)


def _compressed(url: str) -> int:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return len(gzip.compress(answer.read()))
