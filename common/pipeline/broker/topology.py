"""Declares the exchanges and queues of layout.py, where they are missing."""

import logging
from collections.abc import Callable
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel
from pika.exceptions import ChannelClosedByBroker

from pipeline.broker.layout import Exchange, Queue, Tap, TopologyParts, layout
from pipeline.errors import BrokerError
from pipeline.settings import BrokerSettings

log = logging.getLogger(__name__)

_ACCESS_REFUSED, _NOT_FOUND, _PRECONDITION_FAILED = 403, 404, 406


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
        for part in layout(uses, self._durable, self._arguments):
            match part:
                case Exchange(name, kind):
                    self._exchange(name, kind)
                case Queue():
                    self._queue(*part)
                case Tap(source, destination):
                    self._copy(source, destination)

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
