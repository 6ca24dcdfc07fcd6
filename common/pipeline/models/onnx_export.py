"""A scikit-learn model converted to ONNX, and compared with what it was converted from."""

from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.messages import FEATURE_COUNT
from pipeline.models.onnx_model import INSTALL, OnnxModel

# Points of disease progression. Rounding makes some 1e-13 with doubles and up to 5e-4 with floats;
# whatever is converted wrongly, as a threshold or a scale, is off by whole points.
MOST_DIFFERENCE = 0.001
NAME = "model.onnx"


def export(estimator: Any, rows: npt.NDArray[np.float64]) -> tuple[bytes, float]:
    """The ONNX file of the estimator, and by how much it differs at most on rows (n, columns).

    Raises ModelError if it cannot be converted, or differs by more than MOST_DIFFERENCE.
    """
    content = convert(estimator, rows.shape[1])
    difference = parity(estimator, content, rows)
    if not difference <= MOST_DIFFERENCE:  # nan is no small difference
        raise ModelError(
            f"the ONNX file would predict otherwise than scikit-learn, by {difference:.2g} at most "
            f"on {len(rows)} rows, and {MOST_DIFFERENCE:g} is the bound: it is not written"
        )
    return content, difference


def parity(estimator: Any, content: bytes, rows: npt.NDArray[np.float64]) -> float:
    """The maximum difference between the estimator and the ONNX file on these rows."""
    converted = OnnxModel(content, NAME, rows.shape[1])
    differences = np.abs(converted.predict(rows) - estimator.predict(rows))
    return float(differences.max())


def convert(estimator: Any, columns: int = FEATURE_COUNT) -> bytes:
    """With doubles, as scikit-learn computes; with floats where ONNX has no more, as for trees."""
    try:
        from skl2onnx import to_onnx  # noqa: PLC0415  # an extra
        from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType  # noqa: PLC0415
    except ImportError as error:
        raise ModelError(f"writing ONNX needs skl2onnx ({error}): {INSTALL}") from error
    reason: Exception | None = None
    for number in (DoubleTensorType, FloatTensorType):
        kind = [("features", number([None, columns]))]
        try:
            # A fixed name, for the same file from the same model.
            model = to_onnx(estimator, initial_types=kind, name="model")
            content: bytes = model.SerializeToString()
            OnnxModel(content, NAME, columns)
        except Exception as error:  # skl2onnx and ONNX Runtime fail in many ways
            reason = error
        else:
            return content
    # skl2onnx lists a whole model where it fails; what caused that says more in one line.
    first_line = str((reason and reason.__cause__) or reason).partition("\n")[0]
    raise ModelError(f"{type(estimator).__name__} has no ONNX form: {first_line}") from reason
