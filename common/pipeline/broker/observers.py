"""Observers of a consuming connection: the length of a queue, and changes of the model store."""

from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

import pika
from pika.channel import Channel
from pika.frame import Method

from pipeline.queues import CHANGES

POLL_SECONDS = 0.1  # between two questions for the length of a queue


class Observer(Protocol):
    """Learns something on a channel of its own. Both calls come in the connection's thread."""

    def open(self, connection: pika.SelectConnection, drop: Callable[[str], None]) -> None:
        """Begins on a new connection; `drop` ends that connection, for a reason."""

    def close(self) -> None:
        """Ends, as the connection is gone."""


class DepthWatch:
    """Asks how many messages wait in a queue: `depth` is the latest answer, None if unknown."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self.depth: int | None = None

    def open(self, connection: pika.SelectConnection, drop: Callable[[str], None]) -> None:
        """Asks until the connection is gone."""

        def ask(channel: Channel) -> None:
            if channel.is_open:
                channel.queue_declare(self._queue, passive=True, callback=partial(note, channel))

        def note(channel: Channel, frame: Method[Any]) -> None:
            self.depth = frame.method.message_count
            connection.ioloop.call_later(POLL_SECONDS, partial(ask, channel))

        def begin(channel: Channel) -> None:
            channel.add_on_close_callback(lambda _, reason: drop(f"{self._queue}: {reason}"))
            ask(channel)

        connection.channel(on_open_callback=begin)

    def close(self) -> None:
        """Forgets the depth, which nobody knows now."""
        self.depth = None


class ChangeListener:
    """Calls `action` for each announced change, and on each connection: one may have been missed.

    Its queue lives as long as the connection.
    """

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action

    def open(self, connection: pika.SelectConnection, drop: Callable[[str], None]) -> None:
        """Declares a queue of its own, binds it to the changes, and listens."""

        def declare(channel: Channel) -> None:
            channel.add_on_close_callback(lambda _, reason: drop(f"{CHANGES}: {reason}"))
            channel.queue_declare("", exclusive=True, callback=partial(bind, channel))

        def bind(channel: Channel, declared: Method[Any]) -> None:
            queue = declared.method.queue
            channel.queue_bind(queue, CHANGES, callback=lambda _: listen(channel, queue))

        def listen(channel: Channel, queue: str) -> None:
            channel.basic_consume(queue, lambda *_: self._action(), auto_ack=True)
            self._action()

        connection.channel(on_open_callback=declare)

    def close(self) -> None:
        """Does nothing: the queue went with the connection."""
