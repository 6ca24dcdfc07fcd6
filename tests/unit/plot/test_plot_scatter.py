"""Predictions against labels: each pair while they are few, later never too many places to draw."""

import math

import numpy as np
import pytest

from logs.rows import Column, Rows
from stats.scatter import MAX_BARS, MAX_PLACES, MAX_POINTS, Scatter


def pairs_of(y_true: object, y_pred: object) -> Scatter:
    pairs = Scatter()
    labels, predictions = (np.asarray(each, dtype=np.float64) for each in (y_true, y_pred))
    with np.errstate(invalid="ignore"):
        pairs.add(Rows(labels, predictions, np.abs(labels - predictions)))
    return pairs


def spread(rows: int, scale: float) -> Column:
    return np.random.default_rng(rows).uniform(0, scale, rows)


def test_few_rows_are_points_each_with_how_often_it_came() -> None:
    density = pairs_of([151, 75, 151], [200.5, 80, 200.5]).density()
    assert density.cell is None
    found = zip(density.y_true, density.y_pred, density.rows, strict=True)
    assert sorted(found) == [(75, 80, 1), (151, 200.5, 2)]


def test_points_become_cells_when_there_is_one_row_too_many() -> None:
    labels = spread(MAX_POINTS + 1, 300)
    assert pairs_of(labels[:-1], labels[:-1]).density().cell is None
    density = pairs_of(labels, labels).density()
    assert density.cell == 5
    assert density.rows.sum() == MAX_POINTS + 1
    assert set(density.y_true) <= set(np.arange(2.5, 300, 5))


