"""The wire contract: messages, their ids, and how a body is written.

A message carries one row, `{"id": ID, "body": value}`, or a batch of rows in columns, `{"id": [ID,
…], "body": [value, …]}`. In `features` a value is a row, a list in the order of the schema's
columns or an object by their names; in `y_true` it is a label, a number or a class; in `y_pred` a
prediction, the same or an object of probabilities by class; in `y_pred_shadow` a prediction, or
null if the shadow model gave none.

How a body is read and checked is in message_reader.py and table/wire.py.
"""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

import msgspec
import uuid_utils
from msgspec.structs import replace

from pipeline.ids import ID_PATTERN, MAX_ID_DIGITS, canonical

Id = Annotated[str, msgspec.Meta(pattern=ID_PATTERN)] | int | float

Label = float | str  # a number, or a class
Prediction = float | str | dict[str, float]  # a number, or a class, or probabilities by class

T = TypeVar("T")
P = TypeVar("P")

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
    ask_model: str | None = None  # of a request by id, and its answer: the model that was asked

    def encode(self) -> bytes:
        """Returns the message body: JSON, UTF-8."""
        if self.batched:
            return msgspec.json.encode({"id": self.ids, "body": self.values})
        return msgspec.json.encode({"id": self.ids[0], "body": self.values[0]})

    def dead_letter(self, row: int, reason: str) -> "DeadLetter":
        """Returns one row as a dead letter; a row of a batch becomes a single-row message."""
        single = replace(self, ids=[self.ids[row]], values=[self.values[row]], batched=False)
        body = single.encode() if self.batched else self.raw
        return DeadLetter(
            body, reason, self.queue, self.reply_to, self.correlation_id, self.ask_model
        )

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
            ask_model=self.ask_model,
        )


class DeadLetter(msgspec.Struct, frozen=True):
    """A body that no service can use, the reason, its queue, and who waits for an answer.

    `ask_model` is that of the message.
    """

    body: bytes
    reason: str
    queue: str
    reply_to: str | None = None
    correlation_id: str | None = None
    ask_model: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The answer to a request without a prediction, or with one that nobody can use, and why."""

    row_id: str
    reason: str
    prediction: Prediction | None = None  # a prediction that nobody can use
