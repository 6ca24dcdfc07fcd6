"""The figures of the pipeline's queues, out of what the broker's management API lists."""

from collections import Counter

import msgspec

STREAMS = ("features", "y_true", "y_pred", "dead_letters")
DELAYED = "y_true.delay"  # the queues in which labels wait, taken together


class Queue(msgspec.Struct):
    """Messages in a queue, messages per second in and out of it, and who consumes it."""

    ready: int = 0
    unacked: int = 0
    in_per_second: float = 0.0
    out_per_second: float = 0.0
    consumers: int = 0


class _Rate(msgspec.Struct, frozen=True):
    rate: float = 0.0


class _Stats(msgspec.Struct, frozen=True):
    publish_details: _Rate = _Rate()
    deliver_get_details: _Rate = _Rate()


class _Queue(msgspec.Struct):
    name: str
    messages_ready: int = 0
    messages_unacknowledged: int = 0
    message_stats: _Stats = _Stats()


class _Named(msgspec.Struct, frozen=True):
    name: str


class _Consumer(msgspec.Struct, frozen=True):
    queue: _Named
    channel_details: _Named


def by_stream(answer: bytes, consumers: bytes) -> dict[str, Queue]:
    """The pipeline's own queues by name, those of waiting labels as one, if any wait.

    All that one channel has of a queue is one consumer: a service of ours has several there.
    """
    distinct = set(msgspec.json.decode(consumers, type=list[_Consumer]))
    counts = Counter(each.queue.name for each in distinct)
    queues: dict[str, Queue] = {}
    for each in msgspec.json.decode(answer, type=list[_Queue]):
        name = DELAYED if each.name.startswith(f"{DELAYED}.") else each.name
        if name not in (*STREAMS, DELAYED):
            continue
        queue = queues.setdefault(name, Queue())
        queue.ready += each.messages_ready
        queue.unacked += each.messages_unacknowledged
        queue.in_per_second += each.message_stats.publish_details.rate
        queue.out_per_second += each.message_stats.deliver_get_details.rate
        queue.consumers += counts[each.name]
    delayed = queues.get(DELAYED, Queue())
    if not (delayed.ready or delayed.unacked or delayed.in_per_second):
        queues.pop(DELAYED, None)  # labels go straight to y_true
    return queues
