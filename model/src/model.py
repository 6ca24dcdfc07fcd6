"""Answers each message of `features` with its predictions, in the same form, on `y_pred`."""

import gc
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import Field

from live_model import LiveModel, LiveModelSettings
from pipeline import queues
from pipeline.broker import Broker
from pipeline.messages import DeadLetter, Id, Message, Prediction
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor
from pipeline.run import Run, run_service
from pipeline.settings import BrokerSettings
from pipeline.table.readers import Readers


class ModelSettings(BrokerSettings, LiveModelSettings):
    model_path: Path = Field(
        Path(__file__).parents[1] / "model.skops",
        description="a file written by skops, or an ONNX file that ends in .onnx",
    )


def answer(
    predictor: Predictor, requests: list[Message[Any]], between: Callable[[], None]
) -> tuple[list[Message[Prediction]], list[DeadLetter]]:
    """Predicts all requests together; a row without a prediction becomes a dead letter.

    `between` is called between two slices of long work, and may raise.
    """
    rows = [row for request in requests for row in request.values]
    outcomes = iter(predictor.predict(rows, between) if rows else [])
    answers: list[Message[Prediction]] = []
    dead: list[DeadLetter] = []
    for request in requests:
        ids: list[Id] = []
        values: list[Prediction] = []
        for index, outcome in enumerate(islice(outcomes, len(request.ids))):
            if isinstance(outcome, Failed):
                dead.append(request.dead_letter(index, outcome.reason))
            else:
                ids.append(request.ids[index])
                values.append(outcome)
        if ids:
            answers.append(request.answer(ids, values, predictor.model_id))
    return answers, dead


def main(settings: ModelSettings, run: Run) -> None:
    # Set before scikit-learn is imported. Threads that share a few rows wait for each other: up to
    # half a second on a busy machine.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    readers = Readers.of(settings)
    # The file is of the default data set. For another one a model is trained at the first start.
    own = None if settings.own_place else Predictor.load(settings.model_path)
    gc.freeze()  # as at the start: what the model's libraries have imported also stays
    # LiveModel is where the second story hangs on: it may put another model in the place of `own`.
    with LiveModel(own, settings, run) as live, Broker(settings, run, uses=live.uses) as broker:
        live.listen(broker)
        for batch in broker.consume(queues.FEATURES):
            requests, bad = batch.decode(readers.features)
            with live.answering(requests, broker) as predictor:
                # Everything that a stop may interrupt comes before anything of the batch is
                # published: its messages come again, and would be answered twice.
                predictions, dead = answer(predictor, requests, run.checkpoint)
                broker.publish(queues.Y_PRED, predictions)
                broker.dead_letter(bad + dead)
            batch.ack_when_confirmed()
            run.count("rows", sum(len(prediction.ids) for prediction in predictions))


if __name__ == "__main__":
    run_service("model", ModelSettings, main)
