"""Reads one of metric's logs as it grows, each line once."""

import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Generic

import numpy as np

from logs.decimal_commas import Commas
from logs.layout import Layout, LayoutError, find, own, shown
from logs.log_file import LogFile
from logs.parse import last_rows, parse
from logs.row_rules import broken_rule
from logs.rows import AnyRows, LoggedRow, header
from pipeline.throttled_log import LogThrottle

log = logging.getLogger(__name__)

LAST_BYTES = 1 << 14  # of the file: room for the last rows, of about 100 bytes each

_BLANK = b" \t\r\xef\xbb\xbf"  # including the byte order mark
_EXCELS = re.compile(rb'(\xef\xbb\xbf)?"?sep=.?"?\s*', re.IGNORECASE)  # it names the separator


class LogTail(Generic[AnyRows]):
    """Reads one log from its first row on, and then whatever is appended to it.

    `unreadable` counts the lines that were skipped. Reading raises OSError.
    """

    def __init__(self, path: Path, kind: type[AnyRows], classes: tuple[str, ...] = ()) -> None:
        self._path = path
        self._kind = kind
        self._own = own(kind._fields, classes)
        self._file = LogFile(path)
        self._commas = Commas()
        self._layout: Layout | None = None
        self._is_begun = False  # True once a non-blank line was read
        self._header = b""
        self._header_offset = 0  # where the lines of this layout begin
        self._wrong = ""  # what is wrong with the header
        self._first_unreadable = b""
        self._rule = ""  # the one that it breaks
        self.unreadable = 0
        self._throttle = LogThrottle()

    @property
    def offset(self) -> int:
        """Number of bytes read."""
        return self._file.offset

    def is_outdated(self) -> bool:
        """Returns True if another tail must read the file from its start."""
        return self._file.is_outdated()

    def read(self) -> AnyRows | None:
        """Returns the rows of the next whole lines; None if there are no new lines."""
        lines = self._file.read()
        if not lines:
            return None
        if not self._is_begun:
            lines = self._without_header(lines)
        return self._rows(lines)

    def problem(self) -> str | None:
        """Says in a few sentences what is wrong with the log, and what to do about it."""
        found = (self._wrong, self._commas.problem(), self._file.problem(), self._skipped())
        return " ".join(f"{self._path.name}: {text}." for text in found if text) or None

    def _skipped(self) -> str:
        if not self.unreadable:
            return ""
        are = "1 line could not be read and is"
        if self.unreadable > 1:
            are = f"{self.unreadable:,} lines could not be read and are"
        return (
            f"{are} not counted in any figure; the first is "
            f"{shown(self._first_unreadable)}. Check what writes the file: {self._rule}"
        )

    def last_rows(self, count: int, end: int) -> list[LoggedRow]:
        """Returns up to `count` rows in the LAST_BYTES before the offset `end`, the latest first.

        None of them stands before the latest header.
        """
        start = max(self._header_offset, end - LAST_BYTES)
        if self._layout is None or start >= end:
            return []
        lines = self._file.between(start, end).splitlines()
        # The first line is the header, or begins before the block.
        return last_rows(lines[bool(start or self._header) :], count, self._layout)

    def file(self) -> BinaryIO:
        """Opens the file once more. Raises FileNotFoundError while there is none."""
        return self._file.file()

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _without_header(self, block: bytes) -> bytes:
        """Reads the layout from the first non-blank line; returns the lines after it."""
        first, others = b"", block
        while others and not self._is_begun:
            first, _, others = others.partition(b"\n")
            self._is_begun = bool(first.strip(_BLANK)) and not _EXCELS.fullmatch(first)
        if not self._is_begun:
            return b""
        try:
            self._layout, self._header = self._found(first), first.strip()
            return others
        except LayoutError as error:
            self._wrong = str(error)
        if not parse(first + b"\n", self._kind, self._own)[1]:  # a row as our metric writes it
            self._layout, others = self._own, first + b"\n" + others
            columns = header(self._kind).decode()
            self._wrong = f"without a header, its columns are assumed to be {columns}"
        log.warning("%s: %s", self._path, self._wrong)
        return others

    def _rows(self, lines: bytes) -> AnyRows:
        """Reads the lines, each by the header above it."""
        rows, unreadable = self._parsed(lines)
        if any(self._other_layout(line) for line in unreadable):
            parts = [*self._parts(lines)]
            rows = self._kind(*map(np.concatenate, zip(*(part[0] for part in parts), strict=True)))
            unreadable = [line for part in parts for line in part[1]]
        # Some programs write the header again with each piece that they append.
        if self._layout is not None:
            self._tell([line for line in unreadable if not self._is_header(line)])
        return rows

    def _parsed(self, lines: bytes) -> tuple[AnyRows, list[bytes]]:
        if self._layout is None:
            return parse(b"", self._kind, self._own)[0], io.BytesIO(lines).readlines()
        if self._layout.has_decimal_commas:
            self._commas.examine(lines, self._layout)
            self._layout = self._layout._replace(has_decimal_commas=self._commas.are_decimal)
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
        """Returns the layout that this line declares, if it is another header."""
        layout = self._layout_of(line)
        return layout if layout != self._layout else None

    def _layout_of(self, line: bytes) -> Layout | None:
        if line.strip() == self._header:
            return self._layout
        try:
            return self._found(line) if b"y_true" in line.lower() else None
        except LayoutError:
            return None

    def _found(self, header: bytes) -> Layout:
        return find(header, self._kind._fields, self._own.classes)

    def _change(self, layout: Layout, line: bytes, offset: int) -> None:
        if self._layout is None:
            self._wrong = f"the lines before its header {shown(line)} are not read"
        self._layout, self._header, self._header_offset = layout, line.strip(), offset
        log.warning("%s: from byte %d on, the header is %s", self._path, offset, shown(line))

    def _tell(self, unreadable: list[bytes]) -> None:
        if not unreadable:
            return
        self.unreadable += len(unreadable)
        if not self._first_unreadable:
            self._first_unreadable = unreadable[0]
            self._rule = broken_rule(unreadable[0], self._layout or self._own)
        if count := self._throttle.count(number=len(unreadable)):
            text = "skipped %d unreadable line(s) of %s, such as %s"
            log.warning(text, count, self._path, shown(unreadable[0]))
