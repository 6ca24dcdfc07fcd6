"""A half of a row, a label or a prediction, and how its value is written."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from pipeline.messages import number_texts
from pipeline.queues import Y_TRUE


class Half(msgspec.Struct, frozen=True):
    """A label or a prediction, pending until the other is there. Times are Unix time in ms."""

    id: str
    queue: str  # y_true or y_pred: which half it is; y_pred_shadow: a shadow model's prediction
    value: Any  # a number; or a class, or JSON of probabilities by class; in a row: see scores.py
    received_in_ms: int
    published_in_ms: int | None = None
    features_in_ms: int | None = None
    model_id: str | None = None  # of a prediction


Pair = tuple[Half, Half]  # label and prediction of one id


def is_redelivered(half: Half, first: Half) -> bool:
    """Returns True if both seem to be predictions for features that were delivered twice.

    One model predicts the same from the same features: only another model, or one that failed,
    differs.
    """
    if half.queue == Y_TRUE or half.features_in_ms is None:
        return False
    is_one_model = half.model_id is not None and half.model_id == first.model_id
    failed = math.inf in {half.value, first.value}
    return half.features_in_ms == first.features_in_ms and (failed or not is_one_model)


def value_texts(values: Sequence[Any]) -> list[str]:
    """Returns the values of halves as people read them; infinity is that there was none.

    >>> value_texts([151.0, math.inf]), value_texts(["setosa", '{"setosa":1.0}', math.inf])
    (['151', 'inf'], ['setosa', '{"setosa":1.0}', 'inf'])
    """
    if {*map(type, values)} <= {float, int}:
        return number_texts(values)
    return [str(value) for value in values]


def csv_text(text: str) -> str:
    """Returns a text as a field of a CSV file: in quotes where it has a comma or a quote.

    >>> csv_text("Bern"), csv_text('St. Gallen, "SG"')
    ('Bern', '"St. Gallen, ""SG\"""')
    """
    if "," in text or '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return text
