"""Reads what is appended to `metric_log.csv`, and only that."""

import csv
import io
import itertools
import logging
import math
import os
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.files import METRIC_LOG_COLUMNS

log = logging.getLogger(__name__)

COLUMNS = list(METRIC_LOG_COLUMNS)
CHUNK_BYTES = 1 << 22  # some 50,000 rows: bounds the memory, and costs no speed

LAST_BYTES = 1 << 14  # of the file: room for the last rows, of some 100 bytes each

_HEADER = ",".join(COLUMNS).encode()

Column = npt.NDArray[np.float64]


class Rows(NamedTuple):
    """The numbers of n rows: each an array of shape (n,), in points of disease progression.

    Labels and predictions are finite, errors are at least 0; the error of two finite numbers can
    be infinite.
    """

    y_true: Column
    y_pred: Column
    absolute_error: Column


class LoggedRow(NamedTuple):
    """One row as it stands in the file, in points of disease progression."""

    id: str
    y_true: float
    y_pred: float
    absolute_error: float


class Follower:
    """Follows one metric log from its first row on, through whatever is appended to it.

    `unreadable` counts the lines that were skipped. Reading raises OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
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

    def read(self) -> Rows | None:
        """The rows of the next whole lines, CHUNK_BYTES at most; None if there is no such line."""
        start, block = self.offset, self._next_block()
        if not block:
            return None
        self.offset += len(block)
        if start == 0 and block.partition(b"\n")[0].strip() == _HEADER:
            block = block[block.index(b"\n") + 1 :]
        rows, unreadable = parse(block)
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

    def last_rows(self, count: int, end: int) -> list[LoggedRow]:
        """Up to `count` rows, the latest first, of those that end at the offset `end`."""
        if self._file is None:
            return []
        start = max(0, end - LAST_BYTES)
        lines = os.pread(self._file.fileno(), end - start, start).splitlines()
        rows = (
            LoggedRow(line.partition(b",")[0].decode(errors="replace"), *_numbers(line))
            for line in reversed(lines[1:])  # the first is the header, or begins before the block
        )
        return list(itertools.islice((row for row in rows if _is_valid(row)), count))

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


def parse(block: bytes) -> tuple[Rows, list[bytes]]:
    """The rows of whole lines of CSV without a header, and the lines that are not such rows."""
    rows = _parse_at_once(block)
    return (rows, []) if rows is not None else _parse_by_line(block)


def _parse_at_once(block: bytes) -> Rows | None:
    """Fast; None if there may be a line that is not a row."""
    lines = block.count(b"\n")
    if block.count(b",") != lines * (len(COLUMNS) - 1):
        return None
    try:
        frame = pd.read_csv(
            io.BytesIO(block),
            names=COLUMNS,
            usecols=COLUMNS[1:],
            quoting=csv.QUOTE_NONE,
            lineterminator="\n",
            encoding_errors="replace",
            low_memory=False,
        )
    except ValueError:  # the root of what pandas raises for content
        return None
    if len(frame) != lines or any(column.kind not in "if" for column in frame.dtypes):
        return None
    rows = Rows(*frame.to_numpy(np.float64).T)
    return rows if _valid(rows).all() else None


def _parse_by_line(block: bytes) -> tuple[Rows, list[bytes]]:
    """Some ten times slower, but a bad line spoils no other."""
    lines = io.BytesIO(block).readlines()
    rows = Rows(*np.array([_numbers(line) for line in lines]).reshape(-1, 3).T)
    valid = _valid(rows)
    bad = [line for line, is_valid in zip(lines, valid, strict=True) if not is_valid]
    return Rows(*(column[valid] for column in rows)), bad


def _numbers(line: bytes) -> list[float]:
    try:
        _, y_true, y_pred, error = line.split(b",")
        return [float(y_true), float(y_pred), float(error)]
    except ValueError:
        return [math.nan] * 3


def _is_valid(row: LoggedRow) -> bool:
    return math.isfinite(row.y_true) and math.isfinite(row.y_pred) and row.absolute_error >= 0


def _valid(rows: Rows) -> npt.NDArray[np.bool_]:
    return np.isfinite(rows.y_true) & np.isfinite(rows.y_pred) & (rows.absolute_error >= 0)
