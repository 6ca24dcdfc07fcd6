"""The join of the shadow candidate's predictions with the rows of metric_log.csv, by id.

A candidate is a model that is tried beside the one that answers. What it says of an id waits until
the id is a row, so that label and live prediction are known; a candidate says it once, and what
it says again, or says differently, changes nothing.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from join import Half

Y_PRED_SHADOW = "y_pred_shadow"
EXPIRED_AT_ONCE = 100_000  # more than one batch brings: nothing holds this queue back
END_OF_TIME = 2**63 - 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS shadow_pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,  -- empty where the prediction did not say it
    value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL,
    UNIQUE (id, model_id)
);
CREATE INDEX IF NOT EXISTS shadow_pending_received ON shadow_pending (received_in_ms);
CREATE TABLE IF NOT EXISTS shadow_joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    UNIQUE (id, model_id)
);
"""

NEW_HALF = """
INSERT OR IGNORE INTO shadow_pending (id, model_id, value, received_in_ms)
SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS
    (SELECT 1 FROM shadow_joined WHERE id = ?1 AND model_id = ?2)
"""
ROWS = """
SELECT tried.seq, id, live.y_true, tried.value, tried.model_id, live.model_id, live.y_pred
FROM shadow_pending AS tried JOIN joined AS live USING (id)
WHERE id IN (SELECT value FROM json_each(?)) ORDER BY tried.seq
"""
OLDEST = """
SELECT seq, id, value, received_in_ms, model_id FROM shadow_pending
WHERE received_in_ms <= ? ORDER BY received_in_ms, seq LIMIT ?
"""


class ShadowRow(NamedTuple):
    """A row of the join: what the candidate said of an id that is joined."""

    seq: int  # of what waited
    id: str
    y_true: float
    y_pred: float
    model_id: str
    live_model_id: str | None
    live_y_pred: float


class Shadow:
    """Each method is to be called within a transaction, after those of the join."""

    def __init__(
        self, database: sqlite3.Connection, ttl_in_ms: int, max_pending: int, remember_ids: int
    ) -> None:
        self._database = database
        self._ttl_in_ms = ttl_in_ms
        self._max_pending = max_pending
        self._remember_ids = remember_ids
        database.executescript(SCHEMA)
        counted = database.execute("SELECT COUNT(*) FROM shadow_pending")
        self.pending: int = counted.fetchone()[0]

    def add(self, halves: Sequence[Half], joined: Sequence[tuple[Half, Half]]) -> list[ShadowRow]:
        """Takes predictions in; the rows that they, or the pairs just joined, complete."""
        if not halves and not self.pending:
            return []
        self._store(halves)
        ids = {half.id for half in halves} | {label.id for label, _ in joined}
        found = self._database.execute(ROWS, (msgspec.json.encode(ids).decode(),))
        rows = [ShadowRow(*row) for row in found]
        self._release([row.seq for row in rows])
        self._remember(rows)
        return rows

    def expire(self, now_in_ms: int) -> list[Half]:
        """Lets go of the oldest predictions: those past their time, or too many."""
        if not self.pending:
            return []
        excess = max(0, self.pending - self._max_pending)
        found = self._oldest(now_in_ms - self._ttl_in_ms, EXPIRED_AT_ONCE) or self._oldest(
            END_OF_TIME, min(excess, EXPIRED_AT_ONCE)
        )
        self._release([seq for seq, _ in found])
        return [half for _, half in found]

    def _oldest(self, received_until_in_ms: int, limit: int) -> list[tuple[int, Half]]:
        found = self._database.execute(OLDEST, (received_until_in_ms, limit))
        return [
            (seq, Half(row_id, Y_PRED_SHADOW, value, received_in_ms, model_id=model_id))
            for seq, row_id, value, received_in_ms, model_id in found
        ]

    def _store(self, halves: Sequence[Half]) -> None:
        """What waits already, or was a row, is left out."""
        stored = self._database.executemany(
            NEW_HALF,
            [(half.id, half.model_id or "", half.value, half.received_in_ms) for half in halves],
        )
        self.pending += max(0, stored.rowcount)  # -1 where there was nothing to do

    def _release(self, numbers: list[int]) -> None:
        self._database.executemany(
            "DELETE FROM shadow_pending WHERE seq = ?", [(number,) for number in numbers]
        )
        self.pending -= len(numbers)

    def _remember(self, rows: list[ShadowRow]) -> None:
        self._database.executemany(
            "INSERT INTO shadow_joined (id, model_id) VALUES (?, ?)",
            [(row.id, row.model_id) for row in rows],
        )
        self._database.execute(
            "DELETE FROM shadow_joined WHERE seq <= (SELECT MAX(seq) FROM shadow_joined) - ?",
            (self._remember_ids,),
        )
