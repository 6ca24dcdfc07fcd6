"""The exchanges and queues of the pipeline, and their declaration.

Each edge of the pipeline is a fanout exchange `edge.NAME`, bound to the durable queue `NAME`:
whoever wants a copy of what flows there binds a queue of their own to the exchange. So does the
exchange `replies`, which routes by name: one publish makes the row and answers whoever asked.
"""

import logging
from collections.abc import Callable, Collection
from typing import Any, Literal, NamedTuple

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from pipeline.errors import BrokerError
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
from pipeline.settings import BrokerSettings

log = logging.getLogger(__name__)

MAX_DEAD_LETTERS = 100_000  # the oldest are dropped: a flood of bad messages must not fill a disk
MAX_DEAD_LETTER_BYTES = 2**30


class Copy(NamedTuple):
    """A queue of a service's own, which gets a copy of everything that flows through an edge."""

    queue: str
    of: str


# Parts that not every service needs.
TopologyParts = Collection[Literal["delays", "answers", "by_model", "shadow", "changes"] | Copy]

_ACCESS_REFUSED, _NOT_FOUND, _PRECONDITION_FAILED = 403, 404, 406


# Arguments of a queue that hands its messages on when their time is up, and loses none of them:
# a classic queue publishes its dead letters unconfirmed, and a killed broker lost thousands.
_WAITING_ROOM = {
    "x-queue-type": "quorum",
    "x-dead-letter-exchange": edge(Y_TRUE),
    "x-dead-letter-routing-key": Y_TRUE,
    "x-dead-letter-strategy": "at-least-once",
    "x-overflow": "reject-publish",  # at-least-once requires it
}

# Arguments of a queue whose messages expire: whoever asked learns it, and so do the dead letters.
_ANSWERED_IN_TIME = {
    "x-dead-letter-exchange": edge(DEAD_LETTERS),
    "x-dead-letter-routing-key": ANSWERS,
}


class Topology:
    """Declares on one connection everything of the topology that is missing.

    Raises BrokerError if something is missing that this user may not declare.
    """

    def __init__(self, connection: pika.BlockingConnection, settings: BrokerSettings) -> None:
        self._connection = connection
        self._durable = settings.queue_durable
        # Until the broker refuses: then its own definitions rule, and have bound the queues.
        self._may_declare = True
        self._arguments: dict[str, Any] = {}
        if settings.queue_type == "quorum":
            self._arguments = {"x-queue-type": "quorum"}
            if self._server_major() >= 4:  # 3.x has no default limit, and reads -1 as 0
                self._arguments["x-delivery-limit"] = -1

    def declare(self, uses: TopologyParts = ()) -> None:
        """Declares what all services need, and what this one uses in addition."""
        for queue in STREAMS:
            self._exchange(edge(queue), "fanout")
            self._queue(queue, edge(queue), self._durable, self._arguments)
        self._exchange(edge(DEAD_LETTERS), "fanout")
        capped = self._arguments | {
            "x-max-length": MAX_DEAD_LETTERS,
            "x-max-length-bytes": MAX_DEAD_LETTER_BYTES,
            "x-overflow": "drop-head",
        }
        self._queue(DEAD_LETTERS, edge(DEAD_LETTERS), True, capped)
        self._exchange(REPLIES, "direct")
        for queue in (Y_PRED, DEAD_LETTERS):
            self._copy(edge(queue), REPLIES)
        if "answers" in uses:
            self._queue(ANSWERS, REPLIES, True, self._arguments)
        if "by_model" in uses:
            self._exchange(edge(FEATURES_BY_MODEL), "fanout")
            expired = self._arguments | _ANSWERED_IN_TIME
            self._queue(FEATURES_BY_MODEL, edge(FEATURES_BY_MODEL), True, expired)
        if "shadow" in uses:
            self._exchange(edge(Y_PRED_SHADOW), "fanout")
            self._queue(Y_PRED_SHADOW, edge(Y_PRED_SHADOW), True, self._arguments)
        if "changes" in uses:
            self._exchange(CHANGES, "fanout")
        if "delays" in uses:
            self._exchange(DELAYED_LABELS, "direct")
            for step in range(1, DELAY_STEPS + 1):
                self._queue(delay_queue(step), DELAYED_LABELS, True, _WAITING_ROOM)
        for use in uses:
            if isinstance(use, Copy):
                self._queue(use.queue, edge(use.of), True, self._arguments)

    def _exchange(self, name: str, kind: str) -> None:
        def look(channel: BlockingChannel) -> Any:
            return channel.exchange_declare(name, passive=True)

        def declare(channel: BlockingChannel) -> Any:
            return channel.exchange_declare(name, kind, durable=True)

        if self._refusal(look) == _NOT_FOUND:
            self._must(declare, f"exchange {name}")

    def _copy(self, source: str, destination: str) -> None:
        """Binds an exchange to another one, so that it gets a copy of every message."""

        def bind(channel: BlockingChannel) -> Any:
            return channel.exchange_bind(destination, source)

        if self._may_declare:
            self._refusal(bind)

    def _queue(self, name: str, exchange: str, durable: bool, arguments: dict[str, Any]) -> None:
        def look(channel: BlockingChannel) -> Any:
            return channel.queue_declare(name, passive=True)

        def declare(channel: BlockingChannel) -> Any:
            return channel.queue_declare(name, durable=durable, arguments=arguments)

        def bind(channel: BlockingChannel) -> Any:
            return channel.queue_bind(name, exchange, routing_key=name)

        if self._refusal(look) == _NOT_FOUND:
            self._must(declare, f"queue {name}")
        elif self._may_declare and self._refusal(declare) == _PRECONDITION_FAILED:
            log.warning("queue %s has other arguments than ours: using it as it is", name)
        if self._may_declare:
            self._refusal(bind)

    def _must(self, action: Callable[[BlockingChannel], Any], what: str) -> None:
        if self._refusal(action) == _ACCESS_REFUSED:
            raise BrokerError(f"{what} is missing, and this user may not declare it")

    def _refusal(self, action: Callable[[BlockingChannel], Any]) -> int | None:
        """Returns the reply code of a refusal, which also closes the channel; None if accepted."""
        channel = self._connection.channel()
        try:
            action(channel)
        except ChannelClosedByBroker as refused:
            if refused.reply_code == _ACCESS_REFUSED:
                self._may_declare = False
            return refused.reply_code
        channel.close()
        return None

    def _server_major(self) -> int:
        # the blocking connection offers no public access to the broker's properties
        properties = self._connection._impl.server_properties  # type: ignore[attr-defined]
        return int(str(properties["version"]).partition(".")[0])
