"""The numbers of all rows so far, at any scale, in memory that does not grow with them."""

import math

import boost_histogram as bh
import numpy as np

from logs.rows import Column, Rows
from stats.error_histogram import ErrorHistogram
from stats.scatter import Scatter
from stats.trend import Trend


class ErrorSummary:
    """The errors of the rows added so far, in fine bins, over time, and their sum.

    No number leaves a row out. The sums are Neumaier's (1974): the rounding error is added at the
    end, so a small row counts beside a huge one.
    """

    def __init__(self) -> None:
        self.errors = ErrorHistogram()
        self._error_sum = bh.accumulators.Sum()
        self.trend = Trend()
        self.largest = 0.0  # of the errors

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.errors.rows

    def add_errors(self, errors: Column) -> None:
        """Adds the errors of further rows."""
        self.errors.add(errors)
        self._error_sum.fill(errors)
        self.trend.add(errors)
        self.largest = max(self.largest, float(errors.max(initial=0)))

    @property
    def mae(self) -> float:
        """The mean absolute error; infinite beyond the range of a float, NaN without rows."""
        return self._mean(self._error_sum)

    @property
    def median(self) -> float:
        """The middle error, NaN without rows."""
        return self.errors.quantile(0.5)

    def _mean(self, total: bh.accumulators.Sum) -> float:
        if not self.rows:
            return math.nan
        return total.value / self.rows if math.isfinite(total.value) else math.inf


class Summary(ErrorSummary):
    """The numbers of rows of numbers: their errors, and labels against predictions."""

    def __init__(self) -> None:
        super().__init__()
        self._square_sum = bh.accumulators.Sum()
        self._difference_sum = bh.accumulators.Sum()
        self.scatter = Scatter()

    def add(self, rows: Rows) -> None:
        """Adds further rows."""
        errors = rows.absolute_error
        self.add_errors(errors)
        with np.errstate(over="ignore"):
            self._square_sum.fill(errors**2)
            self._difference_sum.fill(rows.y_pred - rows.y_true)
        self.scatter.add(rows)

    @property
    def rmse(self) -> float:
        """The root of the mean squared error; infinite or NaN as the MAE is."""
        return math.sqrt(self._mean(self._square_sum))

    @property
    def bias(self) -> float:
        """The mean of y_pred - y_true; infinite or NaN as the MAE is."""
        return self._mean(self._difference_sum)
