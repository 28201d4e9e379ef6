"""Every screen, in both themes: no serious finding of axe-core (https://github.com/dequelabs/axe-core), and the main ones look as in
`snapshots/`. `pytest ui-tests/test_screens.py --update-snapshots` keeps how they look now."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import SHOTS, open_lab
from PIL import Image
from playwright.sync_api import Browser
from run_pages import ask
from screens import dark, faults
from serving import serving
from snapshots import KEPT, MadeWith, compare, differing, keep, made_with, picture
from walk import screens


@dataclass
class Seen:
    """What was seen in a walk through all screens."""

    theme: str
    made_with: MadeWith
    faults: list[str] = field(default_factory=list)
    pictures: dict[str, Image.Image] = field(default_factory=dict)


@pytest.fixture(scope="module", params=["light", "dark"])
def seen(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    browser: Browser,
    browser_context_args: dict[str, Any],
) -> Seen:
    theme: str = request.param
    with (
        serving(tmp_path_factory.mktemp("walk")) as lab,
        browser.new_context(**browser_context_args) as context,
    ):
        page = context.new_page()
        open_lab(page, lab)
        with dark(page) if theme == "dark" else nullcontext():
            found = Seen(theme, made_with(page))
            for screen in screens(lab, page):
                if screen.ours:
                    found.faults += [f"{screen.name}: {fault}" for fault in faults(page, screen.selector)]
                if screen.kept:
                    ids = [one["id"] for one in ask(lab, "runs")["runs"]]
                    shown = page.locator(f"{screen.selector}:visible").first
                    found.pictures[f"{screen.name}-{theme}"] = picture(shown, ids)
    return found


@pytest.mark.timeout(600)
def test_no_screen_has_a_serious_fault(seen: Seen) -> None:
    assert seen.faults == []


@pytest.mark.timeout(600)
def test_the_main_screens_look_as_they_did(seen: Seen, request: pytest.FixtureRequest) -> None:
    assert seen.pictures
    if request.config.getoption("update_snapshots"):
        keep(seen.pictures, seen.made_with)
        return
    if others := differing(seen.made_with):
        pytest.skip(
            f"ui-tests/snapshots were made with {others}: what differs is drawn differently, so nothing was compared. "
            "Look at the screens and keep them: pytest ui-tests/test_screens.py --update-snapshots"
        )
    compare(seen.pictures, SHOTS)
    kept = {file.stem for file in KEPT.glob(f"*-{seen.theme}.png")}
    assert kept == set(seen.pictures), "these snapshots are of no screen: remove them"