def test_cells_count_as_numpy_does() -> None:
    labels, predictions = spread(5000, 300), spread(5001, 300)[:-1]
    density = pairs_of(labels, predictions).density()
    assert density.cell == 25
    edges = np.arange(0, 301, density.cell)
    expected, _, _ = np.histogram2d(labels, predictions, [edges, edges])
    found = np.zeros_like(expected)
    columns, rows = (
        (each // density.cell).astype(int) for each in (density.y_true, density.y_pred)
    )
    found[columns, rows] = density.rows
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("scale", [1e-9, 50, 300, 790, 1e5, 1e12])
def test_there_are_never_too_many_places_at_any_scale(scale: float) -> None:
    density = pairs_of(spread(50_000, scale), spread(50_001, scale)[:-1]).density()
    assert 100 < len(density.rows) <= MAX_PLACES
    assert density.rows.sum() == 50_000
    assert density.beyond == 0
    assert density.cell is not None
    assert density.cell / scale == pytest.approx(0.05, rel=0.8)


@pytest.mark.parametrize("rows", [9, MAX_POINTS + 1])
@pytest.mark.parametrize("absurd", [1e300, -1e12, math.inf])
def test_what_is_far_out_is_counted_and_changes_nothing_else(rows: int, absurd: float) -> None:
    labels = np.append(spread(rows, 300), absurd)
    plain, density = (
        pairs_of(labels[:-1], labels[:-1]).density(),
        pairs_of(labels, labels).density(),
    )
    assert density.beyond == 1
    for name in ("cell", "y_true", "y_pred", "rows"):
        assert np.array_equal(getattr(plain, name), getattr(density, name))


@pytest.mark.parametrize("larger", [-1e3, 30.0, 1e9])
def test_the_square_widens_until_it_holds_what_comes(larger: float) -> None:
    pairs = pairs_of(spread(2000, 300), spread(2001, 300)[:-1])
    for seed in range(100):
        numbers = np.random.default_rng(seed).uniform(0, 1, 100) * 300 * larger
        pairs.add(Rows(numbers, numbers, np.zeros(100)))
    density = pairs.density()
    assert density.beyond <= 0.02 * 12_000
    assert density.rows.sum() + density.beyond == 12_000
    assert len(density.rows) <= MAX_PLACES
    assert density.y_true.min() < min(0, 250 * larger) or larger > 0
    assert np.abs(density.y_true).max() > 250 * abs(larger)
    assert pairs.predictions().counts.sum() == density.rows.sum()


def good(rows: int) -> tuple[Column, Column]:
    return spread(rows, 300), spread(rows + 1, 300)[:-1]


def in_pieces(labels: Column, predictions: Column, piece: int) -> Scatter:
    pairs = Scatter()
    for start in range(0, len(labels), piece):
        part = slice(start, start + piece)
        pairs.add(Rows(labels[part], predictions[part], np.zeros(len(labels[part]))))
    return pairs


@pytest.mark.parametrize("far", [1e12, -1e12, 1e29, 1e100])
@pytest.mark.parametrize("share", [0.06, 0.4, 0.7, 1.0])
def test_a_burst_of_absurd_predictions_does_not_spoil_the_picture(far: float, share: float) -> None:
    labels, predictions = good(40_000)
    predictions[5000:6000][: int(share * 1000)] = far
    density = in_pieces(labels, predictions, 1000).density()
    assert density.cell == 25
    assert len(density.rows) > 140
    assert density.rows.sum() + density.beyond == 40_000
    if share < 0.5:
        assert density.beyond == round(share * 1000)


def test_a_narrow_range_far_away_that_stays_is_shown() -> None:
    labels, predictions = good(200_000)
    labels[5000:] = 1e6 + labels[5000:] / 100
    predictions[5000:] = 1e6 + predictions[5000:] / 100
    density = pairs_of(labels, predictions).density()
    assert density.cell == 0.25
    assert density.rows.sum() + density.beyond == 200_000
    assert len(density.rows) > 140


def test_predictions_that_no_square_can_hold_never_widen_it() -> None:
    labels, predictions = good(10_000)
    predictions[5000:][::2] = 1e300
    density = pairs_of(labels, predictions).density()
    assert (density.cell, density.beyond) == (25, 2500)


@pytest.mark.parametrize("piece", [1, 50, 1000, 1777, 5000])
@pytest.mark.parametrize("scale", [1e-9, 0.01, 30.0, 1e9])
def test_a_reread_in_other_pieces_gives_the_same_picture(piece: int, scale: float) -> None:
    labels, predictions = good(9500)
    labels[4000:6000] *= scale
    predictions[4000:6000] *= scale
    pieces = in_pieces(labels, predictions, piece)
    whole = pairs_of(labels, predictions)
    shown = [[*each.density(), *each.predictions()] for each in (pieces, whole)]
    np.testing.assert_equal(shown[0], shown[1])


def test_where_all_is_in_one_cell_finer_ones_are_started() -> None:
    labels, predictions = good(30_000)
    huge = labels[:1000] * 1e9
    density = pairs_of(np.append(huge, labels), np.append(huge, predictions)).density()
    assert density.cell == 25
    assert density.rows.sum() + density.beyond == 31_000
    assert density.beyond < 21_000


@pytest.mark.parametrize("number", [0.0, 151.0, 1e300])
def test_equal_points_are_one_place(number: float) -> None:
    density = pairs_of([number] * 9000, [number] * 9000).density()
    assert density.rows.sum() + density.beyond == 9000
    assert len(density.rows) == (number < 1e300)


def test_no_rows_are_no_points() -> None:
    density = pairs_of([], []).density()
    assert (density.beyond, len(density.rows)) == (0, 0)


def test_predictions_are_counted_as_numpy_does_between_the_first_and_the_last() -> None:
    predictions = 60 + spread(5000, 230)
    edges, counts = pairs_of(spread(5001, 300)[:-1], predictions).predictions()
    assert edges.tolist() == np.arange(60, 291, 5).tolist()
    assert counts.tolist() == np.histogram(predictions, edges)[0].tolist()


@pytest.mark.parametrize("rows", [1, 2, 40, 3000])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
def test_bars_of_predictions_are_few_at_any_scale(rows: int, scale: float) -> None:
    predictions = spread(rows, scale)
    edges, counts = pairs_of(predictions, predictions).predictions()
    assert 1 <= len(counts) <= MAX_BARS
    assert counts.sum() == rows
    assert edges[0] <= predictions.min()
    assert predictions.max() < edges[-1]


def test_a_prediction_counts_whatever_its_label_and_one_far_out_in_no_bar() -> None:
    labels, predictions = spread(40, 300), spread(41, 300)
    labels[0], predictions[-1] = 1e12, 1e12
    _, counts = pairs_of(labels, predictions[1:]).predictions()
    assert counts.sum() == 39


def test_equal_predictions_are_one_bar() -> None:
    edges, counts = pairs_of([0, 0], [0, 0]).predictions()
    assert (edges[0], counts.tolist()) == (0, [2])


def test_without_rows_there_is_no_bar() -> None:
    edges, counts = pairs_of([], []).predictions()
    assert (len(edges), len(counts)) == (0, 0)
