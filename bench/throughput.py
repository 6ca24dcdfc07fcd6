"""Rows per second: as courses do it, as the client library could, and as we do, in turns."""

import json
import pickle
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pika
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

import bare
from lab import BENCH, BenchError, Lab, Room
from rates import CounterRows, CsvRows, Rate, steady_rate
from support import eventually, read_rows

ROUNDS = 5
COURSE_ROWS = 30_000  # more than a course's services take while they are measured
BATCH = 500

COURSE, COURSE_WHOLE, BARE, SINGLE, BATCHES = (
    "course", "course with features", "bare client", "single rows", "batches of 500",
)  # fmt: skip


def measure(lab: Lab, say: Callable[[str], None]) -> list[Rate]:
    """Every variant once in each round: what disturbs the machine meanwhile meets all of them."""
    rates = []
    for number in range(1, ROUNDS + 1):
        for variant in VARIANTS:
            rates.append(measure_one(lab, variant))
            say(f"round {number}: {variant} {rates[-1].rows_per_second:,.0f} rows/s")
    return rates


def measure_one(lab: Lab, variant: str) -> Rate:
    with lab.room() as room:
        return VARIANTS[variant](room)


def _course(room: Room) -> Rate:
    """Both queues are filled beforehand, and metric has taken all labels before model starts.

    This favours them: ours pays for its publishing, and for its labels, while it is measured. But
    labels that metric still had to take would hold predictions back, which it then takes faster
    than model makes them: no steady rate.
    """
    _fill(room)
    room.script(BENCH / "course" / "metric.py")
    room.wait_for(partial(_has, room, "y_true", 0), "metric takes the labels")
    room.wait_for(partial(_rests, room, "metric"), "metric has taken the labels")
    return _course_services(COURSE, room, "model")


def _course_whole(room: Room) -> Rate:
    return _course_services(COURSE_WHOLE, room, "model", "metric", "features")


def _course_services(variant: str, room: Room, *names: str) -> Rate:
    _dump_model(room.folder / "myfile.pkl")
    for name in names:
        room.script(BENCH / "course" / f"{name}.py")
    return steady_rate(variant, CsvRows(room.logs / "metric_log.csv"), room)


def _rests(room: Room, name: str) -> bool:
    """Whether a process needs less than a tenth of a core just now."""
    before = room.cpu_seconds()[name]
    time.sleep(0.3)
    return room.cpu_seconds()[name] - before < 0.03


def _dump_model(path: Path) -> None:
    """A course's model: the plainest of all, and so faster than ours, which also scales."""
    with path.open("wb") as file:
        pickle.dump(LinearRegression().fit(*load_diabetes(return_X_y=True)), file)


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
    for role, *more in (("sink", str(counter)), ("worker",), ("publisher",)):
        room.script(BENCH / "bare.py", role, room.vhost.amqp_url, *more)
    return steady_rate(BARE, CounterRows(counter), room)


def _single(room: Room) -> Rate:
    return _ours(SINGLE, room, 1)


def _batches(room: Room) -> Rate:
    return _ours(BATCHES, room, BATCH)


def _ours(variant: str, room: Room, batch: int) -> Rate:
    room.start_up("model", "metric", "plot")
    room.start("features", stream_rate=0, stream_batch=batch)
    rate = steady_rate(variant, CsvRows(room.logs / "metric_log.csv"), room)
    check_none_lost(room, batch, int(room.stop("features")["rows"]))
    return rate


def check_none_lost(room: Room, batch: int, published: int) -> None:
    """Stops model and metric: every id is a row once, and what is no row yet waits on its way."""
    room.stop("model")
    pending = room.stop("metric")
    rows = len(read_rows(room.logs))  # which also looks for ids that stand twice
    waiting = {queue: batch * room.vhost.depth(queue) for queue in bare.STREAMS}
    labels = rows + pending["pending_y_true"] + waiting["y_true"]
    predictions = rows + pending["pending_y_pred"] + waiting["y_pred"] + waiting["features"]
    if min(labels, predictions) < published or room.vhost.depth("dead_letters"):
        raise BenchError(
            f"lost: {published} rows published, {labels} labels and {predictions} predictions left"
        )


VARIANTS: dict[str, Callable[[Room], Rate]] = {
    COURSE: _course,
    COURSE_WHOLE: _course_whole,
    BARE: _bare,
    SINGLE: _single,
    BATCHES: _batches,
}
