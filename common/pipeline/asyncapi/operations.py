"""The operations of the document: which service sends to which exchange, and reads which queue."""

from typing import Any, NamedTuple

from pipeline import queues
from pipeline.asyncapi import messages
from pipeline.queues import edge

Json = dict[str, Any]

DEAD_LETTERS_COMMAND = "dead-letters"


class Operation(NamedTuple):
    """A service that sends to an exchange, or receives from a queue."""

    service: str
    channel: str
    summary: str
    kinds: tuple[messages.Kind | str, ...] = ()  # if not all that flow there
    replies: tuple[messages.Kind | str, ...] = ()  # what it is answered


_BAD_ROWS = "Rows that it cannot use."
SENT = (
    Operation("features", edge(queues.FEATURES), "Streams rows."),
    Operation("features", edge(queues.Y_TRUE), "The true label of each row, at once."),
    Operation("features", queues.DELAYED_LABELS, "The same with LABEL_DELAY."),
    Operation("model", edge(queues.Y_PRED), "Answers each message in its form: rows or a batch."),
    Operation("model", edge(queues.Y_PRED_SHADOW), "Predictions of the shadow model, if any."),
    Operation("model", edge(queues.DEAD_LETTERS), _BAD_ROWS, (messages.DEAD_LETTER,)),
    Operation(
        "model-by-id", queues.REPLIES, "Answers whoever asked, and nobody else.",
        (messages.BY_MODEL_ANSWER,),
    ),
    Operation("model-by-id", edge(queues.DEAD_LETTERS), _BAD_ROWS, (messages.DEAD_LETTER,)),
    Operation("metric", edge(queues.DEAD_LETTERS), _BAD_ROWS, (messages.DEAD_LETTER,)),
    Operation(
        "gateway", edge(queues.FEATURES), "Rows that came over HTTP.",
        replies=(messages.ANSWER, messages.DEAD_LETTER),
    ),
    Operation(
        "gateway", edge(queues.FEATURES_BY_MODEL), "Rows for a model that is named by its id.",
        replies=(messages.BY_MODEL_ANSWER, messages.DEAD_LETTER, messages.EXPIRED),
    ),
    Operation("gateway", edge(queues.Y_TRUE), "Labels that came over HTTP."),
    Operation(
        "gateway", edge(queues.DEAD_LETTERS), "Answers that it cannot read.",
        (messages.DEAD_LETTER,),
    ),
    Operation("gateway", queues.CHANGES, "A promotion, a rollback, or a trial in the shadow."),
    *(
        Operation(DEAD_LETTERS_COMMAND, edge(name), "Replays dead letters.")
        for name in (*queues.STREAMS, queues.FEATURES_BY_MODEL)
    ),
)  # fmt: skip
RECEIVED = (
    Operation("model", queues.FEATURES, "Predicts."),
    Operation("model", queues.CHANGES, "Looks at the model store."),
    Operation("model-by-id", queues.FEATURES_BY_MODEL, "Predicts with the model that is asked."),
    *(
        Operation("metric", name, "Joins predictions with labels, by the id of the row.")
        for name in (queues.Y_TRUE, queues.Y_PRED, queues.Y_PRED_SHADOW)
    ),
    Operation("gateway", queues.ANSWERS, "Ends the job of each row."),
    Operation(DEAD_LETTERS_COMMAND, queues.DEAD_LETTERS, "Shows, replays or drops them."),
)
_MAY_REACH_NOBODY = (queues.REPLIES, queues.CHANGES)


def operations() -> Json:
    """Returns all operations, as `SERVICE.sends.EXCHANGE` and `SERVICE.receives.QUEUE`."""
    sent = {f"{each.service}.sends.{each.channel}": _sends(each) for each in SENT}
    received = {f"{each.service}.receives.{each.channel}": _receives(each) for each in RECEIVED}
    return sent | received


def _sends(operation: Operation) -> Json:
    binding = {
        "deliveryMode": 2,
        "mandatory": operation.channel not in _MAY_REACH_NOBODY,
        "timestamp": True,
        "bindingVersion": "0.3.0",
    }
    return _operation("send", operation, binding)


def _receives(operation: Operation) -> Json:
    return _operation("receive", operation, {"ack": True, "bindingVersion": "0.3.0"})


def _operation(action: str, operation: Operation, binding: Json) -> Json:
    described: Json = {
        "action": action,
        "channel": {"$ref": f"#/channels/{operation.channel}"},
        "title": f"{operation.service} {action}s {operation.channel}",
        "summary": operation.summary,
        "tags": [{"name": operation.service}],
        "bindings": {"amqp": binding},
    }
    if operation.kinds:
        described["messages"] = _refs(operation.channel, operation.kinds)
    if operation.replies:
        described["reply"] = {
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": f"#/channels/{queues.REPLIES}"},
            "messages": _refs(queues.REPLIES, operation.replies),
        }
    return described


def _refs(channel: str, kinds: tuple[messages.Kind | str, ...]) -> list[Json]:
    names = [name for kind in kinds for name in messages.names(kind)]
    return [{"$ref": f"#/channels/{channel}/messages/{name}"} for name in names]
