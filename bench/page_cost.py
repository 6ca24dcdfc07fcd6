"""The live page: how soon it opens, how soon a row is on it, and what its readers cost."""

import time
from collections.abc import Callable
from contextlib import ExitStack

import msgspec
from playwright.sync_api import Browser, ViewportSize, sync_playwright

from browser.chromium import launch
from figures import Spread, spread
from lab import BENCH, Lab, Room
from plot_growth import write_log
from rates import CsvRows
from support.pages import page_address
from support.service import Service

SIZES = (10_000, 10_000_000)
OPENINGS = 3
WINDOW: ViewportSize = {"width": 1280, "height": 1600}
RATES = (5, 1000)  # rows per second
READERS = (0, 1, 50)
WARM_UP_SECONDS, MEASURED_SECONDS = 4.0, 15.0
START_SECONDS = 120


class Opening(msgspec.Struct):
    """Repeats on a log of so many rows: seconds from asking for the page until it shows them."""

    rows: int
    numbers: list[float]
    charts: list[float]


class Reading(msgspec.Struct):
    """What readers cost, at a rate of the stream."""

    rate: int  # rows per second that features is to publish
    readers: int
    rows_per_second: float  # that were joined
    percent: float  # of one core, that plot takes
    memory_mb: float  # of plot (VmRSS)
    seen_ms: Spread | None  # from the joining of the last row of an event to its arrival


class PageCost(msgspec.Struct):
    """All of it."""

    openings: list[Opening]
    readings: list[Reading]


def measure(lab: Lab, say: Callable[[str], None]) -> PageCost:
    cost = PageCost([], [])
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for rows in lab.sized(SIZES, SIZES[:1]):
            cost.openings.append(_open(lab, browser, rows))
            say(f"{rows:,} rows: {cost.openings[-1].numbers} s, charts {cost.openings[-1].charts}")
        browser.close()
    for rate in RATES:
        with lab.room() as room:
            room.start_up("model", "metric")
            plot = room.start("plot", management_url=room.vhost.management_url)
            room.wait_up(plot)
            room.wait_up(room.start("features", stream_rate=rate))
            for readers in READERS:
                cost.readings.append(_read(room, plot, rate, readers))
                say(str(cost.readings[-1]))
    return cost


def _open(lab: Lab, browser: Browser, rows: int) -> Opening:
    opening = Opening(rows, [], [])
    with lab.room() as room:
        write_log(room.logs, rows)
        plot = room.start("plot")
        room.wait_for(lambda: plot.counts().get("rows") == rows, "the picture", START_SECONDS)
        for _ in range(lab.sized(OPENINGS, 1)):
            # With an empty cache, and the charts within the window: out of it they are not drawn.
            context = browser.new_context(viewport=WINDOW)
            page = context.new_page()
            begin = time.monotonic()
            page.goto(page_address(plot), wait_until="commit")
            page.get_by_text(f"{rows:,}", exact=True).wait_for()
            opening.numbers.append(round(time.monotonic() - begin, 2))
            page.locator("#histogram .main-svg").first.wait_for(state="attached")
            opening.charts.append(round(time.monotonic() - begin, 2))
            context.close()
    return opening


def _read(room: Room, plot: Service, rate: int, readers: int) -> Reading:
    notes = room.folder / f"seen-{readers}"
    with ExitStack() as stack:
        if readers:
            script = room.script(
                BENCH / "reading.py", "reading", str(notes), page_address(plot), str(readers)
            )
            stack.callback(room.end, script)
        time.sleep(WARM_UP_SECONDS)
        rows = CsvRows(room.logs / "metric_log.csv")
        before, used, begin = rows(), room.cpu_seconds()["plot"], time.monotonic()
        time.sleep(room.lab.sized(MEASURED_SECONDS, 3.0))
        seconds = time.monotonic() - begin
        percent = (room.cpu_seconds()["plot"] - used) / seconds * 100
        joined = (rows() - before) / seconds
        room.check()
    seen = [float(line) for line in notes.read_text().splitlines()] if readers else []
    memory = plot.memory() / 1e6
    return Reading(rate, readers, round(joined, 1), round(percent, 2), round(memory, 1),
                   spread(seen) if seen else None)  # fmt: skip
