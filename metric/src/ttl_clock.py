"""The clock by which halves expire: it stands still while metric is away or behind its queues."""

import sqlite3
import time
from collections.abc import Callable

# metric calls at least every 5 s. After a longer step it was stopped (SIGSTOP, `docker pause`).
MAX_STEP_IN_MS = 10_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS ttl_clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    now_in_ms INTEGER NOT NULL
)
"""


class TtlClock:
    """Counts the milliseconds that metric has run, from 0, and continues from there at each start.

    Changes of the system clock do not affect it. `monotonic` returns seconds.
    """

    def __init__(
        self, database: sqlite3.Connection, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._monotonic = monotonic
        database.execute(SCHEMA)
        database.execute("INSERT OR IGNORE INTO ttl_clock VALUES (1, 0)")
        self.now_in_ms: int = database.execute("SELECT now_in_ms FROM ttl_clock").fetchone()[0]
        self._last_in_ms = self._steady_in_ms()

    def advance(self, caught_up: bool) -> None:
        """Adds the time since the last call, if that counts. Call it within a transaction."""
        last_in_ms, self._last_in_ms = self._last_in_ms, self._steady_in_ms()
        if caught_up and self._last_in_ms > last_in_ms:
            self.now_in_ms += min(self._last_in_ms - last_in_ms, MAX_STEP_IN_MS)
            self._database.execute("UPDATE ttl_clock SET now_in_ms = ?", (self.now_in_ms,))

    def _steady_in_ms(self) -> int:
        return int(self._monotonic() * 1000)
