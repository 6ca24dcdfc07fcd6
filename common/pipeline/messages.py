"""The wire contract: the body of a message, and how it is read and written.

A message carries one row, `{"id": ID, "body": value}`, or a batch of rows in columns, `{"id": [ID,
…], "body": [value, …]}`. In `features` a value is a list of ten numbers, the columns of
`sklearn.datasets.load_diabetes` in its order and scaling; in `y_true` and `y_pred` it is one
number, the disease progression one year after baseline; in `y_pred_shadow` it is a number, or null
if the shadow model gave none.

Messages are limited in bytes, and batches also in rows, so that none holds a service up.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import uuid_utils
from msgspec.structs import replace

from pipeline.decode_errors import INVALID, LONG_NUMBER_REASON, reason_of, too_large
from pipeline.errors import DecodeError
from pipeline.ids import ID_PATTERN, MAX_ID_DIGITS, canonical

FEATURE_NAMES = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
FEATURE_COUNT = len(FEATURE_NAMES)
MOST_ROW_BYTES = 64 * 2**10
MOST_BATCH_BYTES = 4 * 2**20
MOST_BATCH_VALUES = 60_000  # ids and numbers: enough for MOST_BATCH_ROWS rows of features, and more
MOST_BATCH_ROWS = 5_000  # each may fail in the model, and become a dead letter

Id = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)] | int | float
FeatureVector = Annotated[
    list[float], msgspec.Meta(min_length=FEATURE_COUNT, max_length=FEATURE_COUNT)
]

T = TypeVar("T")
P = TypeVar("P", float, float | None)

INT_ID_LIMIT = 10**MAX_ID_DIGITS


def new_id() -> str:
    """Returns a fresh id: a UUID of version 7 (RFC 9562).

    It is unique without coordination, and ids sort by time.
    """
    return str(uuid_utils.uuid7())


def number_texts(numbers: Sequence[float]) -> list[str]:
    """Returns for each number the shortest decimal text that reads back equal; none is NaN or -inf.

    >>> number_texts([151.0, 0.1, 1e22, -0.0, float("inf")])
    ['151', '0.1', '1e22', '0', 'inf']
    """
    if not numbers:
        return []
    # All in one go, in C: nothing else comes near its speed.
    text = msgspec.json.encode(numbers).decode()[1:-1] + ","
    for written, wanted in ((".0,", ","), ("-0,", "0,"), ("null,", "inf,")):
        text = text.replace(written, wanted)
    return text[:-1].split(",")


def number_text(number: float) -> str:
    """Returns the shortest decimal text that reads back equal to this number."""
    return number_texts([number])[0]


def id_text(row_id: Id) -> str:
    """Returns the text by which an id is joined and logged: equal numbers, 5 and 5.0, share one.

    >>> id_text("a-1"), id_text(5.0), id_text(1700000000.25), id_text(1e22) == id_text(10**22)
    ('a-1', '5', '1700000000.25', True)
    """
    if isinstance(row_id, str):
        return canonical(row_id)
    if isinstance(row_id, float) and not (row_id.is_integer() and abs(row_id) < INT_ID_LIMIT):
        return number_text(row_id)
    return str(int(row_id))


def id_texts(ids: Sequence[Id]) -> Sequence[str]:
    """Returns id_text() of many ids, much faster if all are texts without a capital letter.

    >>> id_texts(["a-1", "b-1"]), id_texts(["a-1", 5.0])
    (['a-1', 'b-1'], ['a-1', '5'])
    """
    try:
        whole = "".join(ids)  # type: ignore[arg-type]  # raises if one is a number
    except TypeError:
        return [*map(id_text, ids)]
    return ids if whole == whole.lower() else [*map(id_text, ids)]  # type: ignore[return-value]


class Message(msgspec.Struct, Generic[T], frozen=True):
    """The rows of one message: `ids` and `values` have the same length, at least 1.

    `batched` tells the form of the message, and so that of an answer to it. A property is None if
    the sender did not set it; times are Unix time in milliseconds.
    """

    ids: list[Id]
    values: list[T]
    batched: bool = False
    queue: str = ""  # the queue that it was taken from
    raw: bytes = b""  # the body as it came
    timestamp_in_ms: int | None = None  # when it was published
    features_timestamp_in_ms: int | None = None  # of a prediction: when its features were published
    reply_to: str | None = None
    correlation_id: str | None = None
    model_id: str | None = None  # of a prediction: the model that made it

    def encode(self) -> bytes:
        """Returns the message body: JSON, UTF-8."""
        if self.batched:
            return msgspec.json.encode({"id": self.ids, "body": self.values})
        return msgspec.json.encode({"id": self.ids[0], "body": self.values[0]})

    def dead_letter(self, row: int, reason: str) -> "DeadLetter":
        """Returns one row as a dead letter; a row of a batch becomes a single-row message."""
        single = replace(self, ids=[self.ids[row]], values=[self.values[row]], batched=False)
        body = single.encode() if self.batched else self.raw
        return DeadLetter(body, reason, self.queue, self.reply_to, self.correlation_id)

    def answer(self, ids: list[Id], predictions: list[P], model_id: str) -> "Message[P]":
        """Returns the answer, in this message's form, with the predictions for the given ids."""
        return Message(
            ids,
            predictions,
            self.batched,
            features_timestamp_in_ms=self.timestamp_in_ms,
            reply_to=self.reply_to,
            correlation_id=self.correlation_id,
            model_id=model_id,
        )


