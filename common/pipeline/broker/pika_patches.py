"""Patches pika so that headers that it cannot read do not stop us from reading the message.

pika 1.4 raises an error for a time in milliseconds where AMQP wants seconds, and for tables nested
without end. It then drops the connection, gets the same message again, and drops the connection
again: the queue is stuck for good. With the patch, such a value is None.
"""

import struct
from typing import Any

import pika.data

_decode_value = pika.data.decode_value

_KIND_BYTES, _LENGTH_BYTES, _TIME_BYTES = 1, 4, 8


def _decode_value_or_none(encoded: bytes, offset: int) -> tuple[Any, int]:
    try:
        return _decode_value(encoded, offset)
    except (ValueError, OverflowError, OSError, RecursionError):
        return None, offset + _KIND_BYTES + _size(encoded, offset)


def _size(encoded: bytes, offset: int) -> int:
    """Returns the bytes of a table, array or time after its kind (AMQP 0-9-1, section 4.2.1)."""
    kind = encoded[offset : offset + _KIND_BYTES]
    if kind in {b"F", b"A"}:
        length: int = struct.unpack_from(">I", encoded, offset + _KIND_BYTES)[0]
        return _LENGTH_BYTES + length
    return _TIME_BYTES


def install() -> None:
    """Makes pika read headers this way, in this process."""
    pika.data.decode_value = _decode_value_or_none
