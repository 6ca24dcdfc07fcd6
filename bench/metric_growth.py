"""metric on top of ten thousand to ten million joined rows: rows per second, and memory."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing

import msgspec
import pika

from lab import BenchError, Lab, Room
from pipeline.messages import Message, new_id
from rates import CsvRows, next_rows, whole_rate
from support.rows import row_count
from support.waiting import eventually

SIZES = (10_000, 1_000_000, 10_000_000)
REPEATS = 3
ROWS, BATCH = 200_000, 500  # of each repeat, and of a message

# Time-ordered ids, ten a millisecond, all before today's: as those of rows that came earlier.
_FILL = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {rows})
INSERT INTO joined (id, {others})
SELECT printf('%08x-%04x-7%03x-8%03x-%012x', (1750000000000 + n / 10) >> 16,
              (1750000000000 + n / 10) & 65535, n & 4095, (n * 7919) & 4095,
              (n * 2654435761) & 281474976710655), {others}
FROM number, (SELECT {others} FROM joined LIMIT 1)
"""


class MetricGrowth(msgspec.Struct):
    """Raw repeats on top of `rows` joined rows; memory is the most of a process, in MB (VmHWM)."""

    rows: int
    rows_per_second: list[float]
    peak_mb: list[float]
    start_seconds: list[float]


def measure(lab: Lab, say: Callable[[str], None]) -> list[MetricGrowth]:
    sizes = lab.sized(SIZES, SIZES[:2])
    with ExitStack() as stack:
        rooms = {rows: stack.enter_context(lab.room()) for rows in sizes}
        for rows, room in rooms.items():
            _make_state(room, rows)
            say(f"a state of {rows:,} rows is made")
        grown = {rows: MetricGrowth(rows, [], [], []) for rows in sizes}
        for number in range(1, lab.sized(REPEATS, 1) + 1):
            for rows, room in rooms.items():
                _repeat(room, grown[rows])
            latest = [f"{each.rows_per_second[-1]:,.0f}" for each in grown.values()]
            say(f"repeat {number}: {', '.join(latest)} rows/s")
    return list(grown.values())


def _make_state(room: Room, rows: int) -> None:
    """metric itself makes database and queues, and joins one row; SQL makes the others of it.

    The CSV has that one row, as its recorded length says: metric only appends to it.
    """
    room.start_up("metric")
    _publish(room, 1, 1)
    room.wait_for(lambda: row_count(room.logs) == 1, "the first row")
    room.stop("metric")
    with closing(sqlite3.connect(room.logs / "metric_state.sqlite3")) as database:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000"):
            database.execute(f"PRAGMA {pragma}")  # fast; metric sets its own again
        columns = [row[1] for row in database.execute("PRAGMA table_info(joined)")]
        others = ", ".join(name for name in columns if name not in ("seq", "id"))
        with database:
            database.execute(_FILL.format(rows=rows - 1, others=others))
        (found,) = database.execute("SELECT COUNT(*) FROM joined").fetchone()
    if found != rows:
        raise BenchError(f"the state has {found} rows of {rows}")


def _repeat(room: Room, grown: MetricGrowth) -> None:
    _publish(room, ROWS, BATCH)
    rows = CsvRows(room.logs / "metric_log.csv")
    before, begin = rows(), time.monotonic()
    metric = room.start("metric")
    first = next_rows(rows, before, room)
    grown.start_seconds.append(first.time - begin)
    rate = whole_rate("metric", rows, room, first, before + ROWS)
    grown.rows_per_second.append(rate.rows_per_second)
    grown.peak_mb.append(metric.peak_memory() / 1e6)
    room.stop("metric")


def _publish(room: Room, rows: int, batch: int) -> None:
    """Both halves of so many new rows, straight into the queues."""
    headers = {"timestamp_in_ms": int(time.time() * 1000)}
    headers["features_timestamp_in_ms"] = headers["timestamp_in_ms"]
    properties = pika.BasicProperties(delivery_mode=2, headers=headers)
    with room.vhost.channel() as channel:
        for start in range(0, rows, batch):
            ids: list[str | int | float] = [new_id() for _ in range(batch)]
            numbers = [float(25 + (start + place) % 322) for place in range(batch)]
            for queue, values in (("y_true", numbers), ("y_pred", [n / 1.1 for n in numbers])):
                message = Message(ids, values, batched=batch > 1)
                channel.basic_publish("", queue, message.encode(), properties)
    if batch > 1:
        eventually(lambda: _waiting(room) == rows // batch, "the queues are filled")


def _waiting(room: Room) -> int:
    """Messages in the shorter queue."""
    return min(room.vhost.depth(queue) for queue in ("y_true", "y_pred"))
