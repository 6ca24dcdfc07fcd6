"""The live model and the shadow model of this process, as the model store names them."""

import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

from default_model import form_of, register
from pipeline.broker import Broker
from pipeline.broker.layout import TopologyParts
from pipeline.clock import now_text
from pipeline.errors import ModelError, StopError
from pipeline.messages import Message
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.records import REPORT_SECONDS, Change, Replica
from pipeline.model_store.store import DamagedError, ModelStore, ModelStoreError
from pipeline.queues import Y_PRED_SHADOW
from pipeline.run import Run
from pipeline.settings import StoreSettings
from pipeline.table.data_sets import load_schema
from shadow_answers import shadow_answers
from stored_model import load_stored

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0  # while the store is away
GOODBYE_SECONDS = 2.0


class LiveModelSettings(StoreSettings):
    """The settings that a live model needs: where the model store is, and the file of its own."""

    model_path: Path


class InUse(NamedTuple):
    """The models that answer one batch; the next batch may have others."""

    live: Predictor
    shadow: Predictor | None = None


class LiveModel:
    """Follows the changes in the model store, which name the model that answers, and its shadow.

    A new model is loaded and checked beside the old one first. A change that cannot be followed
    leaves the models in use as they are; the reason is in the log, and in what the store holds
    about this process. `own`, the model in the file at MODEL_PATH, is put into the store, and
    answers as long as there is no change. Without it a model is trained where there is none of
    the data set's rows and schema.
    """

    uses: TopologyParts = ("shadow", "changes")  # of the broker

    def __init__(self, own: Predictor | None, settings: LiveModelSettings, run: Run) -> None:
        self._now = InUse(own) if own else None  # None only until there is a model
        self._schema = load_schema(settings.dataset, settings.datasets_dir)
        self._store = ModelStore(settings.model_store, settings.own_place)
        self._form = form_of(settings.model_path)
        self._settings = settings
        self._run = run
        self._is_registered = False
        self._name = f"{socket.gethostname()}-{os.getpid()}"
        self._change = 0  # the number of the last one known here
        self._problem: str | None = None
        self._has_warned = False
        self._is_over = False
        self._nudged = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="models", daemon=True)

    def __enter__(self) -> Self:
        """Waits for the store: to answer with the wrong model would be worse."""
        with suppress(StopError):
            while not self._look() and not self._run.stop.wait(RETRY_SECONDS):
                pass  # no status is written, so the service counts as unwell
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._nudged.set()
        self._thread.join(GOODBYE_SECONDS)

    def listen(self, broker: Broker) -> None:
        """Has each announced change followed at once; before the broker is consumed from."""
        broker.listen_for_changes(self._nudged.set)

    @contextmanager
    def answering(self, requests: list[Message[Any]], broker: Broker) -> Iterator[Predictor]:
        """Gives the model that answers this batch; at the end its shadow has predicted it as well.

        What the shadow takes long for is done first, as a stop may interrupt it; the rest at the
        end, so that no answer waits for it.
        """
        assert self._now is not None, "it was waited for"
        live, shadow = self._now  # the next batch may have others
        if shadow is None:
            yield live
            return
        is_long = shadow.needs_slices(sum(len(request.ids) for request in requests))
        first = shadow_answers(shadow, requests, self._run.checkpoint) if is_long else None
        yield live
        predictions = first or shadow_answers(shadow, requests, self._run.beat)
        broker.publish(Y_PRED_SHADOW, predictions)

    def _follow(self) -> None:
        try:
            is_well = True
            while not self._is_over:
                self._nudged.wait(REPORT_SECONDS if is_well else RETRY_SECONDS)
                self._nudged.clear()
                is_well = self._is_over or self._look()
            with suppress(ModelStoreError):
                self._store.forget(self._name)
        except BaseException as failure:  # a silent thread would be a model that never changes
            self._run.failure = failure

    def _look(self) -> bool:
        """Follows the last change, and reports. Returns False if the store cannot be used now."""
        try:
            if not self._is_registered:
                self._register()
                self._is_registered = True
            change = self._store.last_change()
            if change is not None and change.number != self._change:
                self._make(change)
                self._change = change.number
            self._report()
        except (ModelStoreError, DamagedError) as error:
            if not self._has_warned:
                log.warning("waiting for the model store: %s", error)
            self._has_warned = True
            return False
        self._has_warned = False
        return self._now is not None

    def _register(self) -> None:
        if self._now is not None:
            register(self._store, self._settings.model_path)
            return
        from first_model import train_if_needed  # noqa: PLC0415  # only training needs its imports

        train_if_needed(self._store, self._schema, self._settings.datasets_dir, self._run)

    def _make(self, change: Change) -> None:
        """Makes the change. Raises ModelStoreError, changing nothing, if one cannot be read now."""
        before = self._now.live if self._now else None
        live, live_problem = self._loaded(change.live)
        shadow, shadow_problem = self._loaded(change.shadow)
        self._problem = live_problem or shadow_problem
        if self._problem:
            log.warning("change %d is not applied: %s", change.number, self._problem)
        now = live or before
        if now is None:
            log.warning("there is no model to answer with: waiting for another change")
            return
        if shadow and (self._now is None or shadow is not self._now.shadow):
            log.info("%s is the shadow model", shadow.model_id)
        self._now = InUse(now, shadow)
        if before and now.model_id != before.model_id:
            log.info("%s is live now, instead of %s", now.model_id, before.model_id)
        elif self._change == 0:
            log.info("%s is live", now.model_id)

    def _loaded(self, model_id: str | None) -> tuple[Predictor | None, str | None]:
        """Returns the model, or the reason why there is none."""
        if model_id is None:
            return None, None
        for present in filter(None, self._now or ()):
            if present.model_id == model_id:
                return present, None
        try:
            return load_stored(self._store, model_id, self._schema, self._form), None
        except (ModelError, DamagedError) as error:
            return None, str(error)

    def _report(self) -> None:
        if self._now is None:
            return
        live, shadow = self._now
        self._store.report(
            Replica(
                name=self._name,
                change=self._change,
                live=live.model_id,
                shadow=shadow.model_id if shadow else None,
                problem=self._problem,
                at=now_text(),
            )
        )
