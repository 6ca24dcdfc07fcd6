"""A limit to the memory of this process while it trains: its container would be killed instead."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import ModelError

MAX_BYTES = 480 * 2**20  # a container of model has 512 MB

_STATUS = Path("/proc/self/status")


@contextmanager
def limited_memory(name: str) -> Iterator[None]:
    """Raises ModelError where training takes this process beyond MAX_BYTES; on Linux alone.

    Not all libraries survive it, so a table that is too large is refused before it is read.
    """
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if _STATUS.exists():
        # The limit counts what is allocated, and much of that was never written to.
        most = _bytes_of("VmData") + max(0, MAX_BYTES - _bytes_of("VmRSS"))
        resource.setrlimit(resource.RLIMIT_DATA, (most, before[1]))
    try:
        yield
    except MemoryError as error:
        raise ModelError(
            f"the default model of {name} cannot be trained within {MAX_BYTES >> 20} MB, which a "
            "container of model has: use fewer rows or columns"
        ) from error
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)


def _bytes_of(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
