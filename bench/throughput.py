"""Rows per second: as courses do it, as the client library could, and as we do, in turns.

A known number of rows is worked off to the last one: what is still on its way does not count. The
clock starts with the first row; what was published by then is 2 % of all the work at most.
"""

import json
import pickle
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pika
from sklearn.datasets import load_diabetes

import bare
from lab import BENCH, BenchError, Lab, Room
from rates import CounterRows, CsvRows, Rate, next_rows, sample, steady_rate, whole_rate
from support.rows import read_rows
from support.waiting import eventually
from train import train

ROUNDS = 5
COURSE_ROWS, BARE_ROWS, SINGLE_ROWS, BATCH_ROWS = 10_000, 20_000, 20_000, 300_000
BATCH = 500

COURSE, COURSE_WHOLE, BARE, SINGLE, BATCHES = (
    "course", "course with features", "bare client", "single rows", "batches of 500",
)  # fmt: skip


def measure(lab: Lab, say: Callable[[str], None]) -> list[Rate]:
    """Every variant once in each round: what disturbs the machine meanwhile meets all of them."""
    rates = []
    for number in range(1, lab.sized(ROUNDS, 1) + 1):
        for variant in VARIANTS:
            rates.append(measure_one(lab, variant))
            say(f"round {number}: {variant} {rates[-1].rows_per_second:,.0f} rows/s")
    return rates


def measure_one(lab: Lab, variant: str) -> Rate:
    with lab.room() as room:
        return VARIANTS[variant](room)


def _course(room: Room) -> Rate:
    """Both queues are filled beforehand, so that publishing costs nothing: this favours them.

    metric, the quicker to start, is held until model is there as well.
    """
    _fill(room)
    _dump_model(room.folder / "myfile.pkl")
    rows = CsvRows(room.logs / "metric_log.csv")
    metric = room.script(BENCH / "course" / "metric.py").process
    room.wait_for(lambda: room.vhost.consumers("y_true") == 1, "metric is there")
    metric.send_signal(signal.SIGSTOP)
    room.script(BENCH / "course" / "model.py")
    room.wait_for(lambda: room.vhost.consumers("features") == 1, "model is there")
    first = sample(rows, room)
    metric.send_signal(signal.SIGCONT)
    return whole_rate(COURSE, rows, room, first, COURSE_ROWS)


def _course_whole(room: Room) -> Rate:
    _dump_model(room.folder / "myfile.pkl")
    for name in ("model", "metric", "features"):
        room.script(BENCH / "course" / f"{name}.py")
    return steady_rate(COURSE_WHOLE, CsvRows(room.logs / "metric_log.csv"), room)


def _dump_model(path: Path) -> None:
    """The same as ours: it is not models that are compared."""
    path.write_bytes(pickle.dumps(train()))


def _fill(room: Room) -> None:
    features, labels = load_diabetes(return_X_y=True)
    chosen = np.random.default_rng(1).integers(len(labels), size=COURSE_ROWS)
    with pika.BlockingConnection(pika.URLParameters(room.vhost.amqp_url)) as connection:
        channel = connection.channel()
        for queue in ("features", "y_true"):
            channel.queue_declare(queue)
        for number, index in enumerate(chosen):
            row_id = 1_800_000_000 + number / 1000  # a time, as they use
            for queue, body in (("y_true", labels[index]), ("features", list(features[index]))):
                channel.basic_publish("", queue, json.dumps({"id": row_id, "body": body}).encode())
    for queue in ("features", "y_true"):
        eventually(partial(_has, room, queue, COURSE_ROWS), f"{queue} is filled")


def _has(room: Room, queue: str, messages: int) -> bool:
    return room.vhost.depth(queue) == messages


def _bare(room: Room) -> Rate:
    bare.declare(room.vhost.amqp_url)
    counter = room.folder / "counter"
    for role, *more in (("sink", str(counter)), ("worker",), ("publisher", str(BARE_ROWS))):
        room.script(BENCH / "bare.py", role, room.vhost.amqp_url, *more)
    rows = CounterRows(counter)
    return whole_rate(BARE, rows, room, next_rows(rows, 0, room), BARE_ROWS)


def _single(room: Room) -> Rate:
    return _ours(SINGLE, room, SINGLE_ROWS, 1)


def _batches(room: Room) -> Rate:
    return _ours(BATCHES, room, BATCH_ROWS, BATCH)


def _ours(variant: str, room: Room, count: int, batch: int) -> Rate:
    room.start_up("model", "metric", "plot")
    room.start("features", stream_rate=0, stream_count=count, stream_batch=batch)
    rows = CsvRows(room.logs / "metric_log.csv")
    rate = whole_rate(variant, rows, room, next_rows(rows, 0, room), count)
    check_none_lost(room, count)
    return rate


def check_none_lost(room: Room, published: int) -> None:
    """Stops metric: every row that was published is one of the CSV, and none stands twice."""
    room.stop("metric")
    rows = len(read_rows(room.logs))  # which also looks for ids that stand twice
    if rows != published or room.vhost.depth("dead_letters"):
        raise BenchError(f"{published} rows were published, {rows} are in the CSV")


VARIANTS: dict[str, Callable[[Room], Rate]] = {
    COURSE: _course,
    COURSE_WHOLE: _course_whole,
    BARE: _bare,
    SINGLE: _single,
    BATCHES: _batches,
}
