"""Times in the forms that messages, records and files have."""

import time
from datetime import UTC, datetime


def now_in_ms() -> int:
    """Returns the current Unix time in milliseconds."""
    return time.time_ns() // 1_000_000


def time_of(time_in_ms: int) -> datetime:
    """Returns Unix time in milliseconds as a time in UTC."""
    return datetime.fromtimestamp(time_in_ms / 1000, UTC)


def utc_text(time_in_ms: int) -> str:
    """Formats Unix time in milliseconds for people and records: ISO 8601, UTC.

    >>> utc_text(1769860800123)
    '2026-01-31T12:00:00.123Z'
    """
    return time_of(time_in_ms).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now_text() -> str:
    """Returns the current time as utc_text() formats it."""
    return utc_text(now_in_ms())
