"""Values of tensors as bytes: numbers little-endian, texts behind their lengths of 4 bytes."""

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from inference.protocol import ProtocolError

LENGTH_BYTES = 4
DTYPES = {
    **{"BOOL": "u1", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8"},
    **{"INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT64": "<i8"},
    **{"FP16": "<f2", "FP32": "<f4", "FP64": "<f8", "BF16": "<u2"},
}  # BF16 is the upper half of FP32


def numbers(raw: memoryview, datatype: str, count: int) -> npt.NDArray[np.float64]:
    """Returns `count` numbers; missing ones are NaN. Raises ProtocolError."""
    dtype = np.dtype(DTYPES[datatype])
    if len(raw) != count * dtype.itemsize:
        raise ProtocolError(
            f"it has {len(raw):,} bytes, and {count:,} values of {datatype} have "
            f"{count * dtype.itemsize:,}"
        )
    values: npt.NDArray[Any] = np.frombuffer(raw, dtype)
    if datatype == "BF16":
        values = (values.astype("<u4") << 16).view("<f4")
    with np.errstate(invalid="ignore"):  # from a signalling NaN
        return (values != 0 if datatype == "BOOL" else values).astype(np.float64)


def texts(raw: memoryview, count: int) -> list[str]:
    """Returns `count` texts. Raises ProtocolError unless the bytes are those, and no more."""
    found = [*_texts(raw, count)]
    size = sum(map(len, found)) + LENGTH_BYTES * count
    if size != len(raw):
        raise ProtocolError(f"{len(raw) - size:,} bytes follow the last of its {count:,} texts")
    try:
        return [each.decode() for each in found]
    except UnicodeDecodeError as error:
        raise ProtocolError(f"a text of it is no UTF-8: {error.reason}") from error


def _texts(raw: memoryview, count: int) -> Iterator[bytes]:
    start = 0
    for index in range(count):
        begin = start + LENGTH_BYTES
        if begin > len(raw):
            raise ProtocolError(f"it has {index:,} texts, and its shape {count:,}")
        start = begin + int.from_bytes(raw[begin - LENGTH_BYTES : begin], "little")
        if start > len(raw):
            raise ProtocolError(
                f"its text {index} should have {start - begin:,} bytes, and {len(raw) - begin:,} "
                "are left"
            )
        yield bytes(raw[begin:start])


def encoded(values: Sequence[Any], datatype: str) -> bytes:
    """Returns FP64 or BYTES as they are sent; what is missing is NaN, or an empty text."""
    if datatype == "FP64":
        return np.array(values, dtype="<f8").tobytes()  # None becomes NaN
    contents = [(value or "").encode() for value in values]
    return b"".join(struct.pack("<I", len(each)) + each for each in contents)
