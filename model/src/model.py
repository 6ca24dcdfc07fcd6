"""Answers each message of `features` with its predictions, in the same form, on `y_pred`."""

import gc
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from pydantic import Field

from live_model import Models
from pipeline import queues
from pipeline.broker import Broker
from pipeline.messages import DeadLetter, Message
from pipeline.model_store.predictor import Predictor
from pipeline.model_store.store import ModelStore
from pipeline.run import Run, run_service
from pipeline.schemas import FEATURES
from pipeline.settings import BrokerSettings, StoreSettings


class ModelSettings(BrokerSettings, StoreSettings):
    model_path: Path = Field(
        Path(__file__).parents[1] / "model.skops",
        description="a file written by skops, or an ONNX file that ends in .onnx",
    )


def answer(
    predictor: Predictor, requests: list[Message[list[float]]], between: Callable[[], None]
) -> tuple[list[Message[float]], list[DeadLetter]]:
    """Predicts all requests together; a row without a prediction becomes a dead letter.

    `between` is called between two slices of long work, and may raise.
    """
    outcomes = _outcomes(predictor, requests, between)
    answers: list[Message[float]] = []
    failed: list[DeadLetter] = []
    for request in requests:
        own = list(islice(outcomes, len(request.ids)))
        good = [index for index, outcome in enumerate(own) if isinstance(outcome, float)]
        if good:
            ids = [request.ids[index] for index in good]
            values = [cast(float, own[index]) for index in good]
            answers.append(request.answer(ids, values, predictor.model_id))
        failed += [
            request.dead_letter(index, outcome)
            for index, outcome in enumerate(own)
            if isinstance(outcome, str)
        ]
    return answers, failed


def tried(
    predictor: Predictor, requests: list[Message[list[float]]], between: Callable[[], None]
) -> list[Message[float | None]]:
    """Predicts the requests with a shadow model: null stands for a row that it cannot predict.

    Unlike answer() it makes no dead letters: a missing prediction is part of the comparison.
    """
    outcomes = _outcomes(predictor, requests, between)
    answers: list[Message[float | None]] = []
    for request in requests:
        own = islice(outcomes, len(request.ids))
        values = [None if isinstance(outcome, str) else outcome for outcome in own]
        answers.append(request.answer(request.ids, values, predictor.model_id))
    return answers


def _outcomes(
    predictor: Predictor, requests: list[Message[list[float]]], between: Callable[[], None]
) -> Iterator[float | str]:
    rows = [row for request in requests for row in request.values]
    return iter(predictor.predict(rows, between) if rows else [])


def main(settings: ModelSettings, run: Run) -> None:
    # Set before scikit-learn is imported. Threads that share a few rows wait for each other: up to
    # half a second on a busy machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    own = Predictor.load(settings.model_path)
    gc.freeze()  # as at the start: what the model's libraries have imported also stays
    store = ModelStore(settings.model_store)
    with (
        Models(store, own, settings.model_path, run) as models,
        Broker(settings, run, uses=["shadow", "changes"]) as broker,
    ):
        broker.listen_for_changes(models.nudge)
        for batch in broker.consume(queues.FEATURES):
            live, shadow = models.now  # the next batch may have another one
            requests, bad = batch.decode(FEATURES)
            # Everything that a stop may interrupt comes before anything of the batch is published.
            predictions, failed = answer(live, requests, run.checkpoint)
            is_long = shadow and shadow.needs_slices(sum(len(request.ids) for request in requests))
            tries = tried(shadow, requests, run.checkpoint) if shadow and is_long else None
            broker.publish(queues.Y_PRED, predictions)
            broker.dead_letter(bad + failed)
            if shadow:
                broker.publish(queues.Y_PRED_SHADOW, tries or tried(shadow, requests, run.beat))
            batch.ack_when_confirmed()
            run.count("rows", sum(len(prediction.ids) for prediction in predictions))


if __name__ == "__main__":
    run_service("model", ModelSettings, main)
