"""The two tables of a join: halves pending, and ids joined. Both are bounded, and lose the oldest.

A subclass gives the tables their names and columns. Every method must be called in a transaction.
"""

import sqlite3
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, ClassVar, NamedTuple

import msgspec

from half import Half, Pair
from pipeline.queues import Y_PRED, Y_TRUE
from scores import Scores
from state_tables import IN_JSON

EXPIRED_AT_ONCE = 10_000  # halves that one transaction lets go of, as their time is over
LET_GO_AT_ONCE = 50_000  # of each queue, as there are too many: more than one batch brings


class Limits(NamedTuple):
    """The bounds of a join."""

    ttl_in_ms: int  # of a pending half
    max_pending: int  # halves of each queue
    remember_ids: int


class BoundedTables(ABC):
    """The tables of a join, and how halves and ids leave them. `pending` counts halves by queue."""

    QUEUES: ClassVar[tuple[str, ...]]
    PENDING: ClassVar[str]  # the name of the table of pending halves
    JOINED: ClassVar[str]  # the name of the table of known ids
    QUEUE: ClassVar[str]  # in SQL, the queue of a row of PENDING
    HALF: ClassVar[str]  # in SQL, the fields of a Half, in their order
    INSERT: ClassVar[str]  # of a Half's fields and its time on the TTL clock

    def __init__(self, database: sqlite3.Connection, limits: Limits, scores: Scores) -> None:
        self._database = database
        self._limits = limits
        self._scores = scores
        self._select_rows = (
            f"SELECT id, y_true, {scores.columns(Y_PRED)}, features_in_ms, model_id FROM joined"
            f" WHERE id IN {IN_JSON}"
        )
        self._make_tables()
        counts = database.execute(
            f"SELECT {self.QUEUE}, COUNT(*) FROM {self.PENDING} GROUP BY {self.QUEUE}"
        )
        self.pending: Counter[str] = Counter(dict(counts.fetchall()))
        self._in_hand = "[]"  # the ids of the last batch, as JSON

    def pending_by_queue(self) -> dict[str, int]:
        """Returns the number of pending halves of each queue."""
        return {queue: self.pending[queue] for queue in self.QUEUES}

    def expire(self, clock_in_ms: int) -> list[Half]:
        """Removes and returns the halves whose time is up."""
        if not any(self.pending.values()):
            return []
        found = self._oldest("", (), EXPIRED_AT_ONCE)
        expired = takewhile(lambda row: row[-1] <= clock_in_ms - self._limits.ttl_in_ms, found)
        return self._release([Half(*row[:-1]) for row in expired])

    def let_go(self) -> list[Half]:
        """Removes and returns the oldest halves of each queue that has too many."""
        return [half for queue in self.QUEUES for half in self._let_go(queue)]

    def forget(self) -> None:
        """Forgets the oldest ids, but none of the last batch: its messages may come again."""
        self._database.execute(
            f"DELETE FROM {self.JOINED} WHERE seq <= (SELECT MAX(seq) FROM {self.JOINED}) - ?"
            f" AND id NOT IN {IN_JSON}",
            (self._limits.remember_ids, self._in_hand),
        )

    def _let_go(self, queue: str) -> list[Half]:
        excess = min(self.pending[queue] - self._limits.max_pending, LET_GO_AT_ONCE)
        if excess <= 0:
            return []
        rows = self._oldest(f"WHERE {self.QUEUE} = ?", (queue,), excess)
        return self._release([Half(*row[:-1]) for row in rows])

    def _rows(self, ids: str) -> dict[str, Pair]:
        """Returns the rows of metric_log.csv with these ids, a JSON list, by id."""
        found = self._scores.from_state(self._database.execute(self._select_rows, (ids,)))
        return {
            row_id: (
                Half(row_id, Y_TRUE, y_true, 0),
                Half(row_id, Y_PRED, y_pred, 0, None, features_in_ms, model_id),
            )
            for row_id, y_true, y_pred, features_in_ms, model_id in found
        }

    def _oldest(self, where: str, values: tuple[str, ...], limit: int) -> sqlite3.Cursor:
        """Returns the longest pending halves, each with its time on the TTL clock."""
        return self._database.execute(
            f"SELECT {self.HALF}, clock_in_ms FROM {self.PENDING} {where} ORDER BY seq LIMIT ?",
            (*values, limit),
        )

    def _add_pending(self, halves: list[Half], clock_in_ms: int) -> None:
        self._database.executemany(
            self.INSERT, [(*msgspec.structs.astuple(half), clock_in_ms) for half in halves]
        )
        self.pending.update(half.queue for half in halves)

    def _release(self, halves: list[Half]) -> list[Half]:
        self._delete(halves)
        self.pending.subtract(half.queue for half in halves)
        return halves

    @abstractmethod
    def _make_tables(self) -> None:
        """Creates the tables, or adds the columns that those of an older metric lack."""

    @abstractmethod
    def _delete(self, halves: Sequence[Half]) -> Any:
        """Deletes the halves from PENDING."""
