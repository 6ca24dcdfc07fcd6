"""The channels of the document: each exchange, to publish to, and each queue, to read from.

Their names, arguments and bindings are those of broker/layout.py, which the services declare.
"""

from typing import Any

from pipeline import queues
from pipeline.asyncapi import messages
from pipeline.asyncapi.messages import Kind
from pipeline.broker.layout import ALL_PARTS, Exchange, Queue, Tap, layout
from pipeline.queues import delay_queue, edge

Json = dict[str, Any]
Kinds = tuple[Kind | str, ...]

_DELAYS = [delay_queue(step) for step in range(1, queues.DELAY_STEPS + 1)]
_ANSWERS: Kinds = (
    messages.ANSWER, messages.BY_MODEL_ANSWER, messages.DEAD_LETTER, messages.EXPIRED
)  # fmt: skip
_QUEUES: dict[str, Kinds] = {
    queues.FEATURES: (messages.FEATURES,),
    queues.FEATURES_BY_MODEL: (messages.BY_MODEL,),
    queues.Y_TRUE: (messages.TRUE_LABEL,),
    queues.Y_PRED: (messages.ANSWER,),
    queues.Y_PRED_SHADOW: (messages.SHADOW_ANSWER,),
    queues.DEAD_LETTERS: (messages.DEAD_LETTER, messages.EXPIRED),
    queues.ANSWERS: _ANSWERS,
    **dict.fromkeys(_DELAYS, (messages.TRUE_LABEL,)),
}
_EXCHANGES: dict[str, Kinds] = {
    **{edge(name): kinds for name, kinds in _QUEUES.items()},
    queues.REPLIES: _ANSWERS,
    queues.DELAYED_LABELS: (messages.TRUE_LABEL,),
    queues.CHANGES: (messages.CHANGE,),
}
_ABOUT = {
    edge(queues.FEATURES_BY_MODEL): "Publish requests to a model that is named by its id here.",
    edge(queues.Y_PRED): "Publish predictions here. Each goes to its queue, and to the exchange "
    f"`{queues.REPLIES}`, which has it answer whoever asked: the routing key is the `reply_to` of "
    "the request, if there was one.",
    edge(queues.DEAD_LETTERS): "Publish here what cannot be used; as with a prediction, the "
    "routing key is the `reply_to` of whoever waits for an answer.",
    queues.REPLIES: "Gives an answer to the queue that its request named: bind your queue to it by "
    "the name that you put into `reply_to`. An answer that nobody is bound for is dropped.",
    queues.DELAYED_LABELS: "Publish labels here that are to come late.",
    queues.CHANGES: "Announces changes of the model store; each process of `model` binds a queue "
    "of its own.",
    queues.FEATURES_BY_MODEL: "What expires here goes to the dead letters, and to "
    f"`{queues.ANSWERS}`, not to another queue that `reply_to` names.",
    queues.ANSWERS: "The answers to requests that came over HTTP.",
    queues.DEAD_LETTERS: "Keeps what no service can use; the oldest are dropped when it is full.",
}
_COPY = "Publish here, or to the queue by its name; for a copy, bind a queue of your own."
_KEY_PARAMETERS = (queues.Y_PRED, queues.DEAD_LETTERS)


def channels(vhost: str) -> Json:
    """Returns all channels, by the names of their exchanges and queues."""
    parts = [*layout(ALL_PARTS, True, {})]
    taps = [part for part in parts if isinstance(part, Tap)]
    found: Json = {}
    for part in parts:
        if isinstance(part, Exchange):
            sources = [tap.source for tap in taps if tap.destination == part.name]
            found[part.name] = _exchange(part, sources, vhost)
        elif isinstance(part, Queue):
            found[part.name] = _queue(part, vhost)
    return found


def channel_messages(name: str) -> list[str]:
    """Returns the names of the messages that flow through a channel."""
    kinds = _EXCHANGES.get(name) or _QUEUES[name]
    return [each for kind in kinds for each in messages.names(kind)]


def _exchange(exchange: Exchange, sources: list[str], vhost: str) -> Json:
    binding: Json = {
        "is": "routingKey",
        "exchange": {
            "name": exchange.name, "type": exchange.kind, "durable": True, "autoDelete": False,
            "vhost": vhost,
        },
        "bindingVersion": "0.3.0",
    }  # fmt: skip
    if sources:
        binding["x-bound-to"] = [{"exchange": source, "routingKey": ""} for source in sources]
    return _channel(exchange.name, "exchange", binding) | _address(exchange.name)


def _queue(queue: Queue, vhost: str) -> Json:
    binding: Json = {
        "is": "queue",
        "queue": {
            "name": queue.name, "durable": queue.durable, "exclusive": False, "autoDelete": False,
            "vhost": vhost,
        },
        "bindingVersion": "0.3.0",
        "x-arguments": queue.arguments,
        "x-bound-to": [{"exchange": queue.exchange, "routingKey": queue.name}],
    }  # fmt: skip
    return _channel(queue.name, "queue", binding) | {"address": queue.name}


def _channel(name: str, kind: str, binding: Json) -> Json:
    carried = {each: {"$ref": f"#/components/messages/{each}"} for each in channel_messages(name)}
    channel: Json = {"title": f"{kind} {name}", "messages": carried, "bindings": {"amqp": binding}}
    default = _COPY if kind == "exchange" else ""
    if about := _ABOUT.get(name, default):
        channel["description"] = about
    return channel


def _address(exchange: str) -> Json:
    """Returns the routing key of what is published to an exchange."""
    if exchange == queues.REPLIES:
        return {"address": None}  # the request says it
    if exchange == queues.CHANGES:
        return {"address": ""}
    if exchange == queues.DELAYED_LABELS:
        steps = {
            "enum": [str(step) for step in range(1, queues.DELAY_STEPS + 1)],
            "description": f"How many of {queues.DELAY_STEPS} parts of LABEL_DELAY it waits.",
        }
        address = f"{queues.DELAY_QUEUES}.{{step}}of{queues.DELAY_STEPS}"
        return {"address": address, "parameters": {"step": steps}}
    name = exchange.removeprefix(edge(""))
    if name in _KEY_PARAMETERS:
        key = {"default": name, "description": "The reply_to of the request, if there is one."}
        return {"address": "{asker}", "parameters": {"asker": key}}
    return {"address": name}
