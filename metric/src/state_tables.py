"""The tables of the join, and what the join of shadow predictions shares with it."""

import logging
import sqlite3
from collections.abc import Sequence

import msgspec

log = logging.getLogger(__name__)

JOIN_SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    value REAL NOT NULL,
    received_in_ms INTEGER NOT NULL,
    published_in_ms INTEGER,
    features_in_ms INTEGER,
    model_id TEXT,
    clock_in_ms INTEGER NOT NULL DEFAULT 0  -- of the TTL clock: grows with seq
);
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

# Tables of an older metric lack the last columns. Halves from then begin to wait anew. An
# index also holds the seq of each row, so this one gives the oldest halves of a queue.
JOIN_INDICES = """
CREATE INDEX IF NOT EXISTS pending_queue ON pending (queue);
DROP INDEX IF EXISTS pending_received;
"""

UUID_GLOB = "-".join("[0-9A-Fa-f]" * digits for digits in (8, 4, 4, 4, 12))
IN_JSON = "(SELECT value FROM json_each(?))"


def make_join_tables(database: sqlite3.Connection) -> None:
    """Creates the tables, or adds the columns that those of an older metric lack."""
    database.executescript(JOIN_SCHEMA)
    for table in ("pending", "joined"):
        add_column(database, table, "model_id TEXT")
    add_column(database, "pending", "clock_in_ms INTEGER NOT NULL DEFAULT 0")
    database.executescript(JOIN_INDICES)


def lower_uuids(database: sqlite3.Connection) -> None:
    """Changes UUIDs to lower case, as they are compared: an older metric kept them as they came.

    Once, as it looks through all that is known: some 60 µs for each in capitals. Where one is
    pending in both ways, that in capitals stays, and leaves by its time.
    """
    if database.execute("PRAGMA user_version").fetchone()[0]:
        return
    if database.execute("SELECT 1 FROM pending UNION ALL SELECT 1 FROM joined LIMIT 1").fetchone():
        log.info("checking all ids for UUIDs in capitals; this happens only once")
    tables = database.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN"
        " ('pending', 'joined', 'shadow_pending', 'shadow_joined')"
    )
    database.execute("BEGIN IMMEDIATE")
    for (table,) in tables.fetchall():
        database.execute(
            f"UPDATE OR IGNORE {table} SET id = LOWER(id) WHERE id GLOB ? AND id GLOB '*[A-F]*'",
            (UUID_GLOB,),
        )
    database.execute("PRAGMA user_version = 1")
    database.execute("COMMIT")


def json_list(ids: Sequence[str] | set[str]) -> str:
    """Returns the ids in the form that IN_JSON takes."""
    return msgspec.json.encode(ids).decode()


def add_column(database: sqlite3.Connection, table: str, column: str) -> None:
    """Adds a column that a table made by an older metric lacks."""
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    if column.split(maxsplit=1)[0] not in [name for _, name, *_ in columns]:
        database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
