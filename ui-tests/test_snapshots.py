"""The comparison of kept pictures: it sees what a person would."""

from __future__ import annotations

from pathlib import Path

import pytest
import snapshots
from PIL import Image
from snapshots import MadeWith, Unlike, compare, differing, keep

HERE = MadeWith("156", "4.6", "Linux x86_64", "abc")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "snapshots"
    monkeypatch.setattr(snapshots, "KEPT", folder)
    monkeypatch.setattr(snapshots, "MADE_WITH", folder / "made-with.json")
    keep({"screen": grey(100)}, HERE)


def grey(value: int, width: int = 50) -> Image.Image:
    return Image.new("RGB", (width, 40), (value, value, value))


def test_the_same_is_like_it(tmp_path: Path) -> None:
    compare({"screen": grey(100)}, tmp_path)
    compare({"screen": grey(103)}, tmp_path)  # nobody sees that


def test_another_colour_is_unlike_it_and_shown(tmp_path: Path) -> None:
    changed = grey(100)
    changed.paste((100, 100, 140), (10, 10, 13, 20))  # the strip of a node
    with pytest.raises(
        Unlike, match=r"screen: 30 pixels differ, within \(10, 10, 13, 20\); see .*unlike-screen"
    ):
        compare({"screen": changed}, tmp_path)
    with Image.open(tmp_path / "unlike-screen.png") as shown:
        assert shown.size == (150, 40)
        assert shown.getpixel((111, 15)) == (255, 255, 255) and shown.getpixel((120, 15)) == (0, 0, 0)


def test_another_size_and_a_new_screen_are_told(tmp_path: Path) -> None:
    with pytest.raises(Unlike, match="60 × 40 pixels instead of 50 × 40") as raised:
        compare({"screen": grey(100, 60), "new": grey(1)}, tmp_path)
    raised.match("new: there is no picture of it yet")


def test_another_browser_or_font_is_told() -> None:
    assert differing(HERE) is None
    other = differing(MadeWith("157", "4.6", "Linux x86_64", "abd"))
    assert other == "chromium 156, now 157; letters abc, now abd"
