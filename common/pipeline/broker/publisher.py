"""Publishing: persistent, confirmed, and repeated after a lost connection."""

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Any

import pika
from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic

from pipeline.broker.kept_connection import KeptConnection
from pipeline.broker.layout import TopologyParts
from pipeline.broker.outgoing import Outgoing
from pipeline.run import Run
from pipeline.settings import BrokerSettings
from pipeline.throttled_log import LogThrottle

log = logging.getLogger(__name__)

WINDOW_MESSAGES = 1000  # at most so many unconfirmed before publish() waits
WINDOW_BYTES = 16 * 2**20
MAX_AT_END = 2 * WINDOW_MESSAGES  # at a stop: as many as can be confirmed in the time left
NACK_DELAY_SECONDS = 1.0
FOREVER_SECONDS = float("inf")


class Publisher(KeptConnection):
    """Numbers each message when it is published, and forgets it when the broker confirms it.

    On each new connection everything unconfirmed is sent again, in order: a message may come twice,
    which its id makes harmless, but none is lost.
    """

    def __init__(self, settings: BrokerSettings, run: Run, uses: TopologyParts) -> None:
        super().__init__("publishing", settings, run, uses)
        self._last_number = 0
        self._unconfirmed: OrderedDict[int, Outgoing] = OrderedDict()  # messages by number
        self._unconfirmed_bytes = 0
        self._has_left_some = False
        self._to_send: deque[int] = deque()
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()  # see when_confirmed
        self.is_blocked = False  # True while the broker is short of memory or disk
        self._channel: Channel | None = None
        self._throttle = LogThrottle()
        self._last_tag = 0
        self._numbers: OrderedDict[int, int] = OrderedDict()  # delivery tag: number

    def publish(self, messages: Sequence[Outgoing]) -> None:
        """Hands the messages over; waits while too many are unconfirmed.

        Asked to stop, it takes as many as one more window holds, and leaves the rest.
        """
        if not messages:
            return
        with self.changed:
            for message in messages:
                if not self._has_room():
                    self.call(self._send)
                    has_room = self.wait_until(self._has_room, FOREVER_SECONDS)
                    self._has_left_some |= not has_room and len(self._unconfirmed) > MAX_AT_END
                if self._has_left_some:
                    break
                self._last_number += 1
                self._unconfirmed[self._last_number] = message
                self._unconfirmed_bytes += len(message.body)
                self._to_send.append(self._last_number)
        self.call(self._send)

    def when_confirmed(self, action: Callable[[], None]) -> None:
        """Calls `action` once everything published so far is confirmed.

        It never calls it if a part was left unpublished.
        """
        with self.changed:
            if self._has_left_some:
                return
            self._waiting.append((self._last_number, action))
            self._release()

    def flush(self, seconds: float = FOREVER_SECONDS, despite_stop: bool = False) -> int:
        """Waits until all is confirmed, but no longer than `seconds`, or until a stop.

        Returns how many messages are still unconfirmed.
        """
        with self.changed:
            self.wait_until(lambda: not self._unconfirmed, seconds, despite_stop)
            return len(self._unconfirmed)

    def _has_room(self) -> bool:
        return len(self._unconfirmed) < WINDOW_MESSAGES and self._unconfirmed_bytes < WINDOW_BYTES

    def _release(self) -> None:
        first_unconfirmed = next(iter(self._unconfirmed), self._last_number + 1)
        while self._waiting and self._waiting[0][0] < first_unconfirmed:
            _, action = self._waiting.popleft()
            action()

    # From here on, everything runs in the thread of the connection.

    def _on_open(self, connection: pika.SelectConnection) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._on_blocked(True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._on_blocked(False))
        connection.channel(on_open_callback=self._on_channel)

    def _on_blocked(self, is_blocked: bool) -> None:
        self.is_blocked = is_blocked
        if is_blocked:
            log.warning("the broker is short of memory or disk: publishing waits")
        else:
            log.warning("the broker accepts messages again")

    def _on_channel(self, channel: Channel) -> None:
        channel.add_on_close_callback(lambda _, reason: self._drop(str(reason)))
        channel.add_on_return_callback(self._on_return)
        channel.confirm_delivery(self._on_confirm, callback=lambda _: self._on_ready(channel))

    def _on_ready(self, channel: Channel) -> None:
        # Confirms on their way were lost with the last connection: what the broker has of the
        # unconfirmed is unknown, so all of it is sent again, in order. Tags begin anew with each
        # channel; the numbers, by which we remember, do not.
        with self.changed:
            self._to_send = deque(self._unconfirmed)
        self._last_tag = 0
        self._numbers.clear()
        self._channel = channel
        self._up()
        self._send()

    def _on_down(self) -> None:
        self._channel = None
        self.is_blocked = False

    def _send(self) -> None:
        while self._channel is not None and self._to_send:
            number = self._to_send.popleft()
            message = self._unconfirmed[number]
            self._last_tag += 1
            self._numbers[self._last_tag] = number
            self._channel.basic_publish(
                message.exchange,
                message.routing_key,
                message.body,
                message.properties,
                message.mandatory,
            )

    def _on_return(self, _: Channel, method: Basic.Return, __: Any, ___: bytes) -> None:
        # The message is also confirmed a moment later: stop listening before that.
        self._channel = None
        self._drop(f"no queue receives the messages of {method.exchange}: {method.reply_text}")

    def _on_confirm(self, frame: Method[Basic.Ack | Basic.Nack]) -> None:
        if self._channel is None:
            return
        numbers = self._settle(frame.method.delivery_tag, frame.method.multiple)
        if isinstance(frame.method, Basic.Nack):
            self._send_later(numbers)
            return
        with self.changed:
            for number in numbers:
                self._unconfirmed_bytes -= len(self._unconfirmed.pop(number).body)
            self._release()
            self.changed.notify_all()

    def _settle(self, tag: int, multiple: bool) -> list[int]:
        """Returns the numbers that a confirm covers; confirms come in any order.

        One with `multiple` covers all lower tags, of which some were confirmed alone before: these
        are gone from `_numbers`, and are not settled twice. It is in the order of sending, so
        those that are covered stand first.
        """
        if not multiple:
            number = self._numbers.pop(tag, None)
            return [] if number is None else [number]
        settled = []
        while self._numbers and next(iter(self._numbers)) <= tag:
            settled.append(self._numbers.popitem(last=False)[1])
        return settled

    def _send_later(self, numbers: list[int]) -> None:
        if count := self._throttle.count(number=len(numbers)):
            log.warning(
                "the broker refused messages, %d times: is a queue full? "
                "Each is sent again after a second, until it is accepted",
                count,
            )

        def again() -> None:
            self._to_send.extend(numbers)
            self._send()

        if self._connection is not None:
            self._connection.ioloop.call_later(NACK_DELAY_SECONDS, again)
