"""A CSV file that only grows, and holds every row exactly once, whichever process dies when.

The text to append is first recorded in the database, with the length of the file before it, in the
transaction that decides on the rows. Then it is appended and synced. So at any moment the file is
the recorded length plus some part of the recorded tail: at start it is cut back to that length, and
the tail is written again.

A file that somebody else has altered, moved or deleted meanwhile is left to them: it gets another
name, and a new file begins with the part of the recorded tail that was not yet written.
"""

import logging
import os
import sqlite3
from pathlib import Path

from file_record import FileRecord
from file_watch import (
    OTHER_END,
    Left,
    altered,
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

_sync = getattr(os, "fdatasync", os.fsync)  # macOS has no fdatasync


class DurableCsv:
    """Appends durably: call `record()` within a transaction, and `write()` after its commit.

    `alterations` counts how often a new file was begun as somebody else had altered the old one.
    Raises LogError if another process has the file open, or it cannot be written.
    """

    def __init__(self, path: Path, header: str, database: sqlite3.Connection) -> None:
        self.alterations = 0
        self._path = path
        self._record = FileRecord(database, path.name)
        self._tail = b""
        self._left = Left(header.encode())
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
        self._record.save(self._left.length, self._tail)

    def write(self) -> None:
        """Appends what was recorded, if anything was, and waits until it is on the disk."""
        if self._tail:
            self.check_in_place()
            self._append()

    def check_in_place(self) -> None:
        """Begins a new file if somebody else has altered the current one, or taken it away."""
        try:
            found = replaced(self._path, self._descriptor) or altered(self._descriptor, self._left)
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
        """Notes that all is written: what differs from now on is somebody else's doing."""
        self._record.save(self._left.length, b"")
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
        self._record.save_end(self._left.length, self._left.checksum)

    def _recover(self) -> None:
        """Brings back the file that the database describes, or begins a new one."""
        header, size = self._left.header, os.fstat(self._descriptor).st_size
        recorded = self._record.load()
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
            self._record.save(length, tail)
        self._append()

    def _compare(self, length: int, tail: bytes) -> tuple[int, bytes, str]:
        """Returns the length that was left, text that may be unwritten, and what was altered."""
        end = self._record.load_end()
        if end and end[0] == length + len(tail):
            length, tail = end[0], b""
        left = Left(self._left.header, length, end_of(self._descriptor, length))
        found = altered(self._descriptor, left, tail)
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
        """Leaves the file to whoever altered it, who may still have it open and write to it."""
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
        self.alterations += 1
        log.warning("%s was changed by something else: %s; beginning a new one", self._path, found)

    def _save_anew(self, rest: bytes) -> None:
        """Notes first what the new file will be: after a crash the next steps can be repeated."""
        header = self._left.header
        self._left, self._tail = Left(header), header + rest.removeprefix(header)
        self._record.begin_anew(self._tail)
