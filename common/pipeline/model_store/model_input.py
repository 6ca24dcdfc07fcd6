"""The input of a model: the columns that it takes of a row, found by their names, as an array."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.errors import ModelError
from pipeline.table import built_in
from pipeline.table.matrix import Matrix, matrix
from pipeline.table.schema import Category, Number, Schema
from pipeline.table.value_errors import listed

MAX_FEATURE = 1e100  # a model that squares larger values overflows, and fails


class MisfitError(ModelError):
    """A model that does not fit the rows of the data set."""


class ModelInput:
    """The columns of a data set's rows that a model takes, in the model's order."""

    def __init__(self, schema: Schema, features: Sequence[str] | None = None) -> None:
        """Takes the columns that `features` names, by default all. Raises MisfitError."""
        names = schema.names
        self.features = names if features is None else [*features]
        if (
            not self.features
            or not {*self.features} <= {*names}
            or len({*self.features}) < len(self.features)
        ):
            raise MisfitError(
                f"it takes {listed(self.features) or 'no column'}, and a row of the data set "
                f"{schema.name!r} brings {listed(names)}"
            )
        self.schema = schema
        positions = [names.index(name) for name in self.features]
        self.columns = [schema.columns[position] for position in positions]
        self._positions = positions if positions != [*range(len(names))] else None
        is_number = [isinstance(column, Number) for column in self.columns]
        self.is_numeric = all(is_number)
        self._numbers = np.flatnonzero(is_number)
        self._is_needed = np.array(
            [not self.columns[index].missing for index in self._numbers], dtype=np.bool_
        )

    def array(self, rows: Sequence[Sequence[Any]]) -> Matrix:
        """Returns rows of the data set, n of them, as an array of shape (n, columns)."""
        if self._positions is not None:
            rows = [[row[position] for position in self._positions] for row in rows]
        return np.array(rows, np.float64) if self.is_numeric else matrix(rows, self.columns)

    def refusals(self, array: Matrix) -> dict[int, str]:
        """Returns why no model may be asked about some of these rows, by their index."""
        numbers = array if self.is_numeric else array[:, self._numbers].astype(np.float64)
        if (np.abs(numbers) <= MAX_FEATURE).all():  # as usual; of NaN it is not true
            return {}
        return {
            int(row): f"{self.columns[self._numbers[number]].name}: {reason}"
            for is_refused, reason in (
                (np.isnan(numbers) & self._is_needed, "missing, and the schema does not allow it"),
                (np.abs(numbers) > MAX_FEATURE, f"too large, the most is {MAX_FEATURE:g}"),
            )
            for row, number in np.argwhere(is_refused)
        }

    def plausible_row(self) -> list[Any]:
        """Returns a row of the data set on which no good model fails."""
        return [
            _middle(column)
            if isinstance(column, Number)
            else column.values[0]
            if isinstance(column, Category)
            else ""
            for column in self.schema.columns
        ]


def of_default() -> ModelInput:
    """Returns the input of a model of the diabetes data set: all ten numbers."""
    return ModelInput(built_in.default())


def _middle(column: Number) -> float:
    known = [end for end in (column.least, column.most) if end is not None]
    return sum(known) / len(known) if known else 0.0
