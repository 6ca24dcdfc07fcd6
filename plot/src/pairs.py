"""Predictions against labels: as points while there are few, as a density once there are many."""

from typing import NamedTuple

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from log_rows import Column, Rows

MOST_POINTS = 1000  # rows that are kept one by one
LOWEST, HIGHEST = -200.0, 800.0  # points of disease progression, of labels and predictions
CELL = 10.0
CELLS = round((HIGHEST - LOWEST) / CELL)
MOST_PLACES = 700  # that a browser draws at ease
COARSER = (1, 2, 5, 10)  # cells that are put together in each direction
MOST_BARS = 60  # of the histogram of predictions


class Density(NamedTuple):
    """Where the rows lie: places of shape (n,), and how many rows are at each.

    With `cell` they are the centres of squares of that width, all in points of disease progression.
    `beyond` is the number of rows further out than any place.
    """

    cell: float | None
    y_true: Column
    y_pred: Column
    rows: npt.NDArray[np.int64]
    beyond: int


class Histogram(NamedTuple):
    """How many rows lie between one edge and the next, from the first row to the last: `counts` of
    shape (n,), `edges` of shape (n + 1,) in points of disease progression; both empty without rows.
    """

    edges: Column
    counts: npt.NDArray[np.int64]


class Pairs:
    """Counts of rows in fixed square cells, so that absurd numbers cost nothing."""

    def __init__(self) -> None:
        axis = bh.axis.Regular(CELLS, LOWEST, HIGHEST)
        self._cells = bh.Histogram(axis, axis, storage=bh.storage.Int64())
        self._rows = 0
        self._points = np.empty((0, 2))

    def add(self, rows: Rows) -> None:
        """Takes further rows into account."""
        self._cells.fill(rows.y_true, rows.y_pred)
        if self._rows < MOST_POINTS:
            places = np.column_stack([rows.y_true, rows.y_pred])
            self._points = np.concatenate([self._points, places])[: MOST_POINTS + 1]
        self._rows += len(rows.y_true)

    def density(self) -> Density:
        """Each different pair while there are up to MOST_POINTS rows, then cells."""
        counts: npt.NDArray[np.int64] = self._cells.view()
        beyond = self._rows - int(counts.sum())
        if self._rows > MOST_POINTS:
            return self._density_of_cells(counts, beyond)
        inside = ((self._points >= LOWEST) & (self._points < HIGHEST)).all(axis=1)
        places, rows = np.unique(self._points[inside], axis=0, return_counts=True)
        return Density(None, places[:, 0], places[:, 1], rows, beyond)

    def predictions(self) -> Histogram:
        """The predictions in up to MOST_BARS bars of equal width, whatever their labels are."""
        cells = self._cells.view(flow=True).sum(axis=0)[1:-1]
        for factor in COARSER:
            counts = cells.reshape(-1, factor).sum(axis=1)
            filled = np.flatnonzero(counts)
            if not len(filled):
                return Histogram(np.empty(0), counts[:0])
            first, end = filled[0], filled[-1] + 1
            if end - first <= MOST_BARS:
                break
        edges = LOWEST + np.arange(first, end + 1) * (CELL * factor)
        return Histogram(edges, counts[first:end])

    def _density_of_cells(self, counts: npt.NDArray[np.int64], beyond: int) -> Density:
        for factor in COARSER:
            shape = (CELLS // factor, factor, CELLS // factor, factor)
            coarse = counts.reshape(shape).sum(axis=(1, 3))
            if np.count_nonzero(coarse) <= MOST_PLACES:
                break
        found = np.nonzero(coarse)
        cell = CELL * factor
        places = LOWEST + (np.array(found, np.float64) + 0.5) * cell
        return Density(cell, places[0], places[1], coarse[found], beyond)
