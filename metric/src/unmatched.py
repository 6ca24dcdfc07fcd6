"""Halves that left without their other half: their file, their counts, and a log line about them.

The counts say how many left, why, and the age of the youngest.
"""

import logging
import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from half import Half, csv_text, value_texts
from pipeline.clock import utc_text
from rotated_csv import RotatedCsv

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0  # between two log lines on the same queue and reason

UNMATCHED_CSV = "unmatched.csv"
HEADER = "id,queue,value,received_at\n"

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


class UnmatchedHalves:
    """The file of the halves, and the sums over all time, kept in the state, where plot reads them.

    `max_bytes` bounds the file together with the one before it.
    """

    def __init__(self, folder: Path, database: sqlite3.Connection, max_bytes: int) -> None:
        self._database = database
        self.file = RotatedCsv(folder / UNMATCHED_CSV, HEADER, database, max_bytes)
        database.execute(SCHEMA)

    def record(self, expired: list[Half], let_go: list[Half], now_in_ms: int) -> list[Unmatched]:
        """Notes the halves, and sums them up. Call it in the transaction that removes them."""
        found = by_queue("expired", expired, now_in_ms) + by_queue("let_go", let_go, now_in_ms)
        self._database.executemany(
            "INSERT INTO unmatched_counts VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " halves = halves + excluded.halves,"
            " youngest_in_ms = MIN(youngest_in_ms, excluded.youngest_in_ms)",
            found,
        )
        self.file.record("".join(map(_line, expired + let_go)))
        return found


def _line(half: Half) -> str:
    (value,) = value_texts([half.value])
    return f"{half.id},{half.queue},{csv_text(value)},{utc_text(half.received_in_ms)}\n"


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
