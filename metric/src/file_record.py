"""The database's record of an append-only file: its length, and the lines to append."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, length INTEGER, tail BLOB);
CREATE TABLE IF NOT EXISTS file_end (  -- of what is known to be written, without a tail
    name TEXT PRIMARY KEY,
    length INTEGER NOT NULL,
    checksum INTEGER NOT NULL  -- of the last bytes before that
);
"""


class FileRecord:
    """The record of one file, by its name: each method but begin_anew() is one statement."""

    def __init__(self, database: sqlite3.Connection, name: str) -> None:
        self._database = database
        self._name = name
        database.executescript(SCHEMA)

    def load(self) -> tuple[int, bytes] | None:
        """Returns the length of the file, and the tail that may be unwritten yet."""
        found: tuple[int, bytes] | None = self._database.execute(
            "SELECT length, tail FROM file WHERE name = ?", (self._name,)
        ).fetchone()
        return found

    def save(self, length: int, tail: bytes) -> None:
        """Notes the length of the file, and the tail that is to follow."""
        self._database.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (self._name, length, tail)
        )

    def load_end(self) -> tuple[int, int] | None:
        """Returns the length of what was known to be written, and the checksum of its end."""
        found: tuple[int, int] | None = self._database.execute(
            "SELECT length, checksum FROM file_end WHERE name = ?", (self._name,)
        ).fetchone()
        return found

    def save_end(self, length: int, checksum: int) -> None:
        """Notes that the tail is written. Not synced: this covers a kill, not a power failure."""
        end = self._name, length, checksum
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("INSERT OR REPLACE INTO file_end VALUES (?, ?, ?)", end)
        self._database.execute("PRAGMA synchronous = FULL")

    def begin_anew(self, tail: bytes) -> None:
        """Notes, in a transaction of its own, that the file is empty, and this tail is to come."""
        with self._database:  # commits, or rolls back
            self._database.execute("BEGIN IMMEDIATE")
            self.save(0, tail)
            self._database.execute("DELETE FROM file_end WHERE name = ?", (self._name,))


def is_recorded(name: str, database: sqlite3.Connection) -> bool:
    """Returns True if the database knows a file of this name."""
    return bool(database.execute("SELECT 1 FROM file WHERE name = ?", (name,)).fetchone())
