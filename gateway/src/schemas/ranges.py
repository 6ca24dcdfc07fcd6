"""The values that a row and a label can have, and those that the data set has."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jobs.units import measured_of
from pipeline.table.rows import Label
from pipeline.table.schema import Category, Number, Schema
from pipeline.table.value_errors import listed, shown
from schemas.limits import Units, Values, ends_of, or_infinite, span, within

MAX_WARNINGS = 20  # of a row, before one that counts the others
CALLED = {"raw": "as measured ", "scaled": "with the messages' scaling "}

Mask = npt.NDArray[np.bool_]


class ImpossibleError(Exception):
    """An impossible value, with its row and column; the text explains why it is impossible."""

    def __init__(self, row: int, name: str, text: str) -> None:
        super().__init__(text)
        self.row = row
        self.name = name


class Ranges:
    """The limits of a data set's columns and target, as its schema has them."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        columns = [*enumerate(schema.columns)]
        self._numbers = [each for _, each in columns if isinstance(each, Number)]
        self._places = [place for place, each in columns if isinstance(each, Number)]
        self._categories = [
            (place, {*each.values, "", None})
            for place, each in columns
            if isinstance(each, Category)
        ]
        self._is_measured = np.array([measured_of(each) is not None for each in self._numbers])
        both: tuple[Units, Units] = ("raw", "scaled")
        self._ends = {units: ends_of(self._numbers, units) for units in both}
        self._limits = {
            units: self._ends[units].with_slack(self._is_measured, units) for units in both
        }
        self._usual = {units: limits.usual() for units, limits in self._limits.items()}
        self._with_two_values = [*self._two_values()]

    def warnings(self, rows: Sequence[Sequence[Any]], units: Units) -> list[list[str]]:
        """Returns for each row a sentence for each value that the data set does not reach to.

        Raises ImpossibleError for a value that its column cannot have.
        """
        values, found = self._numbers_of(rows), [list[str]() for _ in rows]
        if units == "raw":
            self._refuse_between_two(values)
        least, most = self._usual[units]
        if not self._categories and ((values >= least) & (values <= most)).all():
            return found  # as nearly always, and the fastest
        self._refuse_impossible(values, units)
        is_odd = self._odd(rows, values, units)
        rank = is_odd.cumsum(axis=1)
        for row, place in np.argwhere(is_odd & (rank <= MAX_WARNINGS)).tolist():
            found[row].append(self._warning(place, rows[row][place], units))
        for own, more in zip(found, (rank[:, -1] - MAX_WARNINGS).tolist(), strict=True):
            if more > 0:
                own.append(f"{more} more values are outside the data set's range")
        return found

    def label_warnings(self, value: Label) -> list[str]:
        """Returns a sentence if the data set has no label like it."""
        target = self._schema.target
        least, most = or_infinite(target.least, -np.inf), or_infinite(target.most, np.inf)
        if isinstance(value, str) or least <= value <= most:
            return []
        return [
            f"{value:.10g} is accepted, but true values in the data set "
            f"{within(least, most, 'lie', 'are')}; it cannot be changed any more"
        ]

    def _numbers_of(self, rows: Sequence[Sequence[Any]]) -> Values:
        """Returns the numbers of n rows, shape (n, k); what is missing is NaN, and so in range."""
        if len(self._places) < len(self._schema.columns):
            rows = [[row[place] for place in self._places] for row in rows]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(self._places))

    def _odd(self, rows: Sequence[Sequence[Any]], values: Values, units: Units) -> Mask:
        """Returns True for each value, shape (n, columns), that the data set does not reach to."""
        limits = self._limits[units]
        is_outside = (values < limits.least) | (values > limits.most)
        if len(self._places) == len(self._schema.columns):
            return is_outside
        is_odd = np.zeros((len(rows), len(self._schema.columns)), dtype=np.bool_)
        is_odd[:, self._places] = is_outside
        for place, known in self._categories:
            is_odd[:, place] = [row[place] not in known for row in rows]
        return is_odd

    def _warning(self, place: int, value: Any, units: Units) -> str:
        column = self._schema.columns[place]
        if isinstance(column, Category):
            had = f"{shown(value)}, and the data set has only {listed(column.values)}"
        else:
            ends, index = self._ends[units], self._places.index(place)
            low, high = ends.least[index], ends.most[index]
            digits = self._digits(index, units)
            had = f"{value:.10g}, outside the data set's range of {span(low, high, digits)}"
        return f"{column.name} is {had}: the prediction is a guess"

    def _refuse_impossible(self, values: Values, units: Units) -> None:
        limits, ends = self._limits[units], self._ends[units]
        for row, index in np.argwhere((values < limits.lowest) | (values > limits.highest)):
            value, digits = values[row, index], self._digits(index, units)
            low, high = ends.lowest[index], ends.highest[index]
            called = CALLED[units] if self._is_measured[index] else ""
            text = f"it cannot be {value:.10g}: {called}it {within(low, high, digits=digits)}"
            raise self._impossible(row, index, text + self._question(value, index, units))

    def _refuse_between_two(self, values: Values) -> None:
        """Checks columns of two values: any other means a row scaled, or in another order."""
        for index, low, high in self._with_two_values:
            for row, value in enumerate(values[:, index].tolist()):
                if value not in (low, high) and not math.isnan(value):
                    text = f"as measured, it is {low:.10g} or {high:.10g}, and not {value:.10g}"
                    raise self._impossible(row, index, text + self._hint_scaled(value, index))

    def _impossible(self, row: Any, index: Any, text: str) -> ImpossibleError:
        return ImpossibleError(int(row), self._numbers[index].name, text)

    def _question(self, value: float, index: int, units: Units) -> str:
        """Asks about the slip that explains most such values, or adds the column's note."""
        if units == "scaled" and self._is_measured[index]:
            return '; did you mean "units": "raw"?'
        note = self._numbers[index].note.removesuffix(".")
        return self._hint_scaled(value, index) or (f" ({note})" if note else "")

    def _hint_scaled(self, value: float, index: int) -> str:
        limits = self._limits["scaled"]
        if self._is_measured[index] and limits.lowest[index] <= value <= limits.highest[index]:
            return '; did you mean "units": "scaled"?'
        return ""

    def _digits(self, index: int, units: Units) -> int:
        """Returns how many digits of a limit are shown: of one that was scaled, a few."""
        return 4 if units == "scaled" and self._is_measured[index] else 10

    def _two_values(self) -> Iterator[tuple[int, float, float]]:
        for index, column in enumerate(self._numbers):
            part = column.measured
            if part is None or part.lowest is None or part.highest is None:
                continue
            if part.highest - part.lowest == part.step:
                yield index, part.lowest, part.highest
