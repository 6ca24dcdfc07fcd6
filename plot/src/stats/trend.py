"""The error over the course of the rows: each point is a mean, with its uncertainty."""

from typing import Any, NamedTuple

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from logs.rows import Column

MAX_GROUPS = 256  # of all rows
MAX_RECENT = 1100  # of the last errors: each point of the last 1,000 rows is a mean over 100
Z_95 = 1.96  # standard errors on each side of a mean: 95 % of a normal distribution


class Curve(NamedTuple):
    """Points of a curve: each the MAE of `window` consecutive rows, of which `rows` gives the last.

    `band` is half the width of the 95 % confidence interval of that mean (normal approximation,
    standard error of the sample), NaN where a single row tells nothing about it. All but `rows` are
    in points.
    """

    window: int
    rows: npt.NDArray[np.int64]
    mae: Column
    band: Column


class Trend:
    """The errors of the last MAX_RECENT rows, and of all rows in groups of equal size.

    The size of a group doubles as soon as there are more than MAX_GROUPS of them: so a row costs
    the same however many there were, and the curve keeps its shape.
    """

    def __init__(self) -> None:
        self._recent: Column = np.empty(0)
        self._rows = 0
        self._group_size = 1
        self._groups = _groups()

    def add(self, errors: Column) -> None:
        """Adds the errors of further rows, in order."""
        self._recent = np.concatenate([self._recent, errors])[-MAX_RECENT:]
        while self._rows + len(errors) > MAX_GROUPS * self._group_size:
            self._merge()
        groups = (self._rows + np.arange(len(errors))) // self._group_size
        self._groups.fill(groups, sample=errors)
        self._rows += len(errors)

    def last(self, rows: int, window: int, step: int = 1) -> Curve:
        """Returns the rolling mean over the last `rows` rows, at each `step`th from the latest."""
        kept = self._recent[-(rows + window - 1) :]
        if len(kept) < window:
            return Curve(window, np.empty(0, np.int64), np.empty(0), np.empty(0))
        # Each mean is taken of its own rows: a running sum would keep an outlier's rounding error.
        windows = np.lib.stride_tricks.sliding_window_view(kept, window)[::-step][::-1]
        numbers = self._rows - np.arange(len(windows))[::-1] * step
        with np.errstate(invalid="ignore", over="ignore"):
            mae, band = windows.mean(axis=1), windows.std(axis=1, ddof=1) / np.sqrt(window)
        return Curve(window, numbers, mae, Z_95 * band)

    def whole(self) -> Curve:
        """Returns the means of all rows, group by group; the last group may be incomplete."""
        groups: Any = self._groups.view()
        groups = groups[groups["count"] > 0]
        rows, mae = groups["count"], groups["value"]
        with np.errstate(invalid="ignore", divide="ignore"):
            band = Z_95 * np.sqrt(groups["_sum_of_deltas_squared"] / (rows - 1) / rows)
        return Curve(self._group_size, rows.cumsum().astype(np.int64), mae, band)

    def _merge(self) -> None:
        halved: Any = self._groups[:: bh.rebin(2)]
        self._groups = _groups()
        self._groups.view()[: MAX_GROUPS // 2] = halved.view()
        self._group_size *= 2


def _groups() -> "bh.Histogram[Any]":
    """Returns empty groups, which keep the number of rows, their mean and their spread."""
    return bh.Histogram(bh.axis.Regular(MAX_GROUPS, 0, MAX_GROUPS), storage=bh.storage.Mean())
