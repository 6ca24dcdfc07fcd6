"""Whether a page fits its window, and keeps to a scheme."""

import re
from collections.abc import Sequence

from playwright.sync_api import Page


def fits(page: Page, charts: Sequence[str], width: int, scheme: str) -> bool:
    """Whether nothing is wider than the window, charts included, and all is in the scheme."""
    page.locator(f"#{charts[0]}").scroll_into_view_if_needed()  # out of sight it is not redrawn
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = page.evaluate("name => document.getElementById(name).layout.font.color", charts[0])
    boxes = [page.locator(f"#{name} .main-svg").first.bounding_box() for name in charts]
    return (
        page.evaluate("document.documentElement.scrollWidth") <= width
        and all(box is not None and 250 < box["width"] <= width for box in boxes)
        and (brightness(background) > 128) == (brightness(ink) < 128) == (scheme == "light")
    )


def brightness(colour: str) -> float:
    """Of `rgb(…)` or `#rrggbb`, from 0 to 255."""
    if colour.startswith("#"):
        return sum(bytes.fromhex(colour[1:])) / 3
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3
