"""One file that is appended to, read in whole lines."""

import os
import time
from pathlib import Path
from typing import BinaryIO

from logs.layout import shown

CHUNK_BYTES = 1 << 22  # some 50,000 rows: bounds the memory, and costs no speed

KEPT_BYTES = 1 << 12  # of what was read: its first and its last bytes, to be compared

WAIT_SECONDS = 5  # of waiting for the end of a line, before a problem is reported


class LogFile:
    """Reads each whole line of a growing file once.

    Reading raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None  # held open, so that its inode is not reused meanwhile
        self._first, self._last = b"", b""  # the first and the last KEPT_BYTES read
        self._unended = b""  # the bytes after the last whole line
        self._unended_since = 0.0
        self.offset = 0  # bytes that were read

    def is_outdated(self) -> bool:
        """Returns True if the followed file is no longer at the path, or was rewritten.

        A file rewritten in place counts as outdated, unless its new content begins as the old one
        did and goes on. Only the first and the last KEPT_BYTES read are compared.
        """
        if self._file is None:
            return False
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return True
        return not (os.path.samestat(found, os.fstat(self._file.fileno())) and self._is_unchanged())

    def read(self) -> bytes:
        """Returns the next whole lines, CHUNK_BYTES at most; empty if there are none."""
        block = self._next_block()
        self.offset += len(block)
        self._first = (self._first + block[:KEPT_BYTES])[:KEPT_BYTES]
        self._last = (self._last + block[-KEPT_BYTES:])[-KEPT_BYTES:]
        return block

    def between(self, start: int, end: int) -> bytes:
        """Returns the bytes from one offset to another, as they are in the file."""
        return os.pread(self._file.fileno(), end - start, start) if self._file else b""

    def problem(self) -> str:
        """Says what is wrong if the last line has no end and nothing more of it comes."""
        if not self._unended or time.monotonic() - self._unended_since < WAIT_SECONDS:
            return ""
        return (
            f"its last {len(self._unended):,} bytes are not read because no line feed ends them; "
            f"they begin with {shown(self._unended)}"
        )

    def file(self) -> BinaryIO:
        """Opens the followed file once more. Raises FileNotFoundError while there is none."""
        if self._file is None:  # nothing of it is read yet
            return self._path.open("rb")
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()

    def _is_unchanged(self) -> bool:
        return self._has(self._first, 0) and self._has(self._last, self.offset - len(self._last))

    def _has(self, content: bytes, offset: int) -> bool:
        assert self._file is not None, "it was read"
        return os.pread(self._file.fileno(), len(content), offset) == content

    def _next_block(self) -> bytes:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return b""
        start = self.offset - len(self._last)
        content = os.pread(self._file.fileno(), CHUNK_BYTES + len(self._last), start)
        if not (self._has(self._first, 0) and content.startswith(self._last)):
            return b""  # it is being rewritten: is_outdated() will tell
        block = content[len(self._last) :]
        whole = block[: block.rfind(b"\n") + 1]
        if len(block) == CHUNK_BYTES:
            # A line longer than a chunk is none of ours: read in pieces, it cannot stop us.
            return whole or block
        self._note_unended(block[len(whole) :])
        return whole

    def _note_unended(self, unended: bytes) -> None:
        if unended != self._unended:
            self._unended, self._unended_since = unended, time.monotonic()
