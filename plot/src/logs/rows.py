"""Rows of a log: named columns of numbers or classes, and the rules for what is a row."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[np.float64]
Codes = npt.NDArray[np.intp]  # of classes: each its place in the schema's list, from 0
NO_CLASS, UNKNOWN_CLASS = -1, -2  # codes of an empty text, and of one that is not in the list


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


class ClassRows(NamedTuple):
    """The classes of n rows, each an array of shape (n,), and 1 - p of each true class, 0 to 1."""

    y_true: Codes
    y_pred: Codes
    absolute_error: Column

    def valid(self) -> npt.NDArray[np.bool_]:
        """Returns for each row whether it can be counted; shape (n,)."""
        return (self.y_true >= 0) & (self.y_pred >= 0) & is_share(self.absolute_error)


def is_share(values: Column) -> npt.NDArray[np.bool_]:
    """Returns for each value whether it lies from 0 to 1; shape (n,)."""
    return (values >= 0) & (values <= 1)


class LoggedRow(NamedTuple):
    """One row as it stands in the file; `id` is empty if the log has no such column."""

    id: str
    y_true: float | str
    y_pred: float | str
    absolute_error: float

    def is_valid(self, classes: Sequence[str]) -> bool:
        """Returns True if the row can be counted; without `classes`, it is one of numbers."""
        if classes:
            return {self.y_true, self.y_pred} <= {*classes} and 0 <= self.absolute_error <= 1
        is_finite = math.isfinite(float(self.y_true)) and math.isfinite(float(self.y_pred))
        return is_finite and self.absolute_error >= 0


def header(kind: type[AnyRows]) -> bytes:
    """Returns the first line of a log of such rows, without its line end."""
    return ",".join(("id", *kind._fields)).encode()
