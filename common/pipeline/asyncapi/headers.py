"""The headers of messages, and the properties that AMQP itself has for them, as JSON Schema."""

from typing import Any

from pipeline.broker.outgoing import MAX_REASON_CHARACTERS
from pipeline.queues import ANSWERS

Json = dict[str, Any]

HEADERS: dict[str, Json] = {
    "timestamp_in_ms": {
        "type": "integer",
        "minimum": 0,
        "description": "When the message was published: Unix time in milliseconds.",
    },
    "features_timestamp_in_ms": {
        "type": "integer",
        "minimum": 0,
        "description": "The timestamp_in_ms of the features that this answers.",
    },
    "model_id": {
        "type": "string",
        "description": "The model that answers.",
    },
    "ask_model": {
        "type": "string",
        "description": "The model that was asked, by its id.",
    },
    "x-reason": {
        "type": "string",
        "maxLength": MAX_REASON_CHARACTERS,
        "description": "Why no service can use the body.",
    },
    "x-source-queue": {
        "type": "string",
        "description": "The queue that the body was taken from.",
    },
    "x-first-death-reason": {
        "const": "expired",
        "description": "Set by the broker: nobody took the message in its time.",
    },
    "x-first-death-queue": {
        "type": "string",
        "description": "Set by the broker: the queue in which it waited.",
    },
}

PROPERTIES: dict[str, Json] = {
    "message_id": {
        "type": "string",
        "description": "The id of its row, or a UUID if it does not have just one.",
    },
    "content_type": {"const": "application/json"},
    "delivery_mode": {"const": 2, "description": "Persistent."},
    "timestamp": {"type": "integer", "description": "timestamp_in_ms in whole seconds."},
    "app_id": {"type": "string", "description": "The service that published it."},
}
CORRELATION_ID: Json = {
    "type": "string",
    "description": "Chosen by whoever asks; the answer has the same.",
}
REPLY_TO: Json = {
    "type": "string",
    "description": "The queue of whoever asks, which is bound to the exchange of replies by this "
    f"name; that of the gateway is {ANSWERS}. Without it nobody is answered.",
}
EXPIRATION: Json = {
    "type": "string",
    "pattern": "^[0-9]+$",
    "description": "Milliseconds after which the message leaves its queue.",
}


def headers(names: tuple[str, ...], required: tuple[str, ...]) -> Json:
    """Returns the schema of a message's headers, which may have others, too.

    Ours set all that have a value; a sender of your own needs only the `required` ones.
    """
    found = {name: HEADERS[name] for name in (*names, *required)}
    return {"type": "object", "required": [*required], "properties": found}


def properties(*more: str) -> Json:
    """Returns the schema of a message's AMQP properties; `more` names those not in all of them."""
    others = {"correlation_id": CORRELATION_ID, "reply_to": REPLY_TO, "expiration": EXPIRATION}
    return {"type": "object", "properties": PROPERTIES | {name: others[name] for name in more}}
