"""Reads what is appended to one of metric's logs, and only that."""

import io
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Generic

import numpy as np

from log_layout import Layout, LayoutError, find, own, shown
from log_rows import AnyRows, LoggedRow, header, last_rows, parse

log = logging.getLogger(__name__)

CHUNK_BYTES = 1 << 22  # some 50,000 rows: bounds the memory, and costs no speed

LAST_BYTES = 1 << 14  # of the file: room for the last rows, of some 100 bytes each

KEPT_BYTES = 1 << 12  # of what was read: its first and its last bytes, to be compared


class Follower(Generic[AnyRows]):
    """Follows one log from its first row on, through whatever is appended to it.

    `unreadable` counts the lines that were skipped. Reading raises OSError.
    """

    def __init__(self, path: Path, kind: type[AnyRows]) -> None:
        self._path = path
        self._kind = kind
        self._file: BinaryIO | None = None  # held open: its inode is not used again meanwhile
        self._layout: Layout | None = None
        self._header = b""
        self._header_offset = 0  # the layout is that of what follows
        self._wrong = ""  # with the header
        self._first_unreadable = b""
        self._first, self._last = b"", b""  # KEPT_BYTES of what was read
        self.offset = 0  # bytes that were read
        self.unreadable = 0

    def is_outdated(self) -> bool:
        """Whether the file followed is no longer the one at the path, or no longer what was read.

        A file that is written anew where it stands is, unless its new content begins as the old
        one did, and goes on. Only the first and the last KEPT_BYTES read are compared.
        """
        if self._file is None:
            return False
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return True
        return not (os.path.samestat(found, os.fstat(self._file.fileno())) and self._is_unchanged())

    def read(self) -> AnyRows | None:
        """The rows of the next whole lines, CHUNK_BYTES at most; None if there is no such line."""
        block = self._next_block()
        if not block:
            return None
        lines = block if self.offset else self._without_header(block)
        self._note(block)
        return self._rows(lines)

    def problem(self) -> str | None:
        """What is wrong with the log, and what to do, in a sentence or two."""
        if self._wrong:
            return f"{self._path.name}: {self._wrong}."
        if not self.unreadable:
            return None
        lines = "1 line is" if self.unreadable == 1 else f"{self.unreadable:,} lines are"
        return (
            f"{self._path.name}: {lines} not readable and in no number; the first is "
            f"{shown(self._first_unreadable)}. Look at what writes the file: a row has its label, "
            "its prediction and an error that is not negative, all finite numbers."
        )

    def last_rows(self, count: int, end: int) -> list[LoggedRow]:
        """Up to `count` of the rows in the LAST_BYTES before the offset `end`, the latest first.

        None of them stands before the latest header.
        """
        start = max(self._header_offset, end - LAST_BYTES)
        if self._file is None or self._layout is None or start >= end:
            return []
        lines = os.pread(self._file.fileno(), end - start, start).splitlines()
        # The first is the header, or begins before the block.
        return last_rows(lines[bool(start or self._header) :], count, self._layout)

    def file(self) -> BinaryIO:
        """The file that is followed, once more. Raises FileNotFoundError while there is none."""
        if self._file is None:
            raise FileNotFoundError(self._path)
        return os.fdopen(os.dup(self._file.fileno()), "rb")

    def close(self) -> None:
        """Lets go of the file."""
        if self._file is not None:
            self._file.close()

    def _is_unchanged(self) -> bool:
        return self._has(self._first, 0) and self._has(self._last, self.offset - len(self._last))

    def _has(self, content: bytes, offset: int) -> bool:
        assert self._file is not None, "it was read"
        return os.pread(self._file.fileno(), len(content), offset) == content

    def _note(self, block: bytes) -> None:
        """Remembers that this was read."""
        self.offset += len(block)
        self._first = (self._first + block[:KEPT_BYTES])[:KEPT_BYTES]
        self._last = (self._last + block[-KEPT_BYTES:])[-KEPT_BYTES:]

    def _next_block(self) -> bytes:
        if self._file is None:
            try:
                self._file = self._path.open("rb")
            except FileNotFoundError:
                return b""
        start = self.offset - len(self._last)
        content = os.pread(self._file.fileno(), CHUNK_BYTES + len(self._last), start)
        if not (self._has(self._first, 0) and content.startswith(self._last)):
            return b""  # it is being written anew: is_outdated() tells
        block = content[len(self._last) :]
        whole = block[: block.rfind(b"\n") + 1]
        # A line longer than a chunk is none of ours: taken in pieces, it cannot stop us.
        return block if len(block) == CHUNK_BYTES and not whole else whole

    def _without_header(self, block: bytes) -> bytes:
        """Reads the layout from the first line; the lines after it."""
        first, _, others = block.partition(b"\n")
        try:
            self._layout, self._header = find(first, self._kind._fields), first.strip()
            return others
        except LayoutError as error:
            self._wrong = str(error)
        if not parse(first + b"\n", self._kind)[1]:  # a row as our metric writes it
            self._layout, others = own(self._kind._fields), block
            columns = header(self._kind).decode()
            self._wrong = f"without a header its columns are taken to be {columns}"
        log.warning("%s: %s", self._path, self._wrong)
        return others

    def _rows(self, lines: bytes) -> AnyRows:
        """Reads the lines, each by the header that it stands under."""
        rows, unreadable = self._parsed(lines)
        if any(self._other_layout(line) for line in unreadable):
            parts = [*self._parts(lines)]
            rows = self._kind(*map(np.concatenate, zip(*(part[0] for part in parts), strict=True)))
            unreadable = [line for part in parts for line in part[1]]
        # Some write the header again with each piece that they append.
        if self._layout is not None:
            self._tell([line for line in unreadable if not self._is_header(line)])
        return rows

    def _parsed(self, lines: bytes) -> tuple[AnyRows, list[bytes]]:
        if self._layout is None:
            return parse(b"", self._kind)[0], io.BytesIO(lines).readlines()
        return parse(lines, self._kind, self._layout)

    def _parts(self, lines: bytes) -> Iterator[tuple[AnyRows, list[bytes]]]:
        """Parses the lines between headers that differ."""
        part: list[bytes] = []
        offset = self.offset - len(lines)
        for line in io.BytesIO(lines):
            if layout := self._other_layout(line):
                yield self._parsed(b"".join(part))
                part = []
                self._change(layout, line, offset)
            else:
                part.append(line)
            offset += len(line)
        yield self._parsed(b"".join(part))

    def _is_header(self, line: bytes) -> bool:
        return self._layout_of(line) is not None

    def _other_layout(self, line: bytes) -> Layout | None:
        """The layout that this line tells, if it is the header of another."""
        layout = self._layout_of(line)
        return layout if layout != self._layout else None

    def _layout_of(self, line: bytes) -> Layout | None:
        if line.strip() == self._header:
            return self._layout
        try:
            return find(line, self._kind._fields) if b"y_true" in line.lower() else None
        except LayoutError:
            return None

    def _change(self, layout: Layout, line: bytes, offset: int) -> None:
        if self._layout is None:
            self._wrong = f"what stands before its header {shown(line)} is not read"
        self._layout, self._header, self._header_offset = layout, line.strip(), offset
        log.warning("%s: from byte %d on its header is %s", self._path, offset, shown(line))

    def _tell(self, unreadable: list[bytes]) -> None:
        if not unreadable:
            return
        self.unreadable += len(unreadable)
        self._first_unreadable = self._first_unreadable or unreadable[0]
        text = "skipped %d unreadable line(s) of %s, such as %s"
        log.warning(text, len(unreadable), self._path, shown(unreadable[0]))
