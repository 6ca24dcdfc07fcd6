"""The scale suits the bulk of the rows, and the picture is the same for the same summary."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from logs.rows import Rows
from picture import not_shown, render
from stats.scale import MAE_SHARE, MAX_BARS, MAX_STRETCH, MIN_BARS, fit
from stats.summary import Summary
from support.schemas import DIABETES

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ERRORS = st.just(0.0) | st.builds(
    lambda digits, power: digits * 10.0**power, st.floats(1, 10), st.integers(-9, 11)
)
SPREAD = np.abs(np.random.default_rng(20).normal(0, 58, 1000))  # like the errors of our model


def summary_of(errors: object) -> Summary:
    error = np.asarray(errors, dtype=np.float64)
    summary = Summary()
    summary.add(Rows(np.zeros_like(error), error, error))
    return summary


@given(st.lists(ERRORS, min_size=1, max_size=50))
def test_every_scale_is_legible(errors: list[float]) -> None:
    summary = summary_of(errors)
    scale, counts = fit(summary), summary.errors.histogram(fit(summary).edges)
    assert MIN_BARS / 3 < scale.bars <= MAX_BARS + MIN_BARS
    assert scale.edges.tolist() == [
        float(f"{n * scale.units}e{scale.power}") for n in range(scale.bars + 1)
    ]
    beyond = len(errors) - counts.sum()
    assert beyond <= max(len(errors) // 40, 1 if len(errors) >= 10 else 0)
    hair = 1 + 1e-12  # an error just below an edge belongs to the bin that the edge begins
    assert beyond == sum(error * hair >= scale.limit for error in errors)
    reach = max(error for error in errors if error <= scale.limit)
    assert scale.limit <= 1.3 * MAX_STRETCH * reach or not any(errors)  # rounded up


@pytest.mark.parametrize("factor", [1e-9, 1e-6, 1e-3, 1e3, 1e9, 1e12])
def test_the_scale_is_the_same_in_any_unit(factor: float) -> None:
    plain, scaled = fit(summary_of(SPREAD)), fit(summary_of(SPREAD * factor))
    assert (scaled.bars, scaled.units) == (plain.bars, plain.units)
    assert scaled.limit == pytest.approx(plain.limit * factor)


def test_mae_lies_within_unless_a_few_rows_are_huge() -> None:
    skewed = [*SPREAD, *[500.0] * 40]
    assert summary_of(skewed).mae <= MAE_SHARE * fit(summary_of(skewed)).limit
    assert fit(summary_of([*SPREAD, *[1e12] * 20])).limit < 300


def test_errors_that_are_rarely_not_zero_are_shown() -> None:
    assert fit(summary_of([0.0] * 995 + [1.0] * 5)).limit > 1


def test_an_outlier_does_not_squeeze_the_rest() -> None:
    few = SPREAD[:10]
    assert few.max() <= fit(summary_of([*few, 900])).limit < 300
    assert fit(summary_of([*SPREAD, 900, 1e300])) == fit(summary_of(SPREAD))
    assert fit(summary_of([*SPREAD, 1e12])) == fit(summary_of(SPREAD))


def test_a_repeated_data_set_gets_no_finer_bars() -> None:
    assert fit(summary_of(np.tile(SPREAD[:89], 1000))) == fit(summary_of(SPREAD[:89]))


def test_more_different_rows_get_finer_bars() -> None:
    many = np.abs(np.random.default_rng(20).normal(0, 58, 100_000))
    assert fit(summary_of(many)).bar_width < fit(summary_of(SPREAD)).bar_width


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
        ([*SPREAD, 900], "1 row beyond 180, up to 900.00: not drawn, but in MAE and median"),
        ([*SPREAD * 1e-9, *[1e12] * 3], "3 rows beyond 1.8e-7, up to 1e12: not drawn"),
        (np.full(1234, 1e12), ""),
    ],
)
def test_rows_left_out_are_told(errors: object, words: str) -> None:
    summary = summary_of(errors)
    note = not_shown(summary, fit(summary))
    assert note.startswith(words)
    assert bool(note) == bool(words)


@pytest.mark.parametrize(
    "errors",
    [
        [],
        [0.0],
        [0.0] * 9,
        [42.0] * 9,
        SPREAD,
        SPREAD * 1e-11,
        SPREAD * 1e10,
        [1e300] * 5,
        [*SPREAD, 1e12],
        [*SPREAD, np.inf],
        [0.001, 999.99, 1000],
        [5, 900],
    ],
)
def test_the_picture_is_a_png_of_its_size(errors: object) -> None:
    with Image.open(io.BytesIO(render(summary_of(errors), NOON, DIABETES))) as image:
        image.load()
        assert (image.format, image.size) == ("PNG", (1200, 675))


def test_the_same_summary_at_the_same_time_gives_the_same_picture() -> None:
    picture = render(summary_of(SPREAD), NOON, DIABETES)
    assert picture == render(summary_of(SPREAD), NOON, DIABETES)
    assert picture != render(summary_of(SPREAD), NOON.replace(second=1), DIABETES)
