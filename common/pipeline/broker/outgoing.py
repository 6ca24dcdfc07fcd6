"""Messages on their way to the broker: the route, the body, and the properties of each."""

import time
from typing import Any

import msgspec
from pika.spec import BasicProperties

from pipeline.messages import DeadLetter, Message, id_text, new_id
from pipeline.queues import CHANGES, DEAD_LETTERS, FEATURES, FEATURES_BY_MODEL, Y_PRED, edge

MAX_REASON_CHARACTERS = 1000


class Outgoing(msgspec.Struct, frozen=True):
    """A message on its way to the broker, kept until it is confirmed."""

    exchange: str
    routing_key: str
    body: bytes
    properties: BasicProperties
    mandatory: bool = True  # a message that no queue takes comes back instead of vanishing


def message_properties(app_id: str, message_id: str, headers: dict[str, Any]) -> BasicProperties:
    """Returns the properties of every message of ours: JSON, persistent, with the current time."""
    now = time.time()
    return BasicProperties(
        content_type="application/json",
        delivery_mode=2,
        message_id=message_id,
        timestamp=int(now),
        app_id=app_id,
        headers={"timestamp_in_ms": int(now * 1000), **headers},
    )


def of_message(
    app_id: str, exchange: str, routing_key: str, message: Message[Any], mandatory: bool = True
) -> Outgoing:
    """Returns a message with its rows, to be sent there."""
    headers: dict[str, Any] = {}
    if message.features_timestamp_in_ms is not None:
        headers["features_timestamp_in_ms"] = message.features_timestamp_in_ms
    if message.model_id:
        headers["model_id"] = message.model_id
    if message.ask_model:
        headers["ask_model"] = message.ask_model
    message_id = new_id() if message.batched else id_text(message.ids[0])
    properties = message_properties(app_id, message_id, headers)
    properties.correlation_id = message.correlation_id
    return Outgoing(exchange, routing_key, message.encode(), properties, mandatory)


def of_letter(app_id: str, letter: DeadLetter) -> Outgoing:
    """Returns a dead letter, which also answers whoever asked."""
    headers = {"x-reason": as_header(letter.reason), "x-source-queue": letter.queue}
    if letter.ask_model:
        headers["ask_model"] = letter.ask_model
    properties = message_properties(app_id, new_id(), headers)
    properties.correlation_id = letter.correlation_id
    properties.reply_to = letter.reply_to if letter.ask_model else None  # to be asked again
    # Only the gateway listens for its own dead letters, the answers that it could not read.
    asker = letter.reply_to if letter.queue in (FEATURES, FEATURES_BY_MODEL, Y_PRED) else None
    return Outgoing(edge(DEAD_LETTERS), asker or DEAD_LETTERS, letter.body, properties)


def of_change(app_id: str) -> Outgoing:
    """Returns the announcement of a change in the model store; it may reach nobody."""
    properties = message_properties(app_id, new_id(), {})
    return Outgoing(CHANGES, "", b"{}", properties, mandatory=False)


def as_header(reason: str) -> str:
    """Returns the reason as a header can carry it: it may quote any text of a model or message."""
    return reason[:MAX_REASON_CHARACTERS].encode("utf-8", "replace").decode()
