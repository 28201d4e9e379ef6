"""Help → About kfjlab, as a person uses it."""

from __future__ import annotations

import platform
from collections.abc import Callable

from playwright.sync_api import Locator, Page, Route, expect

import kfjlab


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog").filter(has_text="About kfjlab")


def row(about: Locator, label: str) -> Locator:
    header = about.page.get_by_role("rowheader", name=label, exact=True)
    return about.get_by_role("row").filter(has=header)


def open_from_help_menu(page: Page) -> Locator:
    page.get_by_role("menuitem", name="Help", exact=True).click()
    page.get_by_role("menuitem", name="About kfjlab").click()
    return dialog(page)


def test_the_help_menu_tells_what_the_server_runs(lab_page: Page, shoot: Callable[[str], None]) -> None:
    about = open_from_help_menu(lab_page)
    expect(row(about, "kfjlab")).to_contain_text(kfjlab.__version__)
    expect(row(about, "Python")).to_contain_text(platform.python_version())
    expect(row(about, "Kernels")).to_contain_text("(default)")
    shoot("about")
    about.get_by_role("button", name="Close").click()
    expect(dialog(lab_page)).to_have_count(0)


def test_the_palette_has_the_command(lab_page: Page) -> None:
    lab_page.keyboard.press("ControlOrMeta+Shift+C")
    lab_page.locator(".lm-CommandPalette-input:visible").fill("kubeflow about")
    lab_page.locator(".lm-CommandPalette-item:visible").filter(has_text="About kfjlab").click()
    expect(dialog(lab_page).get_by_role("table")).to_be_visible()


def test_a_server_without_the_extension_is_told_with_the_remedy(
    lab_page: Page, shoot: Callable[[str], None]
) -> None:
    def absent(route: Route) -> None:
        route.fulfill(status=404, json={"message": "Not Found"})

    lab_page.route("**/kfjlab/about*", absent)
    about = open_from_help_menu(lab_page)
    alert = about.get_by_role("alert")
    expect(alert).to_contain_text("jupyter server extension enable kfjlab")
    shoot("about-not-enabled")

    lab_page.unroute("**/kfjlab/about*", absent)
    alert.get_by_role("button", name="Try again").click()
    expect(row(about, "kfjlab")).to_contain_text(kfjlab.__version__)
