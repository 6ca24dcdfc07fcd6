"""What is known of all rows so far, in memory that does not grow with them."""

import math

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from log_rows import Rows
from pairs import Pairs
from trend import Trend

RANGE = 1000.0  # points of disease progression; the labels of the data set go from 25 to 346
BIN_WIDTH = 0.01
_BINS = round(RANGE / BIN_WIDTH)
# 0.29 / 0.01 is a hair less than 29, and 0.29 belongs to the bin it begins; RANGE to the last one.
_HAIR = 1e-9 * BIN_WIDTH
_LAST = RANGE - BIN_WIDTH / 2

Counts = npt.NDArray[np.int64]


class Summary:
    """The rows added so far: their errors in fine bins from 0 to RANGE, each with its mean; sums.

    The bins are fixed, so that an absurd error changes nothing but `beyond`, the number of rows
    with an error above RANGE. All else is that of the rows within.
    """

    def __init__(self) -> None:
        self._errors = bh.Histogram(bh.axis.Regular(_BINS, 0, RANGE), storage=bh.storage.Mean())
        self._error_sum = 0.0
        self._square_sum = 0.0
        self._difference_sum = 0.0
        self.pairs = Pairs()
        self.trend = Trend()
        self.within = 0
        self.beyond = 0

    @property
    def rows(self) -> int:
        """All rows, beyond the range or not."""
        return self.within + self.beyond

    def add(self, rows: Rows) -> None:
        """Takes further rows into account."""
        within = Rows(*(column[rows.absolute_error <= RANGE] for column in rows))
        errors = within.absolute_error
        self._errors.fill(np.minimum(errors + _HAIR, _LAST), sample=errors)
        self._error_sum += float(errors.sum())
        self._square_sum += float((errors**2).sum())  # errors @ errors would wake all cores
        self._difference_sum += float((within.y_pred - within.y_true).sum())
        self.pairs.add(within)
        self.trend.add(errors)
        self.within += len(errors)
        self.beyond += len(rows.absolute_error) - len(errors)

    @property
    def mae(self) -> float:
        """The mean absolute error, NaN without rows."""
        return self._mean(self._error_sum)

    @property
    def rmse(self) -> float:
        """The root of the mean squared error, NaN without rows."""
        return math.sqrt(self._mean(self._square_sum))

    @property
    def bias(self) -> float:
        """The mean of y_pred - y_true, NaN without rows."""
        return self._mean(self._difference_sum)

    def at_rank(self, rank: int) -> float:
        """The error of one row: rank 0 is the smallest, within - 1 the largest within the range.

        The mean of its bin: exact where all errors of the bin are equal, else right to BIN_WIDTH.
        """
        place = int(np.searchsorted(np.cumsum(self._counts), rank, side="right"))
        return float(self._errors.view()["value"][place])

    def quantile(self, share: float) -> float:
        """The error that a `share` (0 to 1) of the rows stays below, NaN without rows.

        That of numpy.quantile, linear between the two nearest rows, each as at_rank() has it.
        """
        if not self.within:
            return math.nan
        rank = share * (self.within - 1)
        lower, upper = self.at_rank(math.floor(rank)), self.at_rank(math.ceil(rank))
        return lower + (upper - lower) * (rank % 1)

    @property
    def median(self) -> float:
        """The middle error, NaN without rows."""
        return self.quantile(0.5)

    def distinct(self) -> int:
        """How many fine bins hold rows: at most the number of different errors."""
        return int(np.count_nonzero(self._counts))

    def histogram(self, bins: int) -> Counts:
        """The rows in each group of so many fine bins, from 0 up; `bins` divides their number."""
        grouped: Counts = self._counts.reshape(-1, bins).sum(axis=1)
        return grouped

    @property
    def _counts(self) -> Counts:
        return self._errors.view()["count"].astype(np.int64)

    def _mean(self, total: float) -> float:
        return total / self.within if self.within else math.nan
