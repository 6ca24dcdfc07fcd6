"""The predictions of the shadow model: for the same requests, and answering nobody."""

from collections.abc import Callable
from itertools import islice
from typing import Any

from pipeline.messages import Message, Prediction
from pipeline.model_store.outcomes import Failed
from pipeline.model_store.predictor import Predictor


def shadow_answers(
    predictor: Predictor, requests: list[Message[Any]], between: Callable[[], None]
) -> list[Message[Prediction | None]]:
    """Predicts the requests with a shadow model: null stands for a row that it cannot predict.

    It makes no dead letters: a missing prediction is part of the comparison. `between` is called
    between two slices of long work, and may raise.
    """
    rows = [row for request in requests for row in request.values]
    outcomes = iter(predictor.predict(rows, between) if rows else [])
    answers: list[Message[Prediction | None]] = []
    for request in requests:
        own = islice(outcomes, len(request.ids))
        values = [None if isinstance(outcome, Failed) else outcome for outcome in own]
        answers.append(request.answer(request.ids, values, predictor.model_id))
    return answers
