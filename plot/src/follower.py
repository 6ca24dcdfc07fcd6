"""Reads what is appended to one of metric's logs, and only that."""

import logging
import os
from pathlib import Path
from typing import BinaryIO, Generic

from log_rows import AnyRows, header, parse

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 22  # some 50,000 rows: bounds the memory, and costs no speed

LAST_BYTES = 1 << 14  # of the file: room for the last rows, of some 100 bytes each


class Follower(Generic[AnyRows]):
    """Follows one log from its first row on, through whatever is appended to it.

    `unreadable` counts the lines that were skipped. Reading raises OSError.
    """

    def __init__(self, path: Path, kind: type[AnyRows]) -> None:
        self._path = path
        self._kind = kind
        self._file: BinaryIO | None = None  # held open: its inode is not used again meanwhile
        self.offset = 0  # bytes that were read
        self.unreadable = 0

    def is_outdated(self) -> bool:
        """Whether the file followed is no longer the one at the path, or was cut short."""
        if self._file is None:
            return False
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return True
        followed = os.fstat(self._file.fileno())
        return not os.path.samestat(found, followed) or found.st_size < self.offset

    def read(self) -> AnyRows | None:
        """The rows of the next whole lines, CHUNK_BYTES at most; None if there is no such line."""
        start, block = self.offset, self._next_block()
        if not block:
            return None
        self.offset += len(block)
        if start == 0 and block.partition(b"\n")[0].strip() == header(self._kind):
            block = block[block.index(b"\n") + 1 :]
        rows, unreadable = parse(block, self._kind)
        if unreadable:
            self.unreadable += len(unreadable)
            first = unreadable[0].strip()[:80].decode(errors="replace")
            log.warning(
                "skipped %d unreadable line(s) of %s, such as %r",
                len(unreadable),
                self._path,
                first,
            )
        return rows

    def last_lines(self, end: int) -> list[bytes]:
        """The last lines of those that end at the offset `end`, LAST_BYTES of them at most."""
        if self._file is None:
            return []
        start = max(0, end - LAST_BYTES)
        lines = os.pread(self._file.fileno(), end - start, start).splitlines()
        return lines[1:]  # the first is the header, or begins before the block

    def file(self) -> BinaryIO:
        """The file that is followed, once more. Raises FileNotFoundError while there is none."""
        if self._file is None:
            raise FileNotFoundError(self._path)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def close(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            self._file.close()

    def _next_block(self) -> bytes:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return b""
        block = os.pread(self._file.fileno(), CHUNK_BYTES, self.offset)
        whole = block[: block.rfind(b"\n") + 1]
        # A line longer than a chunk is none of ours: taken in pieces, it cannot stop us.
        return block if len(block) == CHUNK_BYTES and not whole else whole
