"""Rows of metric_log_shadow.csv."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from logs.rows import Column

Names = npt.NDArray[np.object_]  # of str


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
