"""Batches of deliveries, and what their bodies and properties say."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace as struct_replace
from pika.spec import BasicProperties

from pipeline.decode_errors import JSON_ERRORS
from pipeline.message_reader import MessageReader
from pipeline.messages import DeadLetter, Id, Message, Refusal, id_text
from pipeline.queues import Y_PRED
from pipeline.table.readers import Readers, any_predictions

T = TypeVar("T")
Acks = Callable[[Iterable[tuple[str, int]]], None]  # of deliveries, by their queues and tags

EXPIRED = "not answered within JOB_TTL"


class _WithIds(msgspec.Struct):
    id: Id | list[Id]


_with_ids = msgspec.json.Decoder(_WithIds)


class Delivery(msgspec.Struct, frozen=True):
    """A message as it was delivered."""

    queue: str
    tag: int
    body: bytes
    properties: BasicProperties
    routing_key: str = ""
    redelivered: bool = False  # it was taken before, and never acknowledged

    @property
    def origin_in_ms(self) -> int | None:
        """Unix time in ms when a prediction's features were published; for others, the message."""
        headers = self.properties.headers or {}
        features_in_ms = _time_in_ms(headers.get("features_timestamp_in_ms"))
        return features_in_ms or _time_in_ms(headers.get("timestamp_in_ms"))

    @property
    def ask_model(self) -> str | None:
        """The id of the model that a request is for; None if it names none."""
        return _text((self.properties.headers or {}).get("ask_model")) or None

    @property
    def is_late(self) -> bool:
        """True if the time is up after which the broker itself would have let the message go."""
        headers, lasts = self.properties.headers or {}, _text(self.properties.expiration)
        sent_in_ms = _time_in_ms(headers.get("timestamp_in_ms"))
        if sent_in_ms is None or not (lasts.isascii() and lasts.isdecimal()):
            return False
        return sent_in_ms + int(lasts) < time.time() * 1000

    @property
    def asker(self) -> str | None:
        """The queue of whoever waits for an answer.

        A request names it, and an answer bears it as its routing key. A foreign exchange may bear
        another key: no asker's queue is bound to that one.
        """
        if self.queue != Y_PRED:
            return self.properties.reply_to
        return None if self.routing_key == Y_PRED else self.routing_key


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries that had arrived, in the order of each queue; may be empty after an idle time.

    `caught_up` tells that everything known to have waited is taken with this batch.
    """

    deliveries: list[Delivery]
    ack: Callable[[], None]
    ack_when_confirmed: Callable[[], None]
    caught_up: bool
    acks: Acks
    when_confirmed: Callable[[Callable[[], None]], None]

    def part(self, deliveries: Sequence[Delivery]) -> "Batch":
        """Returns a batch of some of the deliveries, which is acknowledged by itself.

        The rest is then acknowledged in parts, too.
        """
        ack = partial(self.acks, [(each.queue, each.tag) for each in deliveries])
        confirmed = partial(self.when_confirmed, ack)
        return replace(self, deliveries=[*deliveries], ack=ack, ack_when_confirmed=confirmed)

    def of(self, *queues: str) -> "Batch":
        """Returns the batch of the deliveries from these queues."""
        return replace(self, deliveries=[each for each in self.deliveries if each.queue in queues])

    def decode(self, reader: MessageReader[T]) -> tuple[list[Message[T]], list[DeadLetter]]:
        """Returns the good messages, and a dead letter for each message or row that is not good."""
        good: list[Message[T]] = []
        bad: list[DeadLetter] = []
        for delivery in self.deliveries:
            message, errors = reader.decode(delivery.body)
            if message is not None:
                good.append(_with_properties(message, delivery))
            bad += [_dead_letter(delivery, str(error), error.raw) for error in errors]
        return good, bad

    def decode_answers(
        self, readers: Readers
    ) -> tuple[list[Message[Any]], list[Refusal], list[DeadLetter]]:
        """Sorts answers to our requests: predictions, refusals, and dead letters for the rest."""
        refusals: list[Refusal] = []
        rest: list[Delivery] = []
        for delivery in self.deliveries:
            reason = _text((delivery.properties.headers or {}).get("x-reason"))
            if reason:
                refusals += _refusals(delivery, reason, readers)
            elif is_expired(delivery.properties):
                refusals += [Refusal(row_id, EXPIRED) for row_id in _ids(delivery)]
            else:
                rest.append(delivery)
        own = [each for each in rest if each.ask_model is None]
        others = [each for each in rest if each.ask_model is not None]
        good, bad = replace(self, deliveries=own).decode(readers.predictions)
        more, more_bad = replace(self, deliveries=others).decode(any_predictions)
        return good + more, refusals, bad + more_bad


def _dead_letter(delivery: Delivery, reason: str, body: bytes) -> DeadLetter:
    correlation_id = delivery.properties.correlation_id
    return DeadLetter(
        body, reason, delivery.queue, delivery.asker, correlation_id, delivery.ask_model
    )


def _refusals(delivery: Delivery, reason: str, readers: Readers) -> list[Refusal]:
    """Takes the rows from the body, which is a row, its prediction, or a batch that is no good."""
    answer, _ = readers.predictions.decode(delivery.body)
    prediction = answer.values[0] if answer and not answer.batched else None
    return [Refusal(row_id, reason, prediction) for row_id in _ids(delivery)]


def is_expired(properties: BasicProperties) -> bool:
    """Returns True if the broker took a message out of a queue because its time was up."""
    return (properties.headers or {}).get("x-first-death-reason") == "expired"


def _ids(delivery: Delivery) -> list[str]:
    """Returns the ids in a body whose values may be anything; at least one."""
    try:
        found = _with_ids.decode(delivery.body).id
    except JSON_ERRORS:
        found = []
    ids = found if isinstance(found, list) else [found]
    return [*map(id_text, ids or [delivery.properties.correlation_id or ""])]


def _text(value: Any) -> str:
    """Returns a header as text; "" if it is not text, as a sender may put anything there."""
    return value if isinstance(value, str) else ""


def _with_properties(message: Message[T], delivery: Delivery) -> Message[T]:
    headers = delivery.properties.headers or {}
    return struct_replace(
        message,
        queue=delivery.queue,
        raw=delivery.body,
        timestamp_in_ms=_time_in_ms(headers.get("timestamp_in_ms")),
        features_timestamp_in_ms=_time_in_ms(headers.get("features_timestamp_in_ms")),
        reply_to=delivery.asker,
        correlation_id=delivery.properties.correlation_id,
        model_id=_text(headers.get("model_id")) or None,
        ask_model=delivery.ask_model,
    )


def _time_in_ms(value: Any) -> int | None:
    """Returns a header as a time; None if it is not one, as a sender may put anything there."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)  # pika has its own int type
    return int(value) if is_whole and 0 <= value < 2**53 else None
