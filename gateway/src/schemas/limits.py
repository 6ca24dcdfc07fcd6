"""The limits of columns of numbers, from the schema: of what is possible, and of the data set."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.table.schema import ROUNDING, Number

MEASURED_SLACK = 0.005  # of a column's range in the data set, for values that were rounded

Units = Literal["raw", "scaled"]
Values = npt.NDArray[np.float64]


class Limits(NamedTuple):
    """The limits of k columns of numbers: of possible values, and of values in the data set.

    Each has shape (k,), and is infinite where the schema names none.
    """

    lowest: Values
    highest: Values
    least: Values
    most: Values

    def with_slack(self, is_measured: npt.NDArray[np.bool_], units: Units) -> "Limits":
        """Returns the limits so that values can be compared directly: what is measured is rounded.

        `is_measured` has shape (k,).
        """
        lowest, highest, least, most = self
        width = np.where(np.isfinite(most - least), most - least, 0.0)
        slack = ROUNDING if units == "scaled" else MEASURED_SLACK * width
        slack = np.where(is_measured, slack, 0.0)
        return Limits(lowest - slack, highest + slack, least - slack, most + slack)

    def usual(self) -> tuple[Values, Values]:
        """Returns the ends between which a value is possible, and in the data set's range."""
        return np.maximum(self.lowest, self.least), np.minimum(self.highest, self.most)


def ends_of(columns: Sequence[Number], units: Units) -> Limits:
    """Returns the limits of columns in these units, as the schema has them."""
    ends = [[_end(column, name, units) for column in columns] for name in Limits._fields]
    return Limits(*map(np.array, ends))


def _end(column: Number, name: str, units: Units) -> float:
    """Returns a limit of a column in these units, infinite if the schema names none."""
    own: float | None = getattr(column, name)
    part = column.measured
    if part is not None and (units == "raw" or own is None):
        own = getattr(part, name)
        if own is not None and units == "scaled":
            own = (own - part.mean) / part.scale
    return or_infinite(own, -np.inf if name in {"lowest", "least"} else np.inf)


def or_infinite(limit: float | None, infinite: float) -> float:
    """Returns a limit; if the schema names none, the infinity that stands for it."""
    return infinite if limit is None else limit


def within(low: float, high: float, lies: str = "lies", is_: str = "is", digits: int = 10) -> str:
    """Returns where a value is, of which it is known that it has a limit.

    >>> within(0.0, 130.0), within(0.0, np.inf)
    ('lies between 0 and 130', 'is 0 or more')
    """
    if np.isfinite(low) and np.isfinite(high):
        return f"{lies} between {low:.{digits}g} and {high:.{digits}g}"
    return f"{is_} {span(low, high, digits)}"


def span(low: float, high: float, digits: int) -> str:
    """Returns a range, of which it is known that it has an end, as `19 to 79`."""
    if not np.isfinite(high):
        return f"{low:.{digits}g} or more"
    if not np.isfinite(low):
        return f"{high:.{digits}g} or less"
    return f"{low:.{digits}g} to {high:.{digits}g}"
