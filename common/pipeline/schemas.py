"""Reads and checks the bodies of messages; messages.py says what they are.

Messages are limited in bytes, and batches also in rows, so that none holds a service up.
"""

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from pipeline.decode_errors import JSON_ERRORS, LONG_NUMBER_REASON, reason_of, too_large
from pipeline.errors import DecodeError
from pipeline.messages import FEATURE_COUNT, FEATURE_NAMES, INT_ID_LIMIT, Id, Message

MAX_ROW_BYTES = 64 * 2**10
MAX_BATCH_BYTES = 4 * 2**20
MAX_BATCH_VALUES = 60_000  # ids and numbers: enough for MAX_BATCH_ROWS rows of features, and more
MAX_BATCH_ROWS = 5_000  # each may fail in the model, and become a dead letter

FeatureVector = Annotated[
    list[float], msgspec.Meta(min_length=FEATURE_COUNT, max_length=FEATURE_COUNT)
]

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


class Schema(Generic[T]):
    """Reads the messages with one kind of value; `body_rule` describes the kind in reasons."""

    def __init__(self, value_type: Any, body_rule: str) -> None:
        self._body_rule = body_rule
        self._row: msgspec.json.Decoder[_Row[T]] = msgspec.json.Decoder(_Row[value_type])
        self._columns: msgspec.json.Decoder[_Columns[T]] = msgspec.json.Decoder(
            _Columns[value_type]
        )

    def decode(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        """Returns the good rows of a message, and an error for each row that is not good.

        A bad row of a batch comes back as a message of its own, with the reason; the others go on.
        A message that cannot be taken apart comes back whole, as one error.
        """
        if len(raw) > MAX_BATCH_BYTES:
            reason = too_large("a message", len(raw), "bytes", MAX_BATCH_BYTES)
            return None, [DecodeError(reason, raw)]
        if (values := raw.count(b",") + 1) > MAX_BATCH_VALUES:
            reason = too_large("a message", values, "values", MAX_BATCH_VALUES)
            return None, [DecodeError(reason, raw)]
        try:
            if not raw.isascii():
                raw.decode()  # msgspec does not check the encoding of values that it skips
            message, errors = self._decode_row(raw)
            if message is not None:
                return message, errors
            is_batch = bytes(_outline.decode(raw).get("id", b"")).startswith(b"[")
        except JSON_ERRORS as error:
            return None, [DecodeError(reason_of(error, raw, self._body_rule), raw)]
        return self._decode_batch(raw) if is_batch else (None, errors)

    def _decode_row(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        if len(raw) > MAX_ROW_BYTES:
            return None, [DecodeError(too_large("a row", len(raw), "bytes", MAX_ROW_BYTES), raw)]
        try:
            row = self._row.decode(raw)
        except JSON_ERRORS as error:
            return None, [DecodeError(reason_of(error, raw, self._body_rule), raw)]
        if _is_endless(row.id):
            return None, [DecodeError(LONG_NUMBER_REASON, raw)]
        return Message([row.id], [row.body]), []

    def _decode_batch(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        try:
            columns = self._columns.decode(raw)
        except JSON_ERRORS:
            return self._salvage(raw)
        if misfit := _misfit(len(columns.id), len(columns.body)):
            return None, [DecodeError(misfit, raw)]
        if any(map(_is_endless, columns.id)):
            return self._salvage(raw)
        return Message(columns.id, columns.body, batched=True), []

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


def _is_endless(row_id: Id) -> bool:
    return type(row_id) is int and abs(row_id) >= INT_ID_LIMIT


def _misfit(ids: int, values: int) -> str | None:
    """Returns why columns with so many ids and values are no batch; None if they are one."""
    if ids != values or not ids:
        return f"a batch needs as many values as ids, at least 1: {ids} ids, {values} values"
    if ids > MAX_BATCH_ROWS:
        return too_large("a batch", ids, "rows", MAX_BATCH_ROWS)
    return None


FEATURES: Schema[list[float]] = Schema(
    FeatureVector,
    f"the body of a row is a list of {FEATURE_COUNT} numbers ({' '.join(FEATURE_NAMES)})",
)
VALUES: Schema[float] = Schema(float, "the body of a row is one number")
SHADOW_VALUES: Schema[float | None] = Schema(
    float | None, "the body of a row is one number, or null"
)
