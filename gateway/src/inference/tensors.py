"""Reads the tensors of a request, from its JSON and from the bytes behind it."""

import math
from typing import Any

import numpy as np

from inference import binary_tensors, json_data
from inference.protocol import Input, ProtocolError, Tensor, shown
from pipeline.table.schema import MAX_COLUMNS
from schemas.base import TooMuchError
from schemas.predictions import MAX_ROWS

BYTES = "BYTES"
DATATYPES = (*binary_tensors.DTYPES, BYTES)


def read_tensors(inputs: list[Input], binary: memoryview, max_values: int) -> list[Tensor]:
    """Returns the tensors of a request; `binary` is what follows its JSON, in the same order.

    Raises ProtocolError, and TooMuchError for one with too many rows, or for more than `max_values`
    in all: of a byte each, values take fifty times their bytes once they are read.
    """
    sizes = [_binary_size(each, len(binary)) for each in inputs]
    if (total := sum(filter(None, sizes))) != len(binary):
        raise ProtocolError(
            f'{len(binary):,} bytes follow the JSON, and the "binary_data_size" of the inputs '
            f"add up to {total:,}: the header Inference-Header-Content-Length says where the JSON "
            "ends"
        )
    tensors, start, values = [], 0, 0
    for each, size in zip(inputs, sizes, strict=True):
        raw = None if size is None else binary[start : start + size]
        start += size or 0
        try:
            count = _count(each.shape)
            if (values := values + count) > max_values:
                raise TooMuchError(f"the inputs have at most {max_values:,} values in all")
            tensors.append(_read(each, raw, count))
        except ProtocolError as error:
            raise ProtocolError(f"the input {shown(each.name)}: {error}") from error
    return tensors


def _binary_size(given: Input, most: int) -> int | None:
    parameters = given.parameters or {}
    place = f"the input {shown(given.name)}:"
    if any(name.startswith("shared_memory") for name in parameters):
        raise ProtocolError(f"{place} there is no shared memory here: send the values")
    size = parameters.get("binary_data_size")
    if size is None:
        return None
    if type(size) is not int or size < 0:
        raise ProtocolError(f'{place} "binary_data_size" is {shown(size)}: it is a count of bytes')
    if size > most:
        raise ProtocolError(
            f'{place} "binary_data_size" is {shown(size)}, and {most:,} bytes follow the JSON: the '
            "header Inference-Header-Content-Length says where it ends"
        )
    if given.data is not None:
        raise ProtocolError(f'{place} it has both "data" and "binary_data_size": send one')
    return size


def _read(given: Input, raw: memoryview | None, count: int) -> Tensor:
    datatype, shape = given.datatype, given.shape
    if datatype not in DATATYPES:
        raise ProtocolError(f"its datatype is {shown(datatype)}, and not {', '.join(DATATYPES)}")
    values: list[Any]
    if raw is not None and datatype == BYTES:
        values = [*binary_tensors.texts(raw, count)]
    elif raw is not None:
        values = _with_none(binary_tensors.numbers(raw, datatype, count))
    elif given.data is None:
        raise ProtocolError('it has neither "data" nor "binary_data_size"')
    elif datatype == BYTES:
        values = [*json_data.texts(json_data.flat(given.data, shape))]
    else:
        values = _with_none(json_data.numbers(json_data.flat(given.data, shape), datatype))
    return Tensor(given.name, datatype, shape, values)


def _count(shape: list[int]) -> int:
    if not 1 <= len(shape) <= 2 or min(shape) < 1:
        raise ProtocolError(
            f"its shape is {shown(shape)}: it is [n] or [n, 1] for a column, or [n, k] for all "
            "columns, and n is at least 1"
        )
    if shape[0] > MAX_ROWS:
        raise TooMuchError(f"a request has at most {MAX_ROWS:,} rows, not {shown(shape[0])}")
    if max(shape[1:], default=1) > MAX_COLUMNS:
        raise ProtocolError(f"its shape is {shown(shape)}, and a row has at most {MAX_COLUMNS}")
    return math.prod(shape)


def _with_none(values: Any) -> list[float | None]:
    numbers: list[float | None] = values.tolist()
    if np.isnan(values).any():
        return [None if value != value else value for value in numbers]  # noqa: PLR0124 (NaN)
    return numbers
