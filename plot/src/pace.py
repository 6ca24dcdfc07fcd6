"""How many rows a second there were, lately."""

import time
from collections import deque

LATELY_SECONDS = 10.0


class Pace:
    """Of a number of rows that grows. It is known from the first note on."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()  # rows at a time, lately

    def note(self, rows: int) -> None:
        """There are so many rows now."""
        now = time.monotonic()
        self._counts.append((now, rows))
        while now - self._counts[0][0] > LATELY_SECONDS:
            self._counts.popleft()

    def per_second(self, rows: int) -> float:
        """Of the last LATELY_SECONDS, or since the first note, if there are so many rows now."""
        if not self._counts:
            return 0.0
        since, before = self._counts[0]
        seconds = time.monotonic() - since
        return (rows - before) / seconds if seconds > 1 else 0.0
