"""A CSV file that only grows, and in which every row stands once, whatever dies in between.

What is to be appended is first recorded in the database, with the length of the file before it, in
the transaction that decides on the rows. Then it is appended and synced. So at any moment the file
is the recorded length, plus some part of the recorded tail: at start it is cut back to the length,
and the tail is written again.
"""

import fcntl
import logging
import os
import sqlite3
from pathlib import Path

from pipeline.errors import LogError

log = logging.getLogger(__name__)

SCHEMA = "CREATE TABLE IF NOT EXISTS file (name TEXT PRIMARY KEY, length INTEGER, tail BLOB)"

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class DurableCsv:
    """`record()` within a transaction, `write()` after its commit.

    Raises LogError where the file is not what was left, and where another process has it open.
    """

    def __init__(self, path: Path, header: str, database: sqlite3.Connection) -> None:
        self._path = path
        self._database = database
        self._tail = b""
        database.execute(SCHEMA)
        is_new = not path.exists() or not path.stat().st_size
        must_be_regular(path)
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LogError(f"{path} is in use: another metric writes to this folder") from error
        except OSError as error:
            raise LogError(f"cannot write {path}: {error.strerror}") from error
        self._length = self._recover(is_new, header.encode())

    @property
    def length(self) -> int:
        """Its length in bytes, as far as it is written."""
        return self._length

    def record(self, text: str) -> None:
        """Notes in the database, in the transaction at hand, what write() will append.

        With nothing to append the last record still describes the file, and stays.
        """
        if not text:
            return
        self._tail = text.encode()
        self._save(self._length, self._tail)

    def write(self) -> None:
        """Appends what was recorded, and waits until it is on the disk."""
        rest = memoryview(self._tail)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            if self._tail:
                _sync(self._descriptor)
        except OSError as error:
            raise LogError(f"cannot write {self._path}: {error.strerror}; no row is lost: make "
                           "room, and start metric again") from error  # fmt: skip
        self._length += len(self._tail)
        self._tail = b""

    def check_in_place(self) -> None:
        """Raises LogError if the file was taken away while we write to it."""
        try:
            check_in_place(self._path, os.fstat(self._descriptor).st_ino)
        except LogError:
            self._save(self._length, b"")  # the tail is in the file that was taken
            raise

    def close(self) -> None:
        """Notes that all is written: from now on any change to the file is somebody else's."""
        self._save(self._length, b"")
        os.close(self._descriptor)

    def _save(self, length: int, tail: bytes) -> None:
        self._database.execute(
            "INSERT OR REPLACE INTO file VALUES (?, ?, ?)", (self._path.name, length, tail)
        )

    def _recover(self, is_new: bool, header: bytes) -> int:
        """Makes the file what the database says; its length then."""
        recorded = self._database.execute(
            "SELECT length, tail FROM file WHERE name = ?", (self._path.name,)
        ).fetchone()
        if is_new:
            length, tail = 0, header + (recorded[1] if recorded else b"").removeprefix(header)
        elif recorded is None:
            length, tail = self._adopt(header)
        else:
            length, tail = recorded
            self._check_size(length, length + len(tail))
        os.ftruncate(self._descriptor, length)
        self._length, self._tail = length, tail
        self._save(length, tail)
        self.write()
        sync_folder(self._path.parent)
        return self._length

    def _adopt(self, header: bytes) -> tuple[int, bytes]:
        """A file without its record: goes on behind its last whole line."""
        content = self._path.read_bytes()
        if not content.startswith(header):
            raise LogError(f"{self._path} is not ours: its first line is not "
                           f"{header.decode().strip()}; move it away")  # fmt: skip
        log.warning("%s has lost its state: its rows stay, their ids are forgotten", self._path)
        return content.rindex(b"\n") + 1, b""

    def _check_size(self, least: int, most: int) -> None:
        size = os.fstat(self._descriptor).st_size
        if not least <= size <= most:
            left = f"{least}" if least == most else f"{least} to {most}"
            raise LogError(
                f"{self._path} was changed by something else: it has {size} bytes, metric left "
                f"{left}. Put it back as it was, or move it away to begin a new one"
            )


def is_recorded(name: str, database: sqlite3.Connection) -> bool:
    """Whether there was a file of this name, as far as the database knows."""
    return bool(database.execute("SELECT 1 FROM file WHERE name = ?", (name,)).fetchone())


def must_be_regular(path: Path) -> None:
    """Raises LogError where something stands that is no file: a pipe would be waited for."""
    if path.exists() and not path.is_file():
        raise LogError(f"{path} is not a regular file; move it away")


def check_in_place(path: Path, inode: int) -> None:
    """Raises LogError if `path` is no longer the file that it was."""
    try:
        if path.stat().st_ino == inode:
            return
    except FileNotFoundError:
        pass
    raise LogError(f"{path} was taken away while metric was running; start metric again")


def sync_folder(folder: Path) -> None:
    """Waits until it is on the disk which files are in the folder."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
