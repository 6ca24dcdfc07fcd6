"""Batches of deliveries, and what their bodies and properties say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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

    @property
    def origin_in_ms(self) -> int | None:
        """Unix time in ms when a prediction's features were published; for others, the message."""
        headers = self.properties.headers or {}
        features_in_ms = _time_in_ms(headers.get("features_timestamp_in_ms"))
        return features_in_ms or _time_in_ms(headers.get("timestamp_in_ms"))

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
                refusals.append(_refusal(delivery, reason, readers))
            elif is_expired(delivery.properties):
                refusals += [Refusal(row_id, EXPIRED) for row_id in _ids(delivery)]
            else:
                rest.append(delivery)
        own = [each for each in rest if _ask_model(each.properties) is None]
        others = [each for each in rest if _ask_model(each.properties) is not None]
        good, bad = replace(self, deliveries=own).decode(readers.predictions)
        more, more_bad = replace(self, deliveries=others).decode(any_predictions)
        return good + more, refusals, bad + more_bad


def _dead_letter(delivery: Delivery, reason: str, body: bytes) -> DeadLetter:
    correlation_id = delivery.properties.correlation_id
    ask_model = _ask_model(delivery.properties)
    return DeadLetter(body, reason, delivery.queue, delivery.asker, correlation_id, ask_model)


def _refusal(delivery: Delivery, reason: str, readers: Readers) -> Refusal:
    """Takes the row from the body, which is the row, or its prediction, if it came in a batch."""
    answer, _ = readers.predictions.decode(delivery.body)
    return Refusal(_ids(delivery)[0], reason, answer.values[0] if answer else None)


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


def _ask_model(properties: BasicProperties) -> str | None:
    return _text((properties.headers or {}).get("ask_model")) or None


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
        ask_model=_ask_model(delivery.properties),
    )


def _time_in_ms(value: Any) -> int | None:
    """Returns a header as a time; None if it is not one, as a sender may put anything there."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)  # pika has its own int type
    return int(value) if is_whole and 0 <= value < 2**53 else None
