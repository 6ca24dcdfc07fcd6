"""The numbers of all rows of classes so far, in memory that does not grow with them."""

import math
from typing import NamedTuple

import boost_histogram as bh
import numpy as np
import numpy.typing as npt

from logs.rows import ClassRows, Column
from stats.summary import ErrorSummary

MIN_PROBABILITY = float(np.finfo(np.float64).eps)  # in the log loss, as scikit-learn's

Counts = npt.NDArray[np.int64]


class ByClass(NamedTuple):
    """Figures of k classes, each of shape (k,).

    `recall` is the share of a class's rows that are predicted so, `precision` the share of such
    predictions that are right; NaN where there are none.
    """

    rows: Counts
    predicted: Counts
    recall: Column
    precision: Column


class ClassSummary(ErrorSummary):
    """The rows added so far: errors, each 1 - p of the true class, and which class was told.

    `confusion`, shape (k, k), counts the rows by true and by most probable class.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.confusion: Counts = np.zeros((classes, classes), np.int64)
        self._loss_sum = bh.accumulators.Sum()
        self.certain = 0  # rows with an error of 0 or 1
        self.impossible = 0  # rows whose true class was given no probability

    def add(self, rows: ClassRows) -> None:
        """Adds further rows."""
        errors, classes = rows.absolute_error, len(self.confusion)
        self.add_errors(errors)
        pairs = np.bincount(rows.y_true * classes + rows.y_pred, minlength=classes**2)
        self.confusion += pairs.reshape(classes, classes)
        self._loss_sum.fill(-np.log(np.maximum(1 - errors, MIN_PROBABILITY)))
        self.impossible += int((errors == 1).sum())
        self.certain += int(((errors == 0) | (errors == 1)).sum())

    @property
    def accuracy(self) -> float:
        """The share of rows whose most probable class is the true one; NaN without rows."""
        return int(self.confusion.trace()) / self.rows if self.rows else math.nan

    @property
    def baseline(self) -> tuple[int, float]:
        """The most frequent class, and the accuracy of always telling it; NaN without rows."""
        rows = self.confusion.sum(axis=1)
        most = int(rows.argmax())
        return most, int(rows[most]) / self.rows if self.rows else math.nan

    @property
    def log_loss(self) -> float:
        """The mean of -ln p of the true class; NaN without rows, or if only classes were told.

        Then each wrong row counts as MIN_PROBABILITY, and the mean says no more than the accuracy.
        """
        return math.nan if self.tells_classes_only else self._mean(self._loss_sum)

    @property
    def tells_classes_only(self) -> bool:
        """True if every error is 0 or 1, as of a model that tells no probabilities."""
        return 0 < self.rows == self.certain

    def by_class(self) -> ByClass:
        """Returns the figures of each class."""
        right = self.confusion.diagonal()
        rows, predicted = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        with np.errstate(invalid="ignore"):
            return ByClass(rows, predicted, right / rows, right / predicted)
