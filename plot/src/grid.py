"""Counts of points in square cells, on a square that widens until it holds what comes."""

from typing import Any, Self

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from bulk import bulk, round_up
from log_rows import Column

CELLS = 200  # along each side
MARGIN = 0.25  # of the width of the first points, to each side
OUTSIDE = 0.05  # a larger share of the latest points than this, and the square widens
LATEST = 1000
FURTHEST = 1e30  # labels and predictions beyond are in no square
FINEST = 1e-12  # of the largest number: a cell is no narrower

Points = npt.NDArray[np.float64]  # of shape (n, 2): label and prediction
Counts = npt.NDArray[np.int64]


class Grid:
    """CELLS × CELLS cells from `low` on, each `cell` wide, and counts of the points beside them.

    A point far out is in no cell, so that one absurd number does not squeeze the rest. Where more
    than OUTSIDE of the latest points are, the square doubles, and four cells become one: it takes
    the same memory.
    """

    def __init__(self, low: float, cell: float) -> None:
        self.low = low
        self.cell = cell
        self._counts = _counts(low, cell)
        self._latest: Points = np.empty((0, 2))

    @classmethod
    def around(cls, points: Points) -> Self:
        """The grid that holds the bulk of these points, and counts them. Takes one at least."""
        lows, highs = zip(*map(_ends, np.clip(points, -FURTHEST, FURTHEST).T), strict=True)
        low, high = min(lows), max(highs)
        margin = MARGIN * (high - low) or abs(high) / 10 or 1.0
        finest = max(FINEST * max(abs(low), abs(high)), 1 / FURTHEST)
        digit, power = round_up(max((high - low + 2 * margin) / CELLS, finest))
        cell = float(f"{digit}e{power}")
        step = 10 * cell  # coarser cells begin at round numbers, too
        grid = cls(float(np.floor((low - margin) / step)) * step, cell)
        while high >= grid.high:
            grid._widen(downwards=False)
        grid.add(points)
        return grid

    @property
    def high(self) -> float:
        """Where the last cell ends."""
        return self.low + CELLS * self.cell

    def add(self, points: Points) -> None:
        """Counts further points, and widens before that if need be."""
        latest = np.concatenate([self._latest, points])[-max(LATEST, len(points)) :]
        while (
            len(latest) >= LATEST
            and (~self.holds(latest)).mean() > OUTSIDE
            and self.high - self.low < 4 * FURTHEST
        ):
            below, above = (latest < self.low).sum(), (latest >= self.high).sum()
            self._widen(downwards=bool(below > above))
        self._latest = latest[-LATEST:]
        self._counts.fill(*points.T)

    def holds(self, points: Points) -> npt.NDArray[np.bool_]:
        """Which of the points are in a cell, of shape (n,)."""
        within = np.logical_and(points >= self.low, points < self.high)
        return np.asarray(within.all(axis=1))

    def cells(self) -> Counts:
        """How many points are in each cell, labels along the first axis."""
        return np.asarray(self._counts.view(), np.int64)

    def predictions(self) -> Counts:
        """How many predictions there are in each cell's width, whatever their labels are."""
        return np.asarray(self._counts.view(flow=True).sum(axis=0)[1:-1], np.int64)

    def _widen(self, downwards: bool) -> None:
        """Doubles the square; what is in no cell stays so, as nobody knows where it was."""
        halved: Any = self._counts[:: bh.rebin(2), :: bh.rebin(2)]
        start = CELLS // 2 if downwards else 0
        self.low -= CELLS * self.cell * downwards
        self.cell *= 2
        self._counts = _counts(self.low, self.cell)
        # The old cells in their place, what is below and above them where that is now.
        places = np.r_[0, 1 + start : 1 + start + CELLS // 2, CELLS + 1]
        self._counts.view(flow=True)[np.ix_(places, places)] = halved.view(flow=True)


def _ends(numbers: Column) -> tuple[float, float]:
    """The least and the largest of the bulk of these numbers."""
    ordered = np.sort(numbers)
    low, high = bulk(lambda rank: float(ordered[rank]), len(ordered))
    within = ordered[(ordered >= low) & (ordered <= high)]
    return float(within[0]), float(within[-1])


def _counts(low: float, cell: float) -> "bh.Histogram[Any]":
    axis = bh.axis.Regular(CELLS, low, low + CELLS * cell)
    return bh.Histogram(axis, axis, storage=bh.storage.Int64())
