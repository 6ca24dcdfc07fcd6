"""Loads a model from the model store, as one that answers rows of a data set."""

from pathlib import Path

from pipeline.errors import ModelError
from pipeline.model_store.model_input import ModelInput
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Schema


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
    try:
        taken = ModelInput(schema, model.features)
    except ModelError as error:
        raise ModelError(f"{model_id} cannot answer: {error}") from error
    name = form if form in model.files else next(iter(model.files), form)
    return Predictor.of(store.file(model, name), Path(model_id, name), model_id, taken)
