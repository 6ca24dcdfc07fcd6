"""What the tables of both joins share."""

import sqlite3
from collections.abc import Sequence

import msgspec

EXPIRED_AT_ONCE = 10_000  # halves that one transaction lets go of, as their time is over
LET_GO_AT_ONCE = 50_000  # of each queue, as there are too many: more than one batch brings

IN_JSON = "(SELECT value FROM json_each(?))"


def json_list(ids: Sequence[str] | set[str]) -> str:
    """Ids as IN_JSON takes them."""
    return msgspec.json.encode(ids).decode()


def add_column(database: sqlite3.Connection, table: str, column: str) -> None:
    """Adds what a table lacks that an older metric has made."""
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    if column.split(maxsplit=1)[0] not in [name for _, name, *_ in columns]:
        database.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
