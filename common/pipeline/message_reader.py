"""Reads and checks the bodies of messages; messages.py says what they are.

Messages are limited in bytes, and batches also in rows, so that none holds a service up.
"""

import re
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from pipeline.decode_errors import JSON_ERRORS, LONG_NUMBER_REASON, reason_of, too_large
from pipeline.errors import DecodeError
from pipeline.messages import INT_ID_LIMIT, Id, Message

MAX_ROW_BYTES = 64 * 2**10
MAX_BATCH_BYTES = 4 * 2**20
MAX_BATCH_ROWS = 5_000  # each may fail in the model, and become a dead letter
MIN_BATCH_VALUES = 60_000  # ids and values that a message may have at least, whatever it carries

T = TypeVar("T")


class _Row(msgspec.Struct, Generic[T]):
    id: Id
    body: T


class _Columns(msgspec.Struct, Generic[T]):
    id: list[Id]
    body: list[T]


class _Loose(msgspec.Struct):
    """A batch of which only the outline is known to be right."""

    id: list[msgspec.Raw]
    body: list[msgspec.Raw]


_outline = msgspec.json.Decoder(dict[str, msgspec.Raw])
_loose = msgspec.json.Decoder(_Loose)
# A text, or what begins as one: without giving back what it took, so in time linear in the bytes.
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\Z)', re.DOTALL)


class Kind(NamedTuple, Generic[T]):
    """A kind of value that a body carries: a row of features, a label, a prediction.

    `problem` returns what is wrong with a value as JSON has it; `width` is how many values one row
    has at most. Values whose type is in `odd` are put into their final form by `refine`, which
    raises ValueError with the reason if that cannot be done.
    """

    decoded_as: Any  # the type by which msgspec decodes a value
    rule: str  # what a body is to be, in words
    problem: Callable[[Any], str]
    width: int = 1
    odd: frozenset[type] = frozenset()
    refine: Callable[[Any], T] | None = None


class MessageReader(Generic[T]):
    """Reads the messages with one kind of value."""

    def __init__(self, kind: Kind[T]) -> None:
        self._kind = kind
        self._max_values = max(MIN_BATCH_VALUES, MAX_BATCH_ROWS * (kind.width + 1))
        one, many = (each[kind.decoded_as] for each in (_Row, _Columns))
        self._row: msgspec.json.Decoder[_Row[T]] = msgspec.json.Decoder(one)
        self._columns: msgspec.json.Decoder[_Columns[T]] = msgspec.json.Decoder(many)

    def decode(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        """Returns the good rows of a message, and an error for each row that is not good.

        A bad row of a batch comes back as a message of its own, with the reason; the others go on.
        A message that cannot be taken apart comes back whole, as one error.
        """
        if len(raw) > MAX_BATCH_BYTES:
            reason = too_large("a message", len(raw), "bytes", MAX_BATCH_BYTES)
            return None, [DecodeError(reason, raw)]
        if (values := count_values(raw, self._max_values)) > self._max_values:
            reason = too_large("a message", values, "values", self._max_values)
            return None, [DecodeError(reason, raw)]
        try:
            if not raw.isascii():
                raw.decode()  # msgspec does not check the encoding of values that it skips
            message, errors = self._decode_row(raw)
            if message is not None:
                return message, errors
            is_batch = bytes(_outline.decode(raw).get("id", b"")).startswith(b"[")
        except JSON_ERRORS as error:
            return None, [self._error(error, raw)]
        return self._decode_batch(raw) if is_batch else (None, errors)

    def _decode_row(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        if len(raw) > MAX_ROW_BYTES:
            return None, [DecodeError(too_large("a row", len(raw), "bytes", MAX_ROW_BYTES), raw)]
        try:
            row = self._row.decode(raw)
            if _is_endless(row.id):
                return None, [DecodeError(LONG_NUMBER_REASON, raw)]
            return Message([row.id], self._refined([row.body])), []
        except JSON_ERRORS as error:
            return None, [self._error(error, raw)]
        except ValueError as error:
            return None, [DecodeError(str(error), raw)]

    def _decode_batch(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        try:
            columns = self._columns.decode(raw)
        except JSON_ERRORS:
            return self._salvage(raw)
        if misfit := _misfit(len(columns.id), len(columns.body)):
            return None, [DecodeError(misfit, raw)]
        if any(map(_is_endless, columns.id)):
            return self._salvage(raw)
        try:
            return Message(columns.id, self._refined(columns.body), batched=True), []
        except ValueError:
            return self._salvage(raw)

    def _refined(self, values: list[T]) -> list[T]:
        """Returns the values in their final form. Raises ValueError if one has none."""
        refine, odd = self._kind.refine, self._kind.odd
        if refine is None or odd.isdisjoint(map(type, values)):  # as usual: no step for each value
            return values
        return [refine(value) if type(value) in odd else value for value in values]

    def _error(self, error: Exception, raw: bytes) -> DecodeError:
        return DecodeError(reason_of(error, raw, self._kind.rule, self._kind.problem), raw)

    def _salvage(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        """Reads a batch row by row, each as the single-row message that it could have been."""
        try:
            loose = _loose.decode(raw)
        except JSON_ERRORS as error:
            return None, [DecodeError(reason_of(error, raw, "in a batch both are lists"), raw)]
        if misfit := _misfit(len(loose.id), len(loose.body)):
            return None, [DecodeError(misfit, raw)]
        good: Message[T] = Message([], [], batched=True)
        bad: list[DecodeError] = []
        for row_id, value in zip(loose.id, loose.body, strict=True):
            single = b'{"id":%b,"body":%b}' % (bytes(row_id), bytes(value))
            message, errors = self._decode_row(single)
            bad += errors
            if message is not None:
                good.ids.extend(message.ids)
                good.values.extend(message.values)
        return (good if good.ids else None), bad


def count_values(raw: bytes, most: int) -> int:
    """Returns how many values JSON has, by its commas; exact only if it may be more than `most`."""
    commas = raw.count(b",")
    if commas >= most and b'"' in raw:
        commas = _STRING.sub(b"", raw).count(b",")  # those in texts separate nothing
    return commas + 1


def _is_endless(row_id: Id) -> bool:
    return type(row_id) is int and abs(row_id) >= INT_ID_LIMIT


def _misfit(ids: int, values: int) -> str | None:
    """Returns why columns with so many ids and values are no batch; None if they are one."""
    if ids != values or not ids:
        return f"a batch needs as many values as ids, at least 1: {ids} ids, {values} values"
    if ids > MAX_BATCH_ROWS:
        return too_large("a batch", ids, "rows", MAX_BATCH_ROWS)
    return None
