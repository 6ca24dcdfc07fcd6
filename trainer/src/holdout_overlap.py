"""Finds rows that a model was trained on and would be judged by: its errors there say nothing."""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
from sklearn.neighbors import NearestNeighbors

from pipeline.table.built_in import DIABETES
from pipeline.table.data_sets import DataSet
from pipeline.table.matrix import Matrix, matrix
from pipeline.table.schema import ROUNDING, Column, Number


def holdout_rows_seen(data: DataSet, columns: Sequence[Column], training: Matrix) -> int | None:
    """Counts how many rows of the stream's hold-out are among the rows of another file.

    They are found by the values of the columns, whatever their order, label or number of copies;
    those of diabetes also as measured, and if rounded. None where that cannot be told: of a model
    that cannot answer here, or one of fewer columns, where rows that look the same may be others.
    """
    schema = data.schema
    names = [column.name for column in columns]
    if not {*names} <= {*schema.names}:
        return None
    places = [schema.names.index(name) for name in names]
    held_out = matrix([[row[place] for place in places] for row in data.rows.holdout()[0]], columns)
    if not len(held_out):
        return 0
    if schema.name == DIABETES:
        is_seen = _is_near(training, held_out) | _is_near(_scaled(training, columns), held_out)
        count = int(is_seen.sum())
    else:
        count = copies(training, held_out)
    return count if not count or len(columns) == len(schema.columns) else None


def copies(training: Matrix, held_out: Matrix) -> int:
    """Counts the held-out rows whose features equal those of a training row."""
    seen = {*_keys(training)}
    return sum(key in seen for key in _keys(held_out))


def _is_near(training: Matrix, held_out: Matrix) -> npt.NDArray[np.bool_]:
    """Tells for each hold-out row whether a training row equals it but for rounding.

    The nearest two patients of the data set differ by three times that in one of their ten values.
    """
    nearest = NearestNeighbors(n_neighbors=1, metric="chebyshev").fit(training)
    distances, _ = nearest.kneighbors(held_out)
    near: npt.NDArray[np.bool_] = distances[:, 0] <= ROUNDING
    return near


def _scaled(rows: Matrix, columns: Sequence[Column]) -> Matrix:
    """Scales rows as measured, like those of the data set."""
    measured = [column.measured for column in columns if isinstance(column, Number)]
    means = np.array([each.mean for each in measured if each])
    scaled: Matrix = (rows - means) / np.array([each.scale for each in measured if each])
    return scaled


def _keys(rows: Matrix) -> list[bytes]:
    if rows.dtype == object:
        return [msgspec.json.encode(row.tolist()) for row in rows]
    return [row.tobytes() for row in np.ascontiguousarray(rows)]
