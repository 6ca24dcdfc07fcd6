"""Checks whether a stored model can answer here, and measures its error on rows new to it."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gateway_errors import RefusedError
from held_out import HeldOut
from pipeline.errors import ModelError
from pipeline.model_store.metrics import half_brier, rmse, tells_only_classes
from pipeline.model_store.model_input import MisfitError, ModelInput
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import ONNX, SKOPS, Model, size_problem
from pipeline.model_store.store import DamagedError, ModelStore
from pipeline.table.schema import SchemaError

log = logging.getLogger(__name__)


class Score(NamedTuple):
    """The error of a model on the hold-out: its RMSE, or of classes its half Brier score.

    `value` is None if it was never measured; `only_classes` is True if it tells no probabilities,
    and each of its classes counts as sure.
    """

    value: float | None
    only_classes: bool = False


class ModelChecks:
    """Loads models as `model` does, and makes them predict the rows of the hold-out.

    `between` is called while one takes long to predict, and may raise.
    """

    def __init__(self, store: ModelStore, held_out: HeldOut, between: Callable[[], None]) -> None:
        self._store = store
        self._between = between
        self._held_out = held_out
        self._schema = held_out.schema
        self._known: dict[str, Score] = {}  # by model_id: a model is written once

    def check(self, model: Model) -> None:
        """Raises RefusedError unless its columns are of those of the rows, and its file is whole.

        The file is loaded each time: it may have been damaged since. Where the hold-out cannot be
        read, that is all: a rollback needs no score, and a forced promotion neither.
        """
        if model.data_set != self._schema.name:
            raise RefusedError(f"{model.model_id} is a model of the data set {model.data_set!r}")
        try:
            ModelInput(self._schema, model.features)
        except MisfitError as error:
            raise RefusedError(f"{model.model_id} cannot answer here: {error}") from error
        if too_large := size_problem(model):
            raise RefusedError(too_large)
        try:
            self._known[model.model_id] = self._measure(model)
        except SchemaError as error:
            log.warning(
                "%s is not measured: the hold-out cannot be read: %s", model.model_id, error
            )
        except (DamagedError, ModelError) as error:
            raise RefusedError(f"{model.model_id} cannot be used: {error}") from error

    def score(self, model: Model) -> Score:
        """Returns the score on the hold-out, or for a file that no longer loads, the recorded one.

        Raises RefusedError if the hold-out cannot be read.
        """
        self._rows()
        if model.model_id not in self._known:
            try:
                self._known[model.model_id] = self._measure(model)
            except (DamagedError, ModelError):
                return recorded(model)
        return self._known[model.model_id]

    def count_of_holdout(self) -> int:
        """Returns how many rows are held out. Raises RefusedError."""
        return len(self._rows()[1])

    def count_of_all(self) -> int:
        """Returns how many rows there are. Raises RefusedError."""
        self._rows()
        return self._held_out.count_of_all()

    def _rows(self) -> tuple[list[list[Any]], list[Any]]:
        try:
            return self._held_out.rows()
        except SchemaError as error:
            raise RefusedError(f"the hold-out cannot be read: {error}") from error

    def _measure(self, model: Model) -> Score:
        """Measures the score. An ONNX file alone is not run here: its record counts, if whole."""
        if SKOPS not in model.files:
            self._store.file(model, ONNX)
            return recorded(model)
        content = self._store.file(model, SKOPS)
        taken = ModelInput(self._schema, model.features)
        predictor = Predictor.of(content, Path(model.model_id, SKOPS), model.model_id, taken)
        held_out: tuple[list[list[Any]], list[Any]] = self._held_out.rows()
        rows, labels = held_out
        if not labels:
            return Score(None)
        predictions: list[Any] = predictor.predict(rows, self._between)
        for prediction in predictions:
            if isinstance(prediction, Failed):
                raise ModelError(prediction.reason)
        if self._schema.task == "regression":
            return Score(rmse(labels, predictions))
        value = half_brier(labels, predictions, self._schema.target.classes)
        return Score(value, tells_only_classes(predictions))


def recorded(model: Model) -> Score:
    """Returns the score in the model's record."""
    if model.metrics is None:
        return Score(None)
    if model.metrics.half_brier is None:
        return Score(model.metrics.rmse)
    return Score(model.metrics.half_brier, model.metrics.log_loss is None)
