"""Predictions against labels: each pair while they are few, later never too many places to draw."""

import numpy as np
import pytest

from log_rows import Column, Rows
from pairs import CELL, HIGHEST, LOWEST, MOST_BARS, MOST_PLACES, MOST_POINTS, Pairs


def pairs_of(y_true: object, y_pred: object) -> Pairs:
    pairs = Pairs()
    labels, predictions = (np.asarray(each, dtype=np.float64) for each in (y_true, y_pred))
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
    labels = spread(MOST_POINTS + 1, 300)
    assert pairs_of(labels[:-1], labels[:-1]).density().cell is None
    density = pairs_of(labels, labels).density()
    assert density.cell == 10
    assert density.rows.sum() == MOST_POINTS + 1
    assert set(density.y_true) <= set(np.arange(5, 300, 10))


def test_cells_count_as_numpy_does() -> None:
    labels, predictions = spread(5000, 300), spread(5001, 300)[:-1]
    density = pairs_of(labels, predictions).density()
    assert density.cell == 20
    edges = np.arange(0, 301, density.cell)
    expected, _, _ = np.histogram2d(labels, predictions, [edges, edges])
    found = np.zeros_like(expected)
    columns, rows = (
        (each // density.cell).astype(int) for each in (density.y_true, density.y_pred)
    )
    found[columns, rows] = density.rows
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("scale", [50, 300, 790])
def test_there_are_never_too_many_places(scale: float) -> None:
    density = pairs_of(spread(50_000, scale), spread(50_001, scale)[:-1]).density()
    assert len(density.rows) <= MOST_PLACES
    assert density.rows.sum() == 50_000


@pytest.mark.parametrize("rows", [1, MOST_POINTS + 1])
@pytest.mark.parametrize("absurd", [1e300, -1e12, HIGHEST, LOWEST - 0.1])
def test_what_is_far_out_is_counted_and_changes_nothing_else(rows: int, absurd: float) -> None:
    labels = np.append(np.full(rows, 150.0), absurd)
    density = pairs_of(labels, labels).density()
    assert density.beyond == 1
    assert density.rows.tolist() == [rows]


def test_no_rows_are_no_points() -> None:
    density = pairs_of([], []).density()
    assert (density.beyond, len(density.rows)) == (0, 0)


def test_predictions_are_counted_as_numpy_does_between_the_first_and_the_last() -> None:
    predictions = 60 + spread(5000, 230)
    edges, counts = pairs_of(spread(5001, 300)[:-1], predictions).predictions()
    assert edges.tolist() == np.arange(60, 291, CELL).tolist()
    assert counts.tolist() == np.histogram(predictions, edges)[0].tolist()


def test_bars_of_predictions_are_wider_rather_than_too_many() -> None:
    ends = [LOWEST, HIGHEST - 1]
    edges, counts = pairs_of(ends, ends).predictions()
    assert len(counts) <= MOST_BARS
    assert (edges[0], edges[-1]) == (LOWEST, HIGHEST)
    assert [counts[0], counts[-1], counts.sum()] == [1, 1, 2]


def test_a_prediction_counts_whatever_its_label_and_one_far_out_in_no_bar() -> None:
    edges, counts = pairs_of([900, 150, 150], [152, 153, 1100]).predictions()
    assert (edges.tolist(), counts.tolist()) == ([150, 160], [2])


def test_without_rows_there_is_no_bar() -> None:
    edges, counts = pairs_of([], []).predictions()
    assert (len(edges), len(counts)) == (0, 0)
