"""Models that were asked by their ids, kept loaded until others need their memory."""

import gc
import logging
import time
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.errors import ModelError
from pipeline.message_reader import MessageReader
from pipeline.model_store.own_schema import own_schema
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import SKOPS, size_problem
from pipeline.model_store.store import ModelStore
from pipeline.table.readers import Readers
from stored_model import predictor_of

log = logging.getLogger(__name__)

# The files of all models in memory, together. A model takes three times its file: 192 MiB.
MAX_FILE_BYTES = 64 * 2**20


class LoadedModel(NamedTuple):
    """A model, and what reads the rows that it takes: those of its own data set."""

    predictor: Predictor
    rows: MessageReader[Any]
    size: int  # bytes of its file


class LoadedModels:
    """The models of a store, of whatever data set, each loaded when it is first asked for.

    Those asked for last stay, as many as MAX_FILE_BYTES allows, and at least one.
    """

    def __init__(self, store: ModelStore, datasets_dir: Path) -> None:
        self._store = store
        self._datasets_dir = datasets_dir
        self._models: dict[str, LoadedModel] = {}  # the one asked for last is last

    def __contains__(self, model_id: str) -> bool:
        return model_id in self._models

    def __len__(self) -> int:
        return len(self._models)

    def get(self, model_id: str) -> LoadedModel:
        """Returns the model with this id, and no other.

        Raises ModelError, SchemaError or DamagedError if there is none that can answer, and
        ModelStoreError if the store is away.
        """
        loaded = self._models.pop(model_id, None) or self._load(model_id)
        self._models[model_id] = loaded
        return loaded

    def _load(self, model_id: str) -> LoadedModel:
        model = self._store.model(model_id)
        if model is None:
            raise ModelError(f"there is no model {model_id} in the model store")
        if too_large := size_problem(model):
            raise ModelError(too_large)
        schema = own_schema(model, self._datasets_dir)
        size = max((file.size for file in model.files.values()), default=0)
        self._make_room(size)  # before, so that both are never in memory together
        began = time.monotonic()
        predictor = predictor_of(self._store, model, schema, SKOPS)
        log.info(
            "%s of %s is loaded, in %.3f s; in memory: %d",
            model_id, schema.name, time.monotonic() - began, len(self._models) + 1,
        )  # fmt: skip
        return LoadedModel(predictor, Readers(schema).features, size)

    def _make_room(self, size: int) -> None:
        """Lets those leave that were not asked for the longest, until one of `size` has room."""
        before = len(self._models)
        while self._models and self._size() + size > MAX_FILE_BYTES:
            del self._models[next(iter(self._models))]
        if len(self._models) < before:
            gc.collect()  # a model may refer to itself, and would stay for a while

    def _size(self) -> int:
        return sum(each.size for each in self._models.values())
