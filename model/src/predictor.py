"""The model: loaded without running anything from its file, and predicting row by row or many."""

import math
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import skops.io
from skops.io.exceptions import UntrustedTypesFoundException

import fingerprint
from pipeline.errors import ModelError
from pipeline.messages import FEATURE_COUNT

# What a model file may hold beyond the scikit-learn and numpy types that skops knows to be safe:
# enough for trees, neighbours and small networks. A file must not say itself what to trust.
TRUSTED_TYPES = [
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
]
MOST_FEATURE = 1e100  # a model that squares larger ones leaves the range of a float, and fails
TOO_LARGE = f"a feature is too large, the most is {MOST_FEATURE:g}"
PICKLE_ENDINGS = {".pkl", ".pickle", ".joblib"}


class Predictor:
    """Wraps anything with scikit-learn's predict(): (n, 10) numbers to (n,)."""

    def __init__(self, estimator: Any, model_id: str = "") -> None:
        self._estimator = estimator
        self.model_id = model_id

    @classmethod
    def load(cls, path: Path) -> Self:
        """Raises ModelError, saying what to do, if the file is not a model that we may load."""
        train = "`make train` writes one"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelError(f"no model at {path} ({error.strerror}): {train}") from error
        if path.suffix in PICKLE_ENDINGS or content[:1] == b"\x80":
            raise ModelError(
                f"{path} is a pickle, and loading a pickle can run any code: store the model with "
                "skops.io.dump(model, 'model.skops') instead, where it was trained"
            )
        fingerprint.check(content, path)
        try:
            estimator = skops.io.loads(content, trusted=TRUSTED_TYPES)
        except UntrustedTypesFoundException as error:
            raise ModelError(f"{path} is refused: {error}") from error
        except Exception as error:  # a foreign file fails in any way it likes
            raise ModelError(f"{path} is not a skops model ({error}): {train}") from error
        return cls._checked(estimator, fingerprint.model_id(content), path)

    @classmethod
    def _checked(cls, estimator: Any, model_id: str, path: Path) -> Self:
        predictor = cls(estimator, model_id)
        outcome = predictor.predict([[0.0] * FEATURE_COUNT])[0]
        if isinstance(outcome, str):
            raise ModelError(f"{path} does not predict one number from ten: {outcome}")
        return predictor

    def predict(self, features: list[list[float]]) -> list[float | str]:
        """For each row of ten numbers its prediction, or the reason why there is none.

        A row on which the model fails does not take the others with it.
        """
        rows = np.array(features, dtype=np.float64)
        too_large = np.abs(rows).max(axis=1) > MOST_FEATURE
        if too_large.any():
            fitting = iter(self._predict(rows[~too_large]))
            return [TOO_LARGE if large else next(fitting) for large in too_large]
        return self._predict(rows)

    def _predict(self, features: npt.NDArray[np.float64]) -> list[float | str]:
        if not len(features):
            return []
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(self._estimator.predict(features), dtype=np.float64)
            if values.shape != (len(features),):
                raise ValueError(f"it gave shape {values.shape} for {len(features)} rows")
        except Exception as error:  # a model fails in any way it likes
            if len(features) == 1:
                return [f"the model failed on this row: {error}"]
            half = len(features) // 2
            return self._predict(features[:half]) + self._predict(features[half:])
        if np.isfinite(values).all():
            return values.tolist()  # type: ignore[no-any-return]
        return [
            value if math.isfinite(value) else f"the prediction is not a finite number: {value}"
            for value in values.tolist()
        ]
