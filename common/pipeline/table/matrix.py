"""Rows as an array: what a model is trained on, and asked with.

Apart from estimators.py, as a model stored as ONNX is asked without scikit-learn.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.table.schema import Column, Number

Matrix = npt.NDArray[Any]


def matrix(values: Sequence[Sequence[Any]], columns: Sequence[Column]) -> Matrix:
    """Returns n rows as an array of shape (n, columns): floats, or objects if not all are numbers.

    A missing number is NaN, a missing category or text "".

    >>> from pipeline.table.schema import Category, Number
    >>> matrix([[1, None]], [Number("a"), Number("b")])
    array([[ 1., nan]])
    >>> matrix([[None, None]], [Number("a"), Category("b", ["x"])])
    array([[nan, '']], dtype=object)
    """
    if all(isinstance(column, Number) for column in columns):
        return np.array(values, dtype=np.float64).reshape(len(values), len(columns))
    array = np.empty((len(values), len(columns)), dtype=object)
    for index, column in enumerate(columns):
        missing: Any = np.nan if isinstance(column, Number) else ""
        array[:, index] = [missing if row[index] is None else row[index] for row in values]
    return array
