"""The rate at which a count grows, over the last seconds."""

from collections import deque

MIN_SECONDS = 0.5  # between two samples: the rate of a shorter time says little


class Rate:
    """Growth of a count per second, over the last `seconds`.

    >>> rate = Rate(seconds=5)
    >>> rate.add(10, at=100.0)
    >>> rate.add(30, at=104.0)
    >>> rate.per_second(now=105.0), rate.per_second(now=120.0)
    (5.0, 0.0)
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._samples: deque[tuple[int, float]] = deque()

    def add(self, count: int, at: float) -> None:
        """Takes the count at a moment, in seconds; a moment already known changes nothing."""
        if self._samples and at <= self._samples[-1][1]:
            return
        self._samples.append((count, at))
        while at - self._samples[0][1] > self._seconds:
            self._samples.popleft()

    def per_second(self, now: float) -> float:
        """Returns the rate; 0 if the last count is too old to tell, or the first too recent."""
        if not self._samples:
            return 0.0
        (before, since), (count, until) = self._samples[0], self._samples[-1]
        if now - until > self._seconds or until - since < MIN_SECONDS:
            return 0.0
        return (count - before) / (until - since)
