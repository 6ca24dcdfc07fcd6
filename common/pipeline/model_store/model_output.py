"""The output of a model, as predictions: numbers, classes, or probabilities by class."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.model_store.outcomes import Failed, Outcome
from pipeline.table.matrix import Matrix
from pipeline.table.schema import Schema
from pipeline.table.value_errors import SUM_WITHIN, label_error, listed

Ask = Callable[[Matrix], list[Outcome]]


def asking(estimator: Any, schema: Schema) -> Ask:
    """Returns what asks a model about n rows at once, and gives n outcomes.

    It raises whatever the model does. Raises ModelError if the model's classes are not among the
    schema's.
    """
    if schema.task == "regression":
        return partial(_numbers, estimator)
    if not hasattr(estimator, "predict_proba"):
        return partial(_classes, estimator, schema)
    own = np.asarray(estimator.classes_).tolist()
    if unknown := [name for name in own if name not in schema.target.classes]:
        raise ModelError(f"it was trained on another class: {label_error(unknown[0], schema)}")
    names = [name for name in schema.target.classes if name in own]
    return partial(_probabilities, estimator, names, [own.index(name) for name in names])


def _numbers(estimator: Any, rows: Matrix) -> list[Outcome]:
    values = np.asarray(estimator.predict(rows), dtype=np.float64)
    _check(values, (len(rows),))
    if np.isfinite(values).all():
        return values.tolist()  # type: ignore[no-any-return]
    return [
        value if math.isfinite(value) else Failed(f"the prediction is not a finite number: {value}")
        for value in values.tolist()
    ]


def _classes(estimator: Any, schema: Schema, rows: Matrix) -> list[Outcome]:
    values = np.asarray(estimator.predict(rows))
    _check(values, (len(rows),))
    known = {*schema.target.classes}
    return [
        value if value in known else Failed(f"the model's class: {label_error(value, schema)}")
        for value in values.tolist()
    ]


def _probabilities(
    estimator: Any, names: list[str], order: list[int], rows: Matrix
) -> list[Outcome]:
    """Asks for probabilities, whose columns in the order of the schema's classes are `order`."""
    values = np.asarray(estimator.predict_proba(rows), dtype=np.float64)
    _check(values, (len(rows), len(order)))
    values = values[:, order]
    clipped = values.clip(0, 1)  # rounding leaves 1 + 2e-16, which is no probability
    is_right = (np.abs(clipped.sum(axis=1) - 1) <= SUM_WITHIN) & (values >= -SUM_WITHIN).all(axis=1)
    found: list[Outcome] = [dict(zip(names, row, strict=True)) for row in clipped.tolist()]
    for index in np.flatnonzero(~is_right).tolist():  # also where one is NaN
        shown = listed([f"{value:.4g}" for value in values[index].tolist()])
        found[index] = Failed(
            f"the model's probabilities are not from 0 to 1 with the sum 1 ± {SUM_WITHIN:g}: "
            f"{shown}"
        )
    return found


def _check(values: Matrix, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise ValueError(f"it returned shape {values.shape} for {shape[0]} rows")
