"""The join of labels and predictions by id; pending halves and joined rows are in SQLite tables.

The result is that of a join in a plain dictionary; the tables keep the dictionary's content safe
from a crash, and drop what is old. Each side has a bound of its own: a flood of labels pushes out
old labels, but no prediction.
"""

import math
import sqlite3
from collections import Counter
from itertools import takewhile
from typing import NamedTuple

import msgspec

from pipeline.queues import Y_PRED, Y_TRUE
from state_tables import EXPIRED_AT_ONCE, IN_JSON, LET_GO_AT_ONCE, json_list, make_join_tables

TARGET_RANGE = 346.0 - 25.0  # of the labels in the diabetes data set
SAME_WITHIN = 1e-6  # of the larger prediction, or of that range: last digits vary with the batch

HALF_COLUMNS = "id, queue, value, received_in_ms, published_in_ms, features_in_ms, model_id"


class Half(msgspec.Struct, frozen=True):
    """A label or a prediction, waiting for the other. Times are Unix time in milliseconds."""

    id: str
    queue: str  # y_true or y_pred: which half it is; y_pred_shadow: a shadow model's prediction
    value: float
    received_in_ms: int
    published_in_ms: int | None = None
    features_in_ms: int | None = None
    model_id: str | None = None  # of a prediction


class Joined(NamedTuple):
    """The outcome of adding some halves."""

    rows: list[tuple[Half, Half]]  # label and prediction of one id
    conflicts: list[tuple[int, float]]  # index of a contradicting half, the earlier value
    other_predictions: int  # for features that came twice and were answered by another model


