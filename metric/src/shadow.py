"""The join of the shadow model's predictions with the rows of metric_log.csv, by id.

A shadow model predicts the same rows as the live one, and answers nobody. Its prediction for an id
is kept until the id is a row, so that the label and the live prediction are known. A repeated
prediction changes nothing; one that differs, because the features did, is a conflict.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from bounded_tables import BoundedTables
from half import Half, Pair, is_redelivered
from pipeline.queues import Y_PRED_SHADOW
from state_tables import IN_JSON, add_column, json_list, with_types

SCHEMA = """
CREATE TABLE IF NOT EXISTS shadow_pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL,
    model_id TEXT NOT NULL,  -- empty where the prediction did not say it
    value {type} NOT NULL,
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
    value {type},
    features_in_ms INTEGER{more},
    UNIQUE (id, model_id)
);
"""

LATER_COLUMNS = (  # missing from the tables of an older metric
    ("shadow_pending", "clock_in_ms INTEGER NOT NULL DEFAULT 0"),
    ("shadow_pending", "features_in_ms INTEGER"),
    ("shadow_joined", "value REAL"),
    ("shadow_joined", "features_in_ms INTEGER"),
)

LABEL = "SELECT y_true FROM joined WHERE joined.id = shadow_joined.id"
OF_THESE_IDS = f"WHERE id IN {IN_JSON}"

Key = tuple[str, str]  # an id, and the shadow model


class ShadowRow(NamedTuple):
    """A shadow model's prediction for an id that is a row of metric_log.csv."""

    label: Half
    half: Half
    live: Half  # the prediction in that row


class Shadow(BoundedTables):
    """The join of shadow predictions. Call its methods within a transaction, after the join's."""

    QUEUES = (Y_PRED_SHADOW,)
    PENDING, JOINED, QUEUE = "shadow_pending", "shadow_joined", f"'{Y_PRED_SHADOW}'"
    HALF = f"id, '{Y_PRED_SHADOW}', value, received_in_ms, NULL, features_in_ms, model_id"
    INSERT = (  # by number, as two fields of a Half are not kept: queue and published_in_ms
        "INSERT INTO shadow_pending (id, value, received_in_ms, features_in_ms, model_id,"
        " clock_in_ms) VALUES (?1, ?3, ?4, ?6, IFNULL(?7, ''), ?8)"
    )

    def add(
        self, halves: Sequence[Half], joined: Sequence[Pair], clock_in_ms: int
    ) -> tuple[list[ShadowRow], list[tuple[int, Any]]]:
        """Adds predictions, and returns the rows that these, or the rows just joined, complete.

        Also returns each prediction that contradicts an earlier one of the same model for the id:
        its index, and the earlier value. `clock_in_ms` is the time of the TTL clock.
        """
        if not halves and not any(self.pending.values()):
            return [], []
        live, pending, known = self._load({half.id for half in halves}, joined)
        arrived: dict[Key, Half] = {}
        conflicts: list[tuple[int, Any]] = []
        for index, half in enumerate(halves):
            key = _key(half)
            if key in known:
                first = known[key] or half
            else:
                first = pending.get(key) or arrived.setdefault(key, half)
            if self._scores.differs(half, first) and not is_redelivered(half, first):
                conflicts.append((index, first.value))
        self._add_pending([half for half in arrived.values() if half.id not in live], clock_in_ms)
        self._release([half for half in pending.values() if half.id in live])
        complete = self._scores.scored(
            [(live[half.id][0], half) for half in (pending | arrived).values() if half.id in live]
        )
        self._add_joined(complete)
        return [ShadowRow(*pair, live[pair[0].id][1]) for pair in complete], conflicts

    def _load(
        self, ids: set[str], joined: Sequence[Pair]
    ) -> tuple[dict[str, Pair], dict[Key, Half], dict[Key, Half | None]]:
        """Returns the rows, the pending predictions and the shadow rows of the ids in hand.

        A shadow row is None if what it says is not known: an older metric did not note it.
        """
        live = {label.id: (label, prediction) for label, prediction in joined}
        self._in_hand = json_list(ids | live.keys())
        wanted = (self._in_hand,)
        live |= self._rows(json_list(ids - live.keys()))
        pending = self._database.execute(
            f"SELECT {self.HALF} FROM shadow_pending {OF_THESE_IDS} ORDER BY seq", wanted
        )
        known = self._database.execute(
            f"SELECT id, ({LABEL}), {self._scores.columns('value')}, features_in_ms, model_id"
            f" FROM shadow_joined {OF_THESE_IDS}",
            wanted,
        )
        return (
            live,
            {_key(half): half for half in (Half(*row) for row in pending)},
            {
                (row_id, model_id): _known(row_id, value, features_in_ms, model_id)
                for row_id, _, value, features_in_ms, model_id in self._scores.from_state(known)
            },
        )

    def _make_tables(self) -> None:
        self._database.executescript(with_types(SCHEMA, self._scores))
        for table, column in LATER_COLUMNS:
            add_column(self._database, table, column)

    def _delete(self, halves: Sequence[Half]) -> None:
        self._database.executemany(
            "DELETE FROM shadow_pending WHERE id = ? AND model_id = ?", map(_key, halves)
        )

    def _add_joined(self, rows: list[Pair]) -> None:
        marks = ", ".join("?" * (4 + len(self._scores.COLUMNS)))
        self._database.executemany(
            f"INSERT INTO shadow_joined (id, model_id, {self._scores.columns('value')},"
            f" features_in_ms) VALUES ({marks})",
            self._scores.to_state(
                (*_key(half), half.value, half.features_in_ms) for _, half in rows
            ),
        )


def _known(row_id: str, value: Any, features_in_ms: int | None, model_id: str) -> Half | None:
    if value is None:
        return None
    return Half(row_id, Y_PRED_SHADOW, value, 0, None, features_in_ms, model_id)


def _key(half: Half) -> Key:
    """Returns id and model: a model predicts once for an id. The model is empty if not named."""
    return half.id, half.model_id or ""
