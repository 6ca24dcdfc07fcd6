"""The join of the shadow candidate's predictions with the rows of metric_log.csv, by id.

A candidate is a model that is tried beside the one that answers. What it says of an id waits until
the id is a row, so that label and live prediction are known; a candidate says it once, and what
it says again changes nothing. What it says differently, of other features, is a conflict.
"""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from join import Half, differs, is_redelivered

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
    features_in_ms INTEGER,
    UNIQUE (id, model_id)
);
CREATE INDEX IF NOT EXISTS shadow_pending_received ON shadow_pending (received_in_ms);
CREATE TABLE IF NOT EXISTS shadow_joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    value REAL,
    features_in_ms INTEGER,
    UNIQUE (id, model_id)
);
"""

HALF_COLUMNS = "id, model_id, value, received_in_ms, features_in_ms"
OF_THESE_IDS = "WHERE id IN (SELECT value FROM json_each(?))"

Key = tuple[str, str]  # an id, and the model that is tried


class Live(NamedTuple):
    """What there is to compare with: a row of metric_log.csv."""

    y_true: float
    y_pred: float
    model_id: str | None


class ShadowRow(NamedTuple):
    """What a candidate said of an id that is a row."""

    half: Half
    live: Live


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
        _add_columns(database)
        counted = database.execute("SELECT COUNT(*) FROM shadow_pending")
        self.pending: int = counted.fetchone()[0]

    def add(
        self, halves: Sequence[Half], joined: Sequence[tuple[Half, Half]]
    ) -> tuple[list[ShadowRow], list[tuple[int, float]]]:
        """Takes predictions in; the rows that they, or the pairs just joined, complete.

        And which of them contradict what their candidate has said of the id, and what that was.
        """
        if not halves and not self.pending:
            return [], []
        ids = {half.id for half in halves} | {label.id for label, _ in joined}
        live, waiting, known = self._load(msgspec.json.encode(ids).decode())
        arrived: dict[Key, Half] = {}
        conflicts: list[tuple[int, float]] = []
        for index, half in enumerate(halves):
            key = _key(half)
            if key in known:
                first = known[key] or half
            else:
                first = waiting.get(key) or arrived.setdefault(key, half)
            if differs(half, first) and not is_redelivered(half, first):
                conflicts.append((index, first.value))
        self._store([half for half in arrived.values() if half.id not in live])
        self._release([half for half in waiting.values() if half.id in live])
        complete = [half for half in (waiting | arrived).values() if half.id in live]
        self._remember(complete)
        return [ShadowRow(half, live[half.id]) for half in complete], conflicts

    def expire(self, now_in_ms: int) -> list[Half]:
        """Lets go of the oldest predictions: those past their time, or too many."""
        if not self.pending:
            return []
        excess = max(0, self.pending - self._max_pending)
        expired = self._oldest(now_in_ms - self._ttl_in_ms, EXPIRED_AT_ONCE) or self._oldest(
            END_OF_TIME, min(excess, EXPIRED_AT_ONCE)
        )
        self._release(expired)
        return expired

    def _load(self, ids: str) -> tuple[dict[str, Live], dict[Key, Half], dict[Key, Half | None]]:
        """Of these ids, a JSON list: the rows, what waits, and what is a row of a candidate.

        That is None where an older metric, which did not note it, has written the row.
        """
        live = self._database.execute(
            f"SELECT id, y_true, y_pred, model_id FROM joined {OF_THESE_IDS}", (ids,)
        )
        waiting = self._database.execute(
            f"SELECT {HALF_COLUMNS} FROM shadow_pending {OF_THESE_IDS} ORDER BY seq", (ids,)
        )
        known = self._database.execute(
            f"SELECT id, model_id, value, 0, features_in_ms FROM shadow_joined {OF_THESE_IDS}",
            (ids,),
        )
        return (
            {row_id: Live(*row) for row_id, *row in live},
            {(row[0], row[1]): _half(*row) for row in waiting},
            {
                (row_id, model_id): None if said[0] is None else _half(row_id, model_id, *said)
                for row_id, model_id, *said in known
            },
        )

    def _oldest(self, received_until_in_ms: int, limit: int) -> list[Half]:
        found = self._database.execute(
            f"SELECT {HALF_COLUMNS} FROM shadow_pending WHERE received_in_ms <= ?"
            " ORDER BY received_in_ms, seq LIMIT ?",
            (received_until_in_ms, limit),
        )
        return [_half(*row) for row in found]

    def _store(self, halves: list[Half]) -> None:
        self._database.executemany(
            f"INSERT INTO shadow_pending ({HALF_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
            [
                (*_key(half), half.value, half.received_in_ms, half.features_in_ms)
                for half in halves
            ],
        )
        self.pending += len(halves)

    def _release(self, halves: list[Half]) -> None:
        self._database.executemany(
            "DELETE FROM shadow_pending WHERE id = ? AND model_id = ?", map(_key, halves)
        )
        self.pending -= len(halves)

    def _remember(self, halves: list[Half]) -> None:
        self._database.executemany(
            "INSERT INTO shadow_joined (id, model_id, value, features_in_ms) VALUES (?, ?, ?, ?)",
            [(*_key(half), half.value, half.features_in_ms) for half in halves],
        )
        self._database.execute(
            "DELETE FROM shadow_joined WHERE seq <= (SELECT MAX(seq) FROM shadow_joined) - ?",
            (self._remember_ids,),
        )


def _half(
    row_id: str, model_id: str, value: float, received_in_ms: int, features_in_ms: int | None
) -> Half:
    return Half(row_id, Y_PRED_SHADOW, value, received_in_ms, None, features_in_ms, model_id)


def _key(half: Half) -> Key:
    """A candidate says one thing of an id; empty where the prediction does not name its model."""
    return half.id, half.model_id or ""


def _add_columns(database: sqlite3.Connection) -> None:
    """Where an older metric has made the tables, they lack them."""
    for table, column in (
        ("shadow_pending", "features_in_ms INTEGER"),
        ("shadow_joined", "value REAL"),
        ("shadow_joined", "features_in_ms INTEGER"),
    ):
        columns = database.execute(f"PRAGMA table_info({table})").fetchall()
        if column.split()[0] not in [name for _, name, *_ in columns]:
            database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