class Join:
    """The join. Each method must be called within a transaction."""

    def __init__(
        self, database: sqlite3.Connection, ttl_in_ms: int, max_pending: int, remember_ids: int
    ) -> None:
        self._database = database
        self._ttl_in_ms = ttl_in_ms
        self._max_pending = max_pending
        self._remember_ids = remember_ids
        make_join_tables(database)
        counts = database.execute("SELECT queue, COUNT(*) FROM pending GROUP BY queue")
        self.pending: Counter[str] = Counter(dict(counts.fetchall()))
        self._noted: list[tuple[str, int]] = []
        self._in_hand = "[]"  # the ids of the last add(), as JSON
        self.note_pending()

    def add(self, halves: list[Half], now_in_ms: int, clock_in_ms: int) -> Joined:
        """Adds the halves; a half that is already here changes nothing.

        `now_in_ms` is Unix time, `clock_in_ms` the time of the TTL clock.
        """
        waiting, joined = self._load({half.id for half in halves})
        rows: list[tuple[Half, Half]] = []
        contradicting: list[tuple[int, Half]] = []
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
                rows.append(pair)
                joined[half.id] = pair
                continue
            if differs(half, first):
                contradicting.append((index, first))
        self._store([half for half in arrived.values() if half.id not in joined], clock_in_ms)
        self._release([waiting[label.id] for label, _ in rows if label.id in waiting])
        self._remember(rows, now_in_ms)
        conflicts = [
            (index, first.value)
            for index, first in contradicting
            if not is_redelivered(halves[index], first)
        ]
        return Joined(rows, conflicts, len(contradicting) - len(conflicts))

    def expire(self, clock_in_ms: int) -> list[Half]:
        """Removes and returns the halves whose time is up."""
        if not any(self.pending.values()):
            return []
        found = self._oldest("", (), EXPIRED_AT_ONCE)
        expired = takewhile(lambda row: row[-1] <= clock_in_ms - self._ttl_in_ms, found)
        return self._release([Half(*row[:-1]) for row in expired])

    def let_go(self) -> list[Half]:
        """Removes and returns the oldest halves of a side that has too many."""
        return [half for queue in (Y_TRUE, Y_PRED) for half in self._let_go(queue)]

    def forget(self) -> None:
        """Forgets the oldest rows, but none with an id of the last add(): it may come again.

        Call it after everything that asks which ids are rows.
        """
        self._database.execute(
            "DELETE FROM joined WHERE seq <= (SELECT MAX(seq) FROM joined) - ?"
            f" AND id NOT IN {IN_JSON}",
            (self._remember_ids, self._in_hand),
        )

    def note_pending(self) -> None:
        """Writes down how many halves are pending: others read that, and counting takes long."""
        counts = [(queue, self.pending[queue]) for queue in (Y_TRUE, Y_PRED)]
        if counts != self._noted:
            self._database.executemany(
                "INSERT OR REPLACE INTO pending_counts VALUES (?, ?)", counts
            )
            self._noted = counts

    def needy(self) -> list[str]:
        """Returns the queues whose halves match nothing now: the other side has none pending."""
        others = ((Y_TRUE, Y_PRED), (Y_PRED, Y_TRUE))
        return [queue for queue, other in others if not self.pending[other]]

    def _load(self, ids: set[str]) -> tuple[dict[str, Half], dict[str, tuple[Half, Half]]]:
        """Returns the pending halves and the joined pairs (label, prediction) with these ids."""
        self._in_hand = json_list(ids)
        wanted = (self._in_hand,)
        waiting = self._database.execute(
            f"SELECT {HALF_COLUMNS} FROM pending WHERE id IN {IN_JSON}", wanted
        )
        joined = self._database.execute(
            "SELECT id, y_true, y_pred, features_in_ms, model_id FROM joined"
            f" WHERE id IN {IN_JSON}",
            wanted,
        )
        return (
            {row[0]: Half(*row) for row in waiting},
            {
                row_id: (
                    Half(row_id, Y_TRUE, y_true, 0),
                    Half(row_id, Y_PRED, y_pred, 0, None, features_in_ms, model_id),
                )
                for row_id, y_true, y_pred, features_in_ms, model_id in joined
            },
        )

    def _let_go(self, queue: str) -> list[Half]:
        excess = min(self.pending[queue] - self._max_pending, LET_GO_AT_ONCE)
        if excess <= 0:
            return []
        rows = self._oldest("WHERE queue = ?", (queue,), excess)
        return self._release([Half(*row[:-1]) for row in rows])

    def _oldest(self, where: str, values: tuple[str, ...], limit: int) -> sqlite3.Cursor:
        """Returns the longest pending halves, each with its time on the TTL clock."""
        return self._database.execute(
            f"SELECT {HALF_COLUMNS}, clock_in_ms FROM pending {where} ORDER BY seq LIMIT ?",
            (*values, limit),
        )

    def _store(self, halves: list[Half], clock_in_ms: int) -> None:
        self._database.executemany(
            f"INSERT INTO pending ({HALF_COLUMNS}, clock_in_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(*msgspec.structs.astuple(half), clock_in_ms) for half in halves],
        )
        self.pending.update(half.queue for half in halves)

    def _release(self, halves: list[Half]) -> list[Half]:
        self._database.executemany(
            "DELETE FROM pending WHERE id = ?", [(half.id,) for half in halves]
        )
        self.pending.subtract(half.queue for half in halves)
        return halves

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


def differs(half: Half, first: Half) -> bool:
    """Returns True if a half contradicts an earlier one; predictions may differ by rounding.

    >>> a = Half("a", Y_PRED, 151.0, 0)
    >>> differs(Half("a", Y_PRED, 151.0001, 0), a), differs(Half("a", Y_PRED, 151.001, 0), a)
    (False, True)
    """
    if half.queue == Y_TRUE:
        return half.value != first.value
    least = SAME_WITHIN * TARGET_RANGE
    return not math.isclose(half.value, first.value, rel_tol=SAME_WITHIN, abs_tol=least)


def is_redelivered(half: Half, first: Half) -> bool:
    """Returns True if both seem to be predictions for features that were delivered twice.

    One model predicts the same from the same features: only another model, or one that failed,
    differs.
    """
    if half.queue == Y_TRUE or half.features_in_ms is None:
        return False
    is_one_model = half.model_id is not None and half.model_id == first.model_id
    failed = math.inf in {half.value, first.value}
    return half.features_in_ms == first.features_in_ms and (failed or not is_one_model)
