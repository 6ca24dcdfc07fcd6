"""The number of rows per second over the last seconds."""

import time
from collections import deque

LATELY_SECONDS = 10.0


class Pace:
    """Rows per second, from a row count that grows; known from the first note() on."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()  # (time, rows) of the last seconds

    def note(self, rows: int) -> None:
        """Notes the number of rows at this moment."""
        now = time.monotonic()
        self._counts.append((now, rows))
        while now - self._counts[0][0] > LATELY_SECONDS:
            self._counts.popleft()

    def per_second(self, rows: int) -> float:
        """Rows per second over the last LATELY_SECONDS, or since the first note().

        `rows` is the number of rows now.
        """
        if not self._counts:
            return 0.0
        since, before = self._counts[0]
        seconds = time.monotonic() - since
        return (rows - before) / seconds if seconds > 1 else 0.0
