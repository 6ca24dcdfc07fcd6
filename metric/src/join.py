"""The join of labels and predictions by id: what waits, what is joined, in tables of SQLite.

It is the join that a plain dictionary would make; the tables only hold the dictionary's content
where a crash does not reach it, and let go of what is old. Each side has a bound of its own: a
flood of labels lets old labels go, and no prediction.
"""

import math
import sqlite3
from collections import Counter
from itertools import takewhile
from typing import NamedTuple

import msgspec

from state_tables import EXPIRED_AT_ONCE, IN_JSON, LET_GO_AT_ONCE, json_list, make_join_tables

Y_TRUE, Y_PRED = "y_true", "y_pred"
TARGET_RANGE = 346.0 - 25.0  # of the labels in the diabetes data set
SAME_WITHIN = 1e-6  # of the larger prediction, or of that range: last digits vary with the batch

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


class Joined(NamedTuple):
    """What came of the halves that were added."""

    rows: list[tuple[Half, Half]]  # label and prediction of one id
    conflicts: list[tuple[int, float]]  # which half contradicts an earlier one, and its value
    other_predictions: int  # of features that came again, and that another model answered


class Join:
    """Each method is to be called within a transaction."""

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
        """Takes the halves in; a half that is here already changes nothing.

        `now_in_ms` is Unix time, `clock_in_ms` that of the TTL clock.
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
        """Lets go of halves that have waited for their time."""
        if not any(self.pending.values()):
            return []
        found = self._oldest("", (), EXPIRED_AT_ONCE)
        expired = takewhile(lambda row: row[-1] <= clock_in_ms - self._ttl_in_ms, found)
        return self._release([Half(*row[:-1]) for row in expired])

    def let_go(self) -> list[Half]:
        """Lets go of the oldest halves of a side that has too many."""
        return [half for queue in (Y_TRUE, Y_PRED) for half in self._let_go(queue)]

    def forget(self) -> None:
        """Forgets the oldest rows, but none with an id of the last add(): it may come again.

        To be called when all is done that asks which ids are rows.
        """
        self._database.execute(
            "DELETE FROM joined WHERE seq <= (SELECT MAX(seq) FROM joined) - ?"
            f" AND id NOT IN {IN_JSON}",
            (self._remember_ids, self._in_hand),
        )

    def note_pending(self) -> None:
        """Writes down how many halves wait: others read the state, and counting takes long."""
        counts = [(queue, self.pending[queue]) for queue in (Y_TRUE, Y_PRED)]
        if counts != self._noted:
            self._database.executemany(
                "INSERT OR REPLACE INTO pending_counts VALUES (?, ?)", counts
            )
            self._noted = counts

    def needy(self) -> list[str]:
        """The queues of which no half can be matched by itself: nothing of the other is pending."""
        others = ((Y_TRUE, Y_PRED), (Y_PRED, Y_TRUE))
        return [queue for queue, other in others if not self.pending[other]]

    def _load(self, ids: set[str]) -> tuple[dict[str, Half], dict[str, tuple[Half, Half]]]:
        """Of these ids the halves that wait, and label and prediction of those joined."""
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
        """The halves that have waited longest, each with its time on the TTL clock."""
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
    """Whether both are predictions of features that came twice, as far as one can tell.

    One model says the same of the same features: only another one, or one that failed, differs.
    """
    if half.queue == Y_TRUE or half.features_in_ms is None:
        return False
    is_one_model = half.model_id is not None and half.model_id == first.model_id
    failed = math.inf in {half.value, first.value}
    return half.features_in_ms == first.features_in_ms and (failed or not is_one_model)
