"""Answers requests to a model named by its id, from `features.by_model`, to whoever asked alone."""

import gc
import logging
import os
from itertools import groupby

from asked_again import CALM_SECONDS, AskedAgain
from loaded_models import LoadedModel, LoadedModels
from model import answer
from pipeline import queues
from pipeline.broker import Batch, Broker
from pipeline.broker.batch import EXPIRED, Delivery
from pipeline.errors import ModelError
from pipeline.messages import DeadLetter, Message, Prediction
from pipeline.model_store.store import DamagedError, ModelStore, ModelStoreError
from pipeline.run import Run, run_service
from pipeline.settings import BrokerSettings, StoreSettings
from pipeline.table.readers import any_rows
from pipeline.table.schema import SchemaError
from pipeline.throttled_log import LogThrottle

log = logging.getLogger(__name__)

MAX_PREFETCH = 4  # the rest is for other processes: a model that is loaded answers quickly
RETRY_SECONDS = 1.0  # while the model store is away
NO_MODEL = "it names no model: a message of features.by_model needs the header ask_model, an id"
NO_ASKER = "nobody would get the answer: a message of features.by_model needs reply_to, a queue"

Outcome = tuple[list[Message[Prediction]], list[DeadLetter]]


class ModelByIdSettings(BrokerSettings, StoreSettings):
    """The settings of `model-by-id`."""


class Answering:
    """Answers one part of a batch after another, each by the model that it asks."""

    def __init__(self, models: LoadedModels, run: Run) -> None:
        self._models = models
        self._run = run
        self._throttle = LogThrottle()

    def parts(self, batch: Batch) -> list[Batch]:
        """Returns the batch by models: those in memory first, as to load one takes a while."""

        def place(delivery: Delivery) -> tuple[bool, str]:
            asked = delivery.ask_model or ""
            return asked not in self._models, asked

        in_order = sorted(batch.deliveries, key=place)
        return [batch.part([*group]) for _, group in groupby(in_order, key=place)]

    def outcome(self, part: Batch) -> Outcome:
        """Returns the answers to messages that ask one model, and a dead letter for each other row.

        Raises StopError once the service is asked to stop: nothing of the part is published then,
        and its messages come again.
        """
        try:
            loaded = self._loaded(part)
        except (ModelError, SchemaError, DamagedError) as error:
            return [], refused(part, str(error))
        good = [each for each in part.deliveries if problem_of(each) is None]
        bad = [each for each in part.deliveries if each not in good]
        requests, dead = part.part(good).decode(loaded.rows)
        answers, failed = answer(loaded.predictor, requests, self._run.checkpoint)
        return answers, dead + failed + refused(part.part(bad), EXPIRED)

    def _loaded(self, part: Batch) -> LoadedModel:
        """Waits for the model store, as long as there is anybody to be answered."""
        model_id = part.deliveries[0].ask_model or ""
        while any(problem_of(each) is None for each in part.deliveries):
            try:
                return self._models.get(model_id)
            except ModelStoreError as error:
                if self._throttle.count():
                    log.warning("%s waits for the model store: %s", model_id, error)
            self._run.sleep(RETRY_SECONDS)
            self._run.checkpoint()
        raise ModelError("nobody waits for it")


def problem_of(delivery: Delivery) -> str | None:
    """Returns why a message is not answered, whatever its model says; None if it may be."""
    if delivery.ask_model is None:
        return NO_MODEL
    if not delivery.asker:
        return NO_ASKER
    return EXPIRED if delivery.is_late else None


def refused(part: Batch, reason: str) -> list[DeadLetter]:
    """Returns a dead letter for each row, so that each job ends; `reason` is for good messages."""
    dead: list[DeadLetter] = []
    for delivery in part.deliveries:
        messages, bad = part.part([delivery]).decode(any_rows)
        why = problem_of(delivery) or reason
        dead += bad
        dead += [each.dead_letter(row, why) for each in messages for row in range(len(each.ids))]
    return dead


def main(settings: ModelByIdSettings, run: Run) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in model.py
    from pipeline.model_store import skops_model  # noqa: F401, PLC0415  # not while somebody waits

    gc.freeze()
    models = LoadedModels(ModelStore(settings.model_store), settings.datasets_dir)
    answering, again = Answering(models, run), AskedAgain()
    with Broker(settings, run, uses=["by_model"]) as broker:
        batches = broker.consume(
            queues.FEATURES_BY_MODEL, idle_seconds=CALM_SECONDS, max_prefetch=MAX_PREFETCH
        )
        for batch in batches:
            for passed in again.pass_on(batch, broker.flush):
                for part in answering.parts(passed):
                    # As in model.py, all that a stop may interrupt comes before what is published.
                    answers, dead = answering.outcome(part)
                    broker.reply(answers)
                    broker.dead_letter(dead)
                    part.ack_when_confirmed()
                    run.count("rows", sum(len(each.ids) for each in answers))
                    run.gauges["models"] = len(models)


if __name__ == "__main__":
    run_service("model-by-id", ModelByIdSettings, main)
