"""The tables of the join, the data set that they are of, and what the shadow's join shares."""

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from pipeline.errors import SettingsError
from pipeline.table.built_in import DIABETES
from pipeline.table.schema import Schema
from scores import Scores

log = logging.getLogger(__name__)

JOIN_SCHEMA = """
CREATE TABLE IF NOT EXISTS pending (
    seq INTEGER PRIMARY KEY,  -- in the order of arrival
    id TEXT NOT NULL UNIQUE,
    queue TEXT NOT NULL,
    value {type} NOT NULL,
    received_in_ms INTEGER NOT NULL,
    published_in_ms INTEGER,
    features_in_ms INTEGER,
    model_id TEXT,
    clock_in_ms INTEGER NOT NULL DEFAULT 0  -- of the TTL clock: grows with seq
);
CREATE TABLE IF NOT EXISTS joined (
    seq INTEGER PRIMARY KEY,  -- in the order of the CSV
    id TEXT NOT NULL UNIQUE,
    y_true {type} NOT NULL,
    y_pred {type} NOT NULL,
    joined_in_ms INTEGER NOT NULL,
    features_in_ms INTEGER,
    label_in_ms INTEGER,
    prediction_in_ms INTEGER,
    model_id TEXT{more}
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


def claim(database: sqlite3.Connection, schema: Schema, folder: Path) -> None:
    """Notes in a new state which data set it is of. Raises SettingsError if it is another one's.

    A state in which nothing is noted is an older metric's, which knew only the default data set.
    """
    with database:  # commits, or rolls back
        database.execute("BEGIN IMMEDIATE")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_schema")}
        if "about" not in tables:
            database.execute(
                "CREATE TABLE about (dataset TEXT NOT NULL, task TEXT NOT NULL, classes TEXT)"
            )
            of = (DIABETES, "regression") if tables else (schema.name, schema.task)
            database.execute("INSERT INTO about VALUES (?, ?, '[]')", of)
        name, task, classes = database.execute("SELECT * FROM about").fetchone()
        if (name, task) != (schema.name, schema.task):
            cure = f"set DATASET={name}, or another LOGS_DIR"
            if name == schema.name:  # its schema was changed
                cure = "move that folder away, or give the data set another name"
            raise SettingsError(
                f"{folder} holds the rows of the data set {name!r} ({task}), and DATASET is "
                f"{schema.name!r} ({schema.task}): {cure}"
            )
        known = schema.target.classes
        if gone := [each for each in msgspec.json.decode(classes) if each not in known]:
            raise SettingsError(
                f"{folder} may hold rows of the class {gone[0]!r}, which the schema of "
                f"{name!r} no longer has: put it back, or move that folder away"
            )
        database.execute("UPDATE about SET classes = ?", (json_list(known),))


def make_join_tables(database: sqlite3.Connection, scores: Scores) -> None:
    """Creates the tables, or adds the columns that those of an older metric lack."""
    database.executescript(with_types(JOIN_SCHEMA, scores))
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


def with_types(script: str, scores: Scores) -> str:
    """Returns a script that makes tables, with the columns that the task needs."""
    more = "".join(f", {name} REAL" for name in scores.COLUMNS)
    return script.format(type=scores.SQL_TYPE, more=more)


def json_list(ids: Sequence[str] | set[str]) -> str:
    """Returns the ids in the form that IN_JSON takes."""
    return msgspec.json.encode(ids).decode()


def add_column(database: sqlite3.Connection, table: str, column: str) -> None:
    """Adds a column that a table made by an older metric lacks."""
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    if column.split(maxsplit=1)[0] not in [name for _, name, *_ in columns]:
        database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
