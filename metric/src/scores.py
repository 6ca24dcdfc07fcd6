"""The rules by which labels and predictions are compared, for each task of a schema.

Infinity stands for what a shadow model could not predict.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from operator import sub
from typing import Any, ClassVar

import msgspec

from class_score import Score, is_same, is_scored_as, score_of
from half import Half, Pair, csv_text
from pipeline.files import HALF_BRIER_COLUMNS, METRIC_LOG_SHADOW_COLUMNS
from pipeline.messages import number_texts
from pipeline.queues import Y_TRUE
from pipeline.table import built_in
from pipeline.table.schema import Schema

Fields = tuple[Any, ...]

SAME_WITHIN = 1e-6  # of the larger prediction, or of the range of the labels: last digits vary


class Scores(ABC):
    """The rules of one task. Of each pair the first is the label, the second the prediction."""

    SQL_TYPE: ClassVar[str]  # of a value in the state
    COLUMNS: ClassVar[tuple[str, ...]] = ()  # that a row has in the state besides its values
    SHADOW_LOG: ClassVar[tuple[str, ...]] = METRIC_LOG_SHADOW_COLUMNS

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def columns(self, value: str) -> str:
        """Returns in SQL the columns of a row's value, of which the first is so called."""
        return ", ".join((value, *self.COLUMNS))

    @abstractmethod
    def kept(self, values: list[Any]) -> list[Any]:
        """Returns the values of a message as halves hold them."""

    @abstractmethod
    def differs(self, half: Half, first: Half) -> bool:
        """Returns True if a half contradicts an earlier one; predictions may differ by rounding."""

    @abstractmethod
    def scored(self, pairs: list[Pair]) -> list[Pair]:
        """Returns pairs as rows: what is remembered of the predictions is in their values."""

    @abstractmethod
    def to_state(self, rows: Iterable[Fields]) -> Iterable[Fields]:
        """Returns rows for the state: a Score, their third field, is taken apart."""

    @abstractmethod
    def from_state(self, rows: Iterable[Fields]) -> Iterable[Fields]:
        """Returns rows of the state, their Scores put together; the second field is the label."""

    @abstractmethod
    def texts(self, rows: Sequence[Pair]) -> list[list[str]]:
        """Returns columns for a CSV: y_true, y_pred, absolute_error, and for classes half_brier."""


class Regression(Scores):
    """Labels and predictions are numbers.

    >>> from pipeline.table.schema import Target
    >>> scores = Regression(Schema("a", "regression", Target("t", least=25, most=346), []))
    >>> scores.differs(Half("a", "y_pred", 151.0001, 0), Half("a", "y_pred", 151.0, 0))
    False
    >>> scores.differs(Half("a", "y_pred", 151.001, 0), Half("a", "y_pred", 151.0, 0))
    True
    """

    SQL_TYPE = "REAL"

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        least, most = schema.target.least, schema.target.most
        self._same_within = 0.0
        if least is not None and most is not None:
            self._same_within = SAME_WITHIN * most - SAME_WITHIN * least  # no range is infinite

    def kept(self, values: list[Any]) -> list[Any]:
        return values

    def differs(self, half: Half, first: Half) -> bool:
        if half.queue == Y_TRUE:
            is_other: bool = half.value != first.value
            return is_other
        return not math.isclose(
            half.value, first.value, rel_tol=SAME_WITHIN, abs_tol=self._same_within
        )

    def scored(self, pairs: list[Pair]) -> list[Pair]:
        return pairs

    def to_state(self, rows: Iterable[Fields]) -> Iterable[Fields]:
        return rows

    def from_state(self, rows: Iterable[Fields]) -> Iterable[Fields]:
        return rows

    def texts(self, rows: Sequence[Pair]) -> list[list[str]]:
        y_true = [label.value for label, _ in rows]
        y_pred = [prediction.value for _, prediction in rows]
        errors = [*map(abs, map(sub, y_true, y_pred))]
        return [*map(number_texts, (y_true, y_pred, errors))]


class Classification(Scores):
    """Labels are classes; predictions are classes or probabilities, and have a Score in a row."""

    SQL_TYPE = ""  # any other would make a number of the class "007"
    COLUMNS = ("absolute_error", "half_brier")
    SHADOW_LOG = (*METRIC_LOG_SHADOW_COLUMNS, *HALF_BRIER_COLUMNS)

    def kept(self, values: list[Any]) -> list[Any]:
        return [self._json(value) if type(value) is dict else value for value in values]

    def differs(self, half: Half, first: Half) -> bool:
        if half.value == first.value:
            return False
        if half.queue == Y_TRUE or math.inf in {half.value, first.value}:
            return True
        if isinstance(first.value, Score):
            return not is_scored_as(half.value, first.value, self.schema.target.classes)
        return not is_same(half.value, first.value)

    def scored(self, pairs: list[Pair]) -> list[Pair]:
        classes = self.schema.target.classes
        return [
            (label, msgspec.structs.replace(half, value=score_of(label.value, half.value, classes)))
            for label, half in pairs
        ]

    def to_state(self, rows: Iterable[Fields]) -> Iterable[Fields]:
        for row_id, second, (_, *score), *others in rows:
            yield row_id, second, *score, *others

    def from_state(self, rows: Iterable[Fields]) -> Iterable[Fields]:
        for row_id, y_true, y_pred, absolute_error, half_brier, *others in rows:
            score = Score(y_true, y_pred, absolute_error, half_brier) if y_pred else math.inf
            # Where the row is forgotten, and with it the label, nothing can be compared.
            yield row_id, y_true, None if y_true is None else score, *others

    def texts(self, rows: Sequence[Pair]) -> list[list[str]]:
        scores: list[Score] = [prediction.value for _, prediction in rows]
        return [
            [csv_text(score.y_true) for score in scores],
            [csv_text(score.y_pred) for score in scores],
            number_texts([score.absolute_error for score in scores]),
            number_texts([score.half_brier for score in scores]),
        ]

    def _json(self, probabilities: dict[str, float]) -> str:
        """Returns probabilities in the order of the classes, whatever order they came in."""
        classes = self.schema.target.classes
        ordered = {name: probabilities[name] for name in classes if name in probabilities}
        return msgspec.json.encode(ordered).decode()


TASKS: dict[str, type[Scores]] = {"regression": Regression, "classification": Classification}


def scores_of(schema: Schema | None = None) -> Scores:
    """Returns the rules of the schema's task; without one, those of the default data set."""
    schema = schema or built_in.default()
    return TASKS[schema.task](schema)
