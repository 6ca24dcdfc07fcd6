"""Loads a model from the model store, as one that answers rows of a data set."""

import logging
from pathlib import Path

from pipeline.errors import ModelError
from pipeline.model_store.model_input import MisfitError, ModelInput
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import Model
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Schema
from pipeline.table.split import MIN_THRESHOLD_ROWS
from pipeline.table.split_digest import is_by_content, split_digest

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
    predictor = predictor_of(store, model, schema, form)
    if _may_have_seen_others(model, schema):
        log.warning(
            "%s was trained on other rows than those of %s now, and may have seen some that are "
            "held out now: its errors may look too small", model_id, schema.name,
        )  # fmt: skip
    return predictor


def predictor_of(store: ModelStore, model: Model, schema: Schema, form: str) -> Predictor:
    """Returns a stored model, to answer rows of `schema`; of its files the one named `form`.

    Raises ModelError, DamagedError and ModelStoreError.
    """
    name = form if form in model.files else next(iter(model.files), form)
    content = store.file(model, name)
    try:
        taken = ModelInput(schema, model.features)
        return Predictor.of(content, Path(model.model_id, name), model.model_id, taken)
    except MisfitError as error:
        raise ModelError(
            f"{model.model_id} cannot answer: {error}: restore the schema that it was trained "
            "with, or let another model answer"
        ) from error


def _may_have_seen_others(model: Model, schema: Schema) -> bool:
    """Returns True if rows that are held out now may have been in the model's training data.

    They were not, in a table that has changed, if a row's content decides: the gateway's promotion
    is as strict, and also counts the rows of now.
    """
    then, now = model.rows_sha256, schema.rows_sha256
    if not then or not now or then == now:
        return False
    many = MIN_THRESHOLD_ROWS
    has_same_split = model.split_digest == split_digest(schema, many)
    is_own = model.dataset_id == model.data_set
    return not (is_own and has_same_split and is_by_content(schema, many))
