"""The values that a patient can have, and those that the model has seen."""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline import dataset
from schemas.columns import COLUMNS

MEASURED_SLACK = 0.005  # of a column's range in the data set, for values that were rounded
MIN_LABEL, MAX_LABEL = 25.0, 346.0  # in the data set, in points of disease progression
CALLED = {"raw": "as measured", "scaled": "with load_diabetes()'s scaling"}

Units = Literal["raw", "scaled"]
Values = npt.NDArray[np.float64]


class ImpossibleError(Exception):
    """An impossible value, with its row and column; the text explains why it is impossible."""

    def __init__(self, row: int, name: str, text: str) -> None:
        super().__init__(text)
        self.row = row
        self.name = name


class _Limits(NamedTuple):
    """The limits of each column, shape (10,): of possible values, and of values in the data set."""

    lowest: Values
    highest: Values
    least: Values
    most: Values


def warnings(rows: list[list[float]], units: Units) -> list[list[str]]:
    """Returns for each row a sentence for each value outside the data set's range.

    Raises ImpossibleError for a value that is far outside the possible range of its column.
    """
    values, limits = np.array(rows, dtype=np.float64), _limits(units)
    within = (values >= limits.least) & (values <= limits.most)
    found: list[list[str]] = [[] for _ in rows]
    if within.all():
        return found
    _refuse_impossible(values, units)
    ends = _ends(units)
    for row, column in np.argwhere(~within).tolist():
        least, most = ends.least[column], ends.most[column]
        found[row].append(
            f"{COLUMNS[column].name} is {values[row, column]:g}, outside the data set's range of "
            f"{least:.4g} to {most:.4g}: the prediction is a guess"
        )
    return found


def label_warnings(value: float) -> list[str]:
    """Returns a sentence if the data set has no label like it."""
    if MIN_LABEL <= value <= MAX_LABEL:
        return []
    return [
        f"{value:g} is accepted, but true values in the data set lie between {MIN_LABEL:g} and "
        f"{MAX_LABEL:g}; it cannot be changed any more"
    ]


def _refuse_impossible(values: Values, units: Units) -> None:
    limits, ends = _limits(units), _ends(units)
    places = np.argwhere((values < limits.lowest) | (values > limits.highest))
    for row, column in places.tolist():
        value, low, high = values[row, column], ends.lowest[column], ends.highest[column]
        text = f"it cannot be {value:g}: {CALLED[units]} it lies between {low:.4g} and {high:.4g}"
        raise ImpossibleError(row, COLUMNS[column].name, text + _question(value, column, units))


def _question(value: float, column: int, units: Units) -> str:
    """Asks about the slip that explains most such values."""
    if units == "scaled":
        return '; did you mean "units": "raw"?'
    scaled = _limits("scaled")
    if scaled.lowest[column] <= value <= scaled.highest[column]:
        return '; did you mean "units": "scaled"?'
    return f" ({COLUMNS[column].meaning.removesuffix('.')})"


@cache
def _ends(units: Units) -> _Limits:
    raw = [np.array([getattr(each, end) for each in COLUMNS]) for end in _Limits._fields]
    return _Limits(*raw) if units == "raw" else _Limits(*map(dataset.scale, raw))


@cache
def _limits(units: Units) -> _Limits:
    """Returns the limits with the slack added, so that values can be compared directly."""
    lowest, highest, least, most = _ends(units)
    slack = dataset.ROUNDING if units == "scaled" else MEASURED_SLACK * (most - least)
    return _Limits(lowest - slack, highest + slack, least - slack, most + slack)
