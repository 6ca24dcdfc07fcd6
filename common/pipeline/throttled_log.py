"""Warnings that a loop may repeat: logged at once, then once a minute with a count."""

import logging
import time
from collections.abc import Callable, Hashable
from typing import NamedTuple

INTERVAL_SECONDS = 60.0
MAX_KEYS = 100  # with new keys each time, none is remembered for long


class _Told(NamedTuple):
    at: float
    untold: int = 0


class LogThrottle:
    """Limits how often something is logged; each key has its own limit."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._told: dict[Hashable, _Told] = {}

    def count(self, key: Hashable = None, number: int = 1) -> int:
        """Returns how many came since the last time it was told, if it is due now; else 0.

        >>> throttle = LogThrottle(lambda: 0.0)
        >>> [throttle.count("full", 5), throttle.count("full"), throttle.count("empty")]
        [5, 0, 1]
        """
        now = self._monotonic()
        told = self._told.get(key)
        if told is not None and now < told.at + INTERVAL_SECONDS:
            self._told[key] = told._replace(untold=told.untold + number)
            return 0
        if len(self._told) >= MAX_KEYS:
            self._told.clear()
        self._told[key] = _Told(now)
        return number + (told.untold if told else 0)


class LogThrottleFilter(logging.Filter):
    """Limits the warnings of a library, by their text before its values are filled in."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._throttle = LogThrottle(monotonic)

    def filter(self, record: logging.LogRecord) -> bool:
        """Returns True if the record is due; then adds how often it came."""
        if record.levelno < logging.WARNING:
            return True
        count = self._throttle.count(str(record.msg))
        if count > 1:
            record.msg, record.args = "%s (%s times)", (record.getMessage(), f"{count:,}")
        return count > 0
