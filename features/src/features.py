"""Streams rows of the data set to `features`, and their true labels to `y_true`."""

import logging
import random
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from pipeline import queues
from pipeline.broker import Broker
from pipeline.messages import Label, Message, new_id
from pipeline.run import Run, run_service
from pipeline.settings import BrokerSettings
from pipeline.table.data_sets import DataSet, load
from pipeline.table.schema import SchemaError
from pipeline.table.wire import RowValues

log = logging.getLogger(__name__)

TICK_SECONDS = 0.02  # at a high rate, messages leave in groups this far apart
GROUP_ROWS = 50  # when confirms set the pace: few, so that a label is not far ahead of its features


class FeaturesSettings(BrokerSettings):
    stream_rate: float = Field(
        5.0, ge=0, description="a number of rows per second, 0 for as fast as the broker confirms"
    )
    stream_count: int = Field(0, ge=0, description="a number of rows, 0 for endless")
    stream_batch: int = Field(1, ge=1, le=1000, description="a number of rows a message, 1 to 1000")
    stream_seed: int | None = Field(
        None, ge=0, description="a whole number from 0, to repeat a run's rows"
    )
    stream_split: Literal["holdout", "all"] = Field(
        "holdout", description="holdout (rows the model has not seen) or all"
    )
    label_delay: float = Field(
        0.0, ge=0, le=86_400, description="a number of seconds up to 86400, 0 for none"
    )


class LabelledRow(NamedTuple):
    features: RowValues
    label: Label


def labelled_rows(data: DataSet, split: str) -> list[LabelledRow]:
    """Returns the rows to stream; they are those of `data`. Raises SchemaError if it has none."""
    values, labels = data.rows.holdout() if split == "holdout" else data.rows[:2]
    if not labels:
        raise SchemaError(
            f"the data set {data.schema.name!r} has no rows for STREAM_SPLIT={split}: it has "
            f"{len(data.rows.labels)} in all, which STREAM_SPLIT=all streams"
        )
    if not data.schema.is_numeric:  # what is missing is "" in the rows, and null in a message
        for row in values:  # in place: a large table would not fit into memory twice
            row[:] = [None if value == "" else value for value in row]
    return [LabelledRow(*pair) for pair in zip(values, labels, strict=True)]


def random_rows(rows: list[LabelledRow], seed: int | None) -> Iterator[LabelledRow]:
    """Endless random rows, with replacement; a seed repeats the same rows in the same order."""
    generator = np.random.default_rng(seed)
    while True:  # in blocks of one size, so that the order depends on neither rate nor batch
        yield from (rows[index] for index in generator.integers(len(rows), size=1024).tolist())


def to_messages(
    rows: list[LabelledRow], rows_a_message: int
) -> tuple[list[Message[RowValues]], list[Message[Label]]]:
    """Returns the rows as messages for `features`, and their labels as messages for `y_true`.

    A row and its label have the same id.
    """
    features, labels = [], []
    for start in range(0, len(rows), rows_a_message):
        part = rows[start : start + rows_a_message]
        ids: list[str | int | float] = [new_id() for _ in part]
        batched = rows_a_message > 1
        features.append(Message(ids, [row.features for row in part], batched))
        labels.append(Message(ids, [row.label for row in part], batched))
    return features, labels


def group_size(settings: FeaturesSettings) -> int:
    """Returns how many rows leave together: whole messages, few enough that the rate stays even."""
    messages_a_second = settings.stream_rate / settings.stream_batch
    if messages_a_second == 0:
        return max(1, GROUP_ROWS // settings.stream_batch) * settings.stream_batch
    return max(1, round(messages_a_second * TICK_SECONDS)) * settings.stream_batch


def paced(
    groups: Iterator[list[LabelledRow]], rate: float, run: Run
) -> Iterator[list[LabelledRow]]:
    """Yields the groups at `rate` rows per second, until they end or the service is asked to stop.

    After a delay, such as one caused by the broker, no burst makes up for lost time.
    """
    due = time.monotonic()
    for group in groups:
        run.sleep(due - time.monotonic())
        if run.stop.is_set():
            return
        yield group
        if rate:
            due = max(due + len(group) / rate, time.monotonic() - TICK_SECONDS)


def grouped(rows: Iterator[LabelledRow], size: int) -> Iterator[list[LabelledRow]]:
    while group := list(islice(rows, size)):
        yield group


def rest(run: Run) -> None:
    """Does nothing until asked to stop: if it ended, its container would stream all rows again."""
    while not run.stop.is_set():
        run.beat()
        run.sleep(1.0)


def main(settings: FeaturesSettings, run: Run) -> None:
    data = load(settings.dataset, settings.datasets_dir)
    found = labelled_rows(data, settings.stream_split)
    is_ordered = data.schema.split == "time"
    del data  # the other rows, most of the memory
    rows = iter(found) if is_ordered else random_rows(found, settings.stream_seed)
    if settings.stream_count:
        rows = islice(rows, settings.stream_count)
    delay_in_ms = round(settings.label_delay * 1000)
    dice = random.Random(settings.stream_seed)
    with Broker(settings, run, uses=["delays"] if delay_in_ms else []) as broker:
        for group in paced(grouped(rows, group_size(settings)), settings.stream_rate, run):
            features, labels = to_messages(group, settings.stream_batch)
            if delay_in_ms:
                for label in labels:
                    broker.publish_delayed(
                        [label], dice.randint(1, queues.DELAY_STEPS), delay_in_ms
                    )
            else:
                broker.publish(queues.Y_TRUE, labels)
            broker.publish(queues.FEATURES, features)
            broker.when_confirmed(partial(run.count, "rows", len(group)))
        broker.flush()
        if is_ordered and not settings.stream_count and not run.stop.is_set():
            log.info("all rows of %s are streamed, once and in order; at rest", settings.dataset)
            rest(run)


if __name__ == "__main__":
    run_service("features", FeaturesSettings, main)
