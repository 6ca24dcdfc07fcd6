"""From the publish of a row's later half to the row on the disk, in milliseconds.

The publish time is that of the message, which `metric` keeps: whole milliseconds, cut off, so that
a latency here is half a millisecond too long on average. The other end is when the sync returned.
"""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from lab import BENCH, BenchError, Lab, Room
from rates import CsvRows
from throughput import check_none_lost

WARM_UP_SECONDS = 3.0
MEASURED_SECONDS = 12.0
SYNCS = "syncs.csv"


class Latency(msgspec.Struct):
    """Of the rows whose later half was published in the measured time; in milliseconds."""

    rate: float  # rows per second
    rows: int
    p50: float
    p90: float
    p99: float
    most: float


def measure(lab: Lab, rates: list[float], say: Callable[[str], None]) -> list[Latency]:
    found = []
    for rate in rates:
        with lab.room() as room:
            found.append(_measure_at(rate, room))
        say(f"at {rate:,.0f} rows/s: p50 {found[-1].p50:.1f} ms, p99 {found[-1].p99:.1f} ms")
    return found


def _measure_at(rate: float, room: Room) -> Latency:
    room.start_up("model", "plot")
    syncs = room.folder / SYNCS
    room.wait_up(room.start("metric", runner=[BENCH / "note_syncs.py", syncs]))
    room.start("features", stream_rate=rate)
    rows = CsvRows(room.logs / "metric_log.csv")
    room.wait_for(lambda: rows() > 0, "the first row")
    seconds = room.lab.sized(MEASURED_SECONDS, 2.0)
    begin = time.time() + WARM_UP_SECONDS
    time.sleep(WARM_UP_SECONDS + seconds)
    total = int(room.stop("features")["rows"])
    room.wait_for(lambda: rows() >= total, "every row")  # the slowest, too
    check_none_lost(room, total)
    published, durable = times(room.logs, syncs)
    chosen = (published >= begin) & (published < begin + seconds)
    if not chosen.any():
        raise BenchError("no row was published while latency was measured")
    return summary(rate, (durable - published)[chosen] * 1000)


def summary(rate: float, latencies: np.ndarray) -> Latency:
    """
    >>> summary(100.0, np.array([1.0, 2.0, 3.0]))
    Latency(rate=100.0, rows=3, p50=2.0, p90=2.8, p99=2.98, most=3.0)
    """
    p50, p90, p99, most = np.quantile(latencies, [0.5, 0.9, 0.99, 1]).round(3).tolist()
    return Latency(rate, len(latencies), p50, p90, p99, most)


def times(logs: Path, syncs: Path) -> tuple[np.ndarray, np.ndarray]:
    """When the later half of each row was published, and when the row was durable; Unix seconds."""
    csv = logs / "metric_log.csv"
    lines = csv.read_bytes().splitlines(keepends=True)
    ends = np.cumsum([len(line) for line in lines])[1:]  # without the header
    with sqlite3.connect(logs / "metric_state.sqlite3") as database:
        joined = database.execute("SELECT id, MAX(label_in_ms, prediction_in_ms) FROM joined")
        published_in_ms = dict(joined.fetchall())
    ids = [line.split(b",", 1)[0].decode() for line in lines[1:]]
    published = np.array([published_in_ms[row_id] for row_id in ids]) / 1000
    return published, durable_times(ends, np.loadtxt(syncs, delimiter=",", ndmin=2), csv)


def durable_times(ends: np.ndarray, syncs: np.ndarray, csv: Path) -> np.ndarray:
    """For each row, which ends at that byte, the first sync that had it in the file."""
    synced_at, lengths, inodes = syncs.T
    own = inodes == csv.stat().st_ino
    places = np.searchsorted(lengths[own], ends)
    if not own.any() or places[-1] == own.sum():
        raise BenchError("a row was written without a sync: latency cannot be told")
    return synced_at[own][places]  # type: ignore[no-any-return]
