"""A CSV file that only grows, and holds every row exactly once, whichever process dies when.

The text to append is first recorded in the database, with the length of the file before it, in the
transaction that decides on the rows. Then it is appended and synced. So at any moment the file is
the recorded length plus some part of the recorded tail: at start it is cut back to that length, and
the tail is written again.

A file that somebody else has changed, moved or deleted meanwhile is left to them: it gets another
name, and a new file begins with the part of the recorded tail that was not yet written.
"""

import logging
import os
import sqlite3
from pathlib import Path

from file_watch import (
    OTHER_END,
    Left,
    changed,
    end_of,
    open_locked,
    other_header,
    replaced,
    set_aside,
    sync_folder,
    unwritten,
)
from pipeline.errors import LogError

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, length INTEGER, tail BLOB);
CREATE TABLE IF NOT EXISTS file_end (  -- of what is known to be written, without a tail
    name TEXT PRIMARY KEY,
    length INTEGER NOT NULL,
    checksum INTEGER NOT NULL  -- of the last bytes before that
);
"""

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class DurableCsv:
    """Appends durably: call `record()` within a transaction, and `write()` after its commit.

    `changes` counts how often a new file was begun because somebody else had changed the old one.
    Raises LogError if another process has the file open, or it cannot be written.
    """

    def __init__(self, path: Path, header: str, database: sqlite3.Connection) -> None:
        self.changes = 0
        self._path = path
        self._database = database
        self._tail = b""
        self._left = Left(header.encode())
        database.executescript(SCHEMA)
        self._descriptor = open_locked(self._path)
        try:
            self._recover()
            sync_folder(path.parent)
        except OSError as error:
            raise LogError(f"cannot write {path}: {error.strerror}") from error

    def record(self, text: str) -> None:
        """Notes in the database, in the current transaction, the text that write() will append.

        With nothing to append, the last record still describes the file, and stays.
        """
        if not text:
            return
        self._tail += text.encode()  # after the header of a file that was just begun
        self._save(self._left.length, self._tail)

    def write(self) -> None:
        """Appends what was recorded, if anything was, and waits until it is on the disk."""
        if self._tail:
            self.check_in_place()
            self._append()

    def check_in_place(self) -> None:
        """Begins a new file if somebody else has changed the current one, or taken it away."""
        try:
            found = replaced(self._path, self._descriptor) or changed(self._descriptor, self._left)
            if found:
                self._begin_anew(found, self._tail)
        except OSError as error:
            raise LogError(f"cannot write {self._path}: {error.strerror}; no row is lost; once it "
                           "can, start metric again") from error  # fmt: skip

    @property
    def length(self) -> int:
        """Length of the file in bytes."""
        return self._left.length

    def move_to(self, path: Path) -> None:
        """Renames the file, replacing whatever has the new name, and begins a new one."""
        self._path.replace(path)
        self._save_anew(b"")
        os.close(self._descriptor)
        self._descriptor = open_locked(self._path)
        sync_folder(self._path.parent)
        self._append()

    def close(self) -> None:
        """Notes that all is written: any change to the file from now on is somebody else's."""
        self._save(self._left.length, b"")
        os.close(self._descriptor)

    def _append(self) -> None:
        rest = memoryview(self._tail)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            _sync(self._descriptor)
        except OSError as error:
            raise LogError(f"cannot write {self._path}: {error.strerror}; no row is lost: make "
                           "room, and start metric again") from error  # fmt: skip
        self._left = self._left.appended(self._tail)
        self._tail = b""
        self._save_end()

    def _save(self, length: int, tail: bytes) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (self._path.name, length, tail)
        )

    def _save_end(self) -> None:
        """Notes that the tail is written. Not synced: this covers a kill, not a power failure."""
        end = self._path.name, self._left.length, self._left.checksum
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.execute("INSERT OR REPLACE INTO file_end VALUES (?, ?, ?)", end)
        self._database.execute("PRAGMA synchronous = FULL")

    def _recover(self) -> None:
        """Restores the file that the database describes, or begins a new one."""
        header, size = self._left.header, os.fstat(self._descriptor).st_size
        recorded = self._database.execute(
            "SELECT length, tail FROM file WHERE name = ?", (self._path.name,)
        ).fetchone()
        if recorded is None:
            length, tail, found = self._adopt() if size else (0, header, "")
        else:
            length, tail, found = self._compare(*recorded)
        rest = tail.removeprefix(header)
        if found and size:
            self._begin_anew(found, unwritten(self._descriptor, rest))
        elif found:
            self._tell("it was deleted, moved away or emptied")
            self._save_anew(rest)
        else:
            os.ftruncate(self._descriptor, length)
            self._left, self._tail = Left(header, length, end_of(self._descriptor, length)), tail
            self._save(length, tail)
        self._append()

    def _compare(self, length: int, tail: bytes) -> tuple[int, bytes, str]:
        """Returns the length that was left, text that may be unwritten yet, and what changed."""
        end = self._database.execute(
            "SELECT length, checksum FROM file_end WHERE name = ?", (self._path.name,)
        ).fetchone()
        if end and end[0] == length + len(tail):
            length, tail = end[0], b""
        left = Left(self._left.header, length, end_of(self._descriptor, length))
        found = changed(self._descriptor, left, tail)
        if not found and end and end[0] == length and end[1] != left.checksum:
            found = OTHER_END
        return length, tail, found

    def _adopt(self) -> tuple[int, bytes, str]:
        """Takes over a file that has no record: goes on after its last whole line."""
        content, header = self._path.read_bytes(), self._left.header
        if not content.startswith(header):
            return 0, b"", other_header(header)
        log.warning("%s has lost its state: its rows stay, their ids are forgotten", self._path)
        return content.rindex(b"\n") + 1, b"", ""

    def _begin_anew(self, found: str, rest: bytes) -> None:
        """Leaves the file to whoever changed it, who may still have it open and write to it."""
        self._tell(found)
        self._save_anew(rest)
        before = self._descriptor
        if not replaced(self._path, before):
            set_aside(self._path)
        self._descriptor = open_locked(self._path)
        if os.fstat(self._descriptor).st_size:  # another file; it is locked, so no other metric's
            set_aside(self._path)
            os.close(self._descriptor)
            self._descriptor = open_locked(self._path)
        os.close(before)
        sync_folder(self._path.parent)

    def _tell(self, found: str) -> None:
        self.changes += 1
        log.warning("%s was changed by something else: %s; a new one is begun", self._path, found)

    def _save_anew(self, rest: bytes) -> None:
        """Notes first what the new file will be: after a crash the next steps can be repeated."""
        header = self._left.header
        self._left, self._tail = Left(header), header + rest.removeprefix(header)
        with self._database:  # commits, or rolls back
            self._database.execute("BEGIN IMMEDIATE")
            self._save(0, self._tail)
            self._database.execute("DELETE FROM file_end WHERE name = ?", (self._path.name,))


def is_recorded(name: str, database: sqlite3.Connection) -> bool:
    """Returns True if the database knows a file of this name."""
    return bool(database.execute("SELECT 1 FROM file WHERE name = ?", (name,)).fetchone())


def must_be_in_place(path: Path, inode: int) -> None:
    """Raises LogError if `path` is no longer the file that it was."""
    try:
        if path.stat().st_ino == inode:
            return
    except FileNotFoundError:
        pass
    raise LogError(f"{path} was taken away while metric was running; start metric again")
