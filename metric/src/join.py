"""The join of labels and predictions by id: what waits, what is joined, in tables of SQLite.

It is the join that a plain dictionary would make; the tables only hold the dictionary's content
where a crash does not reach it, and let go of what is old.
"""

import math
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

Y_TRUE, Y_PRED = "y_true", "y_pred"
EXPIRED_AT_ONCE = 10_000  # halves: what one transaction lets go of
TARGET_RANGE = 346.0 - 25.0  # of the labels in the diabetes data set
SAME_WITHIN = 1e-6  # of the larger prediction, or of that range: last digits vary with the batch

SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL,
    published_in_ms INTEGER,
    features_in_ms INTEGER,
    model_id TEXT
);
CREATE INDEX IF NOT EXISTS pending_received ON pending (received_in_ms);
CREATE TABLE IF NOT EXISTS joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL UNIQUE,
    y_true REAL NOT NULL,
    y_pred REAL NOT NULL,
    joined_in_ms INTEGER NOT NULL,
    features_in_ms INTEGER,
    label_in_ms INTEGER,
    prediction_in_ms INTEGER,
    model_id TEXT
);
CREATE TABLE IF NOT EXISTS pending_counts (
    queue TEXT PRIMARY KEY,
    halves INTEGER NOT NULL
) WITHOUT ROWID;
"""

HALF_COLUMNS = "id, queue, value, received_in_ms, published_in_ms, features_in_ms, model_id"


class Half(msgspec.Struct, frozen=True):
    """A label or a prediction, waiting for the other. Times are Unix time in milliseconds."""

    id: str
    queue: str  # y_true or y_pred: which half it is; y_pred_shadow: what a candidate says
    value: float
    received_in_ms: int
    published_in_ms: int | None = None
    features_in_ms: int | None = None
    model_id: str | None = None  # of a prediction


class Outcome(NamedTuple):
    """What came of the halves that were added."""

    rows: list[tuple[Half, Half]]  # label and prediction of one id
    conflicts: list[tuple[int, float]]  # which half contradicts an earlier one, and its value
    other_predictions: int = 0  # of features that came again, and that another model answered
    shadow_conflicts: Sequence[tuple[int, float]] = ()
    shadow_rows: int = 0  # of the shadow candidate, that came of all this


class Join:
    """Each method is to be called within a transaction."""

    def __init__(
        self, database: sqlite3.Connection, ttl_in_ms: int, max_pending: int, remember_ids: int
    ) -> None:
        self._database = database
        self._ttl_in_ms = ttl_in_ms
        self._max_pending = max_pending
        self._remember_ids = remember_ids
        database.executescript(SCHEMA)
        _add_model_id(database)
        counts = database.execute("SELECT queue, COUNT(*) FROM pending GROUP BY queue")
        self.pending: Counter[str] = Counter(dict(counts.fetchall()))
        self.note_pending()

    def add(self, halves: list[Half], now_in_ms: int) -> Outcome:
        """Takes the halves in; a half that is here already changes nothing."""
        waiting, joined = self._load({half.id for half in halves})
        outcome, other_predictions = Outcome([], []), 0
        arrived: dict[str, Half] = {}
        for index, half in enumerate(halves):
            if half.id in joined:
                first = joined[half.id][half.queue == Y_PRED]
            elif (other := arrived.get(half.id) or waiting.get(half.id)) is None:
                arrived[half.id] = half
                continue
            elif other.queue == half.queue:
                first = other
            else:
                pair = (half, other) if half.queue == Y_TRUE else (other, half)
                outcome.rows.append(pair)
                joined[half.id] = pair
                continue
            if differs(half, first):
                if is_redelivered(half, first):
                    other_predictions += 1
                else:
                    outcome.conflicts.append((index, first.value))
        self._store([half for half in arrived.values() if half.id not in joined])
        self._release([waiting[label.id] for label, _ in outcome.rows if label.id in waiting])
        self._remember(outcome.rows, now_in_ms)
        return outcome._replace(other_predictions=other_predictions)

    def expire(self, now_in_ms: int) -> list[Half]:
        """Lets go of the oldest halves: those past their time, or too many on both sides."""
        expired = self._overdue(now_in_ms - self._ttl_in_ms) or self._oldest(self._excess())
        self._release(expired)
        return expired

    def note_pending(self) -> None:
        """Writes down how many halves wait: others read the state, and counting takes long."""
        self._database.executemany(
            "INSERT OR REPLACE INTO pending_counts VALUES (?, ?)",
            [(queue, self.pending[queue]) for queue in (Y_TRUE, Y_PRED)],
        )

    def full(self) -> list[str]:
        """The queue from which no more halves should come until others have left."""
        return [queue for queue in (Y_TRUE, Y_PRED) if self.pending[queue] >= self._max_pending]

    def needy(self) -> list[str]:
        """The queues of which no half can be matched by itself: nothing of the other is pending."""
        others = ((Y_TRUE, Y_PRED), (Y_PRED, Y_TRUE))
        return [queue for queue, other in others if not self.pending[other]]

    def _load(self, ids: set[str]) -> tuple[dict[str, Half], dict[str, tuple[Half, Half]]]:
        """Of these ids the halves that wait, and label and prediction of those joined."""
        wanted = (msgspec.json.encode(ids).decode(),)
        waiting = self._database.execute(
            f"SELECT {HALF_COLUMNS} FROM pending WHERE id IN (SELECT value FROM json_each(?))",
            wanted,
        )
        joined = self._database.execute(
            "SELECT id, y_true, y_pred, features_in_ms FROM joined"
            " WHERE id IN (SELECT value FROM json_each(?))",
            wanted,
        )
        return (
            {row[0]: Half(*row) for row in waiting},
            {
                row_id: (
                    Half(row_id, Y_TRUE, y_true, 0),
                    Half(row_id, Y_PRED, y_pred, 0, features_in_ms=features_in_ms),
                )
                for row_id, y_true, y_pred, features_in_ms in joined
            },
        )

    def _excess(self) -> int:
        """How many halves to let go of when both queues are full, so that one can go on."""
        if len(self.full()) < 2:
            return 0
        room = max(1, self._max_pending // 100)
        return min(sum(self.pending.values()) - 2 * self._max_pending + room, EXPIRED_AT_ONCE)

    def _overdue(self, received_until_in_ms: int) -> list[Half]:
        rows = self._database.execute(
            f"SELECT {HALF_COLUMNS} FROM pending WHERE received_in_ms <= ?"
            " ORDER BY received_in_ms, seq LIMIT ?",
            (received_until_in_ms, EXPIRED_AT_ONCE),
        )
        return [Half(*row) for row in rows]

    def _oldest(self, limit: int) -> list[Half]:
        rows = self._database.execute(
            f"SELECT {HALF_COLUMNS} FROM pending ORDER BY seq LIMIT ?", (limit,)
        )
        return [Half(*row) for row in rows]

    def _store(self, halves: list[Half]) -> None:
        self._database.executemany(
            f"INSERT INTO pending ({HALF_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
            map(msgspec.structs.astuple, halves),
        )
        self.pending.update(half.queue for half in halves)

    def _release(self, halves: list[Half]) -> None:
        self._database.executemany(
            "DELETE FROM pending WHERE id = ?", [(half.id,) for half in halves]
        )
        self.pending.subtract(half.queue for half in halves)

    def _remember(self, rows: list[tuple[Half, Half]], now_in_ms: int) -> None:
        self._database.executemany(
            "INSERT INTO joined (id, y_true, y_pred, joined_in_ms, features_in_ms, label_in_ms,"
            " prediction_in_ms, model_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    label.id,
                    label.value,
                    prediction.value,
                    now_in_ms,
                    prediction.features_in_ms,
                    label.published_in_ms,
                    prediction.published_in_ms,
                    prediction.model_id,
                )
                for label, prediction in rows
            ),
        )
        self._database.execute(
            "DELETE FROM joined WHERE seq <= (SELECT MAX(seq) FROM joined) - ?",
            (self._remember_ids,),
        )


def differs(half: Half, first: Half) -> bool:
    """Whether it says another thing than an earlier one: of predictions, more than rounding does.

    >>> a = Half("a", Y_PRED, 151.0, 0)
    >>> differs(Half("a", Y_PRED, 151.0001, 0), a), differs(Half("a", Y_PRED, 151.001, 0), a)
    (False, True)
    """
    if half.queue == Y_TRUE:
        return half.value != first.value
    least = SAME_WITHIN * TARGET_RANGE
    return not math.isclose(half.value, first.value, rel_tol=SAME_WITHIN, abs_tol=least)


def is_redelivered(half: Half, first: Half) -> bool:
    """Whether both are predictions of one message of features."""
    known = half.queue != Y_TRUE and half.features_in_ms is not None
    return known and half.features_in_ms == first.features_in_ms


def _add_model_id(database: sqlite3.Connection) -> None:
    """Where an older metric has made the tables, they lack the column."""
    for table in ("pending", "joined"):
        columns = database.execute(f"PRAGMA table_info({table})").fetchall()
        if "model_id" not in [name for _, name, *_ in columns]:
            database.execute(f"ALTER TABLE {table} ADD COLUMN model_id TEXT")
