"""Rows of a log: named columns of numbers, and the rules for what is a row."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]


class LogRows(Protocol):
    """Columns of n rows of one kind of log: a named tuple of arrays of shape (n,).

    Its fields are the names of the columns, in the order in which metric writes them after the id.
    """

    _fields: Any  # a tuple of str

    def __init__(self, *columns: npt.NDArray[Any]) -> None: ...

    def __iter__(self) -> Iterator[npt.NDArray[Any]]: ...

    def valid(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether it can be counted; shape (n,)."""
        ...


AnyRows = TypeVar("AnyRows", bound=LogRows)


class Rows(NamedTuple):
    """The numbers of n rows: each an array of shape (n,), in points.

    Labels and predictions are finite, errors are at least 0; the error of two finite numbers can
    be infinite.
    """

    y_true: Column
    y_pred: Column
    absolute_error: Column

    def valid(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether it can be counted; shape (n,)."""
        return np.isfinite(self.y_true) & np.isfinite(self.y_pred) & (self.absolute_error >= 0)


class LoggedRow(NamedTuple):
    """One row as it stands in the file; `id` is empty if the log has no such column."""

    id: str
    y_true: float
    y_pred: float
    absolute_error: float

    @property
    def is_valid(self) -> bool:
        """True if the row can be counted."""
        return (
            math.isfinite(self.y_true) and math.isfinite(self.y_pred) and self.absolute_error >= 0
        )


def header(kind: type[AnyRows]) -> bytes:
    """Returns the first line of a log of such rows, without its line end."""
    return ",".join(("id", *kind._fields)).encode()
