"""How a summary is laid out: where its axis ends, and how wide its bars are."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from summary import BIN_WIDTH, RANGE, Summary

MAE_SHARE = 0.75  # of the axis: MAE lies within, with room to its right
FEWEST_BARS, MOST_BARS = 16, 40
# What a bar may span, in fine bins.
BAR_BINS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000]


class Scale(NamedTuple):
    """An axis from 0 to `limit`, in points, with bars of `bins` fine bins each."""

    limit: float
    bins: int

    @property
    def bar_width(self) -> float:
        """In points of disease progression."""
        return self.bins * BIN_WIDTH

    @property
    def bars(self) -> int:
        """How many there are."""
        return round(self.limit / self.bar_width)


def fit(summary: Summary) -> Scale:
    """The scale that shows the bulk of a summary's rows.

    An outlier does not squeeze the rest: the axis ends where 99.5 % of the rows do, or earlier, at
    the third quartile plus three interquartile ranges (Tukey's outer fence, 1977), but not before
    MAE. A bar is 2 IQR / n^(1/3) wide (Freedman and Diaconis, 1981), where n counts different
    errors only: a data set streamed again and again says nothing new on the shape. Both are
    rounded up to few values, so that they rarely change.
    """
    if not summary.within:
        return Scale(RANGE, BAR_BINS[-1])
    lower, upper = summary.quantile(0.25), summary.quantile(0.75)
    iqr = upper - lower
    most = summary.at_rank(math.ceil(0.995 * summary.within) - 1)
    reach = min(most, upper + 3 * iqr) + BIN_WIDTH
    span = max(reach, summary.mae / MAE_SHARE, 1.0)
    widest = _rounded_up(span / FEWEST_BARS, BAR_BINS)
    wanted = max(2 * iqr / math.cbrt(summary.distinct()), span / MOST_BARS)
    bins = _rounded_up(wanted, [bins for bins in BAR_BINS if widest % bins == 0])
    step = widest * BIN_WIDTH
    return Scale(min(math.ceil(span / step) * step, RANGE), bins)


def _rounded_up(width: float, choices: Sequence[int]) -> int:
    """The first of ascending choices, in fine bins, that reaches `width` points; else the last."""
    return next((bins for bins in choices if bins * BIN_WIDTH >= width), choices[-1])
