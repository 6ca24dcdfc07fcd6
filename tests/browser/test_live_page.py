"""The live page as a person meets it, in a real browser."""

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from browser.fitting import fits
from ledger import Ledger
from pipeline.ids import canonical
from pipeline.numbers import readable
from support.hostile_ids import TAKEN
from support.live_page import NOTHING_THERE, write
from support.pages import page_address
from support.service import Service
from support.vhost import Vhost
from support.waiting import eventually

Open = Callable[..., Page]
Start = Callable[..., Service]


CHARTS = ("histogram", "trend", "pairs")
TOO_NARROW = """[...document.querySelectorAll('.rows td:not(.id), .rows th, .card .value')]
    .filter((cell) => cell.clientWidth && cell.scrollWidth > cell.clientWidth + 1)
    .map((cell) => cell.textContent)"""


def spread(rows: int) -> list[tuple[str, float, float]]:
    """Ids, labels and predictions, as far apart as those of our model."""
    generator = np.random.default_rng(rows)
    labels = generator.integers(25, 346, rows).tolist()
    errors = generator.normal(-3, 58, rows).tolist()
    ids = [f"r{number}" for number in range(rows)]
    return [(row, y, y + error) for row, y, error in zip(ids, labels, errors, strict=True)]


def wait_for_charts(page: Page) -> None:
    for name in CHARTS:
        page.locator(f"#{name}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#{name} .main-svg")


def begins_at(page: Page, row: int) -> bool:
    """Whether the course of the error begins at this row."""
    return bool(page.evaluate("document.getElementById('trend').data.at(-1).x[0]") == row)


def number(page: Page, name: str) -> float:
    return float(
        str(page.text_content(f"#n-{name}")).replace(",", "").replace("−", "-").replace("+", "")
    )


def test_the_numbers_are_those_that_pandas_finds_in_the_log(
    show: Open, plot: Service, ledger: Ledger, tmp_path: Path
) -> None:
    write(ledger, *spread(1500))
    page = show(plot)
    expect(page.locator("#n-rows")).to_have_text("1,500")
    log = pd.read_csv(tmp_path / "metric_log.csv")
    for name, value in numbers_of(log).items():
        assert number(page, name) == pytest.approx(value, abs=0.0051, rel=0.001), name
    assert page.locator("#note-problem").is_hidden()


def test_the_page_writes_a_number_as_the_picture_does(show: Open, plot: Service) -> None:
    numbers = [0.0, -0.0, 0.104, -0.104, 0.5, 0.99999, 1.0, 47.8699, -13025.4, 1.2346e-9, 1e12]
    script = "async (numbers) => numbers.map((await import('/static/format.js')).points)"
    assert show(plot).evaluate(script, numbers) == [*map(readable, numbers)]


def numbers_of(log: pd.DataFrame) -> dict[str, float]:
    """What the page is to show of a log, by the names of its cards."""
    error, difference = log["absolute_error"], log["y_pred"] - log["y_true"]
    return {
        "mae": error.mean(),
        "rmse": math.sqrt((difference**2).mean()),
        "bias": difference.mean(),
        "median": error.median(),
        "p90": float(error.quantile(0.9)),
        "pending": 0,
    }


@pytest.mark.parametrize("scale", [1e-11, 200.0, 2e9])
def test_it_is_right_and_legible_at_any_scale(
    show: Open, plot: Service, ledger: Ledger, tmp_path: Path, scale: float
) -> None:
    rows = [(row, y * scale, prediction * scale) for row, y, prediction in spread(1100)]
    write(ledger, *rows, ("digits", -123_456_789_012.0, 123_456_789_012.5))
    page = show(plot)
    expect(page.locator("#n-rows")).to_have_text("1,101")
    log = pd.read_csv(tmp_path / "metric_log.csv")
    for name, value in numbers_of(log).items():
        assert number(page, name) == pytest.approx(value, rel=0.002), name
    wait_for_charts(page)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        eventually(partial(fits, page, CHARTS, width, "light"), f"{width} px")
        assert page.evaluate(TOO_NARROW) == []
    for name in CHARTS:
        assert "0.00 " not in str(page.text_content(f"#{name}-words"))


def test_what_is_wrong_with_the_log_is_on_the_page(
    show: Open, start: Start, tmp_path: Path
) -> None:
    (tmp_path / "metric_log.csv").write_text("id;y_true;y_pred\na;1;2\nhalf;1;\n")
    page = show(start("plot", management_url=NOTHING_THERE))
    expect(page.locator("#n-rows")).to_have_text("1")
    note = page.locator("#note-problem")
    expect(note).to_contain_text("1 line could not be read and is not counted in any figure")


