"""Values of tensors as JSON: lists, flat or by rows."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.protocol import ProtocolError, shown


def flat(data: list[Any], shape: list[int]) -> list[Any]:
    """Returns the values in row order. Raises ProtocolError unless the shape has as many.

    >>> flat([[1, 2], [3, 4]], [2, 2]), flat([1, 2, 3, 4], [2, 2])
    ([1, 2, 3, 4], [1, 2, 3, 4])
    """
    if data and isinstance(data[0], list):
        if len(shape) != 2:
            raise ProtocolError(f"its data is a list of lists, and its shape {shape} of one list")
        for index, row in enumerate(data):
            if not isinstance(row, list) or len(row) != shape[1]:
                raise ProtocolError(f"data[{index}] is no list of {shape[1]:,} values")
        data = [value for row in data for value in row]
    count = math.prod(shape)
    if len(data) != count:
        raise ProtocolError(f"its data has {len(data):,} values, and its shape {shape} {count:,}")
    return data


def numbers(data: list[Any], datatype: str) -> npt.NDArray[np.float64]:
    """Returns the numbers; null is NaN. Raises ProtocolError for what is none of the datatype."""
    kinds: set[type] = {int, float, type(None)}
    if datatype == "BOOL":
        kinds.add(bool)
    if not set(map(type, data)) <= kinds:
        index = next(i for i, each in enumerate(data) if type(each) not in kinds)
        raise ProtocolError(f"data[{index}] is {shown(data[index])}, and no {datatype}")
    try:
        values = np.array(data, dtype=np.float64)
    except OverflowError as error:
        raise ProtocolError(f"a number of it is too large for {datatype}") from error
    if datatype == "BOOL" or "INT" in datatype:
        _refuse_other_integers(values, datatype)
    return values


def _refuse_other_integers(values: npt.NDArray[np.float64], datatype: str) -> None:
    ends = (0, 1)
    if datatype != "BOOL":
        limits = np.iinfo(datatype.lower())
        ends = (int(limits.min), int(limits.max))
    is_one = np.isnan(values) | (
        (values == np.floor(values)) & (values >= ends[0]) & (values <= ends[1])
    )
    if not is_one.all():
        index = int(np.argmin(is_one))
        raise ProtocolError(f"data[{index}] is {values[index]:.17g}, and no {datatype}")


def texts(data: list[Any]) -> list[str | None]:
    """Returns the texts; null is None. Raises ProtocolError."""
    for index, value in enumerate(data):
        if value is not None and not isinstance(value, str):
            raise ProtocolError(f"data[{index}] is {shown(value)}, and BYTES are texts")
    return data
