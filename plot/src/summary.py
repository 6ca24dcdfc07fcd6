"""What is known of all rows so far, in memory that does not grow with them."""

import math

import numpy as np
import numpy.typing as npt

from follower import Rows

RANGE = 1000.0  # points of disease progression; the labels of the data set go from 25 to 346
BIN_WIDTH = 0.01
_BINS = round(RANGE / BIN_WIDTH)
_HAIR = 1e-9  # of a bin: 0.29 / 0.01 is a hair less than 29, and 0.29 belongs to the bin it begins

Counts = npt.NDArray[np.int64]


class Summary:
    """The errors of the rows added so far, as counts in fine bins from 0 to RANGE.

    The bins are fixed, so that an absurd error changes nothing but `beyond`, the number of rows
    with an error above RANGE. MAE, quantiles and histogram are those of the rows within.
    """

    def __init__(self) -> None:
        self._counts: Counts = np.zeros(_BINS, np.int64)
        self._error_sum = 0.0
        self.within = 0
        self.beyond = 0

    @property
    def rows(self) -> int:
        """All rows, beyond the range or not."""
        return self.within + self.beyond

    def add(self, rows: Rows) -> None:
        """Takes further rows into account."""
        errors = rows.absolute_error[rows.absolute_error <= RANGE]
        bins = np.minimum((errors / BIN_WIDTH + _HAIR).astype(np.int64), _BINS - 1)
        np.add.at(self._counts, bins, 1)  # touches the bins of these rows, and no others
        self._error_sum += float(errors.sum())
        self.within += len(errors)
        self.beyond += len(rows.absolute_error) - len(errors)

    @property
    def mae(self) -> float:
        """The mean absolute error, NaN without rows."""
        return self._error_sum / self.within if self.within else math.nan

    def at_rank(self, rank: int) -> float:
        """The error of one row: rank 0 is the smallest, within - 1 the largest within the range.

        Taken to lie in the middle of its bin, and so right to BIN_WIDTH / 2.
        """
        place = int(np.searchsorted(np.cumsum(self._counts), rank, side="right"))
        return (place + 0.5) * BIN_WIDTH

    def quantile(self, share: float) -> float:
        """The error that a `share` (0 to 1) of the rows stays below, NaN without rows.

        That of numpy.quantile, linear between the two nearest rows, right to BIN_WIDTH / 2.
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
