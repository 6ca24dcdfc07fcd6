"""The error in the course of the rows: each point is a mean, with how sure one can be of it."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from log_rows import Column

GROUPS = 256  # at most, of all rows
KEPT = 1100  # of the last errors: the points of the last 1,000 rows look back on 100 each
SURE = 1.96  # standard errors to each side of a mean: 95 % of a normal distribution


class Course(NamedTuple):
    """Points of a curve: each the MAE of `window` consecutive rows, of which `rows` has the last.

    `band` is half the width of the 95 % confidence interval of that mean (normal approximation,
    standard error of the sample), NaN where a single row says nothing on it. All but `rows` are in
    points of disease progression.
    """

    window: int
    rows: npt.NDArray[np.int64]
    mae: Column
    band: Column


class Trend:
    """The errors of the last KEPT rows, and of all rows in groups of equal size.

    A group holds twice as many rows as soon as there are more than GROUPS of them: so a row costs
    the same however many there were, and the curve keeps its shape.
    """

    def __init__(self) -> None:
        self._recent: Column = np.empty(0)
        self._rows = 0
        self._group_size = 1
        self._groups = np.zeros((GROUPS, 3))  # of each: rows, sum of errors, sum of their squares

    def add(self, errors: Column) -> None:
        """Takes the errors of further rows, in their order."""
        self._recent = np.concatenate([self._recent, errors])[-KEPT:]
        while self._rows + len(errors) > GROUPS * self._group_size:
            self._merge()
        groups = (self._rows + np.arange(len(errors))) // self._group_size
        for column, values in enumerate((None, errors, errors**2)):
            self._groups[:, column] += np.bincount(groups, values, GROUPS)
        self._rows += len(errors)

    def last(self, rows: int, window: int, step: int = 1) -> Course:
        """The rolling mean over the last `rows` rows, of each `step`th from the latest back."""
        rolling = pd.Series(self._recent).rolling(window)
        kept = len(self._recent)
        chosen = np.arange(kept - 1, max(kept - rows, 0) - 1, -step)[::-1]
        numbers = np.arange(self._rows - kept, self._rows) + 1
        mae, error = rolling.mean().to_numpy(), rolling.sem().to_numpy()
        known = chosen[np.isfinite(mae[chosen])]
        return Course(window, numbers[known], mae[known], SURE * error[known])

    def whole(self) -> Course:
        """The means of all rows, group by group; the last group may be on its way."""
        rows, total, squares = self._groups[self._groups[:, 0] > 0].T
        with np.errstate(invalid="ignore", divide="ignore"):
            variance = np.maximum(squares - total**2 / rows, 0) / (rows - 1)
            band = SURE * np.sqrt(variance / rows)
        return Course(self._group_size, rows.cumsum().astype(np.int64), total / rows, band)

    def _merge(self) -> None:
        pairs = self._groups.reshape(GROUPS // 2, 2, 3).sum(axis=1)
        self._groups = np.concatenate([pairs, np.zeros_like(pairs)])
        self._group_size *= 2
