"""The live page with a shadow model beside the live one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from browser.fitting import fits
from pipeline.files import METRIC_LOG_SHADOW, METRIC_LOG_SHADOW_COLUMNS, METRIC_STATE
from support.live_page import NOTHING_THERE
from support.service import Service
from support.waiting import eventually

Open = Callable[..., Page]
Start = Callable[..., Service]


RIDGE, LIVE = "ridge-7f3a9c2b41de", "41c0d86a9e55"


def write_rows(folder: Path, rows: int, gain: float, shadow: str = RIDGE) -> None:
    """Appends rows of which the shadow model is better by so many points on average."""
    generator = np.random.default_rng(rows)
    live = np.abs(generator.normal(0, 58, rows)) + 20
    own = live - gain + generator.normal(0, 8, rows)
    path = folder / METRIC_LOG_SHADOW
    with path.open("a") as log:
        if log.tell() == 0:
            log.write(",".join(METRIC_LOG_SHADOW_COLUMNS) + "\n")
        for number, (error, other) in enumerate(zip(own.tolist(), live.tolist(), strict=True)):
            log.write(f"r{number},0,{error},{error},{shadow},{LIVE},{other}\n")


def test_a_shadow_model_is_shown_from_its_first_row_until_its_log_is_gone(
    show: Open, plot: Service, tmp_path: Path
) -> None:
    page = show(plot)
    section, verdict = page.locator("#shadow"), page.locator("#shadow-verdict")
    expect(page.locator("#n-rows")).to_have_text("0")
    expect(section).to_be_hidden()

    write_rows(tmp_path, 12, gain=3)
    expect(verdict).to_have_text("Too few rows to tell: 12 of 100.")
    expect(page.locator("#shadow-model")).to_contain_text(RIDGE)
    expect(page.locator("#live-model")).to_contain_text(LIVE)

    write_rows(tmp_path, 1000, gain=3)
    log = pd.read_csv(tmp_path / METRIC_LOG_SHADOW)
    gain = (log["live_absolute_error"] - log["absolute_error"]).mean()
    expect(verdict).to_contain_text(
        f"Shadow model {RIDGE} is better: its error is smaller by {gain:.1f} points ("
    )
    for part, column in (("shadow", "absolute_error"), ("live", "live_absolute_error")):
        expected = [log[column].mean(), (log[column] ** 2).mean() ** 0.5]
        cells = page.locator(f"#{part}-model td")
        expect(cells).to_have_text([f"{value:.2f}" for value in expected])
    expect(page.locator("#note-shadow-bound")).to_contain_text("differ by more than")
    page.locator("#difference").scroll_into_view_if_needed()
    page.wait_for_selector("#difference .main-svg")
    expect(page.locator("#difference .main-svg .errorbars")).not_to_have_count(0)
    expect(page.locator("#difference-words")).to_contain_text("Over 1,012 rows")
    drawn = partial(page.evaluate, "document.getElementById('difference').data[0].x[0]")
    eventually(lambda: drawn() == pytest.approx(-gain), "the difference in the chart")

    with (tmp_path / METRIC_LOG_SHADOW).open("a") as log_file:
        log_file.write(f"failed,0,inf,inf,{RIDGE},{LIVE},50\n")
    expect(verdict).to_have_text(
        f"Shadow model {RIDGE} failed on some rows, so it cannot be called better."
    )
    expect(page.locator("#note-shadow-failed")).to_contain_text("on 1 of 1,013 rows")

    markup = "<img src=x onerror=document.title='owned'>"
    write_rows(tmp_path, 1200, gain=-5, shadow=markup)
    expect(verdict).to_contain_text(f"Shadow model {markup} is worse: its error is larger by ")
    expect(page.locator("#shadow-model")).to_contain_text(markup)
    assert section.locator("img").count() == 0
    assert "owned" not in page.title()

    (tmp_path / METRIC_LOG_SHADOW).unlink()
    expect(section).to_be_hidden()


def test_it_fits_its_window_in_both_schemes(show: Open, plot: Service, tmp_path: Path) -> None:
    write_rows(tmp_path, 300, gain=0, shadow="m" * 64)
    page = show(plot, viewport={"width": 390, "height": 844})
    expect(page.locator("#shadow-verdict")).to_have_text("No clear difference yet.")
    page.locator("#difference").scroll_into_view_if_needed()
    page.wait_for_selector("#difference .main-svg")
    for width, scheme in ((390, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 844})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        fitting = partial(fits, page, ("difference",), width, scheme)
        eventually(fitting, f"{width} px in the {scheme} scheme")


def test_a_trace_tells_which_model_predicted(show: Open, start: Start, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / METRIC_STATE)) as database:
        columns = "id, y_true, y_pred, prediction_in_ms, joined_in_ms, model_id"
        database.execute(f"CREATE TABLE joined ({columns})")
        database.execute(f"INSERT INTO joined VALUES ('a', 100, 142, 1, 5, '{RIDGE}')")
        database.commit()
    page = show(start("plot", management_url=NOTHING_THERE), "#id=a")
    expect(page.locator("#trace-result")).to_contain_text(f"by the model {RIDGE}")
