"""A limit to the memory of this process while it trains: its container would be killed instead."""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_BYTES = 480 * 2**20  # a container of model has 512 MB

_STATUS = Path("/proc/self/status")


@contextmanager
def limited_memory() -> Iterator[None]:
    """Has what takes this process beyond MAX_BYTES end with a MemoryError; on Linux alone."""
    if not _STATUS.exists():
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    # The limit counts what is allocated, and much of that was never written to.
    most = _bytes_of("VmData") + max(0, MAX_BYTES - _bytes_of("VmRSS"))
    if soft != resource.RLIM_INFINITY:
        most = min(most, soft)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _bytes_of(name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024
