"""How many messages of a queue may be on their way, by their size and the time that they take.

RabbitMQ only counts them.
"""

import time
from dataclasses import dataclass

from pipeline.messages import MOST_BATCH_BYTES

MAX_PREFETCH = 400  # of a queue, un-acked
MAX_INBOX_BYTES = 48 * 2**20  # of a queue, arrived and not yet taken, about
AHEAD_SECONDS = 2.0  # of work that is handed out, about: the rest is for others who consume, too
GROWTH = 8  # so it takes four consumers to get to the most

_FITTING_BYTES = MAX_INBOX_BYTES // 2  # what is expected on the way: sizes vary

# Added to the bytes of a batch, but at most as many as it has: what a batch costs besides its rows
# (a call, a sync of the disk) makes no few messages seem slow that are better taken together.
_SLACK_BYTES = 8 * 2**10


@dataclass(slots=True)
class Speed:
    """How quickly a service does what it is given, by the last batch; 0 until one is done."""

    bytes_a_second: float = 0
    _begun_at: float = 0
    _size: int = 0

    def begin(self, size: int) -> None:
        """Takes note of a batch that the service gets, of so many bytes."""
        self._begun_at, self._size = time.monotonic(), size

    def done(self) -> bool:
        """Takes note that it has done the batch. True if it was the first one."""
        is_first = self._size > 0 and not self.bytes_a_second
        if self._size:
            seconds = max(time.monotonic() - self._begun_at, 1e-6)
            slack = min(self._size, _SLACK_BYTES)
            self.bytes_a_second = (self._size + slack) / seconds
        return is_first


@dataclass(slots=True)
class Prefetch:
    """One message at first, however large; more as the latest ones turn out to be small and quick.

    What a consumer may have is fixed, and to cancel it gives back what is on its way, each time one
    of the deliveries that a queue may limit. A further consumer only adds to what the others have.
    """

    messages: int = 1
    _looked_at: int = 0  # deliveries since it was last decided, and their bytes
    _size: int = 0
    _enough: int = 1  # so many deliveries decide

    def note(self, size: int) -> None:
        """Takes note of a delivery."""
        self._looked_at += 1
        self._size += size

    def more(self, bytes_a_second: float) -> int:
        """Tells how many messages more are to be asked for, where so many bytes are done.

        None as long as that is not known, and 0.
        """
        if self._looked_at < self._enough or not bytes_a_second:
            return 0
        fitting_bytes = min(_FITTING_BYTES, int(bytes_a_second * AHEAD_SECONDS))
        fitting = fitting_bytes * self._looked_at // max(self._size, 1)
        grown = min(self.messages * GROWTH, fitting, MAX_PREFETCH)
        more = grown - self.messages if grown >= 2 * self.messages or grown == MAX_PREFETCH else 0
        self.messages += more
        self._looked_at, self._size, self._enough = 0, 0, more or self.messages
        return more

    def shrink(self, largest: int) -> None:
        """Goes down to so few that the largest message fits; slow to grow again.

        So what was given back is handled before it could be given back once more.
        """
        self.messages = max(1, _FITTING_BYTES // max(largest, MOST_BATCH_BYTES))
        self._looked_at, self._size, self._enough = 0, 0, MAX_PREFETCH
