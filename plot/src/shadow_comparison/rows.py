"""Rows of metric_log_shadow.csv, and the scores by which the two models are compared."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logs.rows import NO_CLASS, Codes, Column, is_share

Names = npt.NDArray[np.object_]  # of str
Scores = npt.NDArray[np.float64]  # shape (2, n): the shadow model's, the live model's


class ShadowRows(NamedTuple):
    """n rows of a shadow model, each an array of shape (n,): numbers as in Rows, and model ids.

    Prediction and error are infinite if the shadow model gave no number. The live model's error is
    for the same row.
    """

    y_true: Column
    y_pred: Column
    absolute_error: Column
    model_id: Names
    live_model_id: Names
    live_absolute_error: Column

    def valid(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether it can be counted; shape (n,)."""
        failed = np.isposinf(self.y_pred) & np.isposinf(self.absolute_error)
        errors = (self.absolute_error >= 0) & (self.live_absolute_error >= 0)
        return np.isfinite(self.y_true) & (np.isfinite(self.y_pred) | failed) & errors

    def answered(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether the shadow model gave a prediction; shape (n,)."""
        return np.isfinite(self.y_pred)

    def scores(self) -> Scores:
        """Returns the absolute errors."""
        return np.stack([self.absolute_error, self.live_absolute_error])


class ClassShadowRows(NamedTuple):
    """n rows of a shadow model that tells classes, each an array of shape (n,).

    An absolute error is 1 - p of the true class. Half a Brier score is half the sum of (p - y)^2
    over all classes, y being 1 for the true one: from 0 to 1, and a proper score, which a model
    cannot better by sharpening its probabilities. If the shadow model gave no class, y_pred is
    NO_CLASS, and its error and score are infinite.
    """

    y_true: Codes
    y_pred: Codes
    absolute_error: Column
    model_id: Names
    live_model_id: Names
    live_absolute_error: Column
    half_brier: Column
    live_half_brier: Column

    def valid(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether it can be counted; shape (n,)."""
        failed = np.isposinf(self.half_brier) & np.isposinf(self.absolute_error)
        answered = is_share(self.half_brier) & is_share(self.absolute_error)
        live = is_share(self.live_half_brier) & is_share(self.live_absolute_error)
        told = np.where(self.y_pred == NO_CLASS, failed, answered & (self.y_pred >= 0))
        return (self.y_true >= 0) & told & live

    def answered(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether the shadow model gave a prediction; shape (n,)."""
        return self.y_pred >= 0

    def scores(self) -> Scores:
        """Returns the halves of the Brier scores."""
        return np.stack([self.half_brier, self.live_half_brier])
