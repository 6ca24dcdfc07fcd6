"""Errors of any scale, counted in bins of a fixed relative width."""

import math
from typing import Any, NamedTuple

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from log_rows import Column

LEAST, MOST = 1e-15, 1e20  # smaller errors share a bin with those of zero, larger ones another
BIN_RATIO = 1.001  # from the lower end of a bin to its upper end
_BINS = math.ceil(math.log(MOST / LEAST) / math.log(BIN_RATIO))
_AXIS = bh.axis.Regular(_BINS, LEAST, MOST, transform=bh.axis.transform.log)
_LARGEST = np.finfo(np.float64).max
# 0.3 - 0.1 is a hair less than 0.2, and belongs to the bar that 0.2 begins.
_HAIR = 1 + 1e-12

Counts = npt.NDArray[np.int64]


class Filled(NamedTuple):
    """The bins that hold rows, in ascending order: of each the mean error, and its rows."""

    errors: Column
    rows: Counts


class ErrorHistogram:
    """Counts errors in bins that are 0.1 % wide, each with the mean of its errors: 2 MB.

    So an error is known to 0.1 %, and exactly where all errors of its bin are equal.
    """

    def __init__(self) -> None:
        self._bins = bh.Histogram(_AXIS, storage=bh.storage.Mean())
        self._filled: Filled | None = None  # as long as no rows are added
        self.rows = 0

    def add(self, errors: Column) -> None:
        """Takes further errors into account, none of them NaN or negative."""
        self._bins.fill(errors, sample=np.minimum(errors, _LARGEST))  # inf - inf is no mean
        self.rows += len(errors)
        self._filled = None

    def filled(self) -> Filled:
        """The bins that hold rows."""
        if self._filled is None:
            bins = self._bins.view(flow=True)
            counts = bins["count"]
            places = np.flatnonzero(counts)
            self._filled = Filled(bins["value"][places], counts[places].astype(np.int64))
        return self._filled

    def exact(self) -> int:
        """How many rows have an error below LEAST: the prediction is right."""
        return int(self._bins.view(flow=True)["count"][0])

    def distinct(self) -> int:
        """How many bins hold rows: at most the number of different errors."""
        return len(self.filled().rows)

    def at_rank(self, rank: int) -> float:
        """The error of one row: rank 0 is the smallest, rows - 1 the largest."""
        errors, rows = self.filled()
        return float(errors[np.searchsorted(np.cumsum(rows), rank, side="right")])

    def quantile(self, share: float) -> float:
        """The error that a `share` (0 to 1) of the rows stays below, NaN without rows.

        That of numpy.quantile, linear between the two nearest rows, each as at_rank() has it.
        """
        if not self.rows:
            return math.nan
        rank = share * (self.rows - 1)
        lower, upper = self.at_rank(math.floor(rank)), self.at_rank(math.ceil(rank))
        return lower + (upper - lower) * (rank % 1)

    def histogram(self, edges: npt.NDArray[np.floating[Any]]) -> Counts:
        """The rows between one edge and the next, as numpy.histogram has them; 0 is the first.

        A bin goes whole to where its mean lies, so bars differ by 1 % of the tallest at most.
        """
        errors, rows = self.filled()
        with np.errstate(over="ignore"):
            places = np.searchsorted(edges, errors * _HAIR, side="right") - 1
        bars = len(edges) - 1
        counts = np.bincount(places, rows, bars)[:bars]
        return counts.astype(np.int64)
