"""Counts of points in square cells, on a square that grows until it holds the points."""

import copy
from typing import Any, Self

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from logs.rows import Column
from stats.bulk import bulk, round_up

CELLS = 200  # along each side
MARGIN = 0.25  # of the width of the first points, on each side
BLOCK = 1000  # points after which the size of the square is decided anew
BULK = 0.95  # of a block's points: the square holds them, and in more than one cell
MAX_DRAWN = 1e30  # labels and predictions beyond this are in no square
MIN_CELL_SHARE = 1e-12  # of the largest number: a cell is no narrower

Points = npt.NDArray[np.float64]  # of shape (n, 2): label and prediction
Counts = npt.NDArray[np.int64]


class Grid:
    """CELLS × CELLS cells from `low` on, each `cell` wide, and counts of the points outside.

    A point far out is in no cell, so that one absurd number does not squeeze the rest. If the
    square does not hold the bulk of a block of points, it doubles until it does, and four cells
    become one, so that it takes the same memory. It stays as it is if most of the block is within,
    and would end up in one cell. If the bulk of all points is in one cell, the next block that
    needs finer ones starts the counts anew.
    """

    def __init__(self, low: float, cell: float) -> None:
        self.low = low
        self.cell = cell
        self._counts = _counts(low, cell)
        self._unblocked: Points = np.empty((0, 2))  # points whose block is not whole yet

    @classmethod
    def around(cls, points: Points) -> Self:
        """Returns a grid that holds the bulk of these points, at least one, and counts them."""
        lows, highs = zip(*map(_ends, np.clip(points, -MAX_DRAWN, MAX_DRAWN).T), strict=True)
        low, high = min(lows), max(highs)
        margin = MARGIN * (high - low) or abs(high) / 10 or 1.0
        finest = max(MIN_CELL_SHARE * max(abs(low), abs(high)), 1 / MAX_DRAWN)
        digit, power = round_up(max((high - low + 2 * margin) / CELLS, finest))
        cell = float(f"{digit}e{power}")
        step = 10 * cell  # so that coarser cells also begin at round numbers
        grid = cls(float(np.floor((low - margin) / step)) * step, cell)
        while high >= grid.high:
            grid._widen(downwards=False)
        grid._fill(points)
        return grid

    @property
    def high(self) -> float:
        """The upper end of the last cell."""
        return self.low + CELLS * self.cell

    def add(self, points: Points) -> None:
        """Counts further points; the square does not depend on how they are divided into calls."""
        points = np.concatenate([self._unblocked, points])
        whole = len(points) - len(points) % BLOCK
        self._unblocked = points[whole:]
        blocks = points[:whole].reshape(-1, BLOCK, 2)
        while len(blocks):
            # Most blocks fit: they are counted at once.
            fitting = int(np.argmax([*self._may_not_fit(blocks), True]))
            self._fill(blocks[:fitting].reshape(-1, 2))
            for block in blocks[fitting : fitting + 1]:
                self._add_block(block)
            blocks = blocks[fitting + 1 :]

    def holds(self, points: Points) -> npt.NDArray[np.bool_]:
        """Returns for each point whether it is in a cell; shape (n,)."""
        within = np.logical_and(points >= self.low, points < self.high)
        return _both(within)

    def cells(self) -> Counts:
        """Returns the number of points in each cell, labels along the first axis."""
        return np.asarray(self._all().view(), np.int64)

    def predictions(self) -> Counts:
        """Returns the number of predictions in each cell's width, whatever their labels are."""
        return np.asarray(self._all().view(flow=True).sum(axis=0)[1:-1], np.int64)

    def _all(self) -> "bh.Histogram[Any]":
        return self._counts.copy().fill(*self._unblocked.T)

    def _fill(self, points: Points) -> None:
        self._counts.fill(*points.T)

    def _may_not_fit(self, blocks: Points) -> npt.NDArray[np.bool_]:
        """Returns for each block whether too much may be outside, or most of it in one cell."""
        with np.errstate(over="ignore"):
            cells = np.floor((blocks - self.low) / self.cell)
        # If 95 of 100 points share a cell, so do 45 of 50 pairs.
        pairs = _both(cells[:, ::2] == cells[:, 1::2]).mean(axis=1)
        return np.asarray((self.holds(blocks).mean(axis=1) < BULK) | (pairs >= 2 * BULK - 1))

    def _add_block(self, block: Points) -> None:
        finer, wider = Grid.around(block), self._wider(block)
        if _is_squeezed(self._counts) and not _is_squeezed(finer._counts):
            self._take(finer)
            return
        within = block[self.holds(block)]
        is_burst = len(within) > BLOCK / 2 and not _is_squeezed(self._alone(within))
        if not (is_burst and _is_squeezed(wider._alone(within))):
            self._take(wider)
        self._fill(block)

    def _alone(self, points: Points) -> "bh.Histogram[Any]":
        return _counts(self.low, self.cell).fill(*points.T)

    def _wider(self, block: Points) -> "Grid":
        """Returns a copy that has been widened until it holds the bulk of the block."""
        wider = copy.deepcopy(self)
        reachable = block[_both(np.abs(block) <= MAX_DRAWN)]
        while (~wider.holds(reachable)).sum() > (1 - BULK) * BLOCK:
            below, above = (reachable < wider.low).sum(), (reachable >= wider.high).sum()
            wider._widen(downwards=bool(below > above))
        return wider

    def _take(self, other: "Grid") -> None:
        self.low, self.cell, self._counts = other.low, other.cell, other._counts

    def _widen(self, downwards: bool) -> None:
        """Doubles the square; points outside it stay uncounted, as nobody knows where they were."""
        halved: Any = self._counts[:: bh.rebin(2), :: bh.rebin(2)]
        start = CELLS // 2 if downwards else 0
        self.low -= CELLS * self.cell * downwards
        self.cell *= 2
        self._counts = _counts(self.low, self.cell)
        # The old cells go to their new place, and so do the counts below and above them.
        places = np.r_[0, 1 + start : 1 + start + CELLS // 2, CELLS + 1]
        self._counts.view(flow=True)[np.ix_(places, places)] = halved.view(flow=True)


def _ends(numbers: Column) -> tuple[float, float]:
    """Returns the least and the largest of the bulk of these numbers."""
    ordered = np.sort(numbers)
    low, high = bulk(lambda rank: float(ordered[rank]), len(ordered))
    within = ordered[(ordered >= low) & (ordered <= high)]
    return float(within[0]), float(within[-1])


def _both(each: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Returns True for each pair whose label and prediction are both True."""
    return np.logical_and(each[..., 0], each[..., 1])


def _counts(low: float, cell: float) -> "bh.Histogram[Any]":
    axis = bh.axis.Regular(CELLS, low, low + CELLS * cell)
    return bh.Histogram(axis, axis, storage=bh.storage.Int64())


def _is_squeezed(counts: "bh.Histogram[Any]") -> bool:
    """Returns True if the bulk of the points in cells is in one cell."""
    rows: Any = counts.view()
    return bool(rows.max() > BULK * rows.sum())
