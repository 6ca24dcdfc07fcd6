"""The figures of the pipeline's queues, from the lists of the broker's management API."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from page.broker_status.api_answers import entries, number, text
from page.broker_status.queue_trend import (
    STEP_SECONDS,
    WINDOW_SECONDS,
    Trend,
    judge,
    judge_dead_letters,
)
from pipeline.queues import DEAD_LETTERS, DELAY_QUEUES, STREAMS

SHOWN = (*STREAMS, DEAD_LETTERS)
DELAYED = DELAY_QUEUES  # the delay queues for labels, taken together

COLUMNS = (
    "name,state,messages_ready,messages_unacknowledged,messages_details.samples,"
    "message_stats.publish_details.rate,message_stats.deliver_get_details.rate"
)
HISTORY = f"lengths_age={WINDOW_SECONDS}&lengths_incr={STEP_SECONDS}"
BROKEN = ("down", "stopped", "crashed", "minority")  # states in which a queue takes no messages


class Queue(msgspec.Struct):
    """Messages in a queue, messages per second in and out of it, and who consumes it."""

    ready: int = 0
    unacked: int = 0
    in_per_second: float = 0.0
    out_per_second: float = 0.0
    consumers: int | None = 0  # None if unknown
    trend: Trend = "unknown"
    change: float = 0.0  # of the messages in it, over the last `change_seconds`
    change_seconds: float = 0.0
    state: str = ""  # one of BROKEN, or empty

    @property
    def depth(self) -> int:
        """Number of messages in the queue, delivered ones included."""
        return self.ready + self.unacked

    @property
    def known(self) -> int | None:
        """Number of messages in it; None while it is broken, as the broker does not tell then."""
        return None if self.state else self.depth


def by_stream(
    listed: Iterable[dict[str, Any]], consumers: Iterable[dict[str, Any]] | None
) -> dict[str, Queue]:
    """Returns the pipeline's own queues by name; the delay queues for labels, if any wait, are one.

    All consumers that one channel has for a queue count as one: our services have several there.
    """
    readers = None if consumers is None else _readers(consumers)
    queues: dict[str, Queue] = {}
    for item in listed:
        name = text(item, "name")
        if name in SHOWN:
            queues[name] = _judged(item, None if readers is None else readers[name])
        elif name.startswith(f"{DELAYED}."):
            queues[DELAYED] = _together(queues.get(DELAYED, Queue(trend="held")), _queue(item))
    delayed = queues.get(DELAYED, Queue())
    if not (delayed.depth or delayed.in_per_second):
        queues.pop(DELAYED, None)  # labels go straight to y_true
    return queues


def _readers(consumers: Iterable[dict[str, Any]]) -> Counter[str]:
    """Counts the channels that consume each queue."""
    pairs = {(text(each, "queue.name"), text(each, "channel_details.name")) for each in consumers}
    return Counter(queue for queue, _ in pairs)


def _queue(item: dict[str, Any]) -> Queue:
    state = text(item, "state")
    return Queue(
        ready=int(number(item, "messages_ready")),
        unacked=int(number(item, "messages_unacknowledged")),
        in_per_second=number(item, "message_stats.publish_details.rate"),
        out_per_second=number(item, "message_stats.deliver_get_details.rate"),
        state=state if state in BROKEN else "",
    )


def _judged(item: dict[str, Any], consumers: int | None) -> Queue:
    queue = _queue(item)
    queue.consumers = consumers
    samples = sorted(
        (number(sample, "timestamp"), number(sample, "sample"))
        for sample in entries(item, "messages_details.samples")
    )
    history = [messages for _, messages in samples]
    if samples:
        queue.change = queue.depth - history[0]
        queue.change_seconds = (samples[-1][0] - samples[0][0]) / 1000
    if text(item, "name") == DEAD_LETTERS:
        queue.trend = judge_dead_letters(queue.depth, history)
    elif queue.depth and consumers == 0:
        queue.trend = "unread"
    else:
        queue.trend = judge(queue.depth, history, queue.in_per_second)
    return queue


def _together(one: Queue, other: Queue) -> Queue:
    one.ready += other.ready
    one.unacked += other.unacked
    one.in_per_second += other.in_per_second
    one.out_per_second += other.out_per_second
    one.state = one.state or other.state
    return one