def test_the_page_says_how_many_halves_were_let_go_and_how_old_the_youngest_was(
    show: Open, plot: Service, ledger: Ledger
) -> None:
    page = show(plot)
    note = page.locator("#note-unmatched")
    expect(note).to_be_hidden()
    write(ledger, *spread(1500), halves=["y_true"])
    expect(note).to_have_text(
        "Left unmatched: 500 labels let go because more than MAX_PENDING were pending, "
        "the youngest after 0.0 s."
    )


def test_a_row_is_on_the_page_without_waiting_for_the_picture(
    show: Open, start: Start, vhost: Vhost
) -> None:
    """Measures no time: the bench tells how soon a row is seen, and by how many readers."""
    metric = start("metric")
    plot = start("plot", management_url=NOTHING_THERE, plot_interval=3600)
    eventually(lambda: metric.is_up() and plot.is_up(), "metric and plot")
    page = show(plot)
    for attempt, error in enumerate((42.25, 17.5, 0.0, 99.75, 1.25)):
        vhost.put("y_true", f'{{"id": "known-{attempt}", "body": 100}}'.encode())
        vhost.put("y_pred", f'{{"id": "known-{attempt}", "body": {100 + error}}}'.encode())
        row = page.locator("#last-rows tr").filter(has_text=f"known-{attempt}")
        expect(row).to_contain_text(f"{error:.2f}")
    assert number(page, "rows") == 5


def test_the_histogram_is_that_of_the_picture_and_has_words(
    show: Open, plot: Service, ledger: Ledger, tmp_path: Path
) -> None:
    write(ledger, *spread(3000))
    page = show(plot)
    wait_for_charts(page)
    bars = page.evaluate(
        "() => { const [trace] = document.getElementById('histogram').data;"
        " return {x: [...trace.x], y: [...trace.y]} }"
    )
    errors = pd.read_csv(tmp_path / "metric_log.csv")["absolute_error"]
    width = bars["x"][1] - bars["x"][0]
    edges = [x - width / 2 for x in bars["x"]] + [bars["x"][-1] + width / 2]
    expected, _ = np.histogram(errors, edges)
    assert np.abs(bars["y"] - expected).max() <= 0.01 * expected.max()
    assert f"{errors.median():.1f}" in str(page.text_content("#histogram-words"))
    for name in CHARTS:
        page.click(f"#{name}-table summary")
        expect(page.locator(f"#{name}-table tbody tr")).not_to_have_count(0)


def test_the_reader_chooses_the_rows_of_the_trend_by_keyboard(
    show: Open, plot: Service, ledger: Ledger
) -> None:
    write(ledger, *spread(1500))
    page = show(plot)
    wait_for_charts(page)
    page.focus("#span input:checked")
    for chosen, first in (("all", 8), ("100", 1401), ("1000", 505)):
        page.keyboard.press("ArrowRight")
        assert page.input_value("#span input:checked") == chosen
        eventually(partial(begins_at, page, first), f"the course of {chosen} rows")


