"""Pictures of screens that are kept, and compared with what is drawn now. A browser draws the same to the pixel only with the same
version and fonts: so they say what they were made with, and are compared where that is the same."""

from __future__ import annotations

import hashlib
import io
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Locator, Page

KEPT = Path(__file__).with_name("snapshots")
MADE_WITH = KEPT / "made-with.json"

DIFFERENCE = 8
"""Of 255: what a channel of a pixel may differ by. Less is not seen."""
PIXELS = 12
"""How many pixels may differ: the rounding of a curve; not the edge of a node, or a letter."""

LETTERS = """() => ['--jp-ui-font-family', '--jp-code-font-family'].map(name => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [600, 60];
  const pen = canvas.getContext('2d');
  for (const [row, weight] of ['normal', 'bold'].entries()) {
    pen.font = `${weight} 13px ${getComputedStyle(document.body).getPropertyValue(name)}`;
    pen.fillText('The quick brown fox · 0123456789 ≠ “→” … AVATAR fi', 2, 20 + 25 * row);
  }
  return canvas.toDataURL();
}).join()"""
"""Draws letters in JupyterLab's fonts: the same only with the same fonts, and with what draws them."""

STILL = """(element, ids) => {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    const told = ids.reduce((told, id) => told.replaceAll(id, 'abcdefghij'), text.data)
      .replace(/\\b(\\d+ h \\d\\d min|\\d+ min \\d\\d s|\\d+(\\.\\d)? s)\\b/g, '1.0 s')
      .replace(/\\bjust now\\b|\\b\\d+ min ago\\b/g, 'just now')
      .replace(/\\b\\w{3} \\d{1,2}, \\d{4}, \\d{1,2}:\\d\\d:\\d\\d.[AP]M/g, 'Jan 1, 2000, 1:00:00 AM')
      .replace(/\\b\\d+(\\.\\d+)? [kMG]B\\b/g, '100 MB');
    if (told !== text.data) text.data = told;
  }
}"""
"""Puts the same texts in the place of ids, times and sizes, which are others in each run."""


class Unlike(AssertionError):
    """Screens do not look as they did; the message says which, and where the difference is shown."""


@dataclass(frozen=True)
class MadeWith:
    """What a screen looks like depends on."""

    chromium: str
    jupyterlab: str
    platform: str
    letters: str


def made_with(page: Page) -> MadeWith:
    browser = page.context.browser
    assert browser is not None
    return MadeWith(
        chromium=browser.version.partition(".")[0],
        jupyterlab=".".join(page.evaluate("() => window.jupyterapp.version").split(".")[:2]),
        platform=f"{platform.system()} {platform.machine()}",
        letters=hashlib.sha256(page.evaluate(LETTERS).encode()).hexdigest()[:16],
    )


def differing(now: MadeWith) -> str | None:
    """What the kept pictures were made with that is another now; None when nothing is."""
    kept = json.loads(MADE_WITH.read_text())
    others = [f"{key} {kept[key]}, now {value}" for key, value in asdict(now).items() if kept[key] != value]
    return "; ".join(others) or None


def picture(shown: Locator, ids: Sequence[str]) -> Image.Image:
    """A part of the page, without what is another in each run, such as these ids."""
    shown.evaluate(STILL, list(ids))
    taken = shown.screenshot(animations="disabled", caret="hide")
    return Image.open(io.BytesIO(taken)).convert("RGB")


def keep(pictures: Mapping[str, Image.Image], now: MadeWith) -> None:
    """Write the pictures, instead of those of the same names."""
    KEPT.mkdir(exist_ok=True)
    for name, taken in pictures.items():
        taken.save(KEPT / f"{name}.png", optimize=True)
    MADE_WITH.write_text(json.dumps(asdict(now), indent=2) + "\n")


def compare(pictures: Mapping[str, Image.Image], shots: Path) -> None:
    """Raises :class:`Unlike`; ``shots`` gets a picture of each difference: as it was, as it is, and where."""
    unlike = []
    for name, taken in pictures.items():
        file = KEPT / f"{name}.png"
        if not file.exists():
            unlike.append(f"{name}: there is no picture of it yet")
            continue
        with Image.open(file) as opened:
            before, after = opened.convert("RGB"), taken
        if before.size != after.size:
            told = f"{after.width} × {after.height} pixels instead of {before.width} × {before.height}"
            where = Image.new("L", (1, 1))
        else:
            where = pixels(before, after)
            count = where.histogram()[255]
            if count <= PIXELS:
                continue
            told = f"{count} pixels differ, within {where.getbbox()}"
        beside(before, after, where).save(shots / f"unlike-{name}.png")
        unlike.append(f"{name}: {told}; see {shots / f'unlike-{name}.png'}")
    if unlike:
        raise Unlike("Screens do not look as they did:\n" + "\n".join(unlike))


def pixels(before: Image.Image, after: Image.Image) -> Image.Image:
    """White where two pictures of the same size differ, else black."""
    red, green, blue = ImageChops.difference(before, after).split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return most.point([0] * (DIFFERENCE + 1) + [255] * (255 - DIFFERENCE))


def beside(*pictures: Image.Image) -> Image.Image:
    drawn = Image.new("RGB", (sum(each.width for each in pictures), max(each.height for each in pictures)))
    left = 0
    for each in pictures:
        drawn.paste(each.convert("RGB"), (left, 0))
        left += each.width
    return drawn
