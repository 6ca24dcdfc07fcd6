"""The scale of a picture: where its axis ends, and how wide its bars are."""

import math
from typing import NamedTuple

import numpy as np

from logs.rows import Column
from stats.bulk import bulk, round_up
from stats.class_summary import ClassSummary
from stats.error_histogram import BIN_RATIO, MAX_BINNED, MIN_BINNED, Counts, ErrorHistogram
from stats.summary import ErrorSummary

MAE_SHARE = 0.75  # of the axis: MAE lies within it, with room to its right
MAX_STRETCH = 2  # times the bulk: with a few huge rows MAE is further out, which the picture says
MIN_BARS, MAX_BARS = 16, 40
PAST = 1 + 1e-9  # an error exactly at the end of an axis is within it
MAX_SHARE = 0.995  # of the rows that differ from zero: the axis need not go further


class Scale(NamedTuple):
    """An axis from 0, with `bars` bars, each `units` times ten to the `power` wide.

    If it `is_closed`, the last bar has the errors at its end, too: there are none beyond.
    """

    bars: int
    units: int
    power: int
    is_closed: bool = False

    @property
    def edges(self) -> Column:
        """The ends of all bars, each the float nearest to its decimal number."""
        whole = np.arange(self.bars + 1, dtype=np.float64) * self.units
        scale = np.float64(10.0 ** abs(self.power))
        return whole / scale if self.power < 0 else whole * scale

    @property
    def bar_width(self) -> float:
        """Width of a bar, in points."""
        return float(self.edges[1])

    @property
    def limit(self) -> float:
        """End of the axis, in points."""
        return float(self.edges[-1])

    def counts(self, errors: ErrorHistogram) -> Counts:
        """Returns the number of rows in each bar."""
        edges = self.edges
        if self.is_closed:
            edges[-1] *= BIN_RATIO
        return errors.histogram(edges)


WHOLE = Scale(20, 5, -2, is_closed=True)  # from 0 to 1: what 1 - p of a class can be
NOTHING = Scale(20, 5, -2)  # from 0 to 1: all rows are exact, if there are any


def fit(summary: ErrorSummary) -> Scale:
    """Returns the scale that shows the bulk of a summary's rows; of classes it shows them all.

    An outlier does not squeeze the rest: the axis ends with the bulk of the rows whose error is not
    zero, or where 99.5 % of those do, but not before an MAE that is near. A bar is 2 IQR / n^(1/3)
    wide (Freedman and Diaconis, 1981), where n counts different errors only: a data set streamed
    again and again adds nothing about the shape. Both are rounded up to a few values, so that they
    rarely change.
    """
    errors = summary.errors
    if isinstance(summary, ClassSummary):
        return WHOLE
    if errors.exact() == errors.rows:
        return NOTHING
    reach, iqr = _reach(errors)
    at_mae = summary.mae / MAE_SHARE
    span = max(reach, at_mae) if at_mae <= MAX_STRETCH * reach else reach
    digit, power = round_up(span / MIN_BARS)
    step, unit = 10 * digit, power - 1  # the widest bar, and the unit of all bars
    wanted = max(2 * iqr / math.cbrt(errors.distinct()), span / MAX_BARS)
    choices = [units for units in (1, 2, 5, 10, 20, 50) if step % units == 0]
    units = next((each for each in choices if float(f"{each}e{unit}") >= wanted), step)
    steps = math.floor(span * PAST / float(f"{step}e{unit}")) + 1
    return Scale(steps * step // units, units, unit)


def _reach(errors: ErrorHistogram) -> tuple[float, float]:
    """Returns the end of the bulk of the errors other than zero, and their interquartile range."""
    exact = errors.exact()
    different = errors.rows - exact

    def at_rank(rank: int) -> float:
        return min(errors.at_rank(exact + rank), MAX_BINNED)

    _, high = bulk(at_rank, different)
    most = at_rank(math.ceil(MAX_SHARE * different) - 1)
    iqr = at_rank(different - 1 - different // 4) - at_rank(different // 4)
    means = np.minimum(errors.filled().errors, MAX_BINNED)
    return max(float(means[means <= min(high, most)][-1]), MIN_BINNED), iqr
