"""Finds the model that a request names."""

import time
from collections import OrderedDict

from asked.asked_model import Asked
from gateway_errors import RefusedError, UnknownModelError
from gateway_settings import GatewaySettings
from pipeline.errors import ModelError
from pipeline.model_store.own_schema import own_schema
from pipeline.model_store.store import ModelStore
from pipeline.table.schema import Schema, SchemaError
from threads import Threads

LIVE, SHADOW = "live", "shadow"  # names that are no model's id
MAX_KNOWN = 16  # models whose types are kept: one of 500 columns takes 4 MB, and 0.2 s to make
FRESH_SECONDS = 2.0  # for which a model counts as stored that was: it may be deleted meanwhile


class AskedModels:
    """The models of the store, as far as they were asked.

    A request to the live model goes the way of all rows. Any other goes to the model by its id,
    even if that is the live one: no row comes of it.
    """

    def __init__(
        self, store: ModelStore, schema: Schema, settings: GatewaySettings, threads: Threads
    ) -> None:
        self.live = Asked("", schema)
        self._store = store
        self._settings = settings
        self._threads = threads
        self._known: OrderedDict[str, tuple[float, Asked]] = OrderedDict()

    async def of(self, name: str) -> Asked:
        """Returns the model of this id, or of the aliases `live` and `shadow`.

        Raises UnknownModelError; RefusedError if its data set cannot be used; DamagedError,
        ModelStoreError and SlowError.
        """
        if name == LIVE:
            return self.live
        known_at, known = self._known.get(name, (0.0, None))
        if known is not None and time.monotonic() - known_at < FRESH_SECONDS:
            self._known.move_to_end(name)
            return known
        found = await self._threads.run(lambda: self._look(name, known))
        self._known[name] = (time.monotonic(), found)
        self._known.move_to_end(name)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return found

    def _look(self, name: str, known: Asked | None) -> Asked:
        model_id = self._shadow() if name == SHADOW else name
        model = self._store.model(model_id)
        if model is None:
            raise UnknownModelError(f"there is no model {model_id}: the list of models has all")
        if known is not None and known.model_id == model_id:
            return known
        try:
            return Asked(model_id, own_schema(model, self._settings.datasets_dir))
        except (ModelError, SchemaError) as error:
            raise RefusedError(f"{model_id} cannot be asked: {error}") from error

    def _shadow(self) -> str:
        last = self._store.last_change()
        if last is None or last.shadow is None:
            raise UnknownModelError("there is no shadow model: the list of models has the others")
        return last.shadow
