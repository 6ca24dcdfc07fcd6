"""Numbers as people measure them; in a message such a number is (measured - mean) / scale."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from pipeline.table.rows import Value
from pipeline.table.schema import Column, Measured, Number


def measured_of(column: Column) -> Measured | None:
    """Returns how a column is measured; None if a message carries its values as they are."""
    return column.measured if isinstance(column, Number) else None


class Units:
    """The conversion of the values of a row, in the order of `columns`."""

    def __init__(self, columns: Sequence[Column]) -> None:
        found = [(index, measured_of(column)) for index, column in enumerate(columns)]
        self._measured = [(index, each) for index, each in found if each is not None]
        self._places = [index for index, _ in self._measured]
        self._means = np.array([each.mean for _, each in self._measured])
        self._scales = np.array([each.scale for _, each in self._measured])
        self._is_whole = len(self._measured) == len(columns)
        self._has_missing = any(column.missing for column in columns)

    def scaled(self, rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
        """Returns rows as measured with their numbers as a message carries them.

        Raises OverflowError if one becomes too large for a float.
        """
        if self._is_whole:
            picked: Any = rows
        else:
            picked = [[row[place] for place in self._places] for row in rows]
        values = np.array(picked, dtype=np.float64)  # None becomes NaN
        with np.errstate(over="ignore"):
            numbers = (values - self._means) / self._scales
        if not np.isfinite(numbers).all() and np.isinf(numbers).any():
            raise OverflowError("a number is too large for its column's scale")
        scaled: list[list[float]] = numbers.tolist()
        if self._is_whole and not self._has_missing:
            return scaled
        return [*map(self._put, rows, scaled)]

    def measured(self, row: Sequence[Value]) -> list[Value]:
        """Returns a row of a message with its numbers as measured, as precise as they were."""
        values = list(row)
        for place, measured in self._measured:
            value = values[place]
            if isinstance(value, float):
                values[place] = _rounded(value * measured.scale + measured.mean, measured.step)
        return values

    def _put(self, row: Sequence[Any], numbers: list[float]) -> list[Any]:
        values = list(row)
        for place, number in zip(self._places, numbers, strict=True):
            if values[place] is not None:
                values[place] = number
        return values


def _rounded(number: float, step: float | None) -> float:
    """Returns a number without the traces of its scaling: with one decimal more than its step has.

    >>> _rounded(32.099999999999994, 0.1), _rounded(4.0000000001, 1)
    (32.1, 4.0)
    """
    if step is None:
        return number
    exponent = Decimal(str(step)).normalize().as_tuple().exponent
    return round(number, 1 - int(exponent))
