"""The summary says what numpy says of all rows at once, in memory that does not grow."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from log_rows import Column, Rows
from summary import BIN_WIDTH, RANGE, Summary

ERRORS = st.lists(st.floats(0, RANGE), min_size=1, max_size=60)


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
    assert pieces.mae == pytest.approx(whole.mae)
    assert pieces.histogram(1).tolist() == whole.histogram(1).tolist()


@given(ERRORS, st.floats(0, 1))
def test_it_agrees_with_numpy(errors: list[float], share: float) -> None:
    summary = summary_of(errors)
    assert summary.mae == pytest.approx(np.mean(errors))
    assert summary.rmse == pytest.approx(np.sqrt(np.mean(np.square(errors))))
    expected_quantile = np.quantile(errors, share)
    assert summary.quantile(share) == pytest.approx(expected_quantile, abs=BIN_WIDTH + 1e-9)
    assert summary.median == summary.quantile(0.5)
    expected, _ = np.histogram(errors, round(RANGE), (0, RANGE))
    assert summary.histogram(100).tolist() == expected.tolist()


@given(st.lists(st.integers(0, 5), min_size=1, max_size=60), st.floats(0, 1))
def test_a_quantile_is_exact_where_a_bin_has_equal_errors(kinds: list[int], share: float) -> None:
    errors = np.array([0.0, 17.123456789, 17.5, 38.25, 999.999, RANGE])[kinds]
    assert summary_of(errors).quantile(share) == pytest.approx(np.quantile(errors, share))


def test_bias_is_how_much_too_high_predictions_are() -> None:
    summary = Summary()
    summary.add(Rows(np.array([100.0, 200.0]), np.array([130.0, 190.0]), np.array([30.0, 10.0])))
    assert summary.bias == 10


def test_every_hundredth_starts_a_bin() -> None:
    hundredths = np.arange(100_000) / 100
    assert summary_of(hundredths).histogram(1).tolist() == [1] * 100_000


def test_whole_and_half_points_start_a_bin() -> None:
    half_points = np.arange(0, RANGE, 0.5)
    counts = summary_of(half_points).histogram(1)
    assert (np.flatnonzero(counts) * BIN_WIDTH).tolist() == half_points.tolist()


@pytest.mark.parametrize("absurd", [1000.0001, 1e12, 1e300, math.inf])
def test_an_absurd_error_changes_nothing_but_its_count(absurd: float) -> None:
    errors = [1.0, 2.0, 6.0]
    plain, with_absurd = summary_of(errors), summary_of(errors, [absurd])
    assert (with_absurd.rows, with_absurd.within, with_absurd.beyond) == (4, 3, 1)
    assert (with_absurd.mae, with_absurd.median) == (plain.mae, plain.median) == (3, 2)
    assert with_absurd.histogram(1).tolist() == plain.histogram(1).tolist()


def test_the_end_of_the_range_is_within() -> None:
    assert summary_of([RANGE]).within == 1
    assert summary_of([RANGE]).quantile(1) == pytest.approx(RANGE, abs=BIN_WIDTH)


@pytest.mark.parametrize("errors", [[], [1e300]])
def test_without_rows_in_range_there_is_no_mean(errors: list[float]) -> None:
    summary = summary_of(errors)
    assert math.isnan(summary.mae)
    assert math.isnan(summary.median)
    assert math.isnan(summary.rmse)
    assert math.isnan(summary.bias)


def test_repeats_are_not_different_errors() -> None:
    assert summary_of([1.0, 2.0], [1.0, 2.0, 2.0]).distinct() == 2
