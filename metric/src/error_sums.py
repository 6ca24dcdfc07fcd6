"""The sums that give the mean errors of some rows: their names and their making, for each task."""

import math
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from class_score import Score
from half import Pair


class Sums(NamedTuple):
    """The sums of some rows; a sum that is too large for a number is infinite."""

    rows: int  # that have a prediction
    failed: int  # further rows, for which the shadow model predicted nothing
    first: float  # the two that the task names
    second: float


class NumberSums:
    """The sums of numbers: of the absolute errors, and of their squares."""

    NAMES: ClassVar = ("absolute_errors", "squared_errors")
    # The same in SQL, and when there is a prediction.
    SQL: ClassVar = ("ABS(y_true - value)", "(y_true - value) * (y_true - value)")
    IS_PREDICTED: ClassVar = "value < 9e999"

    @staticmethod
    def of(rows: Sequence[Pair]) -> Sums:
        """Returns the sums of rows: pairs of a label and a prediction.

        >>> from half import Half
        >>> NumberSums.of([(Half("a", "y_true", 3.0, 0), Half("a", "y_pred", 5.0, 0))])
        Sums(rows=1, failed=0, first=2.0, second=4.0)
        """
        errors = [label.value - half.value for label, half in rows]
        absolute = sum(map(abs, errors))
        if absolute == math.inf:  # looked for only now, as this runs for each row
            predicted = [row for row in rows if row[1].value != math.inf]
            if failed := len(rows) - len(predicted):
                return NumberSums.of(predicted)._replace(failed=failed)
        root = math.hypot(*errors)  # faster than a sum of squares
        return Sums(len(rows), 0, float(absolute), root * root)


class ClassSums:
    """The sums of classes: of the right predictions, and of the half Brier scores."""

    NAMES: ClassVar = ("right_classes", "half_briers")
    SQL: ClassVar = ("y_true = value", "half_brier")
    IS_PREDICTED: ClassVar = "value != ''"

    @staticmethod
    def of(rows: Sequence[Pair]) -> Sums:
        """Returns the sums of rows, whose predictions have a Score."""
        scores: list[Score] = [half.value for _, half in rows if half.value.y_pred]
        right = sum(score.y_true == score.y_pred for score in scores)
        half_briers = sum(score.half_brier for score in scores)
        return Sums(len(scores), len(rows) - len(scores), float(right), float(half_briers))


ErrorSums = NumberSums | ClassSums
TASKS: dict[str, ErrorSums] = {"regression": NumberSums(), "classification": ClassSums()}
