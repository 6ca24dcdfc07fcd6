"""`python -m pipeline.health`: is the service that writes STATUS_FILE alive? For health checks.

It runs every few seconds in each container, so it imports little.
"""

import os
import sys
import time
from pathlib import Path

import msgspec

STALE_AFTER_SECONDS = 15.0


class Status(msgspec.Struct):
    """A service's report about itself, in its status file."""

    service: str
    pid: int
    time: float  # Unix time, seconds: when the service last had all that it needs
    counts: dict[str, float]


def problem(status_file: Path, now: float) -> str | None:
    """Returns the problem of the service that writes `status_file`; None if there is none.

    `now` is Unix time in seconds.
    """
    try:
        status = msgspec.json.decode(status_file.read_bytes(), type=Status)
    except (OSError, msgspec.MsgspecError) as error:
        return f"no status yet: {error}"
    age = now - status.time
    if age > STALE_AFTER_SECONDS:
        return f"{status.service} last had all it needs {age:.0f} s ago"
    return None


if __name__ == "__main__":
    sys.exit(problem(Path(os.environ["STATUS_FILE"]), time.time()))