class DeadLetter(msgspec.Struct, frozen=True):
    """A body that no service can use, the reason, its queue, and who waits for an answer."""

    body: bytes
    reason: str
    queue: str
    reply_to: str | None = None
    correlation_id: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The answer to a request without a prediction, or with one that nobody can use, and why."""

    row_id: str
    reason: str
    prediction: float | None = None  # a prediction that nobody can use


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
        if len(raw) > MOST_BATCH_BYTES:
            reason = too_large("a message", len(raw), "bytes", MOST_BATCH_BYTES)
            return None, [DecodeError(reason, raw)]
        if (values := raw.count(b",") + 1) > MOST_BATCH_VALUES:
            reason = too_large("a message", values, "values", MOST_BATCH_VALUES)
            return None, [DecodeError(reason, raw)]
        try:
            if not raw.isascii():
                raw.decode()  # msgspec does not check the encoding of values that it skips
            message, errors = self._decode_row(raw)
            if message is not None:
                return message, errors
            is_batch = bytes(_outline.decode(raw).get("id", b"")).startswith(b"[")
        except INVALID as error:
            return None, [DecodeError(reason_of(error, raw, self._body_rule), raw)]
        return self._decode_batch(raw) if is_batch else (None, errors)

    def _decode_row(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        if len(raw) > MOST_ROW_BYTES:
            return None, [DecodeError(too_large("a row", len(raw), "bytes", MOST_ROW_BYTES), raw)]
        try:
            row = self._row.decode(raw)
        except INVALID as error:
            return None, [DecodeError(reason_of(error, raw, self._body_rule), raw)]
        if _is_endless(row.id):
            return None, [DecodeError(LONG_NUMBER_REASON, raw)]
        return Message([row.id], [row.body]), []

    def _decode_batch(self, raw: bytes) -> tuple[Message[T] | None, list[DecodeError]]:
        try:
            columns = self._columns.decode(raw)
        except INVALID:
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
        except INVALID as error:
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
    if ids > MOST_BATCH_ROWS:
        return too_large("a batch", ids, "rows", MOST_BATCH_ROWS)
    return None


FEATURES: Schema[list[float]] = Schema(
    FeatureVector,
    f"the body of a row is a list of {FEATURE_COUNT} numbers ({' '.join(FEATURE_NAMES)})",
)
VALUES: Schema[float] = Schema(float, "the body of a row is one number")
TRIED: Schema[float | None] = Schema(float | None, "the body of a row is one number, or null")
