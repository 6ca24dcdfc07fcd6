"""The errors of the rows that the state of an earlier metric remembers, summed up by model."""

import logging
import sqlite3
from collections.abc import Iterator

from error_sums import ErrorSums, Sums

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 100_000

# What a shadow model predicted is not known of rows that a still older metric joined.
ROWS = {
    "live": "SELECT seq, model_id, y_true, y_pred AS value{half_brier}, joined_in_ms FROM joined",
    "shadow": "SELECT s.seq, s.model_id, y_true, s.value{s_half_brier}, joined_in_ms"
    " FROM shadow_joined AS s JOIN joined USING (id) WHERE s.value IS NOT NULL",
}
# A sum of infinities is NULL in some versions of SQLite.
SUMS = """
SELECT IFNULL(model_id, ''), COUNT(*) FILTER (WHERE {is_predicted}),
    COUNT(*) FILTER (WHERE NOT {is_predicted}),
    IFNULL(TOTAL({first}) FILTER (WHERE {is_predicted}), 9e999),
    IFNULL(TOTAL({second}) FILTER (WHERE {is_predicted}), 9e999), MAX(joined_in_ms)
FROM ({rows}) WHERE seq BETWEEN ? AND ? GROUP BY 1 ORDER BY MAX(seq)
"""
ENDS = {
    "live": "SELECT MIN(seq), MAX(seq) FROM joined",
    "shadow": "SELECT MIN(seq), MAX(seq) FROM shadow_joined",
}


def remembered_sums(
    database: sqlite3.Connection, sums: ErrorSums
) -> Iterator[tuple[str, str, Sums, int]]:
    """Yields role, model, sums and the time in ms of the last of some rows, until all are summed.

    Says in the log how many rows there are, if there are any.
    """
    rows = 0
    for role in ROWS:
        for model_id, found, in_ms in _sums_of(database, role, sums):
            rows += found.rows + found.failed
            yield role, model_id, found, in_ms
    if rows:
        log.info(
            "counted the errors of each model over the %s rows that are remembered, which happens "
            "only once; rows older than REMEMBER_IDS are left out",
            f"{rows:,}",
        )


def _sums_of(
    database: sqlite3.Connection, role: str, sums: ErrorSums
) -> Iterator[tuple[str, Sums, int]]:
    has_briers = "half_brier" in sums.SQL
    first, second = sums.SQL
    query = SUMS.format(
        rows=ROWS[role].format(
            half_brier=", half_brier" if has_briers else "",
            s_half_brier=", s.half_brier" if has_briers else "",
        ),
        is_predicted=f"({sums.IS_PREDICTED})",
        first=first,
        second=second,
    )
    start, last = database.execute(ENDS[role]).fetchone()
    while start is not None and start <= last:  # all at once would be sorted on the disk
        found = database.execute(query, (start, start + ROWS_AT_ONCE - 1)).fetchall()
        for model_id, *numbers, in_ms in found:
            yield model_id, Sums(*numbers), in_ms
        start += ROWS_AT_ONCE