def test_it_fits_its_window_in_both_schemes(show: Open, plot: Service, ledger: Ledger) -> None:
    write(ledger, *spread(1200))
    page = show(plot, viewport={"width": 390, "height": 844})
    wait_for_charts(page)
    for width, scheme in ((390, "light"), (390, "dark"), (1280, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        eventually(partial(fits, page, CHARTS, width, scheme), f"{width} px in the {scheme} scheme")


def test_on_a_phone_the_error_comes_first(show: Open, plot: Service, ledger: Ledger) -> None:
    write(ledger, *spread(100))
    page = show(plot, viewport={"width": 390, "height": 844})
    expect(page.locator(".card").first).to_contain_text("MAE")
    chart = page.locator("#histogram").bounding_box()
    assert chart
    assert chart["y"] < 844, "on the first screen"


def test_all_charts_are_drawn_without_scrolling(show: Open, plot: Service, ledger: Ledger) -> None:
    write(ledger, *spread(100))
    page = show(plot, viewport={"width": 390, "height": 844})
    for name in CHARTS:
        page.wait_for_selector(f"#{name} .main-svg", state="attached")
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_the_end_of_an_id_is_seen_for_there_ids_differ(
    show: Open, plot: Service, ledger: Ledger, width: int
) -> None:
    ids = [f"01a20082-5fca-75b5-bace-2712c4cc8a7{digit}" for digit in range(3)]
    write(ledger, *[(each, 100, 142) for each in ids])
    page = show(plot, viewport={"width": width, "height": 844})
    for each in ids:
        button = page.get_by_role("button", name=each, exact=True)
        assert button.evaluate("""(button) => {
            const [{right}, tail] = [button.closest('td'), button.querySelector('.tail')]
                .map((element) => element.getBoundingClientRect());
            return tail.width > 0 && tail.right <= right;
        }""")


def test_a_lost_connection_is_shown_and_heals(
    show: Open, start: Start, ledger: Ledger, complaints: list[str]
) -> None:
    write(ledger, *spread(10))
    plot = start("plot", management_url=NOTHING_THERE)
    page = show(plot)
    port = page_address(plot).rstrip("/").rpartition(":")[2]
    plot.stop()
    page.wait_for_selector("#status[data-state=lost]")
    expect(page.locator("#lost")).to_contain_text("Connection lost at")
    expect(page.locator("#n-rows")).to_have_text("10")
    write(ledger, ("later", 100, 142))
    start("plot", plot_port=port, management_url=NOTHING_THERE)
    page.wait_for_selector("#status[data-state=no-broker]")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#n-rows")).to_have_text("11")
    complaints.clear()  # a browser tells in its console of a server that has gone


def test_markup_in_an_id_is_text(show: Open, plot: Service, ledger: Ledger, tmp_path: Path) -> None:
    write(ledger, ("a", 100, 142))
    markup = "<img src=x onerror=document.title='owned'>"
    with (tmp_path / "metric_log.csv").open("a") as log:
        log.write(f"{markup},100,142,42\n")
    page = show(plot)
    expect(page.locator("#last-rows")).to_contain_text(markup)
    page.fill("#trace-id", f"{markup}")
    page.press("#trace-id", "Enter")
    expect(page.locator("#trace-result")).to_contain_text(markup)
    assert page.locator("#last-rows img, #trace-result img").count() == 0
    assert "owned" not in page.title()


def test_one_id_is_traced_from_half_to_row(show: Open, plot: Service, ledger: Ledger) -> None:
    write(ledger, ("whole", 100, 142.5))
    page = show(plot)
    result = page.locator("#trace-result")
    page.get_by_role("button", name="whole").click()
    expect(result).to_contain_text("42.5")
    expect(result).not_to_contain_text("missing")
    page.fill("#trace-id", "late")
    page.press("#trace-id", "Enter")
    expect(result).to_contain_text("late")
    write(ledger, ("late", 100, 117.25), halves=("y_pred",))
    page.press("#trace-id", "Enter")
    expect(result).to_contain_text("missing")
    write(ledger, ("late", 100, 117.25), halves=("y_true",))
    expect(result).to_contain_text("17.25")
    expect(result).not_to_contain_text("missing")
    assert page.url.endswith("#id=late")


def test_an_address_of_the_page_names_any_id(show: Open, plot: Service, ledger: Ledger) -> None:
    write(ledger, *((canonical(row_id), 100, 142.5) for row_id in TAKEN.values()))
    page = show(plot)
    for row_id in TAKEN.values():
        for end in (quote(row_id, safe=""), quote(row_id, safe="+/=@:~ ")):  # or as it is typed
            page.evaluate("(hash) => { location.hash = hash }", f"#id={end}")
            expect(page.locator("#trace-result h3")).to_have_text(row_id)
            expect(page.locator("#trace-result")).to_contain_text("Joined, with an error of 42.5")
        page.fill("#trace-id", row_id)
        page.press("#trace-id", "Enter")
        assert page.url.endswith(f"#id={page.evaluate('encodeURIComponent', row_id)}")
    page.reload()
    expect(page.locator("#trace-result h3")).to_have_text(row_id)


def test_a_stopped_model_shows_as_such_and_as_a_backlog(
    show: Open, start: Start, vhost: Vhost
) -> None:
    plot = start("plot", management_url=vhost.management_url)
    start("metric")
    model = start("model")
    page = show(plot)
    page.wait_for_selector("#service-model[data-state=running]")
    page.wait_for_selector("#service-metric[data-state=running]")
    model.stop()
    assert start("features", stream_count=30, stream_rate=0).wait() == 0
    depth = page.locator("#queue-features .depth")
    page.wait_for_selector("#service-model[data-state=stopped]")
    expect(depth).to_have_text("30")
    expect(page.locator("#n-pending")).to_have_text("30")
    start("model")
    page.wait_for_selector("#service-model[data-state=running]")
    expect(depth).to_have_text("0")
    expect(page.locator("#n-rows")).to_have_text("30")
    expect(page.locator("#n-pending")).to_have_text("0")
