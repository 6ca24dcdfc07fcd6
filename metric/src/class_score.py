"""The score of a predicted class: how far it is from the label, and what is remembered of it.

A prediction is a text: a class, or probabilities by class as JSON, which begins with a brace, as no
class does. A class without probabilities counts as certain.
"""

import math
from typing import NamedTuple

import msgspec

from pipeline.table.wire import most_probable

SAME_WITHIN = 1e-6  # of a probability: last digits vary with the batch
SAME_SCORE_WITHIN = 3 * SAME_WITHIN  # the most by which such probabilities move a score

_probabilities = msgspec.json.Decoder(dict[str, float])


class Score(NamedTuple):
    """The value of a class's prediction in a row: all that is remembered of it.

    Both errors are infinite, and `y_pred` is "", if the shadow model predicted nothing.
    """

    y_true: str
    y_pred: str  # the most probable class
    absolute_error: float  # 1 − the probability of the true class
    half_brier: float  # ½Σ(p − y)² over all classes

    def __str__(self) -> str:
        return self.y_pred


def score_of(y_true: str, prediction: str | float, classes: list[str]) -> Score:
    """Returns the score of a prediction, which is infinity if there is none.

    >>> score_of("b", '{"a":0.25,"b":0.75}', ["a", "b"])
    Score(y_true='b', y_pred='b', absolute_error=0.25, half_brier=0.0625)
    """
    if not isinstance(prediction, str):
        return Score(y_true, "", math.inf, math.inf)
    by_class = _by_class(prediction)
    y_pred = prediction if prediction in by_class else most_probable(by_class, classes)
    error = 1.0 - by_class.get(y_true, 0.0)
    others = sum(p * p for name, p in by_class.items() if name != y_true)
    half_brier = min(1.0, (error * error + others) / 2)  # more, if they sum to a little more than 1
    return Score(y_true, y_pred, error, half_brier)


def is_same(prediction: str, first: str) -> bool:
    """Returns True if two predictions are the same but for last digits.

    >>> is_same('{"a":1.0}', "a"), is_same('{"a":0.9,"b":0.1}', '{"a":0.8,"b":0.2}')
    (True, False)
    """
    ours, theirs = _by_class(prediction), _by_class(first)
    names = ours.keys() | theirs.keys()
    return all(abs(ours.get(name, 0) - theirs.get(name, 0)) <= SAME_WITHIN for name in names)


def is_scored_as(prediction: str, first: Score, classes: list[str]) -> bool:
    """Returns True if a prediction may be the one of which only the score is known."""
    by_class, score = _by_class(prediction), score_of(first.y_true, prediction, classes)
    return (
        max(by_class.values()) - by_class.get(first.y_pred, 0) <= SAME_SCORE_WITHIN  # a draw, maybe
        and abs(score.absolute_error - first.absolute_error) <= SAME_SCORE_WITHIN
        and abs(score.half_brier - first.half_brier) <= SAME_SCORE_WITHIN
    )


def _by_class(prediction: str) -> dict[str, float]:
    if prediction.startswith("{"):
        return _probabilities.decode(prediction)
    return {prediction: 1.0}
