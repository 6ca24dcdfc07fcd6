"""How many messages of a queue may be on their way, by their size: RabbitMQ only counts them."""

from dataclasses import dataclass

from pipeline.messages import MOST_BATCH_BYTES

MAX_PREFETCH = 400  # of a queue, un-acked
MAX_INBOX_BYTES = 48 * 2**20  # of a queue, arrived and not yet taken, about
GROWTH = 8  # so it takes four consumers to get to the most

_FITTING_BYTES = MAX_INBOX_BYTES // 2  # what is expected on the way: sizes vary


@dataclass(slots=True)
class Prefetch:
    """One message at first, however large; more as the latest ones turn out to be small.

    What a consumer may have is fixed, and to cancel it gives back what is on its way, each time one
    of the deliveries that a queue may limit. A further consumer only adds to what the others have.
    """

    messages: int = 1
    _looked_at: int = 0  # deliveries since it was last decided, and their bytes
    _size: int = 0
    _enough: int = 1  # so many deliveries decide

    def more(self, size: int) -> int:
        """Takes note of a delivery; how many messages more are to be asked for."""
        self._looked_at += 1
        self._size += size
        if self._looked_at < self._enough:
            return 0
        fitting = _FITTING_BYTES * self._looked_at // max(self._size, 1)
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
