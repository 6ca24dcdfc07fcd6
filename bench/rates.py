"""Rows per second, and what they cost."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from lab import BenchError, Room

WARM_UP_SECONDS, MEASURED_SECONDS = 1.0, 4.0
POLL_SECONDS = 0.02
PATIENCE_SECONDS = 60.0


class Rate(msgspec.Struct):
    """One run. `cpu_us` is the CPU time of each process for one row, in microseconds."""

    variant: str
    rows: int
    seconds: float
    rows_per_second: float
    cpu_us: dict[str, float]


class Sample(NamedTuple):
    """What was seen at one moment: a monotonic time, rows, CPU seconds by process."""

    time: float
    rows: int
    cpu: dict[str, float]


class CsvRows:
    """Counts the rows of a growing CSV file; reads each byte once, so as not to disturb."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._lines = 0

    def __call__(self) -> int:
        if not self._path.exists():
            return 0
        with self._path.open("rb", buffering=0) as file:
            file.seek(self._offset)
            block = file.read()
        self._offset += len(block)
        self._lines += block.count(b"\n")
        return max(0, self._lines - 1)


class CounterRows:
    """The rows that another process counts in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> int:
        return int(self._path.read_bytes() or 0) if self._path.exists() else 0


def steady_rate(variant: str, rows: Callable[[], int], room: Room) -> Rate:
    """Of services that have no end. Both ends are moments at which new rows were seen."""
    next_rows(rows, 0, room)
    time.sleep(WARM_UP_SECONDS)
    first = next_rows(rows, rows(), room)
    time.sleep(MEASURED_SECONDS)
    return between(variant, first, next_rows(rows, rows(), room))


def whole_rate(
    variant: str, rows: Callable[[], int], room: Room, first: Sample, until: int
) -> Rate:
    """From a first sample to the last of a known number of rows: nothing is left on its way."""
    last = first
    while last.rows < until:
        last = next_rows(rows, last.rows, room)
    return between(variant, first, last)


def between(variant: str, first: Sample, last: Sample) -> Rate:
    """The rate from one sample to another.

    >>> between("ours", Sample(1.0, 100, {"model": 0.5}), Sample(3.0, 300, {"model": 0.6}))
    Rate(variant='ours', rows=200, seconds=2.0, rows_per_second=100.0, cpu_us={'model': 500.0})
    """
    rows, seconds = last.rows - first.rows, last.time - first.time
    cpu_us = {name: round((last.cpu[name] - used) / rows * 1e6, 2)
              for name, used in first.cpu.items()}  # fmt: skip
    return Rate(variant, rows, seconds, rows / seconds, cpu_us)


def next_rows(rows: Callable[[], int], seen: int, room: Room) -> Sample:
    """Waits for more rows than were seen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (now := rows()) <= seen:
        room.check()
        if time.monotonic() > deadline:
            raise BenchError(f"no new rows within {PATIENCE_SECONDS:.0f} s: {seen} so far")
        time.sleep(POLL_SECONDS)
    return Sample(time.monotonic(), now, room.cpu_seconds())


def sample(rows: Callable[[], int], room: Room) -> Sample:
    return Sample(time.monotonic(), rows(), room.cpu_seconds())
