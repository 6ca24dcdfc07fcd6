"""Opens a file that one process appends to, and detects whether somebody else has altered it."""

import fcntl
import logging
import os
import zlib
from itertools import count
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import LogError

log = logging.getLogger(__name__)

END_BYTES = 4096  # compared at each batch: the end of a file, and its first line
OTHER_END = "its last lines are not those that metric wrote"


class Left(NamedTuple):
    """A file as it was left: its first line, its length, and the last bytes before that length."""

    header: bytes
    length: int = 0
    end: bytes = b""

    def appended(self, text: bytes) -> "Left":
        """Returns the state of the file once `text` is appended."""
        return self._replace(length=self.length + len(text), end=(self.end + text)[-END_BYTES:])

    @property
    def checksum(self) -> int:
        return zlib.crc32(self.end)


def must_be_regular(path: Path) -> None:
    """Raises LogError if the path is not a regular file: a pipe, for example, would block."""
    if path.exists() and not path.is_file():
        raise LogError(f"{path} is not a regular file; move it away")


def must_be_in_place(path: Path, inode: int) -> None:
    """Raises LogError if `path` is no longer the file that it was."""
    try:
        if path.stat().st_ino == inode:
            return
    except FileNotFoundError:
        pass
    raise LogError(f"{path} was moved or removed while metric was running; start metric again")


def open_locked(path: Path) -> int:
    """Opens or creates a file to append to, locked for this process; returns its descriptor."""
    must_be_regular(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise LogError(f"{path} is in use: another metric writes to this folder") from error
    except OSError as error:
        raise LogError(f"cannot write {path}: {error.strerror}") from error
    return descriptor


def end_of(descriptor: int, length: int) -> bytes:
    """Returns the last bytes of the first `length` bytes."""
    start = max(0, length - END_BYTES)
    return os.pread(descriptor, length - start, start)


def replaced(path: Path, descriptor: int) -> str:
    """Returns how the open file lost its place at `path`; an empty text if it is still there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return "it was deleted or moved away"
    is_same = os.path.samestat(found, os.fstat(descriptor))
    return "" if is_same else "another file is in its place"


def altered(descriptor: int, left: Left, being_written: bytes = b"") -> str:
    """Returns how somebody else has altered an open file; an empty text if it is as it was left.

    After its length there may be a part of `being_written`, from a writer that was killed. The
    modification time is not compared: touching a file or saving it unchanged sets it, too.
    """
    size, most = os.fstat(descriptor).st_size, left.length + len(being_written)
    if not left.length <= size <= most:
        expected = f"{most}" if left.length == most else f"{left.length} to {most}"
        return f"it has {size} bytes, metric left {expected}"
    if left.length and os.pread(descriptor, len(left.header), 0) != left.header:
        return other_header(left.header)
    if end_of(descriptor, left.length) != left.end:
        return OTHER_END
    torn = os.pread(descriptor, len(being_written), left.length)
    # After a power failure there may be zeros where nothing has reached the disk.
    if any(found not in {0, wrote} for found, wrote in zip(torn, being_written, strict=False)):
        return OTHER_END
    return ""


def other_header(header: bytes) -> str:
    """Returns the message that a file begins with something other than this header."""
    return f"its first line is not {header.decode().strip()}"


def unwritten(descriptor: int, tail: bytes) -> bytes:
    """Returns the lines of `tail` that are not at the end of the file."""
    size = os.fstat(descriptor).st_size
    end = os.pread(descriptor, size, max(0, size - len(tail) - END_BYTES))
    written = set(end.splitlines(keepends=True))
    return b"".join(line for line in tail.splitlines(keepends=True) if line not in written)


def set_aside(path: Path) -> None:
    """Renames the file to the next free one of NAME.1.csv, NAME.2.csv, …"""
    names = (path.with_suffix(f".{number}{path.suffix}") for number in count(1))
    aside = next(name for name in names if not os.path.lexists(name))
    path.rename(aside)
    log.warning("the old content of %s is now in %s", path, aside.name)


def sync_folder(folder: Path) -> None:
    """Waits until the names of the files in it are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
