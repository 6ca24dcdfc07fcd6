"""The exchanges and queues of the pipeline, and what is bound to what, as plain data.

topology.py declares them, and pipeline/asyncapi describes them.

Each edge of the pipeline is a fanout exchange `edge.NAME`, bound to the durable queue `NAME`:
whoever wants a copy of what flows there binds a queue of their own to the exchange. So does the
exchange `replies`, which routes by name: one publish makes the row and answers whoever asked.
"""

from collections.abc import Collection, Iterator
from typing import Any, Literal, NamedTuple

from pipeline.queues import (
    ANSWERS,
    CHANGES,
    DEAD_LETTERS,
    DELAY_STEPS,
    DELAYED_LABELS,
    FEATURES_BY_MODEL,
    REPLIES,
    STREAMS,
    Y_PRED,
    Y_PRED_SHADOW,
    Y_TRUE,
    delay_queue,
    edge,
)

MAX_DEAD_LETTERS = 100_000  # the oldest are dropped: a flood of bad messages must not fill a disk
MAX_DEAD_LETTER_BYTES = 2**30

# Parts that not every service needs.
Part = Literal["delays", "answers", "by_model", "shadow", "changes"]
ALL_PARTS: tuple[Part, ...] = ("delays", "answers", "by_model", "shadow", "changes")


class Copy(NamedTuple):
    """A queue of a service's own, which gets a copy of everything that flows through an edge."""

    queue: str
    of: str


class Exchange(NamedTuple):
    """A durable exchange."""

    name: str
    kind: Literal["fanout", "direct"]


class Queue(NamedTuple):
    """A queue, bound to an exchange by its own name as the routing key."""

    name: str
    exchange: str
    durable: bool
    arguments: dict[str, Any]


class Tap(NamedTuple):
    """A binding that gives an exchange a copy of every message of another one."""

    source: str
    destination: str


TopologyParts = Collection[Part | Copy]

# Arguments of a queue that hands its messages on when their time is up, and loses none of them:
# a classic queue publishes its dead letters unconfirmed, and a killed broker lost thousands.
_WAITING_ROOM = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": edge(Y_TRUE),
    "x-dead-letter-routing-key": Y_TRUE,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # at-least-once requires it
}

# Arguments of a queue whose messages expire: the gateway learns it, and so do the dead letters.
_ANSWERED_IN_TIME = {
    "x-dead-letter-exchange": edge(DEAD_LETTERS),
    "x-dead-letter-routing-key": ANSWERS,
}

_CAPPED = {
    "x-max-length": MAX_DEAD_LETTERS,
    "x-max-length-bytes": MAX_DEAD_LETTER_BYTES,
    "x-overflow": "drop-head",
}


def layout(
    uses: TopologyParts, durable: bool, arguments: dict[str, Any]
) -> Iterator[Exchange | Queue | Tap]:
    """Yields what all services need, and the parts that `uses` names; each after what it needs.

    `durable` is for the three streams alone; `arguments` are those that every queue has.
    """
    for name in STREAMS:
        yield from _edge(name, arguments, durable)
    yield from _edge(DEAD_LETTERS, arguments | _CAPPED)
    yield Exchange(REPLIES, "direct")
    for name in (Y_PRED, DEAD_LETTERS):
        yield Tap(edge(name), REPLIES)
    if "answers" in uses:
        yield Queue(ANSWERS, REPLIES, True, arguments)
    if "by_model" in uses:
        yield from _edge(FEATURES_BY_MODEL, arguments | _ANSWERED_IN_TIME)
    if "shadow" in uses:
        yield from _edge(Y_PRED_SHADOW, arguments)
    if "changes" in uses:
        yield Exchange(CHANGES, "fanout")
    if "delays" in uses:
        yield Exchange(DELAYED_LABELS, "direct")
        for step in range(1, DELAY_STEPS + 1):
            yield Queue(delay_queue(step), DELAYED_LABELS, True, _WAITING_ROOM)
    for use in uses:
        if isinstance(use, Copy):
            yield Queue(use.queue, edge(use.of), True, arguments)


def _edge(name: str, arguments: dict[str, Any], durable: bool = True) -> Iterator[Exchange | Queue]:
    yield Exchange(edge(name), "fanout")
    yield Queue(name, edge(name), durable, arguments)
