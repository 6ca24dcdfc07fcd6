"""The number of a queue's messages that may be on their way, by their size and their work.

RabbitMQ itself only counts messages.
"""

import time
from dataclasses import dataclass

from pipeline.message_reader import MAX_BATCH_BYTES

MAX_PREFETCH = 400  # un-acked messages of a queue
MAX_INBOX_BYTES = 48 * 2**20  # bytes of a queue that have arrived and are not yet taken, about
AHEAD_SECONDS = 2.0  # of work to hold, about: the rest is for other consumers
GROWTH = 8  # so it takes four consumers to reach the maximum

_FITTING_BYTES = MAX_INBOX_BYTES // 2  # what is expected to be on its way: sizes vary

# Added to the bytes of a batch, but at most as many as it has: what a batch costs besides its rows
# (a call, a sync of the disk) makes no few messages seem slow that are better taken together.
_SLACK_BYTES = 8 * 2**10


@dataclass(slots=True)
class Speed:
    """Bytes per second that a service gets done, by its last batch; 0 until one is done."""

    bytes_a_second: float = 0
    _begun_at: float = 0
    _size: int = 0

    def begin(self, size: int) -> None:
        """Notes that the service has got a batch of `size` bytes."""
        self._begun_at, self._size = time.monotonic(), size

    def done(self) -> bool:
        """Notes that the service has done the batch. Returns True if it was the first one."""
        is_first = self._size > 0 and not self.bytes_a_second
        if self._size:
            seconds = max(time.monotonic() - self._begun_at, 1e-6)
            slack = min(self._size, _SLACK_BYTES)
            self.bytes_a_second = (self._size + slack) / seconds
        return is_first


@dataclass(slots=True)
class Prefetch:
    """One message at first, however large; more as the latest ones turn out to be small and quick.

    The prefetch of a consumer is fixed, and cancelling it gives back its messages, each time using
    up one of the deliveries that a queue may limit. A further consumer only adds to what the others
    have.
    """

    messages: int = 1
    most: int = MAX_PREFETCH
    _looked_at: int = 0  # deliveries since the last decision, and their bytes
    _size: int = 0
    _enough: int = 1  # deliveries that it takes to decide

    def note(self, size: int) -> None:
        """Notes a delivery."""
        self._looked_at += 1
        self._size += size

    def more(self, bytes_a_second: float) -> int:
        """Returns how many more messages to ask for, at this number of bytes done per second.

        Returns 0 while that number is 0, that is, unknown.
        """
        if self._looked_at < self._enough or not bytes_a_second:
            return 0
        fitting_bytes = min(_FITTING_BYTES, int(bytes_a_second * AHEAD_SECONDS))
        fitting = fitting_bytes * self._looked_at // max(self._size, 1)
        grown = min(self.messages * GROWTH, fitting, self.most)
        more = grown - self.messages if grown >= 2 * self.messages or grown == self.most else 0
        self.messages += more
        self._looked_at, self._size, self._enough = 0, 0, more or self.messages
        return more

    def shrink(self, largest: int) -> None:
        """Shrinks the prefetch so that the largest message fits; it then grows back slowly.

        So messages that were given back are handled before they could be given back once more.
        """
        fitting = _FITTING_BYTES // max(largest, MAX_BATCH_BYTES)
        self.messages = min(max(1, fitting), self.most)
        self._looked_at, self._size, self._enough = 0, 0, MAX_PREFETCH
