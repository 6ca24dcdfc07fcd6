"""What a patient's values can be, and what the model has seen of them."""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from columns import COLUMNS
from pipeline import dataset

SLACK = 0.005  # of a column's range in the data set: values that were rounded are within it
LEAST_LABEL, MOST_LABEL = 25.0, 346.0  # of the data set: points of disease progression
CALLED = {"raw": "as measured", "scaled": "scaled as load_diabetes() does"}

Units = Literal["raw", "scaled"]
Values = npt.NDArray[np.float64]


class Misplaced(NamedTuple):
    """A value that cannot be: of which row and column, and why, as a sentence."""

    row: int
    name: str
    text: str


class _Limits(NamedTuple):
    """Of each column, shape (10,): the ends of what it can be, and of what the data set has."""

    lowest: Values
    highest: Values
    least: Values
    most: Values


def impossible(values: Values, units: Units) -> Misplaced | None:
    """The first value, of an array of shape (n, 10), that is far outside what its column can be."""
    limits = _limits(units)
    if _are_within(values, limits.least, limits.most).all():
        return None
    places = np.argwhere(~_are_within(values, limits.lowest, limits.highest))
    if not len(places):
        return None
    row, column = places[0].tolist()
    value, end = float(values[row, column]), (limits.lowest[column], limits.highest[column])
    text = f"it cannot be {value:g}: {CALLED[units]} it is from {end[0]:.4g} to {end[1]:.4g}"
    return Misplaced(row, COLUMNS[column].name, text + _question(value, column, units))


def warnings(values: Values, units: Units) -> list[list[str]]:
    """Of each row, a sentence for each value that the data set does not reach to."""
    limits = _limits(units)
    within = _are_within(values, limits.least, limits.most)
    found: list[list[str]] = [[] for _ in values]
    for row, column in np.argwhere(~within).tolist():
        least, most = limits.least[column], limits.most[column]
        found[row].append(
            f"{COLUMNS[column].name} is {values[row, column]:g}, and in the data set it is from "
            f"{least:.4g} to {most:.4g}: what the model says of it is a guess"
        )
    return found


def label_warnings(value: float) -> list[str]:
    """A sentence if the data set has no true value like it."""
    if LEAST_LABEL <= value <= MOST_LABEL:
        return []
    return [
        f"{value:g} is taken, and in the data set a true value is from {LEAST_LABEL:g} to "
        f"{MOST_LABEL:g}: one that was told cannot be taken back"
    ]


def _are_within(values: Values, low: Values, high: Values) -> npt.NDArray[np.bool_]:
    slack = SLACK * (high - low)
    within: npt.NDArray[np.bool_] = (values >= low - slack) & (values <= high + slack)
    return within


def _question(value: float, column: int, units: Units) -> str:
    """Asks for the slip that explains most of such values."""
    if units == "scaled":
        return '; was "units": "raw" meant?'
    scaled = _limits("scaled")
    if scaled.lowest[column] <= value <= scaled.highest[column]:
        return '; was "units": "scaled" meant?'
    return f" ({COLUMNS[column].meaning})"


@cache
def _limits(units: Units) -> _Limits:
    raw = _Limits(*(np.array([getattr(each, end) for each in COLUMNS]) for end in _Limits._fields))
    return raw if units == "raw" else _Limits(*map(dataset.scale, raw))
