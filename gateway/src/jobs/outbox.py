"""Carries messages from the handlers' event loop to the broker, whose publishing may block."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from gateway_errors import BrokerAwayError
from pipeline.broker import Broker
from pipeline.messages import Message
from pipeline.queues import ANSWERS, FEATURES, FEATURES_BY_MODEL, Y_TRUE

CONFIRM_SECONDS = 5.0
MAX_WAITING = 2000  # messages, while the broker takes none


class _Letter(NamedTuple):
    queue: str
    message: Message[Any]
    confirmed: asyncio.Future[None]


class Outbox:
    """Publishes messages that arrive together, and notifies each sender once they are confirmed."""

    def __init__(self, broker: Broker, ttl_seconds: int) -> None:
        """Requests to a model by its id leave their queue after `ttl_seconds`."""
        self._broker = broker
        self._ways = (
            (Y_TRUE, None, None),
            (FEATURES, ANSWERS, None),
            (FEATURES_BY_MODEL, ANSWERS, ttl_seconds * 1000),
        )
        self._waiting: list[_Letter] = []
        self._has_some = asyncio.Event()

    def check(self) -> None:
        """Raises BrokerAwayError if a message would not get to the broker now."""
        if detail := self._broker.problem:
            raise BrokerAwayError(detail)
        if len(self._waiting) >= MAX_WAITING:
            raise BrokerAwayError("the broker is accepting no messages")

    async def send(self, queue: str, message: Message[Any]) -> None:
        """Returns once the broker has confirmed the message. Raises BrokerAwayError."""
        self.check()
        letter = _Letter(queue, message, asyncio.get_running_loop().create_future())
        self._waiting.append(letter)
        self._has_some.set()
        try:
            async with asyncio.timeout(CONFIRM_SECONDS):
                await letter.confirmed
        except TimeoutError as error:
            if letter in self._waiting:  # nobody waits for it now
                self._waiting.remove(letter)
            raise BrokerAwayError(
                f"the broker did not confirm the message within {CONFIRM_SECONDS:g} s"
            ) from error

    async def run(self) -> None:
        """Publishes messages until it is cancelled."""
        while True:
            await self._has_some.wait()
            self._has_some.clear()
            letters, self._waiting = self._waiting, []
            unsent = [letter for letter in letters if not letter.confirmed.done()]
            await asyncio.to_thread(self._publish, unsent, _setter(unsent))

    def _publish(self, letters: list[_Letter], when_confirmed: Callable[[], None]) -> None:
        for queue, reply_to, expires_in_ms in self._ways:
            messages = [letter.message for letter in letters if letter.queue == queue]
            self._broker.publish(queue, messages, reply_to, expires_in_ms)
        self._broker.when_confirmed(when_confirmed)


def _setter(letters: list[_Letter]) -> Callable[[], None]:
    """Returns a function, callable in any thread, that notifies the senders in their event loop."""
    loop = asyncio.get_running_loop()

    def tell() -> None:
        for letter in letters:
            if not letter.confirmed.done():
                letter.confirmed.set_result(None)

    def call() -> None:
        if not loop.is_closed():  # in a gateway that has ended
            loop.call_soon_threadsafe(tell)

    return call
