"""Converts a scikit-learn model to ONNX, and compares the two."""

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.model_store.onnx_model import (
    CLASSES,
    INSTALL,
    OnnxClassifier,
    OnnxProbabilities,
    load,
)
from pipeline.table import built_in
from pipeline.table.schema import Task

# Points of disease progression, or of a probability. Rounding makes about 1e-13 with doubles and up
# to 5e-4 with floats; anything converted wrongly, such as a threshold or a scale, is off by whole
# points.
MAX_DIFFERENCE = 0.001
ROUNDING = 1e-6  # of a number's size: what a few steps with floats make
NAME = "model.onnx"


def max_difference(labels: npt.ArrayLike) -> float:
    """Returns the limit for a target with these labels: of the range as much as for diabetes.

    It is not below what floats can tell: labels in a narrow range may be large, or all the same.
    """
    target = built_in.default().target
    assert target.least is not None
    assert target.most is not None
    share = MAX_DIFFERENCE / (target.most - target.least)
    return max(share * float(np.ptp(labels)), ROUNDING * float(np.abs(labels).max()))


def export(
    estimator: Any, rows: npt.NDArray[np.float64], most: float = MAX_DIFFERENCE
) -> tuple[bytes, float]:
    """Returns the ONNX file of the estimator, and its largest difference on rows (n, columns).

    It is of the predictions, or for a classifier of the probabilities; a different class without
    probabilities is a difference of 1. Raises ModelError if it cannot be converted, or differs by
    more than `most`.
    """
    differences: list[float] = []
    for content in converted(estimator, rows.shape[1]):
        difference = parity(estimator, content, rows)
        if difference <= most:  # NaN is not a small difference
            return content, difference
        differences.append(difference)
    raise ModelError(
        "the ONNX file is not written: it would differ from scikit-learn by up to "
        f"{min(differences):.2g} on {len(rows)} rows, and the limit is {most:.2g}"
    )


def parity(estimator: Any, content: bytes, rows: npt.NDArray[np.float64]) -> float:
    """Returns the largest difference between the estimator and the ONNX file on these rows."""
    model: Any = load(content, NAME, rows.shape[1], _task(estimator))
    if isinstance(model, OnnxProbabilities):
        differences = np.abs(model.predict_proba(rows) - estimator.predict_proba(rows))
    elif isinstance(model, OnnxClassifier):
        differences = (model.predict(rows) != estimator.predict(rows)).astype(np.float64)
    else:
        differences = np.abs(model.predict(rows) - estimator.predict(rows))
    return float(differences.max())


def converted(estimator: Any, columns: int) -> Iterator[bytes]:
    """Yields its ONNX forms, the most accurate first. Raises ModelError if it has none."""
    try:
        from skl2onnx import to_onnx  # noqa: PLC0415  # an optional package
    except ImportError as error:
        raise ModelError(f"writing ONNX needs skl2onnx ({error}): {INSTALL}") from error
    reason: Exception | None = None
    is_any = False
    task = _task(estimator)
    for form, number in _forms(estimator):
        kind = [("features", number([None, columns]))]
        # Probabilities as an array: a list of dictionaries takes ten times as long.
        options = {id(form): {"zipmap": False}} if task == "classification" else None
        try:
            # A fixed name, so that the same model gives the same file.
            model = to_onnx(form, initial_types=kind, name="model", options=options)
            _name_classes(model, estimator)
            content: bytes = model.SerializeToString()
            load(content, NAME, columns, task)
        except Exception as error:  # skl2onnx and ONNX Runtime fail in many ways
            reason = error
        else:
            is_any = True
            yield content
    if is_any:
        return
    # skl2onnx lists the whole model in its error; the cause says more in one line.
    first_line = str((reason and reason.__cause__) or reason).partition("\n")[0]
    raise ModelError(f"{type(estimator).__name__} has no ONNX form: {first_line}") from reason


def _task(estimator: Any) -> Task:
    from sklearn.base import is_classifier  # noqa: PLC0415  # imported late, like skl2onnx

    return "classification" if is_classifier(estimator) else "regression"


def _name_classes(model: Any, estimator: Any) -> None:
    """Writes into the ONNX form of a model with probabilities which column is of which class."""
    if hasattr(estimator, "predict_proba"):
        classes = msgspec.json.encode(np.asarray(estimator.classes_).tolist()).decode()
        model.metadata_props.add(key=CLASSES, value=classes)


def _forms(estimator: Any) -> Iterator[tuple[Any, Any]]:
    """Yields forms with doubles, as scikit-learn computes, then floats, if ONNX has no more.

    Trees need floats. A tree of scikit-learn's rounds to floats, too, but only after the steps
    before it have computed with doubles: if rounded earlier, some rows would take the other branch.
    """
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType  # noqa: PLC0415
    from skl2onnx.sklapi import CastTransformer  # noqa: PLC0415
    from sklearn.pipeline import Pipeline  # noqa: PLC0415  # imported late, like skl2onnx

    yield estimator, DoubleTensorType
    if isinstance(estimator, Pipeline):
        *before, last = estimator.steps
        yield (
            Pipeline([*before, ("cast", CastTransformer(dtype=np.float32)), last]),
            DoubleTensorType,
        )
    yield estimator, FloatTensorType
