"""The course of the error is that of the naive means over all rows, however they came."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stats.trend import MAX_GROUPS, MAX_RECENT, Z_95, Trend


def trend_of(*chunks: object) -> Trend:
    trend = Trend()
    for chunk in chunks:
        trend.add(np.asarray(chunk, dtype=np.float64))
    return trend


def errors_of(rows: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.abs(np.random.default_rng(rows).normal(0, 58, rows))


@pytest.mark.parametrize("rows", [1, 19, 20, 21, 119, 1000, MAX_RECENT, 5000])
def test_the_last_rows_have_the_mean_of_those_up_to_them(rows: int) -> None:
    errors = errors_of(rows)
    course = trend_of(errors).last(100, window=20)
    numbers = range(max(20, rows - 99), rows + 1)
    assert course.rows.tolist() == list(numbers)
    windows = [errors[number - 20 : number] for number in numbers]
    assert course.mae == pytest.approx([window.mean() for window in windows])
    errors_of_means = [window.std(ddof=1) / np.sqrt(20) for window in windows]
    assert course.band == pytest.approx(Z_95 * np.array(errors_of_means))


def test_every_fifth_row_is_counted_back_from_the_latest() -> None:
    course = trend_of(errors_of(1234)).last(1000, window=100, step=5)
    assert course.rows.tolist() == list(range(239, 1235, 5))


@given(
    st.lists(st.floats(0, 1000), min_size=1, max_size=3 * MAX_GROUPS),
    st.lists(st.integers(0, 3 * MAX_GROUPS)),
)
def test_all_rows_are_grouped_alike_however_they_came(errors: list[float], cuts: list[int]) -> None:
    course = trend_of(*np.split(np.array(errors), sorted(cuts))).whole()
    groups = [errors[i : i + course.window] for i in range(0, len(errors), course.window)]
    assert MAX_GROUPS / 2 <= max(len(groups), MAX_GROUPS / 2) <= MAX_GROUPS
    assert course.rows.tolist() == list(np.cumsum([len(group) for group in groups]))
    assert course.mae == pytest.approx([np.mean(group) for group in groups])


@pytest.mark.parametrize("rows", [10_000, 10_001, 1_000_000])
def test_groups_of_many_rows_are_equal_in_size_but_the_last(rows: int) -> None:
    errors = errors_of(rows)
    course = trend_of(errors[:7], errors[7:5000], errors[5000:]).whole()
    sizes = np.diff(course.rows, prepend=0)
    assert set(sizes[:-1]) == {course.window}
    assert MAX_GROUPS / 2 < len(sizes) <= MAX_GROUPS
    group = errors[course.window : 2 * course.window]
    assert course.mae[1] == pytest.approx(group.mean())
    assert course.band[1] == pytest.approx(Z_95 * group.std(ddof=1) / np.sqrt(len(group)))


@pytest.mark.parametrize("scale", [1e-9, 1e12])
def test_it_is_right_at_any_scale(scale: float) -> None:
    errors = errors_of(3000) * scale
    trend = trend_of(errors)
    last, whole = trend.last(1000, window=100, step=5), trend.whole()
    assert last.mae[-1] == pytest.approx(errors[-100:].mean())
    assert last.band[-1] == pytest.approx(Z_95 * errors[-100:].std(ddof=1) / 10)
    assert whole.mae[3] == pytest.approx(errors[3 * whole.window : 4 * whole.window].mean())


def test_a_huge_error_leaves_nothing_behind_in_the_rows_after_it() -> None:
    errors = np.append(1e12, errors_of(1050) * 1e-9)
    last = trend_of(errors).last(1000, window=100, step=5)
    assert last.mae == pytest.approx([errors[row - 100 : row].mean() for row in last.rows])


def test_the_band_of_errors_that_hardly_differ_is_right() -> None:
    errors = 1e12 + np.random.default_rng(1).integers(0, 10, 3000)
    whole = trend_of(errors[:100], errors[100:]).whole()
    group = errors[: whole.window]
    expected = Z_95 * group.std(ddof=1) / np.sqrt(whole.window)
    assert whole.band[0] == pytest.approx(expected, rel=1e-3)


def test_a_single_row_has_no_band() -> None:
    course = trend_of([5.0]).whole()
    assert course.mae.tolist() == [5]
    assert np.isnan(course.band).all()


def test_no_rows_are_no_points() -> None:
    assert len(trend_of([]).whole().rows) == len(trend_of([]).last(100, window=20).rows) == 0
