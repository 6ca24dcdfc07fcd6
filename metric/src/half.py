"""A half of a row, a label or a prediction, and when two of one kind contradict each other."""

import math

import msgspec

from pipeline.queues import Y_TRUE

TARGET_RANGE = 346.0 - 25.0  # of the labels in the diabetes data set
SAME_WITHIN = 1e-6  # of the larger prediction, or of that range: last digits vary with the batch


class Half(msgspec.Struct, frozen=True):
    """A label or a prediction, pending until the other is there. Times are Unix time in ms."""

    id: str
    queue: str  # y_true or y_pred: which half it is; y_pred_shadow: a shadow model's prediction
    value: float
    received_in_ms: int
    published_in_ms: int | None = None
    features_in_ms: int | None = None
    model_id: str | None = None  # of a prediction


def differs(half: Half, first: Half) -> bool:
    """Returns True if a half contradicts an earlier one; predictions may differ by rounding.

    >>> a = Half("a", "y_pred", 151.0, 0)
    >>> differs(Half("a", "y_pred", 151.0001, 0), a), differs(Half("a", "y_pred", 151.001, 0), a)
    (False, True)
    """
    if half.queue == Y_TRUE:
        return half.value != first.value
    least = SAME_WITHIN * TARGET_RANGE
    return not math.isclose(half.value, first.value, rel_tol=SAME_WITHIN, abs_tol=least)


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
