"""A limit to the size of a table: a service that runs out of memory is killed without a word."""

from functools import partial
from pathlib import Path

from pipeline.table.schema import SchemaError

MAX_TABLE_BYTES = 260 * 2**20  # in memory: before the rows, a service takes up to 200 MB of 512
ROW_BYTES, VALUE_BYTES = 300, 44  # of a row, and of each of its values, beside their text
BLOCK_BYTES = 2**20


def check_size(rows_file: Path) -> None:
    """Raises SchemaError if a file has more rows than fit into memory, before it is read."""
    rows = values = size = 0
    with rows_file.open("rb") as file:
        for block in iter(partial(file.read, BLOCK_BYTES), b""):
            size += len(block)
            rows += (lines := block.count(b"\n"))
            values += lines + block.count(b",")
    taken = ROW_BYTES * rows + VALUE_BYTES * values + 2 * size
    if taken > MAX_TABLE_BYTES:
        raise SchemaError(
            f"{rows_file} has some {rows:,} rows and {values:,} values, which take about "
            f"{taken >> 20} MB, and a service has room for {MAX_TABLE_BYTES >> 20} MB: use fewer "
            "rows or columns"
        )
