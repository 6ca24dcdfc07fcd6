"""Counts and log lines about the halves in unmatched.csv: how many, why, and the youngest's age."""

import logging
import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from join import Half

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0  # between two log lines on the same queue and reason

SCHEMA = """
CREATE TABLE IF NOT EXISTS unmatched_counts (
    queue TEXT NOT NULL,
    reason TEXT NOT NULL,  -- expired or let_go
    halves INTEGER NOT NULL,
    youngest_in_ms INTEGER NOT NULL,  -- how long the youngest of them had waited
    PRIMARY KEY (queue, reason)
) WITHOUT ROWID
"""

Reason = Literal["expired", "let_go"]
WORDS = {"expired": "they waited for UNMATCHED_TTL", "let_go": "more than MAX_PENDING waited"}
LEVELS = {"expired": logging.INFO, "let_go": logging.WARNING}


class Unmatched(NamedTuple):
    """Halves of one queue that left for one reason."""

    queue: str
    reason: Reason
    halves: int
    youngest_in_ms: int  # how long the youngest of them had waited


def by_queue(reason: Reason, halves: Sequence[Half], now_in_ms: int) -> list[Unmatched]:
    """Sums up the halves that leave now. An age is at least 0, even if the clock was set back."""
    received: defaultdict[str, list[int]] = defaultdict(list)
    for half in halves:
        received[half.queue].append(half.received_in_ms)
    return [
        Unmatched(queue, reason, len(times), max(0, now_in_ms - max(times)))
        for queue, times in received.items()
    ]


class UnmatchedCounts:
    """The sums over all time, kept in the state, where plot reads them."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        database.execute(SCHEMA)

    def add(self, unmatched: Sequence[Unmatched]) -> None:
        """Adds to the sums. Call it within the transaction that removes the halves."""
        self._database.executemany(
            "INSERT INTO unmatched_counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " halves = halves + excluded.halves,"
            " youngest_in_ms = MIN(youngest_in_ms, excluded.youngest_in_ms)",
            unmatched,
        )


class UnmatchedLog:
    """Logs the halves that leave, at once and then at most once a minute per queue and reason."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._unsaid: dict[tuple[str, Reason], Unmatched] = {}
        self._next: defaultdict[tuple[str, Reason], float] = defaultdict(lambda: -math.inf)

    def add(self, unmatched: Sequence[Unmatched]) -> None:
        """Logs the halves that are due. Call it with each batch, even when nothing has left."""
        for each in unmatched:
            key = each.queue, each.reason
            before = self._unsaid.get(key, each._replace(halves=0))
            youngest = min(before.youngest_in_ms, each.youngest_in_ms)
            total = before.halves + each.halves
            self._unsaid[key] = each._replace(halves=total, youngest_in_ms=youngest)
        now = self._monotonic()
        for key in [key for key in self._unsaid if self._next[key] <= now]:
            self._next[key] = now + INTERVAL_SECONDS
            _say(self._unsaid.pop(key))


def _say(unmatched: Unmatched) -> None:
    log.log(
        LEVELS[unmatched.reason],
        "%s halves of %s went to unmatched.csv, as %s; the youngest was %.1f s old",
        f"{unmatched.halves:,}",
        unmatched.queue,
        WORDS[unmatched.reason],
        unmatched.youngest_in_ms / 1000,
    )
