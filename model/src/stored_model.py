"""Loads a model from the model store, as one that answers rows of a data set."""

import logging
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.model_store.model_input import MisfitError, ModelInput
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Schema

log = logging.getLogger(__name__)


def load_stored(store: ModelStore, model_id: str, schema: Schema, form: str) -> Predictor:
    """Returns a stored model; of its files the one named `form`, if it has that.

    Raises ModelError if there is none, or it is not one for this data set; DamagedError and
    ModelStoreError.
    """
    model = store.model(model_id)
    if model is None:
        raise ModelError(f"there is no model {model_id} in the model store")
    if model.data_set != schema.name:
        raise ModelError(
            f"{model_id} is a model of the data set {model.data_set!r}, and this is {schema.name!r}"
        )
    name = form if form in model.files else next(iter(model.files), form)
    content = store.file(model, name)
    try:
        taken = ModelInput(schema, model.features)
        predictor = Predictor.of(content, Path(model_id, name), model_id, taken)
    except MisfitError as error:
        raise ModelError(
            f"{model_id} cannot answer: {error}: restore the schema that it was trained with, or "
            "let another model answer"
        ) from error
    if model.rows_sha256 and schema.rows_sha256 and model.rows_sha256 != schema.rows_sha256:
        log.warning(
            "%s was trained on other rows than those of %s now, and may have seen some that are "
            "held out now: its errors may look too small", model_id, schema.name,
        )  # fmt: skip
    return predictor
