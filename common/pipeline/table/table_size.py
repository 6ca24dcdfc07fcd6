"""A limit to the size of a table: a service that runs out of memory is killed without a word."""

from functools import partial
from pathlib import Path
from typing import BinaryIO

from pipeline.table.schema import SchemaError

MAX_TABLE_BYTES = 260 * 2**20  # in memory: before the rows, a service takes up to 200 MB of 512
ROW_BYTES, VALUE_BYTES = 300, 44  # of a row, and of each of its values, beside their text
BLOCK_BYTES = 2**20  # of a line, at most


def check_size(rows_file: Path) -> None:
    """Raises SchemaError if a file has more rows than fit into memory, before it is read."""
    with rows_file.open("rb") as file:
        check_lines(file, str(rows_file))


def check_lines(file: BinaryIO, place: str, separator: bytes = b",") -> None:
    """Raises SchemaError if the rows of an open file are more than fit into memory."""
    rows = values = text = 0
    for line in iter(partial(file.readline, BLOCK_BYTES), b""):
        rows += 1
        values += line.count(separator) + 1
        text += len(line) * (1 + _width(line))  # in the file, and as texts
    taken = ROW_BYTES * rows + VALUE_BYTES * values + text
    if taken > MAX_TABLE_BYTES:
        raise SchemaError(
            f"{place} has some {rows:,} rows and {values:,} values, which take about "
            f"{taken >> 20} MB, and a service has room for {MAX_TABLE_BYTES >> 20} MB: use fewer "
            "rows or columns"
        )


def _width(line: bytes) -> int:
    """Returns how many bytes a character takes in memory: all of a text as many as its widest."""
    widest = 0 if line.isascii() else max(line)
    return 4 if widest >= 0xF0 else 2 if widest > 0xC3 else 1  # the first bytes of UTF-8
