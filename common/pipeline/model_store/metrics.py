"""The errors of a model on rows that it was not trained on, as its record holds them."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import mean_absolute_error, root_mean_squared_error

from pipeline.model_store.outcomes import Outcome
from pipeline.model_store.records import Metrics
from pipeline.table.wire import most_probable


def rmse(labels: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Returns the root of the mean squared error; infinite if the errors are too large to square.

    >>> rmse([1.0, 2.0], [1.0, 4.0]), rmse([0.0], [1e200])
    (1.4142135623730951, inf)
    """
    with np.errstate(over="ignore"):
        return float(root_mean_squared_error(labels, predictions))


def metrics_of(labels: npt.ArrayLike, predictions: npt.ArrayLike, seen: npt.ArrayLike) -> Metrics:
    """Returns the errors on held-out rows, `seen` being the labels that the model was trained on.

    Raises ValueError if the RMSE is not finite: no record can hold such a number.

    >>> metrics_of([1.0, 2.0], [1.0, 4.0], [0.0, 2.0, 9.0]).baseline_mae
    0.5
    """
    root_mean_squared = rmse(labels, predictions)
    if not math.isfinite(root_mean_squared):
        raise ValueError("its errors are too large to be squared")
    return Metrics(
        rmse=root_mean_squared,
        mae=float(mean_absolute_error(labels, predictions)),
        training_rows=np.size(seen),
        held_out_rows=np.size(labels),
        baseline_mae=float(np.abs(np.asarray(labels) - np.median(np.asarray(seen))).mean()),
    )


def class_metrics(
    labels: Sequence[str], predictions: Sequence[Outcome], classes: list[str], seen: Sequence[str]
) -> Metrics:
    """Returns the errors of predicted classes, or probabilities by class, on held-out rows.

    A class without probabilities counts as sure. `classes` are those of the schema, `seen` the
    labels of the rows that the model was trained on.

    >>> metrics = class_metrics(["a", "b"], [{"a": 1.0, "b": 0.0}, {"a": 0.5, "b": 0.5}],
    ...                         ["a", "b"], ["a", "a", "b"])
    >>> metrics.accuracy, metrics.majority_accuracy, metrics.half_brier
    (0.5, 0.5, 0.125)
    """
    given = _by_class(predictions)
    shares, true = _arrays(labels, given, classes)
    told = [most_probable(each, classes) for each in given]
    of_true = np.clip((shares * true).sum(axis=1), np.finfo(np.float64).eps, 1)
    majority = Counter(seen).most_common(1)[0][0]
    return Metrics(
        rmse=None,
        mae=None,
        training_rows=len(seen),
        held_out_rows=len(labels),
        accuracy=float(np.mean([name == label for name, label in zip(told, labels, strict=True)])),
        majority_accuracy=float(np.mean([majority == label for label in labels])),
        log_loss=None if tells_only_classes(predictions) else float(-np.log(of_true).mean()),
        half_brier=_half_brier(shares, true),
    )


def half_brier(labels: Sequence[str], predictions: Sequence[Outcome], classes: list[str]) -> float:
    """Returns half the mean squared distance of the probabilities from the true class, 0 to 1.

    It is least for the true probabilities, so no model looks better by pretending to be sure.

    >>> half_brier(["a", "b"], [{"a": 0.75, "b": 0.25}, "b"], ["a", "b"])
    0.03125
    """
    return _half_brier(*_arrays(labels, _by_class(predictions), classes))


def tells_only_classes(predictions: Sequence[Outcome]) -> bool:
    """Returns True if one of the predictions has no probabilities."""
    return not all(isinstance(each, dict) for each in predictions)


def _by_class(predictions: Sequence[Outcome]) -> list[dict[str, float]]:
    return [each if isinstance(each, dict) else {str(each): 1.0} for each in predictions]


def _arrays(
    labels: Sequence[str], given: list[dict[str, float]], classes: list[str]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Returns the probabilities and the true ones, both of shape (rows, classes)."""
    shares = np.array([[each.get(name, 0.0) for name in classes] for each in given])
    return shares, np.array([[float(label == name) for name in classes] for label in labels])


def _half_brier(shares: npt.NDArray[np.float64], true: npt.NDArray[np.float64]) -> float:
    return float(((shares - true) ** 2).sum(axis=1).mean() / 2)
