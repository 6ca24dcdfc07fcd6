"""The join of the shadow model's predictions with the rows of metric_log.csv, by id.

A shadow model predicts the same rows as the live one, and answers nobody. Its prediction for an id
is kept until the id is a row, so that the label and the live prediction are known. A repeated
prediction changes nothing; one that differs, because the features did, is a conflict.
"""

import sqlite3
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from join import Half, differs, is_redelivered
from pipeline.queues import Y_PRED_SHADOW
from state_tables import EXPIRED_AT_ONCE, IN_JSON, LET_GO_AT_ONCE, add_column, json_list

SCHEMA = """
CREATE TABLE IF NOT EXISTS shadow_pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,  -- empty where the prediction did not say it
    value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL,
    clock_in_ms INTEGER NOT NULL DEFAULT 0,  -- of the TTL clock
    features_in_ms INTEGER,
    UNIQUE (id, model_id)
);
DROP INDEX IF EXISTS shadow_pending_received;  -- of an older metric
CREATE TABLE IF NOT EXISTS shadow_joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,
    value REAL,
    features_in_ms INTEGER,
    UNIQUE (id, model_id)
);
"""

LATER_COLUMNS = (  # missing from the tables of an older metric
    ("shadow_pending", "clock_in_ms INTEGER NOT NULL DEFAULT 0"),
    ("shadow_pending", "features_in_ms INTEGER"),
    ("shadow_joined", "value REAL"),
    ("shadow_joined", "features_in_ms INTEGER"),
)

HALF_COLUMNS = "id, model_id, value, received_in_ms, features_in_ms"
OF_THESE_IDS = f"WHERE id IN {IN_JSON}"

Key = tuple[str, str]  # an id, and the shadow model


class Live(NamedTuple):
    """The values to compare with: a row of metric_log.csv."""

    y_true: float
    y_pred: float
    model_id: str | None


class ShadowRow(NamedTuple):
    """A shadow model's prediction for an id that is a row."""

    half: Half
    live: Live


class Shadow:
    """The join of shadow predictions. Call its methods within a transaction, after the join's."""

    def __init__(
        self, database: sqlite3.Connection, ttl_in_ms: int, max_pending: int, remember_ids: int
    ) -> None:
        self._database = database
        self._ttl_in_ms = ttl_in_ms
        self._max_pending = max_pending
        self._remember_ids = remember_ids
        database.executescript(SCHEMA)
        for table, column in LATER_COLUMNS:
            add_column(database, table, column)
        counted = database.execute("SELECT COUNT(*) FROM shadow_pending")
        self.pending: int = counted.fetchone()[0]
        self._in_hand = "[]"  # the ids of the last add(), as JSON

    def add(
        self, halves: Sequence[Half], joined: Sequence[tuple[Half, Half]], clock_in_ms: int
    ) -> tuple[list[ShadowRow], list[tuple[int, float]]]:
        """Adds predictions, and returns the rows that these, or the rows just joined, complete.

        Also returns each prediction that contradicts an earlier one of the same model for the id:
        its index, and the earlier value. `clock_in_ms` is the time of the TTL clock.
        """
        if not halves and not self.pending:
            return [], []
        ids = {half.id for half in halves} | {label.id for label, _ in joined}
        self._in_hand = json_list(ids)
        live, waiting, known = self._load(self._in_hand)
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
        self._store([half for half in arrived.values() if half.id not in live], clock_in_ms)
        self._release([half for half in waiting.values() if half.id in live])
        complete = [half for half in (waiting | arrived).values() if half.id in live]
        self._remember(complete)
        return [ShadowRow(half, live[half.id]) for half in complete], conflicts

    def expire(self, clock_in_ms: int) -> list[Half]:
        """Removes and returns the predictions whose time is up."""
        if not self.pending:
            return []
        found = self._oldest(EXPIRED_AT_ONCE)
        expired = takewhile(lambda row: row[-1] <= clock_in_ms - self._ttl_in_ms, found)
        return self._release([_half(*row[:-1]) for row in expired])

    def let_go(self) -> list[Half]:
        """Removes and returns the oldest predictions if there are too many."""
        excess = min(self.pending - self._max_pending, LET_GO_AT_ONCE)
        if excess <= 0:
            return []
        return self._release([_half(*row[:-1]) for row in self._oldest(excess)])

    def forget(self) -> None:
        """Forgets the oldest rows, but none with an id of the last add(): it may come again."""
        self._database.execute(
            "DELETE FROM shadow_joined WHERE seq <= (SELECT MAX(seq) FROM shadow_joined) - ?"
            f" AND id NOT IN {IN_JSON}",
            (self._remember_ids, self._in_hand),
        )

    def _load(self, ids: str) -> tuple[dict[str, Live], dict[Key, Half], dict[Key, Half | None]]:
        """Returns the rows, the pending predictions and the shadow rows of these ids, a JSON list.

        A shadow row is None if an older metric, which did not note the prediction, has written it.
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

    def _oldest(self, limit: int) -> sqlite3.Cursor:
        """Returns the longest pending predictions, each with its time on the TTL clock."""
        return self._database.execute(
            f"SELECT {HALF_COLUMNS}, clock_in_ms FROM shadow_pending ORDER BY seq LIMIT ?", (limit,)
        )

    def _store(self, halves: list[Half], clock_in_ms: int) -> None:
        self._database.executemany(
            f"INSERT INTO shadow_pending ({HALF_COLUMNS}, clock_in_ms) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (*_key(half), half.value, half.received_in_ms, half.features_in_ms, clock_in_ms)
                for half in halves
            ],
        )
        self.pending += len(halves)

    def _release(self, halves: list[Half]) -> list[Half]:
        self._database.executemany(
            "DELETE FROM shadow_pending WHERE id = ? AND model_id = ?", map(_key, halves)
        )
        self.pending -= len(halves)
        return halves

    def _remember(self, halves: list[Half]) -> None:
        self._database.executemany(
            "INSERT INTO shadow_joined (id, model_id, value, features_in_ms) VALUES (?, ?, ?, ?)",
            [(*_key(half), half.value, half.features_in_ms) for half in halves],
        )


def _half(
    row_id: str, model_id: str, value: float, received_in_ms: int, features_in_ms: int | None
) -> Half:
    return Half(row_id, Y_PRED_SHADOW, value, received_in_ms, None, features_in_ms, model_id)


def _key(half: Half) -> Key:
    """Returns id and model: a model predicts once for an id. The model is empty if not named."""
    return half.id, half.model_id or ""
