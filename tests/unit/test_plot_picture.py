"""The scale suits the bulk of the rows, and the picture is the same for the same summary."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from log_rows import Rows
from picture import not_shown, render
from scale import BAR_BINS, FEWEST_BARS, MAE_SHARE, MOST_BARS, fit
from summary import RANGE, Summary

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPREAD = np.abs(np.random.default_rng(20).normal(0, 58, 1000))  # like the errors of our model


def summary_of(errors: object) -> Summary:
    error = np.asarray(errors, dtype=np.float64)
    summary = Summary()
    summary.add(Rows(np.zeros_like(error), error, error))
    return summary


@given(st.lists(st.floats(0, RANGE), min_size=1, max_size=50))
def test_every_scale_is_legible(errors: list[float]) -> None:
    summary = summary_of(errors)
    scale = fit(summary)
    assert scale.bins in BAR_BINS
    assert scale.limit == pytest.approx(scale.bars * scale.bar_width)
    assert FEWEST_BARS / 3 < scale.bars <= MOST_BARS + FEWEST_BARS
    assert scale.limit >= min(summary.mae / MAE_SHARE, RANGE)
    assert scale.limit <= RANGE


def test_an_outlier_does_not_squeeze_the_rest() -> None:
    few = SPREAD[:10]
    assert few.max() <= fit(summary_of([*few, 900])).limit < 300
    assert fit(summary_of([*SPREAD, 900, 1e300])) == fit(summary_of(SPREAD))


def test_a_repeated_data_set_gets_no_finer_bars() -> None:
    assert fit(summary_of(np.tile(SPREAD[:89], 1000))).bins == fit(summary_of(SPREAD[:89])).bins


def test_more_different_rows_get_finer_bars() -> None:
    many = np.abs(np.random.default_rng(20).normal(0, 58, 100_000))
    assert fit(summary_of(many)).bins < fit(summary_of(SPREAD)).bins


def test_the_scale_settles() -> None:
    generator = np.random.default_rng(20)
    summary, scales = Summary(), set()
    for redraw in range(500):
        error = generator.choice(SPREAD[:89], 20)
        summary.add(Rows(error, error, error))
        if redraw >= 100:
            scales.add(fit(summary))
    assert len(scales) <= 2


@pytest.mark.parametrize(
    ("errors", "words"),
    [
        ([10, 20, 30], ""),
        ([*SPREAD, 900], "1 row up to 900"),
        ([1, 1e300], "not shown: 1 row beyond 1,000, which MAE and median leave out"),
        (np.full(1234, 1e12), "not shown: 1,234 rows beyond 1,000"),
    ],
)
def test_rows_left_out_are_told(errors: object, words: str) -> None:
    summary = summary_of(errors)
    assert words in not_shown(summary, fit(summary))


@pytest.mark.parametrize(
    "errors",
    [[0.0], [0.0] * 9, [42.0] * 9, SPREAD, [1e300] * 5, [0.001, 999.99, 1000], [5, 900]],
)
def test_the_picture_is_a_png_of_its_size(errors: object) -> None:
    with Image.open(io.BytesIO(render(summary_of(errors), NOON))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (1200, 675))


def test_the_same_summary_at_the_same_time_gives_the_same_picture() -> None:
    picture = render(summary_of(SPREAD), NOON)
    assert picture == render(summary_of(SPREAD), NOON)
    assert picture != render(summary_of(SPREAD), NOON.replace(second=1))
