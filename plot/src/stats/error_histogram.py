"""Errors of any scale, counted in bins of a fixed relative width."""

import math
from typing import Any, NamedTuple

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from logs.rows import Column

MIN_BINNED = 1e-15  # smaller errors share a bin with zero
MAX_BINNED = 1e20  # larger errors share another
BIN_RATIO = 1.001  # upper end of a bin over its lower end, at most
# Bins are 1 wide from 1,000 on, 2 from 2,000 and 5 from 5,000, and so at each power of ten: a
# number of up to three digits is the end of one.
_KNOTS = np.array([float(f"{digit}e{power}") for power in range(-15, 20) for digit in (1, 2, 5)])
_KNOTS = np.append(_KNOTS, MAX_BINNED)
_PLACES = np.append(0.0, np.cumsum(np.resize([1000, 1500, 1000], len(_KNOTS) - 1)))
_AXIS = bh.axis.Integer(0, int(_PLACES[-1]))
_LARGEST = np.finfo(np.float64).max
# 0.3 - 0.1 is a hair less than 0.2, and belongs to the bin that 0.2 begins.
_HAIR = 1 + 1e-12

Counts = npt.NDArray[np.int64]


class Filled(NamedTuple):
    """The bins that hold rows, in ascending order: the mean error, row count and middle of each."""

    errors: Column
    rows: Counts
    middles: Column


class ErrorHistogram:
    """Counts errors in bins that are 0.1 % wide at most, each with the mean of its errors: 3 MB.

    So an error is known to 0.1 %, and exactly if all errors in its bin are equal.
    """

    def __init__(self) -> None:
        self._bins = bh.Histogram(_AXIS, storage=bh.storage.Mean())
        self._filled: Filled | None = None  # kept until rows are added
        self.rows = 0

    def add(self, errors: Column) -> None:
        """Adds further errors, none of them NaN or negative."""
        with np.errstate(over="ignore"):
            places = np.interp(errors * _HAIR, _KNOTS, _PLACES, left=-1)
        sample = np.minimum(errors, _LARGEST)  # inf - inf would make the mean NaN
        self._bins.fill(places.astype(np.int64), sample=sample)
        self.rows += len(errors)
        self._filled = None

    def filled(self) -> Filled:
        """Returns the bins that hold rows."""
        if self._filled is None:
            bins = self._bins.view(flow=True)
            counts = bins["count"]
            places = np.flatnonzero(counts)
            rows = counts[places].astype(np.int64)
            middles = np.interp(places - 0.5, _PLACES, _KNOTS, left=0, right=np.inf)
            self._filled = Filled(bins["value"][places], rows, middles)
        return self._filled

    def exact(self) -> int:
        """Returns the number of rows with an error below MIN_BINNED: their prediction is right."""
        return int(self._bins.view(flow=True)["count"][0])

    def distinct(self) -> int:
        """Returns the number of bins that hold rows: at most the number of different errors."""
        return len(self.filled().rows)

    def at_rank(self, rank: int) -> float:
        """Returns the error of one row: rank 0 is the smallest, rows - 1 the largest."""
        errors, rows, _ = self.filled()
        return float(errors[np.searchsorted(np.cumsum(rows), rank, side="right")])

    def quantile(self, share: float) -> float:
        """Returns the error that a `share` (0 to 1) of the rows stays below; NaN without rows.

        As in numpy.quantile it is linear between the two nearest rows, each as at_rank() has it.
        """
        if not self.rows:
            return math.nan
        rank = share * (self.rows - 1)
        lower, upper = self.at_rank(math.floor(rank)), self.at_rank(math.ceil(rank))
        return lower + (upper - lower) * (rank % 1)

    def histogram(self, edges: npt.NDArray[np.floating[Any]]) -> Counts:
        """Counts the rows between one edge and the next, like numpy.histogram; the first edge is 0.

        Exact if each edge is a number of up to three digits, such as 0.175 or 2e9; otherwise off by
        the rows of the bins that contain an edge, as a bin goes whole to one side.
        """
        _, rows, middles = self.filled()
        places = np.searchsorted(edges, middles, side="right") - 1
        bars = len(edges) - 1
        counts = np.bincount(places, rows, bars)[:bars]
        return counts.astype(np.int64)
