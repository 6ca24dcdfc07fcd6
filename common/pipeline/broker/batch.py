"""Batches of deliveries, and what their bodies and properties say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace as struct_replace
from pika.spec import BasicProperties

from pipeline.message_reader import MessageReader
from pipeline.messages import DeadLetter, Message, Refusal, id_text
from pipeline.queues import Y_PRED
from pipeline.table.readers import Readers

T = TypeVar("T")


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
            else:
                rest.append(delivery)
        good, bad = replace(self, deliveries=rest).decode(readers.predictions)
        return good, refusals, bad


def _dead_letter(delivery: Delivery, reason: str, body: bytes) -> DeadLetter:
    correlation_id = delivery.properties.correlation_id
    return DeadLetter(body, reason, delivery.queue, delivery.asker, correlation_id)


def _refusal(delivery: Delivery, reason: str, readers: Readers) -> Refusal:
    """Takes the row from the body, which is the row, or its prediction, if it came in a batch."""
    request, _ = readers.features.decode(delivery.body)
    answer, _ = readers.predictions.decode(delivery.body)
    refused = request or answer
    row_id = id_text(refused.ids[0] if refused else delivery.properties.correlation_id or "")
    return Refusal(row_id, reason, answer.values[0] if answer else None)


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
    )


def _time_in_ms(value: Any) -> int | None:
    """Returns a header as a time; None if it is not one, as a sender may put anything there."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)  # pika has its own int type
    return int(value) if is_whole and 0 <= value < 2**53 else None
