"""The model: loaded without running anything from its file, and predicting one row or many."""

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from pipeline.errors import ModelError
from pipeline.messages import FEATURE_COUNT
from pipeline.model_store import fingerprint

MAX_FEATURE = 1e100  # a model that squares larger values overflows, and fails
TOO_LARGE = f"a feature is too large, the most is {MAX_FEATURE:g}"
SLICE_SECONDS = 1.0  # of predicting, about, before the next check for a stop
MAX_SLICE_ROWS = 2000
GROWTH = 8
PICKLE_ENDINGS = {".pkl", ".pickle", ".joblib"}


class Predictor:
    """Wraps anything with scikit-learn's predict(): (n, 10) numbers to (n,).

    `model_id` identifies the model: for a file that is in no store it is the start of the SHA-256,
    and for a model without a file it is empty.
    """

    def __init__(self, estimator: Any, model_id: str = "") -> None:
        self._estimator = estimator
        self.model_id = model_id
        self._slice_rows = 1  # rows that take SLICE_SECONDS, as far as that is known

    @classmethod
    def load(cls, path: Path) -> Self:
        """Loads a model. Raises ModelError, saying what to do, if it is not one we may load."""
        try:
            content = path.read_bytes()
        except OSError as error:
            train = (
                "`.venv/bin/python model/src/train.py --onnx` writes one, with Docker "
                "`MODEL_EXTRA=onnx MODEL_PATH=model/model.onnx docker compose up -d --build model`"
                if _is_onnx(path)
                else "`make train` writes one"
            )
            raise ModelError(f"no model at {path} ({error.strerror}): {train}") from error
        if path.suffix in PICKLE_ENDINGS or content[:1] == b"\x80":
            raise ModelError(
                f"{path} is a pickle, and loading a pickle can run any code: store the model with "
                "skops.io.dump(model, 'model.skops') instead, where it was trained"
            )
        fingerprint.check(content, path)
        return cls.of(content, path, fingerprint.model_id(content))

    @classmethod
    def of(cls, content: bytes, path: Path, model_id: str) -> Self:
        """Loads a model from a file's content; `path` tells its form, and is named in errors.

        Raises ModelError if it is not a model that we may load, or not one for ten numbers.
        """
        predictor = cls(estimator_of(content, path), model_id)
        outcome = predictor.predict([[0.0] * FEATURE_COUNT])[0]
        if isinstance(outcome, str):
            raise ModelError(
                f"{path} does not predict one number from ten: {outcome}{_origin(content, path)}"
            )
        return predictor

    def predict(
        self, features: Sequence[Sequence[Any]], between: Callable[[], None] = lambda: None
    ) -> list[float | str]:
        """Returns for each row of ten numbers its prediction, or the reason why there is none.

        A row on which the model fails does not affect the others. Long work is done in slices of
        one to two seconds; `between` is called between two, and may raise.
        """
        rows = np.array(features, dtype=np.float64)
        too_large = np.abs(rows).max(axis=1) > MAX_FEATURE
        if too_large.any():
            fitting = iter(self._in_slices(rows[~too_large], between))
            return [TOO_LARGE if large else next(fitting) for large in too_large]
        return self._in_slices(rows, between)

    def needs_slices(self, rows: int) -> bool:
        """Returns True if predicting this many rows takes long, as far as is known."""
        return rows > self._slice_rows

    def _in_slices(
        self, features: npt.NDArray[np.float64], between: Callable[[], None]
    ) -> list[float | str]:
        outcomes: list[float | str] = []
        while (start := len(outcomes)) < len(features):
            if start:
                between()
            part = features[start : start + self._slice_rows]
            before = time.monotonic()
            outcomes += self._predict(part, between)
            self._note(len(part), time.monotonic() - before)
        return outcomes

    def _note(self, rows: int, seconds: float) -> None:
        """Adapts the slices to the time one took, so that each takes one to two SLICE_SECONDS.

        A full slice that took less is at least doubled: most of its time may be the call itself.
        """
        fitting = int(rows * SLICE_SECONDS / max(seconds, 1e-6))
        if seconds > 2 * SLICE_SECONDS:
            self._slice_rows = max(1, fitting)
        elif seconds <= SLICE_SECONDS and rows == self._slice_rows:
            self._slice_rows = min(max(fitting, 2 * rows), GROWTH * rows, MAX_SLICE_ROWS)

    def _predict(
        self, features: npt.NDArray[np.float64], between: Callable[[], None]
    ) -> list[float | str]:
        try:
            with np.errstate(all="ignore"):
                values = np.asarray(self._estimator.predict(features), dtype=np.float64)
            if values.shape != (len(features),):
                raise ValueError(f"it returned shape {values.shape} for {len(features)} rows")
        except Exception as error:  # a model may fail in any way
            if len(features) == 1:
                return [f"the model failed on this row: {error}"]
            between()
            half = len(features) // 2
            halves = (features[:half], features[half:])
            return [outcome for part in halves for outcome in self._predict(part, between)]
        if np.isfinite(values).all():
            return values.tolist()  # type: ignore[no-any-return]
        return [
            value if math.isfinite(value) else f"the prediction is not a finite number: {value}"
            for value in values.tolist()
        ]


def _is_onnx(path: Path) -> bool:
    return path.suffix == ".onnx"


def _origin(content: bytes, path: Path) -> str:
    if _is_onnx(path):
        return ""
    from pipeline.model_store import skops_model  # noqa: PLC0415

    return skops_model.origin(content)


def estimator_of(content: bytes, path: Path) -> Any:
    """Returns the model in a file; its suffix tells the form. Raises ModelError if it is no model.

    Only the library that the file needs is imported: each costs memory.
    """
    if _is_onnx(path):
        from pipeline.model_store import onnx_model  # noqa: PLC0415

        return onnx_model.OnnxModel(content, str(path))
    from pipeline.model_store import skops_model  # noqa: PLC0415

    return skops_model.load(content, path)
