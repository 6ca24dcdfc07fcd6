"""Predictions against labels: as points while there are few, as a density once there are many."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logs.rows import Column, Rows
from stats.grid import CELLS, Grid, Points

MAX_POINTS = 1000  # rows that are kept one by one
MAX_PLACES = 700  # that a browser draws easily
COARSER = (1, 2, 5, 10)  # cells that are put together in each direction
MAX_BARS = 60  # of the histogram of predictions


class Density(NamedTuple):
    """The distribution of the rows: places of shape (n,), and the number of rows at each.

    With `cell`, the places are the centres of squares of that width. `beyond` is the number of rows
    that lie too far out to be drawn with the others.
    """

    cell: float | None
    y_true: Column
    y_pred: Column
    rows: npt.NDArray[np.int64]
    beyond: int


class Histogram(NamedTuple):
    """The number of rows between one edge and the next, from the first row to the last.

    `counts` has shape (n,), `edges` shape (n + 1,); both are empty without rows.
    """

    edges: Column
    counts: npt.NDArray[np.int64]


class Scatter:
    """The first rows one by one, and all of them in the cells of a grid once they are many."""

    def __init__(self) -> None:
        self._points: Points = np.empty((0, 2))
        self._grid: Grid | None = None
        self._rows = 0

    def add(self, rows: Rows) -> None:
        """Adds further rows."""
        points = np.column_stack([rows.y_true, rows.y_pred])
        self._rows += len(points)
        if self._grid is not None:
            self._grid.add(points)
            return
        self._points = np.concatenate([self._points, points])
        if self._rows > MAX_POINTS:
            self._grid = Grid.around(self._points[:MAX_POINTS])
            self._grid.add(self._points[MAX_POINTS:])
            self._points = self._points[:0]

    def density(self) -> Density:
        """Returns each different pair up to MAX_POINTS rows, and cells from then on."""
        if self._grid is None:
            return _density_of_points(self._points)
        grid, counts = self._grid, self._grid.cells()
        for factor in COARSER:
            coarse = counts.reshape(CELLS // factor, factor, CELLS // factor, factor)
            squares = coarse.sum(axis=(1, 3))
            if np.count_nonzero(squares) <= MAX_PLACES:
                break
        found = np.nonzero(squares)
        cell = grid.cell * factor
        places = grid.low + (np.array(found, np.float64) + 0.5) * cell
        beyond = self._rows - int(counts.sum())
        return Density(cell, places[0], places[1], squares[found], beyond)

    def predictions(self) -> Histogram:
        """Returns the predictions in up to MAX_BARS bars of equal width, whatever their labels."""
        if not self._rows:
            return Histogram(np.empty(0), np.empty(0, np.int64))
        grid = self._grid or Grid.around(self._points)
        cells = grid.predictions()
        for factor in COARSER:
            counts = cells.reshape(-1, factor).sum(axis=1)
            filled = np.flatnonzero(counts)
            if not len(filled):
                return Histogram(np.empty(0), counts[:0])
            first, end = filled[0], filled[-1] + 1
            if end - first <= MAX_BARS:
                break
        edges = grid.low + np.arange(first, end + 1) * (grid.cell * factor)
        return Histogram(edges, counts[first:end])


def _density_of_points(points: Points) -> Density:
    inside = points[Grid.around(points).holds(points)] if len(points) else points
    places, rows = np.unique(inside, axis=0, return_counts=True)
    return Density(None, places[:, 0], places[:, 1], rows, len(points) - len(inside))
