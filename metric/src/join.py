"""The join of labels and predictions by id; pending halves and joined rows are in SQLite tables.

The result is that of a join in a plain dictionary; the tables keep the dictionary's content safe
from a crash, and lose what is old. Each side has a bound of its own: a flood of labels pushes out
old labels, but no prediction.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bounded_tables import BoundedTables, Limits
from half import Half, Pair, is_redelivered
from pipeline.queues import Y_PRED, Y_TRUE
from scores import Scores
from state_tables import IN_JSON, json_list, make_join_tables

HALF = "id, queue, value, received_in_ms, published_in_ms, features_in_ms, model_id"
NO_ROWS: Mapping[str, int] = {}


class Joined(NamedTuple):
    """The outcome of adding some halves."""

    rows: list[Pair]
    conflicts: list[tuple[int, Any]]  # index of a contradicting half, the earlier value
    other_predictions: int  # for features that came twice and were answered by another model
    more_rows: Mapping[str, int] = NO_ROWS  # of other logs, by the name of their count


class Join(BoundedTables):
    """The join. Each method but prepare() must be called within a transaction."""

    QUEUES = (Y_TRUE, Y_PRED)
    PENDING, JOINED, QUEUE, HALF = "pending", "joined", "queue", HALF
    INSERT = f"INSERT INTO pending ({HALF}, clock_in_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

    def __init__(self, database: sqlite3.Connection, limits: Limits, scores: Scores) -> None:
        super().__init__(database, limits, scores)
        marks = ", ".join("?" * (8 + len(scores.COLUMNS)))
        self._insert_rows = (
            f"INSERT INTO joined (id, y_true, {scores.columns(Y_PRED)}, joined_in_ms,"
            f" features_in_ms, label_in_ms, prediction_in_ms, model_id) VALUES ({marks})"
        )
        self._noted: list[tuple[str, int]] = []
        self.note_pending()

    def prepare(self, halves: list[Half]) -> None:
        """Does before the transaction what cannot be done within: for these two halves, nothing."""

    def add(self, halves: list[Half], now_in_ms: int, clock_in_ms: int) -> Joined:
        """Adds the halves; a half that is already here is not added again.

        `now_in_ms` is Unix time, `clock_in_ms` the time of the TTL clock.
        """
        # Two queries for the whole batch, and none in the loop: one for each half took longer than
        # all the rest. From here on both are plain dictionaries, and the loop is a plain join.
        pending, joined = self._load({half.id for half in halves})
        rows: list[Pair] = []
        contradicting: list[tuple[int, Half]] = []
        arrived: dict[str, Half] = {}
        differs = self._scores.differs
        for index, half in enumerate(halves):
            if half.id in joined:
                # The row is written, and stays: messages are delivered at least once, so this is
                # most likely a repeat. It is only compared, with the row's half of its own kind.
                first = joined[half.id][half.queue == Y_PRED]
            elif (other := arrived.get(half.id) or pending.get(half.id)) is None:
                # The first half of its id. It is in no table yet: most find their other half in
                # the same batch, and never enter one.
                arrived[half.id] = half
                continue
            elif other.queue == half.queue:
                first = other  # of two of a kind the first counts, in whatever order they come
            else:
                pair = (half, other) if half.queue == Y_TRUE else (other, half)
                rows.append(pair)
                joined[half.id] = pair  # so that a repeat later in this batch makes no second row
                continue
            if differs(half, first):
                contradicting.append((index, first))
        # The tables get the difference, in the transaction that also records the rows' lines: a
        # kill leaves all of it or nothing, and what was not acknowledged comes again.
        self._add_pending([half for half in arrived.values() if half.id not in joined], clock_in_ms)
        self._release([pending[label.id] for label, _ in rows if label.id in pending])
        rows = self._scores.scored(rows)
        self._add_joined(rows, now_in_ms)
        # Features delivered again after a promotion have two predictions: that is nobody's fault.
        conflicts = [
            (index, first.value)
            for index, first in contradicting
            if not is_redelivered(halves[index], first)
        ]
        return Joined(rows, conflicts, len(contradicting) - len(conflicts))

    def note_pending(self) -> None:
        """Writes down how many halves are pending: others read that, and counting takes long."""
        counts = [(queue, self.pending[queue]) for queue in self.QUEUES]
        if counts != self._noted:
            self._database.executemany(
                "INSERT OR REPLACE INTO pending_counts VALUES (?, ?)", counts
            )
            self._noted = counts

    def one_sided(self) -> list[str]:
        """Returns the queues whose halves match nothing now: the other side has none pending."""
        others = ((Y_TRUE, Y_PRED), (Y_PRED, Y_TRUE))
        return [queue for queue, other in others if not self.pending[other]]

    def _load(self, ids: set[str]) -> tuple[dict[str, Half], dict[str, Pair]]:
        """Returns the pending halves and the joined pairs with these ids."""
        self._in_hand = json_list(ids)
        pending = self._database.execute(
            f"SELECT {HALF} FROM pending WHERE id IN {IN_JSON}", (self._in_hand,)
        )
        return {row[0]: Half(*row) for row in pending}, self._rows(self._in_hand)

    def _make_tables(self) -> None:
        make_join_tables(self._database, self._scores)

    def _delete(self, halves: Sequence[Half]) -> None:
        self._database.executemany(
            "DELETE FROM pending WHERE id = ?", [(half.id,) for half in halves]
        )

    def _add_joined(self, rows: list[Pair], now_in_ms: int) -> None:
        self._database.executemany(
            self._insert_rows,
            self._scores.to_state(
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
