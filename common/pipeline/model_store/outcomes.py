"""The outcome of asking a model about a row: a prediction, or the reason why there is none."""

from typing import NamedTuple

from pipeline.messages import Prediction


class Failed(NamedTuple):
    """A row without a prediction, and why. A type of its own: a predicted class is a text, too."""

    reason: str


Outcome = Prediction | Failed
