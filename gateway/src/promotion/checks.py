"""Checks whether a stored model can answer here, and measures its error on rows new to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway_errors import RefusedError
from pipeline import dataset
from pipeline.csv_table import listed
from pipeline.decode_errors import too_large
from pipeline.errors import ModelError
from pipeline.messages import FEATURE_NAMES
from pipeline.model_store.metrics import rmse
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import MAX_MODEL_BYTES, ONNX, SKOPS, Model
from pipeline.model_store.store import DamagedError, ModelStore
from pipeline.table import built_in


class ModelChecks:
    """Loads models as `model` does, and makes them predict the 89 rows of the hold-out.

    `between` is called while one takes long to predict, and may raise.
    """

    def __init__(self, store: ModelStore, between: Callable[[], None]) -> None:
        self._store = store
        self._between = between
        self._holdout = dataset.holdout()
        self._schema = built_in.default()  # the gateway asks of no other one
        self._known: dict[str, float | None] = {}  # RMSE by model_id: a model is written once

    def check(self, model: Model) -> None:
        """Raises RefusedError unless its columns are of those of the wire, and its file is whole.

        The file is loaded each time: it may have been damaged since.
        """
        if model.data_set != dataset.NAME:
            raise RefusedError(f"{model.model_id} is a model of the data set {model.data_set!r}")
        if not {*model.features} <= {*FEATURE_NAMES}:
            raise RefusedError(
                f"{model.model_id} takes the columns {listed(model.features)}; the rows to "
                f"predict have {', '.join(FEATURE_NAMES)}"
            )
        size = max((file.size for file in model.files.values()), default=0)
        if size > MAX_MODEL_BYTES:  # before it is read: it would end the gateway, then `model`
            what = f"a file of {model.model_id}"
            raise RefusedError(too_large(what, size, "bytes", MAX_MODEL_BYTES))
        try:
            self._known[model.model_id] = self._measure(model)
        except (DamagedError, ModelError) as error:
            raise RefusedError(f"{model.model_id} cannot be used: {error}") from error

    def rmse(self, model: Model) -> float | None:
        """Returns the RMSE on the hold-out, or for a file that no longer loads, the recorded one.

        None if it was never measured.
        """
        if model.model_id not in self._known:
            try:
                self._known[model.model_id] = self._measure(model)
            except (DamagedError, ModelError):
                return recorded(model)
        return self._known[model.model_id]

    def _measure(self, model: Model) -> float | None:
        """Measures the RMSE. An ONNX file alone is not run here: its record counts, if whole."""
        if SKOPS not in model.files:
            self._store.file(model, ONNX)
            return recorded(model)
        content = self._store.file(model, SKOPS)
        taken = ModelInput(self._schema, model.features)
        predictor = Predictor.of(content, Path(model.model_id, SKOPS), model.model_id, taken)
        predictions: list[Any] = predictor.predict(self._holdout.features.tolist(), self._between)
        for prediction in predictions:
            if isinstance(prediction, Failed):
                raise ModelError(prediction.reason)
        return rmse(self._holdout.labels, predictions)


def recorded(model: Model) -> float | None:
    """Returns the RMSE in the model's record."""
    return model.metrics.rmse if model.metrics else None
