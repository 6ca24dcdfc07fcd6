"""The errors of a model on rows that it was not trained on, as its record holds them."""

import math

import numpy as np
import numpy.typing as npt
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipeline.model_store.records import Metrics


def rmse(labels: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Returns the root of the mean squared error; infinite if the errors are too large to square.

    >>> rmse([1.0, 2.0], [1.0, 4.0]), rmse([0.0], [1e200])
    (1.4142135623730951, inf)
    """
    with np.errstate(over="ignore"):
        return float(root_mean_squared_error(labels, predictions))


def metrics_of(labels: npt.ArrayLike, predictions: npt.ArrayLike, training_rows: int) -> Metrics:
    """Returns the errors on held-out rows. Raises ValueError if the RMSE is not finite.

    No record can hold such a number.
    """
    root_mean_squared = rmse(labels, predictions)
    if not math.isfinite(root_mean_squared):
        raise ValueError("its errors are too large to be squared")
    return Metrics(
        rmse=root_mean_squared,
        mae=float(mean_absolute_error(labels, predictions)),
        training_rows=training_rows,
        held_out_rows=np.size(labels),
    )
