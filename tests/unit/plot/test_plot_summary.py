"""The summary says what numpy says of all rows at once, at any scale, in constant memory."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from logs.rows import Column, Rows
from stats.error_histogram import BIN_RATIO
from stats.scale import fit
from stats.summary import Summary

SMALLEST = 1e-12  # of a median whose bars are promised: they begin at a thousandth of it
SCALES = [1e-9, 1e-4, 1.0, 1e4, 1e12]
SCALED = st.sampled_from(SCALES)
# What is promised: errors of zero, and from 1e-9 to 1e12, of any mixture.
ANY_SCALE = st.just(0.0) | st.builds(lambda x, scale: x * scale, st.floats(1, 10), SCALED)
ERRORS = st.lists(ANY_SCALE, min_size=1, max_size=60)


def rows_of(errors: list[float] | Column) -> Rows:
    error = np.asarray(errors, dtype=np.float64)
    return Rows(np.zeros_like(error), error, error)


def summary_of(*chunks: list[float] | Column) -> Summary:
    summary = Summary()
    for chunk in chunks:
        summary.add(rows_of(chunk))
    return summary


@given(ERRORS, st.lists(st.integers(0, 60)))
def test_chunks_make_no_difference(errors: list[float], cuts: list[int]) -> None:
    chunks = np.split(np.array(errors), sorted(cuts))
    whole, pieces = summary_of(errors), summary_of(*chunks)
    assert pieces.rows == whole.rows == len(errors)
    assert (pieces.mae, pieces.rmse, pieces.bias) == (whole.mae, whole.rmse, whole.bias)
    assert pieces.median == pytest.approx(whole.median)
    assert pieces.largest == max(errors)


@given(ERRORS, st.floats(0, 1))
def test_it_agrees_with_numpy(errors: list[float], share: float) -> None:
    summary = summary_of(errors)
    assert summary.mae == pytest.approx(math.fsum(errors) / len(errors), rel=1e-15)
    mean_square = math.fsum(np.square(errors)) / len(errors)
    assert summary.rmse == pytest.approx(math.sqrt(mean_square), rel=1e-15)
    expected, within = np.quantile(errors, share), BIN_RATIO - 1
    assert summary.errors.quantile(share) == pytest.approx(expected, rel=within)
    assert summary.median == summary.errors.quantile(0.5)


def test_house_prices_have_the_mae_that_numpy_finds() -> None:
    prices = np.random.default_rng(15).lognormal(12.2, 0.4, 490).round()
    predictions = prices * np.random.default_rng(16).normal(1.01, 0.07, 490)
    errors = np.abs(predictions - prices)
    assert (errors > 1000).mean() > 0.9
    summary = Summary()
    summary.add(Rows(prices, predictions, errors))
    assert summary.rows == 490
    assert summary.mae == pytest.approx(errors.mean())
    assert summary.rmse == pytest.approx(np.sqrt(np.square(errors).mean()))
    assert summary.bias == pytest.approx((predictions - prices).mean())
    assert summary.median == pytest.approx(np.median(errors), rel=0.001)


@pytest.mark.parametrize("scale", SCALES)
def test_a_histogram_is_numpys_at_any_scale(scale: float) -> None:
    errors = np.abs(np.random.default_rng(20).normal(0, 58, 20_000)) * scale
    edges = np.arange(41) * 5 * scale
    counts = summary_of(errors).errors.histogram(edges)
    expected, _ = np.histogram(errors, edges)
    assert counts.tolist() == expected.tolist()


def test_errors_that_share_a_permille_are_on_the_right_side_of_an_edge() -> None:
    errors = np.random.default_rng(2).normal(10_000, 1, 20_000)
    counts = summary_of(errors).errors.histogram(np.array([0.0, 10_000, 20_000]))
    expected, _ = np.histogram(errors, [0, 10_000, 20_000])
    assert counts.tolist() == expected.tolist()


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 10.0, 1999.0, 10_000.0, 123_456.0]),
    st.sampled_from([0.0, 1e-6, 1e-3, 0.3, 1.0, 50.0, 3000.0]),
    st.booleans(),
    SCALED,
)
def test_all_bars_of_an_axis_are_numpys(
    seed: int, offset: float, spread: float, is_whole: bool, scale: float
) -> None:
    drawn = np.abs(np.random.default_rng(seed).normal(offset, spread, 500))
    errors: Column = (drawn.round() if is_whole else drawn) * scale
    assume(not 0 < np.median(errors) < SMALLEST)
    summary = summary_of(errors)
    edges = fit(summary).edges
    # Its last bar has no end of its own; a product may be a hair less than what it is meant to be.
    expected, _ = np.histogram(errors * (1 + 1e-12), np.append(edges, np.inf))
    assert summary.errors.histogram(edges).tolist() == expected[:-1].tolist()


@pytest.mark.parametrize("scale", SCALES)
def test_repeated_errors_and_whole_numbers_are_counted_exactly(scale: float) -> None:
    whole = np.repeat(np.arange(200) * scale, 3)
    edges = np.arange(201) * scale
    assert summary_of(whole).errors.histogram(edges).tolist() == [3] * 200


def test_a_decimal_starts_the_bar_that_it_names() -> None:
    hundredths = np.arange(500) / 100
    edges = np.arange(51) / 10
    assert summary_of(hundredths).errors.histogram(edges).tolist() == [10] * 50
    assert summary_of([0.3 - 0.1]).errors.histogram(edges).argmax() == 2


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_exact_where_a_bin_has_equal_errors(kinds: list[int], share: float) -> None:
    errors = np.array([0.0, 1.7e-9, 17.123456789, 17.5, 38.25, 4.2e12])[kinds]
    summary = summary_of(errors)
    assert summary.errors.quantile(share) == pytest.approx(np.quantile(errors, share))


def test_bias_is_how_much_too_high_predictions_are() -> None:
    summary = Summary()
    summary.add(Rows(np.array([100.0, 200.0]), np.array([130.0, 190.0]), np.array([30.0, 10.0])))
    assert summary.bias == 10


def test_small_differences_count_beside_huge_ones_that_cancel() -> None:
    summary = Summary()
    differences = np.array([1e12, 1e-9, -1e12, 3e-9])
    for difference in differences:
        each = np.array([difference])
        summary.add(Rows(np.zeros(1), each, np.abs(each)))
    assert summary.bias == pytest.approx(1e-9)


def test_a_huge_error_is_in_the_means_and_leaves_the_quantiles() -> None:
    errors = [1.0, 2.0, 6.0] * 5
    summary = summary_of(errors, [1e12])
    assert summary.rows == 16
    assert summary.mae == pytest.approx((45 + 1e12) / 16)
    assert summary.median == 2
    assert summary.errors.histogram(np.arange(11.0)).sum() == 15


def test_what_no_float_can_hold_is_infinite() -> None:
    summary = summary_of([1.0, 2.0, math.inf, 1.7e308, 1.7e308])
    assert (summary.rows, summary.mae, summary.rmse) == (5, math.inf, math.inf)
    assert summary.errors.quantile(0.25) == 2


def test_without_rows_there_is_no_mean() -> None:
    summary = summary_of([])
    assert summary.rows == 0
    for number in (summary.mae, summary.median, summary.rmse, summary.bias):
        assert math.isnan(number)


def test_repeats_are_not_different_errors() -> None:
    assert summary_of([1.0, 2.0], [1.0, 2.0, 2.0]).errors.distinct() == 2


def test_its_memory_does_not_grow() -> None:
    errors = np.random.default_rng(1).lognormal(0, 12, 200_000)
    summary = summary_of(errors[:5000])
    before = len(pickle.dumps(summary))
    summary.add(rows_of(errors))
    assert len(pickle.dumps(summary)) < before + 100_000
