"""The errors of each model over all rows so far, as live model and as shadow model.

They are sums in the table `model_scores` of the state, from which plot makes means. A row is added
in the transaction that joins it: so it counts once, whatever is repeated and whoever is killed.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from error_sums import TASKS, Sums
from half import Pair
from remembered_rows import remembered_sums
from scores import Scores

MAX_MODELS = 1000  # of each role; a foreign service may name a new one for every row
OTHERS = "(others)"  # the rows of all further ones: no model has this name

SCHEMA = """
CREATE TABLE model_scores (
    role TEXT NOT NULL,  -- live or shadow
    model_id TEXT NOT NULL,  -- empty where the prediction did not say it
    rows INTEGER NOT NULL,
    failed INTEGER NOT NULL,  -- further rows, for which the shadow model predicted nothing
    {first} REAL NOT NULL,  -- a sum
    {second} REAL NOT NULL,
    last_in_ms INTEGER NOT NULL,  -- when the last row was joined
    PRIMARY KEY (role, model_id)
) WITHOUT ROWID
"""
UPSERT = """
INSERT INTO model_scores VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
    rows = rows + excluded.rows,
    failed = failed + excluded.failed,
    {first} = {first} + excluded.{first},
    {second} = {second} + excluded.{second},
    last_in_ms = excluded.last_in_ms
"""
EXISTS = "SELECT 1 FROM sqlite_schema WHERE name = 'model_scores'"


class ModelScores:
    """The table. A state of an earlier metric gets it filled from the rows that it remembers."""

    def __init__(self, database: sqlite3.Connection, scores: Scores) -> None:
        """Makes the table; those of the join must be there."""
        self._database = database
        self._sums = TASKS[scores.schema.task]
        first, second = self._sums.NAMES
        self._upsert = UPSERT.format(first=first, second=second)
        self._known: dict[str, set[str]] = {"live": set(), "shadow": set()}
        if database.execute(EXISTS).fetchone() is None:
            with database:  # commits, or rolls back
                database.execute("BEGIN IMMEDIATE")
                database.execute(SCHEMA.format(first=first, second=second))
                for role, model_id, sums, in_ms in remembered_sums(database, self._sums):
                    self._add(role, model_id, sums, in_ms)
        for role, model_id in database.execute("SELECT role, model_id FROM model_scores"):
            self._known[role].add(model_id)

    def add(self, role: str, rows: Sequence[Pair], now_in_ms: int) -> None:
        """Adds rows just joined, of any models, in the transaction that joins them."""
        for model_id, own in _by_model(rows).items():
            self._add(role, model_id or "", self._sums.of(own), now_in_ms)

    def _add(self, role: str, model_id: str, sums: Sums, now_in_ms: int) -> None:
        known = self._known[role]
        if model_id not in known and len(known) >= MAX_MODELS:
            model_id = OTHERS
        known.add(model_id)
        self._database.execute(self._upsert, (role, model_id, *sums, now_in_ms))


def _by_model(rows: Sequence[Pair]) -> Mapping[str | None, Sequence[Pair]]:
    """Groups rows by the model that predicted them; those of one model are not copied."""
    models = {half.model_id for _, half in rows}
    if len(models) <= 1:
        return dict.fromkeys(models, rows)
    found: defaultdict[str | None, list[Pair]] = defaultdict(list)
    for row in rows:
        found[row[1].model_id].append(row)
    return found
