"""A limit to the memory of this process while it trains: its container would be killed instead."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pipeline.errors import ModelError

MAX_BYTES = 480 * 2**20  # a container of model has 512 MB
MAX_TABLE_BYTES = 260 * 2**20  # of the rows: before them the process has 200 MB
ROW_BYTES, VALUE_BYTES = 300, 44  # of a row, and of each of its values, beside their text
BLOCK_BYTES = 2**20

_STATUS = Path("/proc/self/status")


@contextmanager
def limited_memory(name: str) -> Iterator[None]:
    """Raises ModelError where training takes this process beyond MAX_BYTES; on Linux alone."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if _STATUS.exists():
        # The limit counts what is allocated, and much of that was never written to.
        most = _bytes_of("VmData") + max(0, MAX_BYTES - _bytes_of("VmRSS"))
        resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    try:
        yield
    except MemoryError as error:
        raise _too_large(name, "it takes more") from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def check_size(name: str, rows_file: Path) -> None:
    """Raises ModelError if a file has more rows than fit into memory, before it is read.

    It is told beforehand, as not all libraries survive the limit of limited_memory().
    """
    rows = values = size = 0
    with rows_file.open("rb") as file:
        for block in iter(partial(file.read, BLOCK_BYTES), b""):
            size += len(block)
            rows += (lines := block.count(b"\n"))
            values += lines + block.count(b",")
    if ROW_BYTES * rows + VALUE_BYTES * values + 2 * size > MAX_TABLE_BYTES:
        raise _too_large(name, f"{rows_file} has some {rows:,} rows and {values:,} values")


def _too_large(name: str, why: str) -> ModelError:
    return ModelError(
        f"the default model of {name} cannot be trained within {MAX_BYTES >> 20} MB, which a "
        f"container of model has ({why}): use fewer rows or columns"
    )


def _bytes_of(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
