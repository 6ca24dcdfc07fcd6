"""A DurableCsv of bounded size, for lines that are of use for a while and then make room.

The file grows to half of the bound. Then it replaces `NAME.older.csv`, whose lines are dropped and
counted, and a new one is begun. First the database notes the new counts; then the file is renamed.
A crash between the two leaves a file that is full, but has no lines according to the counts: it is
renamed before the next line is recorded.
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from durable_csv import DurableCsv
from pipeline.errors import LogError

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS rotated (
    name TEXT PRIMARY KEY,
    lines INTEGER NOT NULL,  -- in the file
    older_lines INTEGER NOT NULL,  -- in the one before
    dropped_lines INTEGER NOT NULL  -- in those that are gone
) WITHOUT ROWID
"""


class RotatedCsv:
    """Like DurableCsv, with a `rotate()` to be called before a transaction.

    `dropped_lines` counts the lines that are gone for good. The two files together have at most
    `max_bytes`, plus the text of one record().
    """

    def __init__(
        self, path: Path, header: str, database: sqlite3.Connection, max_bytes: int
    ) -> None:
        self._path, self._database = path, database
        self._older = path.with_suffix(".older" + path.suffix)
        self._max_bytes = max_bytes
        database.execute(SCHEMA)
        is_known = database.execute("SELECT 1 FROM rotated WHERE name = ?", (path.name,)).fetchone()
        has_content = path.exists() and path.stat().st_size > 0
        self._file = DurableCsv(path, header, database)
        self._least = len(header) + 1
        if not (is_known and has_content) or self._file.alterations:
            self._count_lines()
        self.dropped_lines = self._dropped_lines()

    def rotate(self) -> None:
        """Begins a new file if this one is full."""
        if self._is_full():
            self.check_in_place()
        if not self._is_full():
            return
        self._database.execute(
            "UPDATE rotated SET dropped_lines = dropped_lines + older_lines * ?,"
            " older_lines = lines, lines = 0 WHERE name = ? AND lines > 0",
            (self._older.exists(), self._path.name),
        )
        try:
            self._file.move_to(self._older)
        except OSError as error:
            raise LogError(f"cannot rename {self._path}: {error.strerror}; no row is lost; once it "
                           "can, start metric again") from error  # fmt: skip
        log.info("%s was full: renamed to %s", self._path, self._older.name)
        before, self.dropped_lines = self.dropped_lines, self._dropped_lines()
        if dropped := self.dropped_lines - before:
            log.warning("dropped the previous one, with its %s lines", f"{dropped:,}")

    def _do(self, action: Callable[[], None]) -> None:
        """Runs the action; recounts the lines if it finds that somebody else altered the file."""
        before = self._file.alterations
        action()
        if self._file.alterations != before:
            self._count_lines()

    def _is_full(self) -> bool:
        return self._file.length >= max(self._max_bytes // 2, self._least)

    def _count_lines(self) -> None:
        """Counts the lines of a file that was just begun, or that somebody else has altered."""
        self._database.execute(
            "INSERT INTO rotated VALUES (?, ?, 0, 0)"
            " ON CONFLICT DO UPDATE SET lines = excluded.lines",
            (self._path.name, _lines(self._path)),
        )

    def _dropped_lines(self) -> int:
        found: int = self._database.execute(
            "SELECT dropped_lines FROM rotated WHERE name = ?", (self._path.name,)
        ).fetchone()[0]
        return found

    def record(self, text: str) -> None:
        """Notes in the database, in the current transaction, the text that write() will append."""
        if text:
            self._file.record(text)
            self._database.execute(
                "UPDATE rotated SET lines = lines + ? WHERE name = ?",
                (text.count("\n"), self._path.name),
            )

    def write(self) -> None:
        """Appends what was recorded, and waits until it is on the disk."""
        self._do(self._file.write)

    def check_in_place(self) -> None:
        """Begins a new file if somebody else has altered this one, or taken it away."""
        self._do(self._file.check_in_place)

    @property
    def alterations(self) -> int:
        """Number of times that somebody else's hand made a new file necessary."""
        return self._file.alterations

    def close(self) -> None:
        """Notes that all is written."""
        self._file.close()


def _lines(path: Path) -> int:
    """Number of lines after the header; 0 if the header is not written yet."""
    with path.open("rb") as file:
        lines = sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))
    return max(0, lines - 1)
