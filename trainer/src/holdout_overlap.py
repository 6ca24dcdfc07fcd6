"""Finds rows that a model was trained on and would be judged by: its errors there say nothing."""

import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from pipeline import dataset
from pipeline.dataset import Dataset
from pipeline.messages import FEATURE_NAMES


def holdout_rows_seen(features: list[str], training: Dataset) -> int | None:
    """Counts how many of the 89 rows of the stream's hold-out are among the training rows.

    They are found by their features, scaled or as measured, whatever their order, label or number
    of copies. None for a model that does not take the ten columns: it cannot answer here.
    """
    if not {*FEATURE_NAMES} <= {*features}:
        return None
    columns = [features.index(name) for name in FEATURE_NAMES]
    features_seen = training.features[:, columns]
    return int((_is_near(features_seen) | _is_near(dataset.scale(features_seen))).sum())


def _is_near(features_seen: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Tells for each hold-out row whether a training row equals it but for rounding.

    The nearest two patients of the data set differ by three times that in one of their ten values.
    """
    nearest = NearestNeighbors(n_neighbors=1, metric="chebyshev").fit(features_seen)
    distances, _ = nearest.kneighbors(dataset.holdout().features)
    near: npt.NDArray[np.bool_] = distances[:, 0] <= dataset.ROUNDING
    return near


def copies(training: Dataset, held_out: Dataset) -> int:
    """Counts the held-out rows whose features equal those of a training row."""
    seen = {*_keys(training.features)}
    return sum(key in seen for key in _keys(held_out.features))


def _keys(features: npt.NDArray[np.float64]) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(features)]
